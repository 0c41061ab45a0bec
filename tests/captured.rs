//! The captured records are what real brokers write: the core's unit tests decode them.
//!
//! Ids and times differ from run to run, so what is held against the file is which types and versions there are.
//! With WARRENER_GOLDEN=write the file is made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::client::{Record, dump};
use crate::rig::clients::Clients;
use crate::rig::maven::Version;
use crate::rig::wire::Committer;
use crate::rig::{eventually, seconds};

const OFFSETS: &str = "__consumer_offsets";
const SHARE_STATE: &str = "__share_group_state";
/// As many lines of each type and version are kept.
const OF_EACH: usize = 3;

/// Topic, type and version; no version of a tombstone.
type Kind = (String, i16, Option<i16>);

fn kind(topic: &str, record: &Record) -> Kind {
    let number = |bytes: &[u8]| i16::from_be_bytes([bytes[0], bytes[1]]);
    (topic.to_owned(), number(&record.0), record.1.as_deref().map(number))
}

/// What clients leave behind that every release serves.
fn classic(cluster: &Cluster, clients: &Clients) {
    Committer::new(cluster.port()).commit("simple", "orders", &[(0, 3)]);
    cluster.transact("transactional", "paid", 3, true);
    cluster.transact("aborted", "paid", 4, false);
    clients.classic("dynamic-1", "dynamic", "orders,paid", &[]);
    clients.classic("static-1", "static", "orders", &["group.instance.id=one", "client.rack=r1"]);
    clients.connect("worker-1", "workers");
    await_committed(cluster, &["dynamic", "static"]);
    clients.stop("dynamic-1");
    clients.stop("worker-1");
    cluster.delete_group("dynamic");
}

/// What clients of the later protocols leave behind.
fn modern(cluster: &Cluster, clients: &Clients) {
    clients.modern("modern-1", "modern", "orders,paid", &["client.rack=r1"]);
    clients.modern("modern-2", "modern", "orders", &["group.instance.id=one"]);
    clients.classic("rolled-1", "rolled", "orders", &[]);
    await_committed(cluster, &["modern", "rolled"]);
    clients.modern("rolled-2", "rolled", "orders", &[]);
    clients.modern("frozen-1", "frozen", "orders", &[]);
    await_committed(cluster, &["frozen"]);
    clients.freeze("frozen-1");
    clients.modern("frozen-2", "frozen", "orders", &[]);
}

fn latest(cluster: &Cluster, clients: &Clients) {
    clients.consumer("matching-1", "matching", &["pattern=or.*", "group.protocol=consumer"]);
    clients.share("shared-1", "shared", "orders");
    clients.streams("counting-1", "counting", "orders");
    await_committed(cluster, &["matching", "counting"]);
    // A share group begins at the end of the log, and only what it has read since is told in updates of its state.
    eventually(seconds(40), "an update of a share group's state", || {
        cluster.produce("orders", 0, 1);
        let update = dump(cluster, SHARE_STATE).iter().any(|(key, _)| key[..2] == [0, 1]);
        if update { Ok(()) } else { Err("snapshots at most".to_owned()) }
    });
}

/// Waits until each of these groups has written a commit.
fn await_committed(cluster: &Cluster, groups: &[&str]) {
    eventually(seconds(40), "commits", || {
        let committed: BTreeSet<Vec<u8>> = dump(cluster, OFFSETS)
            .into_iter()
            .filter(|(key, value)| key[..2] == [0, 1] && value.is_some())
            .map(|(key, _)| key[4..4 + usize::from(key[3])].to_vec())
            .collect();
        let missing: Vec<_> = groups.iter().filter(|group| !committed.contains(group.as_bytes())).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("none of {missing:?}")) }
    });
}

fn written(cluster: &Cluster, topics: &[&str]) -> BTreeMap<Kind, Vec<Record>> {
    let mut found: BTreeMap<Kind, Vec<Record>> = BTreeMap::new();
    for topic in topics {
        for record in dump(cluster, topic) {
            found.entry(kind(topic, &record)).or_default().push(record);
        }
    }
    found
}

/// The longest, the shortest and one between.
fn some(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(|(key, value)| (value.as_ref().map(Vec::len), key.clone()));
    let last = records.len() - 1;
    let chosen: BTreeSet<usize> = (0..OF_EACH).map(|step| last * step / (OF_EACH - 1)).collect();
    chosen.into_iter().map(|index| records[index].clone()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(version: Version, found: BTreeMap<Kind, Vec<Record>>) -> String {
    let mut text = format!(
        "# Written by a Kafka {} broker and read back by tests/captured.rs, which holds this file against a live broker\n\
         # and, with WARRENER_GOLDEN=write, makes it anew. Topic, key and value in hex, - for a tombstone; of each type\n\
         # and version the shortest, the longest and one between.\n",
        version.name()
    );
    for ((topic, ..), records) in found {
        for (key, value) in some(records) {
            let value = value.as_deref().map_or_else(|| "-".to_owned(), hex);
            text += &format!("{topic} {} {value}\n", hex(&key));
        }
    }
    text
}

/// The kinds of the records in a file.
fn held(text: &str) -> BTreeSet<Kind> {
    let number = |hex: &str| i16::from_str_radix(&hex[..4], 16).unwrap();
    let parse = |line: &str| {
        let [topic, key, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        (topic.to_owned(), number(key), (value != "-").then(|| number(value)))
    };
    text.lines().filter(|line| !line.starts_with('#')).map(parse).collect()
}

fn captured(version: Version, topics: &[&str], play: impl FnOnce(&Cluster, &Clients)) {
    let cluster = Spec::new(version).quick_groups().start();
    cluster.create_topic("orders", 3);
    cluster.create_topic("paid", 1);
    for partition in 0..3 {
        cluster.produce("orders", partition, 5);
    }
    let clients = cluster.clients("captured");
    play(&cluster, &clients);
    drop(clients);
    let name = format!("tests/fixtures/records/captured-{}.txt", version.name());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("WARRENER_GOLDEN").is_some_and(|what| what == "write") {
        // Until the sessions of all that died are over.
        crate::rig::pause(seconds(15));
        std::fs::write(&file, text(version, written(&cluster, topics))).unwrap();
    }
    let held = held(&std::fs::read_to_string(&file).unwrap());
    eventually(seconds(40), "the types and versions of the captured records", || {
        let found: BTreeSet<Kind> = written(&cluster, topics).into_keys().collect();
        if found == held { Ok(()) } else { Err(format!("\nbroker {found:?}\nfile   {held:?}")) }
    });
}

fn every_kind(cluster: &Cluster, clients: &Clients) {
    classic(cluster, clients);
    modern(cluster, clients);
    latest(cluster, clients);
}

#[test]
fn the_captured_records_are_what_a_broker_of_4_4_writes() {
    captured(Version::V4_4, &[OFFSETS, SHARE_STATE], every_kind);
}

#[test]
fn the_captured_records_are_what_a_broker_of_4_3_writes() {
    captured(Version::V4_3, &[OFFSETS, SHARE_STATE], every_kind);
}

#[test]
fn the_captured_records_are_what_a_broker_of_3_9_writes() {
    captured(Version::V3_9, &[OFFSETS], |cluster, clients| {
        classic(cluster, clients);
        modern(cluster, clients);
    });
}

#[test]
fn the_captured_records_are_what_a_broker_of_2_8_writes() {
    captured(Version::V2_8, &[OFFSETS], classic);
}
