//! Tests of the name sets by the pages that they produce.

use std::collections::{BTreeMap, BTreeSet};

use super::metric_set;
use crate::config::{Granularity, LagLimit, MetricsConfig, NameSet};
use crate::metrics::Format;
use crate::metrics::page::tests::{approve, metadata, page, storage};
use crate::model::{BrokerId, Name, Offset, Order, Partition, Timestamp, TopicId};
use crate::storage::{
    ClusterFacts, MemberUpdate, MembersUpdate, PartitionMetadata, PastState, Storage, TopicMetadata, Update,
};

/// The storage of the page tests, with the offsets topic in its metadata and with a cluster description.
pub fn described() -> Storage {
    let storage = storage();
    let mut metadata = metadata();
    let led =
        |leader| PartitionMetadata { leader: Some(BrokerId(leader)), replicas: vec![BrokerId(leader)], in_sync: 1 };
    let partitions = vec![led(1), led(2)];
    metadata.topics.push(TopicMetadata { name: "__consumer_offsets".into(), id: Some(TopicId(9)), partitions });
    storage.apply_metadata("local", metadata, Timestamp(0));
    let racks = BTreeMap::from([(BrokerId(2), "rack\"b".to_owned())]);
    let facts = ClusterFacts { cluster_id: Some("lkc-1".to_owned()), controller: Some(BrokerId(2)), racks };
    storage.apply_facts("local", facts);
    let cluster = storage.cluster("local").unwrap();
    let updates = crew().into_iter().zip(100..).map(|(update, order)| (Order(order), update));
    cluster.apply(cluster.source("local", 0), PastState::Read, updates, Timestamp(1_700_000_000_000));
    storage
}

/// A group that has caught up, with two members that own partitions and a third one that owns none.
fn crew() -> Vec<Update<'static>> {
    let member = |id: &'static [u8], assigned| MemberUpdate {
        id: Name(id),
        client_id: Name(b"app"),
        client_host: Name(b"/10.0.0.2"),
        assigned,
    };
    let commit = |topic: &'static [u8], partition, offset| Update::Commit {
        group: Name(b"crew"),
        topic: Name(topic),
        partition: Partition(partition),
        offset: Offset(offset),
        timestamp: Timestamp(1_700_000_000_500),
    };
    let orders = |partitions| (Name(b"orders"), partitions);
    let members = vec![
        member(b"m-1", vec![orders(vec![Partition(1)]), (Name(b"pay\"s"), vec![Partition(0)])]),
        member(b"m-2", vec![orders(vec![Partition(0)])]),
        member(b"m-3", Vec::new()),
    ];
    let (protocol_type, protocol) = (Name(b"consumer"), Name(b"range"));
    let members =
        MembersUpdate { group: Name(b"crew"), protocol_type, protocol, at: Timestamp(5), generation: 1, members };
    vec![Update::Members(members), commit(b"orders", 0, 110), commit(b"orders", 1, 50), commit(b"pay\"s", 0, 7)]
}

/// Settings that show everything, with a limit that takes precedence over the next.
pub fn everything(names: &[NameSet]) -> MetricsConfig {
    let limit = |group: &str, lag_seconds| LagLimit { group: regex::bytes::Regex::new(group).unwrap(), lag_seconds };
    MetricsConfig {
        names: names.to_vec(),
        owners: true,
        labels: BTreeMap::from([("env".to_owned(), "a\"b".to_owned())]),
        limits: vec![limit("^bill", 300.0), limit("ing$", 1.0), limit("^n.w", 90.5)],
        ..MetricsConfig::default()
    }
}

pub const ALL: [NameSet; 4] = [NameSet("kafka-lag-exporter"), NameSet("burrow"), NameSet::DEFAULT, NameSet("kminion")];

#[test]
fn the_tests_know_every_set() {
    let sorted = |mut names: Vec<NameSet>| {
        names.sort_by_key(|set| set.name());
        names
    };
    assert_eq!(sorted(ALL.to_vec()), sorted(super::names()));
}

#[test]
fn the_page_of_each_other_set_is_as_it_was_approved() {
    for names in [NameSet("burrow"), NameSet("kafka-lag-exporter"), NameSet("kminion")] {
        approve(&format!("page-{}", names.name()), &page(Format::Text, &described(), &everything(&[names])));
    }
}

#[test]
fn a_page_of_several_sets_is_the_pages_of_each_in_their_order() {
    let body = |names: &[NameSet]| page(Format::Text, &described(), &everything(names)).replace("# EOF\n", "");
    assert_eq!(body(&ALL), ALL.map(|names| body(&[names])).concat());
}

#[test]
fn a_group_has_the_first_limit_that_matches_and_none_if_none_does() {
    let page = page(Format::Text, &storage(), &everything(&[NameSet::DEFAULT]));
    let limits = page.lines().filter(|line| line.starts_with("kafka_consumergroup_lag_limit_seconds"));
    let series = |group, limit| {
        format!(
            "kafka_consumergroup_lag_limit_seconds{{cluster=\"local\",env=\"a\\\"b\",consumergroup=\"{group}\"}} {limit}"
        )
    };
    assert_eq!(limits.collect::<Vec<_>>(), [series("billing", "300"), series("newer", "90.5")]);
}

#[test]
fn what_the_cluster_did_not_tell_is_an_empty_label() {
    let page =
        page(Format::Text, &storage(), &MetricsConfig { names: vec![NameSet("kminion")], ..MetricsConfig::default() });
    let infos = page
        .lines()
        .filter(|line| ["cluster_info{", "broker_info{", "group_info{"].iter().any(|name| line.contains(name)));
    let expected = [
        r#"kminion_kafka_cluster_info{cluster="local",cluster_version="",broker_count="2",controller_id="",cluster_id=""} 1"#,
        r#"kminion_kafka_broker_info{cluster="local",broker_id="1",address="kafka1",port="9092",rack_id="",is_controller=""} 1"#,
        r#"kminion_kafka_broker_info{cluster="local",broker_id="2",address="kafka2",port="9092",rack_id="",is_controller=""} 1"#,
        r#"kminion_kafka_consumer_group_info{cluster="local",group_id="billing",protocol="range",protocol_type="consumer",state="Stable",coordinator_id=""} 1"#,
        r#"kminion_kafka_consumer_group_info{cluster="local",group_id="newer",protocol="",protocol_type="consumer",state="Empty",coordinator_id=""} 0"#,
        r#"kminion_kafka_consumer_group_info{cluster="local",group_id="odd\\\\\\xff\n",protocol="",protocol_type="",state="Empty",coordinator_id=""} 0"#,
    ];
    assert_eq!(infos.collect::<Vec<_>>(), expected);
}

#[test]
fn every_family_is_a_gauge_but_for_the_counters() {
    let (text, open) = (types(Format::Text), types(Format::OpenMetrics));
    let counters = [
        "kafka_consumergroup_commits_total",
        "kafka_consumergroup_generations_total",
        "kminion_kafka_consumer_group_offset_commits_total",
    ];
    let families = ALL.into_iter().flat_map(|names| metric_set(names).families);
    for name in families.map(|family| family.name) {
        let (kind, stem) = match counters.contains(&name) {
            true => ("counter", name.strip_suffix("_total").unwrap()),
            false => ("gauge", name),
        };
        assert_eq!((text.get(name), open.get(stem)), (Some(&kind.to_owned()), Some(&kind.to_owned())), "{name}");
    }
    assert_eq!(text.len(), open.len());
}

fn types(format: Format) -> BTreeMap<String, String> {
    let page = page(format, &described(), &everything(&ALL));
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[test]
fn no_two_families_share_a_name() {
    let families = ALL.into_iter().flat_map(|names| metric_set(names).families);
    let mut names = BTreeSet::new();
    for name in families.map(|family| family.name) {
        assert!(names.insert(name), "twice: {name}");
    }
}

#[test]
fn with_groups_as_the_finest_series_a_member_counts_once_whatever_its_topics() {
    let metrics =
        MetricsConfig { granularity: Granularity::Group, names: vec![NameSet("kminion")], ..MetricsConfig::default() };
    let page = page(Format::Text, &described(), &metrics);
    let lines = page.lines().filter(|line| line.contains("group_id=\"crew\"") && line.contains("group_topic"));
    let series = |name, value| {
        format!("kminion_kafka_consumer_group_topic_{name}{{cluster=\"local\",group_id=\"crew\"}} {value}")
    };
    let expected = [("members", 2), ("assigned_partitions", 3), ("offset_sum", 167), ("lag", 0)];
    assert_eq!(lines.collect::<Vec<_>>(), expected.map(|(name, value)| series(name, value)));
}
