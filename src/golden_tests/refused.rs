//! What every page shows while groups are refused: nothing that would need what was lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::config::{Granularity, MetricsConfig, NameSet};
use crate::metrics::{Format, MetricsPage, PageLayout};
use crate::model::{Name, Offset, Order, Partition, Timestamp};
use crate::status_page::{ExporterReport, StatusPageData, parse_call};
use crate::storage::{
    ExpiryPolicy, LogBounds, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, PastState, Storage,
    StorageLimits, StorageRules, TopicMetadata, Update,
};

use super::program::{Program, Setting};
use super::setting::{NOW, RULES, config};

fn commit(group: &str, partition: i32) -> Update<'_> {
    let (topic, partition, timestamp) = (Name(b"orders"), Partition(partition), Timestamp(NOW.0 - 1_000));
    Update::Commit { group: Name(group.as_bytes()), topic, partition, offset: Offset(7), timestamp }
}

fn members(group: &str) -> Update<'_> {
    let (group, at, generation) = (Name(group.as_bytes()), NOW, 1);
    let assigned = vec![(Name(b"orders"), vec![Partition(0)])];
    let (id, client_id, client_host) = (Name(b"m"), Name(b"c"), Name(b"/h"));
    let members = vec![MemberUpdate { id, client_id, client_host, assigned }];
    let (protocol_type, protocol) = (Name(b"consumer"), Name(b"range"));
    Update::Members(MembersUpdate { group, protocol_type, protocol, at, generation, members })
}

fn apply(storage: &Storage, updates: Vec<(i64, Update<'_>)>) {
    let cluster = storage.cluster("main").unwrap();
    let updates = updates.into_iter().map(|(order, update)| (Order(order), update));
    cluster.apply(cluster.source("main", 0), PastState::Read, updates, NOW);
}

/// A storage in which group `b` got in after commits and members of it were refused, and `c` is refused.
fn storage() -> Storage {
    let rules = StorageRules {
        intervals: RULES.intervals,
        min_distance: std::time::Duration::ZERO,
        expire: ExpiryPolicy::NEVER,
    };
    let storage = Storage::new(["main"], rules);
    let partition = PartitionMetadata { leader: None, replicas: Vec::new(), in_sync: 0 };
    let topics = vec![TopicMetadata { name: "orders".to_owned(), id: None, partitions: vec![partition; 2] }];
    storage.apply_metadata("main", Metadata { brokers: Vec::new(), topics }, NOW);
    let end = |partition| LogBounds {
        topic: "orders",
        partition: Partition(partition),
        start: Some(Offset(0)),
        end: Some(Offset(10)),
    };
    storage.apply_bounds("main", &[end(0), end(1)], NOW);
    let groups = |groups| storage.set_limits(StorageLimits { groups: Some(groups), ..StorageLimits::default() });
    groups(1);
    apply(&storage, vec![(1, commit("a", 0)), (2, commit("b", 0)), (3, members("b")), (4, commit("c", 0))]);
    groups(2);
    apply(&storage, vec![(5, commit("b", 1)), (6, commit("c", 1))]);
    storage
}

/// The families that have a sample of a group.
fn families(storage: &Storage, names: &'static str, granularity: Granularity, group: &str) -> BTreeSet<String> {
    let metrics = MetricsConfig { names: vec![NameSet(names)], granularity, owners: true, ..MetricsConfig::default() };
    let view = Arc::new(storage.view(NOW, &RULES));
    let page = MetricsPage::new(view, Arc::new(PageLayout::new(&metrics)), Format::Text, Vec::new());
    let page = String::from_utf8(page.flatten().collect()).unwrap();
    let labels = [format!("group=\"{group}\""), format!("group_id=\"{group}\"")];
    let of_it = page.lines().filter(|line| labels.iter().any(|label| line.contains(label)));
    of_it.map(|line| line.split('{').next().unwrap().to_owned()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn answer(storage: &Storage, path: &str, query: &str) -> Value {
    let exporter = ExporterReport { now: NOW.0, version: "0", running: 0, modules: Vec::new(), storage: Vec::new() };
    let answer = StatusPageData { storage, rules: &RULES, exporter }.answer(&parse_call(path, query).unwrap(), NOW);
    serde_json::to_value(&answer.body).unwrap()
}

#[test]
fn an_incomplete_group_has_series_of_its_partitions_and_no_others() {
    let storage = storage();
    let partitions = ["kafka_consumergroup_current_offset", "kafka_consumergroup_lag"];
    for (set, granularity, expected) in [
        ("kafka_exporter", Granularity::Partition, &partitions[..]),
        ("kafka_exporter", Granularity::Topic, &[]),
        ("kafka_exporter", Granularity::Group, &[]),
        (
            "burrow",
            Granularity::Partition,
            &[
                "burrow_kafka_topic_partition_status",
                "burrow_kafka_consumer_current_offset",
                "burrow_kafka_consumer_partition_lag",
            ],
        ),
        (
            "kafka-lag-exporter",
            Granularity::Partition,
            &["kafka_consumergroup_group_offset", "kafka_consumergroup_group_lag"],
        ),
        ("kminion", Granularity::Partition, &["kminion_kafka_consumer_group_topic_partition_lag"]),
    ] {
        assert_eq!(families(&storage, set, granularity, "b"), names(expected), "{set} {granularity:?}");
        assert!(families(&storage, set, granularity, "a").len() > expected.len());
        assert_eq!(families(&storage, set, granularity, "c"), names(&[]));
    }
}

#[test]
fn a_group_whose_commits_are_complete_has_its_sums_without_its_members() {
    let storage = storage();
    apply(&storage, vec![(7, commit("b", 0))]);
    let shown = families(&storage, "kafka_exporter", Granularity::Partition, "b");
    assert!(shown.contains("kafka_consumergroup_lag_sum") && shown.contains("kafka_consumergroup_status"));
    for of_members in ["members", "state", "info", "generations_total", "uncommitted_partitions"] {
        assert!(!shown.contains(&format!("kafka_consumergroup_{of_members}")), "{of_members}");
    }
    apply(&storage, vec![(8, members("b"))]);
    let shown = families(&storage, "kafka_exporter", Granularity::Partition, "b");
    assert!(
        shown.contains("kafka_consumergroup_members") && shown.contains("kafka_consumergroup_partition_owner_info")
    );
}

#[test]
fn the_status_page_says_what_is_missing_and_what_is_not_known() {
    let storage = storage();
    let all = answer(&storage, "/api/groups", "");
    let listed: Vec<&Value> = all["groups"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!((&all["clusters"][0]["refused"], listed.len()), (&json!(1), 2));
    let row = all["groups"].as_array().unwrap().iter().find(|row| row["name"] == "b").unwrap();
    for unknown in ["status", "state", "type", "members", "partitions", "committed", "uncommitted", "lag", "complete"] {
        assert_eq!(row[unknown], Value::Null, "{unknown}");
    }
    let one = answer(&storage, "/api/group", "cluster=main&name=b");
    assert_eq!([&one["status"], &one["state"], &one["trail"]], [&Value::Null; 3]);
    assert_eq!((&one["partitions"][1]["lag"], &one["partitions"][0]["lag"]), (&Value::Null, &json!(3)));
    assert_eq!(answer(&storage, "/api/topic", "cluster=main&name=orders")["all_groups"], json!(false));
}

#[test]
fn burrows_status_of_an_incomplete_group_is_not_found() {
    let setting = || Setting { rules: RULES, host: "h", now: NOW, layout: |_| String::new() };
    let program = Program::new(config(), storage(), setting());
    let status = |group: &str| {
        let answer = program.answer(false, &format!("GET /v3/kafka/main/consumer/{group}/lag"));
        let body = serde_json::to_value(&answer.body).unwrap();
        (answer.status, body["status"]["status"].clone())
    };
    assert_eq!(["a", "b", "c"].map(status), [(200, json!("OK")), (404, json!("NOTFOUND")), (404, json!("NOTFOUND"))]);
}
