//! Members of classic groups that are no consumers of Kafka's own: what they write into their group's record differs.

use super::*;
use crate::rig::go_clients::GoClients;
use crate::rig::records::{Member, group_with, put_string};
use crate::rig::wire::Committer;

/// As `amazon.msk.canary.group.broker-1`, whose members are assigned nothing.
const CANARY: &str = "amazon.msk.canary.group.broker-1";

fn record_errors(page: &Page) -> f64 {
    page.family("warrener_record_errors_total").map(|(_, count)| count).sum()
}

#[test]
fn members_and_partitions_of_sarama_and_franz_go_are_those_of_the_tool() {
    let world = world();
    world.topic("go", 4, 5);
    let mut clients = GoClients::start(&world.cluster);
    let groups = ["sarama-range", "sarama-sticky", "franz-range", "franz-cooperative"];
    let of = [("sarama", "range"), ("sarama", "sticky"), ("franz-go", "range"), ("franz-go", "cooperative-sticky")];
    let asked = consumer(&groups);
    let all = |said: &Said, state: &str, members: i64| {
        groups.iter().all(|group| is(said, group, "classic", state, members) && committed(said, group) == 20)
    };
    for member in 1..=2 {
        for (group, (client, assignor)) in groups.iter().zip(of) {
            clients.join(client, assignor, group, "go", &format!("{group}-{member}"));
        }
        let said = world.agree("members by other clients", asked, |said| all(said, "stable", member));
        let owners: BTreeSet<String> = said.owners.values().flatten().map(|[_, _, client]| client.clone()).collect();
        assert_eq!((said.owners.len(), owners.len()), (16, groups.len() * usize::try_from(member).unwrap()));
    }
    let anew = Program::quick(&world.cluster.bootstrap(), OWNERS).ready();
    world.agree_on(&anew, "the same from the records alone", asked, |said| all(said, "stable", 2));
    assert_eq!(record_errors(&anew.page()), 0.0, "{}", anew.log());
    clients.leave(seconds(30));
    world.agree("no members", asked, |said| all(said, "empty", 0));
    world.agree_anew(asked);
}

#[test]
fn a_group_whose_rebalance_does_not_end_is_shown_as_of_its_last_generation() {
    let world = world();
    let World { clients, cluster, .. } = world;
    world.topic("canary", 2, 3);
    clients.classic("canary-a", "canary", "canary", &[]);
    let asked = consumer(&["canary"]);
    world.agree("a group of one", asked, |said| {
        is(said, "canary", "classic", "stable", 1) && committed(said, "canary") == 6
    });
    clients.freeze("canary-a");
    clients.classic("canary-b", "canary", "canary", &[]);
    let rebalances = || clients.describe("canary").map(|said| said[0] == "PreparingRebalance" && said.len() == 5);
    eventually(seconds(20), "a rebalance", || match rebalances() {
        Ok(true) => Ok(()),
        other => Err(format!("{other:?}: {:?}", clients.describe("canary"))),
    });
    // Brokers write no record when a rebalance begins.
    let fresh = Program::quick(&cluster.bootstrap(), OWNERS).ready();
    for program in [&world.watched, &fresh] {
        let said = Said::on(&program.page(), asked);
        assert!(is(&said, "canary", "classic", "stable", 1) && committed(&said, "canary") == 6, "{said:?}");
        assert_eq!(said.owners.len(), 2, "{said:?}");
    }
    assert_eq!(rebalances(), Ok(true), "it is over");
    clients.thaw("canary-a");
    world.agree("a group of two", asked, |said| is(said, "canary", "classic", "stable", 2));
    clients.stop("canary-a");
    clients.stop("canary-b");
}

/// A subscription to `reads`, or an assignment of its partition 0: both begin alike.
fn names(version: i16, topic: &[u8], partition: bool) -> Vec<u8> {
    let mut bytes = Vec::from(version.to_be_bytes());
    bytes.extend(1_i32.to_be_bytes());
    put_string(&mut bytes, topic);
    if partition {
        bytes.extend(1_i32.to_be_bytes());
        bytes.extend(0_i32.to_be_bytes());
    }
    bytes
}

/// With this user data behind, or null.
fn with_user_data(mut bytes: Vec<u8>, data: Option<&[u8]>) -> Vec<u8> {
    let length = data.map_or(-1, |data| i32::try_from(data.len()).unwrap());
    bytes.extend(length.to_be_bytes());
    bytes.extend(data.unwrap_or_default());
    bytes
}

/// As a worker of Connect writes it: version, error, leader, its URL, the offset of the configuration, and connectors
/// with their tasks.
fn connect_assignment() -> Vec<u8> {
    let mut bytes = Vec::from(1_i16.to_be_bytes());
    bytes.extend(0_i16.to_be_bytes());
    put_string(&mut bytes, b"worker-1");
    put_string(&mut bytes, b"http://127.0.0.1:8083/");
    bytes.extend(454_i64.to_be_bytes());
    bytes.extend(1_i32.to_be_bytes());
    put_string(&mut bytes, b"sink");
    bytes.extend(2_i32.to_be_bytes());
    bytes.extend([0xff; 4]);
    bytes.extend(0_i32.to_be_bytes());
    bytes.extend([0; 12]);
    bytes
}

#[test]
fn members_by_other_writers_are_those_that_a_broker_reads_from_the_same_records() {
    let mut cluster = Spec::new(Version::LATEST).offsets_partitions(1).start();
    cluster.create_topic("reads", 1);
    cluster.produce("reads", 0, 5);
    for group in [CANARY, "by-version", "unmentioned"] {
        Committer::new(cluster.port()).commit(group, "reads", &[(0, 2)]);
    }
    let subscribed = with_user_data(names(0, b"reads", false), None);
    // From version 1 on a subscription has owned partitions behind its user data, here none.
    let newer = [with_user_data(names(1, b"reads", false), Some(b"sticky")), vec![0; 4]].concat();
    let assigned = with_user_data(names(1, b"reads", true), Some(&[0, 0, 0, 0, 0, 0, 0, 7]));
    let member = |id: &'static str, subscription, assignment| Member { id: id.as_bytes(), subscription, assignment };
    let connect = connect_assignment();
    let json = br#"{"version":1,"error":0,"master":"sr-1","master_identity":{"host":"127.0.0.1","port":8081}}"#;
    let records = [
        group_with(
            CANARY.as_bytes(),
            b"consumer",
            b"range",
            &[member("canary-1", &subscribed, &[]), member("canary-2", &[], &[])],
        ),
        group_with(b"by-version", b"consumer", b"sticky", &[member("sarama-1", &newer, &assigned)]),
        group_with(
            b"unmentioned",
            b"consumer",
            b"range",
            &[member("first", &subscribed, &assigned), member("second", &subscribed, &[])],
        ),
        group_with(
            b"connect-cluster",
            b"connect",
            b"default",
            &[member("worker-1", b"\0\x01", &connect), member("worker-2", b"\0\x01", &connect)],
        ),
        group_with(
            b"schema-registry",
            b"sr",
            b"v0",
            &[member("sr-1", json, json), member("sr-2", json, &[]), member("sr-3", json, json)],
        ),
    ];
    cluster.produce_raw("__consumer_offsets", records.map(|record| (0, record)));
    // The broker reads them as it starts.
    cluster.stop(0);
    cluster.start();
    let clients = cluster.clients("others");
    let program = Program::quick(&cluster.bootstrap(), OWNERS).ready();
    let groups = [CANARY, "by-version", "unmentioned"];
    let said = eventually(seconds(40), "what the tool says", || {
        let theirs = Said::by(cluster.tools(), &clients, consumer(&groups))?;
        let ours = Said::on(&program.page(), consumer(&groups));
        if ours == theirs { Ok(ours) } else { Err(format!("\nours   {ours:?}\ntheirs {theirs:?}")) }
    });
    for (group, members) in groups.into_iter().zip([2, 1, 2]) {
        assert!(is(&said, group, "classic", "stable", members) && committed(&said, group) == 2, "{group}: {said:?}");
    }
    let owned: Vec<&str> = said.owners.keys().map(|(group, ..)| group.as_str()).collect();
    assert_eq!(owned, ["by-version", "unmentioned"]);
    let page = program.page();
    for (group, protocol_type, members) in [("connect-cluster", "connect", 2), ("schema-registry", "sr", 3)] {
        let theirs = clients.describe(group).unwrap();
        assert_eq!((&*theirs[0], &*theirs[1], theirs.len()), ("Stable", protocol_type, 3 + members), "{theirs:?}");
        let said = Said::on(&page, consumer(&[group]));
        assert!(is(&said, group, "classic", "stable", i64::try_from(members).unwrap()), "{said:?}");
        assert!(said.owners.is_empty() && said.commits.is_empty(), "{said:?}");
        let info: Vec<&str> = page
            .with("kafka_consumergroup_info", &[("consumergroup", group)])
            .map(|(labels, _)| labels["protocol_type"].as_str())
            .collect();
        assert_eq!(info, [protocol_type]);
    }
    assert_eq!(record_errors(&page), 0.0, "{}", program.log());
}
