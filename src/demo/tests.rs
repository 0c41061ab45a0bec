//! Reads the demo back from its own cluster.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset as At, TopicPartitionList};

use super::*;
use crate::offsets::{self, Record};

fn reader(demo: &Demo) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", demo.bootstrap_servers())
        .set("group.id", "unused")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("fetch.wait.max.ms", "50")
        .create()
        .unwrap()
}

/// What a reader of the whole offsets topic knows at the end.
#[derive(Default)]
struct Known {
    /// Committed offsets by group, topic and partition. `None` for a tombstone.
    commits: HashMap<(String, String, i32), Option<i64>>,
    /// Number of members by group. `None` for a tombstone.
    groups: HashMap<String, Option<usize>>,
    versions: HashSet<u8>,
    rewound: HashSet<String>,
}

impl Known {
    fn take(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.versions.extend(value.and_then(|value| value.get(1)));
        match offsets::key(key).unwrap().value(value).unwrap() {
            Record::Commit(commit) => {
                let key = (commit.group.to_string(), commit.topic.to_string(), commit.partition.0);
                let before = self.commits.insert(key, Some(commit.offset.0)).flatten();
                if before.is_some_and(|before| before > commit.offset.0) {
                    self.rewound.insert(commit.group.to_string());
                }
            }
            Record::CommitTombstone { group, topic, partition } => {
                self.commits.insert((group.to_string(), topic.to_string(), partition.0), None);
            }
            Record::Group(group) => {
                self.groups.insert(group.group.to_string(), Some(group.members.len()));
            }
            Record::GroupTombstone { group } => {
                self.groups.insert(group.to_string(), None);
            }
            Record::Epoch { .. }
            | Record::EpochTombstone { .. }
            | Record::TargetEpoch { .. }
            | Record::Member { .. }
            | Record::Target { .. }
            | Record::Current { .. }
            | Record::Topics { .. }
            | Record::StatePartitions { .. }
            | Record::Expression { .. }
            | Record::Topology { .. }
            | Record::Skipped(_) => panic!("the demo writes none of these"),
        }
    }
}

/// Reads every partition of the offsets topic up to its current end.
fn read_all(reader: &BaseConsumer, known: &mut Known) {
    let mut ends = HashMap::new();
    let mut list = TopicPartitionList::new();
    for partition in 0..OFFSETS_PARTITIONS {
        let (start, end) = reader.fetch_watermarks(OFFSETS_TOPIC, partition, PATIENCE).unwrap();
        assert!(start == 0 && end > 0, "partition {partition} holds {start} to {end}");
        list.add_partition_offset(OFFSETS_TOPIC, partition, At::Beginning).unwrap();
        ends.insert(partition, end);
    }
    reader.assign(&list).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !ends.is_empty() {
        assert!(Instant::now() < deadline, "not read in time: {ends:?}");
        let Some(message) = reader.poll(Duration::from_millis(100)) else { continue };
        let message = message.unwrap();
        known.take(message.key().unwrap(), message.payload());
        if ends.get(&message.partition()).is_some_and(|end| message.offset() + 1 >= *end) {
            ends.remove(&message.partition());
        }
    }
}

#[test]
fn the_offsets_topic_tells_of_groups_in_every_state_from_the_start() {
    let began = Instant::now();
    let demo = Demo::start().unwrap();
    let started = began.elapsed();
    assert!(started < Duration::from_secs(3), "it took {started:?}");

    let reader = reader(&demo);
    let mut known = Known::default();
    read_all(&reader, &mut known);
    assert_eq!(known.versions, HashSet::from([3, 4]));
    assert_eq!(known.rewound, HashSet::from(["ledger-replay".to_owned()]));
    assert!(known.groups.len() >= 20, "{:?}", known.groups);
    assert_eq!(known.groups["legacy-exporter"], Some(0));
    assert_eq!(known.groups["connect-cluster"], Some(3));
    assert!(known.groups.contains_key("zo\u{eb}'s \"nightly\" \\ \u{4fa1}\u{683c} feed"));

    // Compares lags (docs/src/reference/status-rules.md, Lag) with the log ends of the cluster.
    let stands = |group: &str, topic: &str| {
        let committed = known.commits[&(group.to_owned(), topic.to_owned(), 0)].unwrap();
        let (start, end) = reader.fetch_watermarks(topic, 0, PATIENCE).unwrap();
        assert!(committed <= end, "{group} is ahead: {committed}, {end}");
        (end - committed.max(start), start - committed)
    };
    assert!(stands("orders-service", "orders").0 < 10);
    for (group, topic) in [("clickstream-analytics", "clickstream"), ("recommendations", "inventory")] {
        assert!(stands(group, topic).0 > 200, "{group}");
    }
    assert!(stands("legacy-exporter", "orders").0 > 200);
    assert!(stands("ledger-replay", "audit.ledger").0 > 300);
    assert!(stands("telemetry-trial", "telemetry.raw").1 > 0, "no log start has passed a commit");
}

#[test]
fn the_logs_are_as_the_play_has_them() {
    let mut demo = Demo::start().unwrap();
    for _ in 0..10 {
        demo.tick().unwrap();
    }
    demo.producer.flush(PATIENCE).unwrap();
    demo.poll_deliveries();
    assert_eq!(demo.deliveries.lost.load(Ordering::Relaxed), 0);
    let reader = reader(&demo);
    for (place, at) in demo.scenario.partitions().iter().enumerate() {
        let (start, end) = reader.fetch_watermarks(at.topic.name, at.partition.0, PATIENCE).unwrap();
        let name = (at.topic.name, at.partition);
        assert_eq!(end, at.log.end, "{name:?}");
        assert_eq!(demo.deliveries.ends[place].load(Ordering::Relaxed), end, "{name:?}");
        assert_eq!(start > 0, at.topic.name == "telemetry.raw", "{name:?}");
    }
}

#[test]
fn it_ends_when_it_is_told_to() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let demo = Demo::start().unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    let began = Instant::now();
    runtime.block_on(demo.run(stop)).unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn only_a_demo_for_this_machine_alone_minds_by_which_name_it_is_asked() {
    let names = |address| allowed_hosts(address).iter().map(ToString::to_string).collect::<Vec<_>>();
    for address in [ADDRESS, "localhost:0", "[::1]:9308", "127.0.0.1:1"] {
        assert_eq!(names(address), ["localhost", "127.0.0.1", "[::1]"], "{address}");
    }
    for address in [":9308", "0.0.0.0:9308", "[::]:1", "lag.example.com:80"] {
        assert_eq!(names(address), [""; 0], "{address}");
    }
}
