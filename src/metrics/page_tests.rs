use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::*;
use crate::config::{Granularity, MetricsConfig, NameSet};
use crate::evaluate::EvaluatorRules;
use crate::golden_tests::compare_file;
use crate::metrics::sets::tests::{ALL, described, everything};
use crate::model::{BrokerId, Lag, Name, Offset, Order, Partition, Timestamp, TopicId};
use crate::storage::{
    Broker, EpochUpdate, GroupFact, LogBounds, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, PastState,
    Storage, StorageRules, TopicMetadata, Update,
};

/// Windows hold one commit, so that some are full a minute after the last one.
const RULES: EvaluatorRules =
    EvaluatorRules { intervals: NonZeroUsize::MIN, minimum_complete: 0.0, allowed_lag: Lag(0) };
const NOW: Timestamp = Timestamp(1_700_000_060_250);

/// A storage with two topics and three groups: one that consumes, one with an odd name that only commits, one of a
/// newer type.
pub fn storage() -> Storage {
    let rules = StorageRules {
        intervals: RULES.intervals,
        min_distance: Duration::ZERO,
        expire: crate::storage::ExpiryPolicy::NEVER,
    };
    let storage = Storage::new(["local"], rules);
    storage.apply_metadata("local", metadata(), Timestamp(0));
    let bound = |topic, partition, start, end: Option<i64>| LogBounds {
        topic,
        partition: Partition(partition),
        start: Some(Offset(start)),
        end: end.map(Offset),
    };
    let bounds = [bound("orders", 0, 10, Some(110)), bound("orders", 1, 0, Some(50)), bound("pay\"s", 0, 7, Some(7))];
    storage.apply_bounds("local", &bounds, Timestamp(0));
    let cluster = storage.cluster("local").unwrap();
    let updates = updates().into_iter().zip(1..).map(|(update, order)| (Order(order), update));
    cluster.apply(cluster.source("local", 0), PastState::Read, updates, Timestamp(1_700_000_000_000));
    storage
}

pub fn metadata() -> Metadata {
    let partition = |leader, in_sync| PartitionMetadata { leader, replicas: vec![BrokerId(1), BrokerId(2)], in_sync };
    let (led, leaderless) = (partition(Some(BrokerId(1)), 2), partition(None, 1));
    let topic = |name: &str, partitions| TopicMetadata { name: name.into(), id: Some(TopicId(9)), partitions };
    Metadata {
        brokers: vec![
            Broker { id: BrokerId(2), address: "kafka2:9092".into() },
            Broker { id: BrokerId(1), address: "kafka1:9092".into() },
        ],
        topics: vec![topic("pay\"s", vec![led.clone()]), topic("orders", vec![led, leaderless.clone(), leaderless])],
    }
}

fn updates() -> Vec<Update<'static>> {
    let commit = |group: &'static [u8], topic: &'static str, partition, offset| Update::Commit {
        group: Name(group),
        topic: Name(topic.as_bytes()),
        partition: Partition(partition),
        offset: Offset(offset),
        timestamp: Timestamp(1_700_000_000_250),
    };
    let member = MemberUpdate {
        id: Name(b"m-1"),
        client_id: Name(b"app"),
        client_host: Name(b"/10.0.0.1"),
        assigned: vec![(Name(b"orders"), vec![Partition(0), Partition(1)])],
    };
    vec![
        Update::Members(MembersUpdate {
            group: Name(b"billing"),
            protocol_type: Name(b"consumer"),
            protocol: Name(b"range"),
            at: Timestamp(4),
            generation: 4,
            members: vec![member],
        }),
        commit(b"billing", "orders", 0, 60),
        commit(b"billing", "pay\"s", 0, 3),
        commit(b"odd\\\xff\n", "orders", 0, 5),
        commit(b"odd\\\xff\n", "orders", 2, 5),
        Update::Fact {
            group: Name(b"newer"),
            kind: crate::storage::GroupKind::Consumer,
            at: Timestamp(4),
            fact: GroupFact::Epoch(Some(EpochUpdate { number: 4, validated_topology: None })),
        },
        commit(b"newer", "orders", 1, 20),
    ]
}

pub fn page(format: Format, storage: &Storage, metrics: &MetricsConfig) -> String {
    let layout = Arc::new(PageLayout::new(metrics));
    let page = MetricsPage::new(Arc::new(storage.view(NOW, &RULES)), layout, format, b"# EOF\n".to_vec());
    String::from_utf8(page.flatten().collect()).unwrap()
}

#[track_caller]
pub fn approve(name: &str, page: &str) {
    compare_file(format!("tests/fixtures/{name}.txt"), page);
}

#[test]
fn the_whole_page_is_as_it_was_approved() {
    let metrics = MetricsConfig { limits: Vec::new(), ..everything(&[NameSet::DEFAULT]) };
    approve("page", &page(Format::Text, &storage(), &metrics));
}

#[test]
fn openmetrics_names_a_counter_without_its_suffix() {
    let page = page(Format::OpenMetrics, &storage(), &MetricsConfig { owners: false, ..everything(&ALL) });
    assert!(page.contains("# TYPE kafka_consumergroup_commits counter\nkafka_consumergroup_commits_total{"));
    assert!(!page.contains("owner_info"));
}

#[test]
fn no_series_stands_twice_and_every_family_stands_together() {
    for granularity in [Granularity::Partition, Granularity::Topic, Granularity::Group] {
        let page = page(Format::Text, &described(), &MetricsConfig { granularity, ..everything(&ALL) });
        let (mut series, mut families) = (BTreeSet::new(), BTreeSet::new());
        let mut last = "";
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let (name, _) = line.rsplit_once(' ').unwrap();
            assert!(series.insert(name.to_owned()), "twice: {name}");
            let family = name.split('{').next().unwrap();
            assert!(family == last || families.insert(family.to_owned()), "apart: {family}");
            last = line.split('{').next().unwrap();
            assert!(
                name.contains("{cluster=\"local\",env=") || name.contains("{cluster_name=\"local\",env="),
                "{name}"
            );
        }
        let partitions = page.contains(",partition=\"") || page.contains("partition_id=\"");
        assert_eq!(partitions, granularity == Granularity::Partition);
        let of_groups = series.iter().filter(|series| series.contains("group") && !series.contains("topic_info"));
        let topics = of_groups.filter(|series| series.contains("topic=\"") || series.contains("topic_name=\"")).count();
        assert_eq!(topics > 0, granularity != Granularity::Group);
    }
}

#[test]
fn with_groups_as_the_finest_series_the_topics_are_added_up() {
    let metrics = MetricsConfig { granularity: Granularity::Group, ..MetricsConfig::default() };
    let page = page(Format::Text, &storage(), &metrics);
    let lines: Vec<&str> = page.lines().filter(|line| line.contains("group=\"billing\"")).collect();
    for line in [
        "kafka_consumergroup_current_offset_sum{cluster=\"local\",consumergroup=\"billing\"} 63",
        "kafka_consumergroup_lag_sum{cluster=\"local\",consumergroup=\"billing\"} 50",
        "kafka_consumergroup_partitions{cluster=\"local\",consumergroup=\"billing\",known=\"true\"} 2",
        "kafka_consumergroup_commits_total{cluster=\"local\",consumergroup=\"billing\"} 2",
    ] {
        assert!(lines.contains(&line), "{line} is not in {lines:#?}");
    }
}

#[test]
fn a_page_comes_in_pieces_of_about_256_kib() {
    let rules = StorageRules {
        intervals: RULES.intervals,
        min_distance: Duration::ZERO,
        expire: crate::storage::ExpiryPolicy::NEVER,
    };
    let storage = Storage::new(["local"], rules);
    let cluster = storage.cluster("local").unwrap();
    let updates = (0..20_000).map(|partition| Update::Commit {
        group: Name(b"g"),
        topic: Name(b"t"),
        partition: Partition(partition),
        offset: Offset(1),
        timestamp: Timestamp(1),
    });
    cluster.apply(cluster.source("local", 0), PastState::Read, (1..).map(Order).zip(updates), Timestamp(1));
    let layout = Arc::new(PageLayout::new(&MetricsConfig { names: ALL.to_vec(), ..MetricsConfig::default() }));
    let pieces: Vec<Vec<u8>> =
        MetricsPage::new(Arc::new(storage.view(NOW, &RULES)), layout, Format::Text, Vec::new()).collect();
    assert!(pieces.len() > 5);
    assert!(pieces.iter().all(|piece| piece.len() < 320 * 1024));
    let page = String::from_utf8(pieces.concat()).unwrap();
    for family in [
        "kafka_consumergroup_current_offset{",
        "kafka_consumergroup_group_offset{",
        "burrow_kafka_topic_partition_status{",
    ] {
        assert_eq!(page.lines().filter(|line| line.starts_with(family)).count(), 20_000, "{family}");
    }
}

#[test]
fn each_partition_that_is_not_ok_has_its_status_on_whichever_piece_it_falls() {
    let rules = StorageRules {
        intervals: RULES.intervals,
        min_distance: Duration::ZERO,
        expire: crate::storage::ExpiryPolicy::NEVER,
    };
    let storage = Storage::new(["local"], rules);
    let partition = PartitionMetadata { leader: None, replicas: Vec::new(), in_sync: 0 };
    let topic = TopicMetadata { name: "t".into(), id: Some(TopicId(1)), partitions: vec![partition; 2_000] };
    storage.apply_metadata("local", Metadata { brokers: Vec::new(), topics: vec![topic] }, Timestamp(0));
    let bounds = (0..2_000).map(|partition| LogBounds {
        topic: "t",
        partition: Partition(partition),
        start: Some(Offset(0)),
        end: Some(Offset(i64::from(partition % 2))),
    });
    storage.apply_bounds("local", &bounds.collect::<Vec<_>>(), Timestamp(0));
    let cluster = storage.cluster("local").unwrap();
    let updates = (0..2_000).map(|partition| Update::Commit {
        group: Name(b"g"),
        topic: Name(b"t"),
        partition: Partition(partition),
        offset: Offset(0),
        timestamp: Timestamp(1),
    });
    cluster.apply(cluster.source("local", 0), PastState::Read, (1..).map(Order).zip(updates), Timestamp(1));
    let layout = Arc::new(PageLayout::new(&MetricsConfig::default()));
    let page = MetricsPage::new(Arc::new(storage.view(NOW, &RULES)), layout, Format::Text, Vec::new());
    let page = String::from_utf8(page.flatten().collect()).unwrap();
    let name = "kafka_consumergroup_partition_status{cluster=\"local\",consumergroup=\"g\",topic=\"t\",partition=\"";
    let lines = page.lines().filter_map(|line| line.strip_prefix(name));
    let expected = (0..2_000).filter(|partition| partition % 2 == 1);
    let expected = expected.map(|partition| format!("{partition}\",status=\"stop\"}} 1"));
    assert_eq!(lines.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

/// A storage with one group. Its members have these ids and own these partitions of a topic.
fn crowd<'m>(group: &'m [u8], members: &[(&'m [u8], Vec<Partition>)]) -> Storage {
    let rules = StorageRules {
        intervals: RULES.intervals,
        min_distance: Duration::ZERO,
        expire: crate::storage::ExpiryPolicy::NEVER,
    };
    let storage = Storage::new(["local"], rules);
    let cluster = storage.cluster("local").unwrap();
    let partition = PartitionMetadata { leader: None, replicas: Vec::new(), in_sync: 0 };
    let topic = TopicMetadata { name: "t".to_owned(), id: None, partitions: vec![partition; 20_000] };
    cluster.apply_metadata(Metadata { brokers: Vec::new(), topics: vec![topic] }, Timestamp(0));
    let member = |(id, partitions): &(&'m [u8], Vec<Partition>)| MemberUpdate {
        id: Name(id),
        client_id: Name(b"app"),
        client_host: Name(b"/h"),
        assigned: vec![(Name(b"t"), partitions.clone())],
    };
    let (protocol_type, protocol) = (Name(b"consumer"), Name(b"range"));
    let members = members.iter().map(member).collect();
    let members =
        MembersUpdate { group: Name(group), protocol_type, protocol, at: Timestamp(1), generation: 1, members };
    cluster.apply(cluster.source("local", 0), PastState::Read, [(Order(1), Update::Members(members))], Timestamp(1));
    storage
}

fn long_id(different: u8) -> Vec<u8> {
    [vec![b'i'; 300], vec![different], vec![b'd'; 300]].concat()
}

#[test]
fn members_that_are_shown_alike_remain_two_with_one_series_for_what_both_own() {
    let partitions = |numbers: std::ops::Range<i32>| numbers.map(Partition).collect::<Vec<_>>();
    let (one, other) = (long_id(1), long_id(2));
    let storage =
        crowd(b"g", &[(&one, partitions(0..600)), (b"m", partitions(100..101)), (&other, partitions(0..601))]);
    let page = page(Format::Text, &storage, &MetricsConfig { owners: true, ..MetricsConfig::default() });
    assert!(page.contains("kafka_consumergroup_members{cluster=\"local\",consumergroup=\"g\"} 3\n"));
    let head =
        "kafka_consumergroup_partition_owner_info{cluster=\"local\",consumergroup=\"g\",topic=\"t\",partition=\"";
    let owners: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(head)).collect();
    let id = format!("{}…{}", "i".repeat(200), "d".repeat(50));
    let line =
        |partition, id: &str| format!("{partition}\",client_id=\"app\",client_host=\"/h\",member_id=\"{id}\"}} 1");
    let mut expected: Vec<String> = (0..601).map(|partition| line(partition, &id)).collect();
    expected.insert(101, line(100, "m"));
    assert_eq!(owners, expected);
}

#[test]
fn owners_of_one_partition_have_a_series_each_on_whichever_piece_they_fall() {
    let ids: Vec<Vec<u8>> = (0..3_000).map(|id: i32| format!("{id:0>253}").into_bytes()).collect();
    let members: Vec<_> = ids.iter().chain(&ids).map(|id| (&id[..], vec![Partition(0), Partition(1)])).collect();
    let storage = crowd(b"g", &members);
    let page = page(Format::Text, &storage, &MetricsConfig { owners: true, ..MetricsConfig::default() });
    let lines: Vec<&str> =
        page.lines().filter(|line| line.starts_with("kafka_consumergroup_partition_owner_info{")).collect();
    assert_eq!((lines.len(), lines.iter().collect::<BTreeSet<_>>().len()), (6_000, 6_000));
}

#[test]
fn no_piece_is_long_however_long_names_are() {
    // Each of these bytes takes five bytes on the page.
    let (group, id) = (vec![0xff; 1024], vec![0xff; 32_767]);
    let storage = crowd(&group, &[(&id, (0..20_000).map(Partition).collect())]);
    let commits = (0..20_000).map(|partition| Update::Commit {
        group: Name(&group),
        topic: Name(b"t"),
        partition: Partition(partition),
        offset: Offset(1),
        timestamp: Timestamp(1),
    });
    let cluster = storage.cluster("local").unwrap();
    cluster.apply(cluster.source("local", 0), PastState::Read, (2..).map(Order).zip(commits), Timestamp(1));
    let metrics = MetricsConfig {
        owners: true,
        names: vec![NameSet::DEFAULT, NameSet("kafka-lag-exporter")],
        ..MetricsConfig::default()
    };
    let view = Arc::new(storage.view(NOW, &RULES));
    let (mut longest, mut owners) = (0, 0);
    for piece in MetricsPage::new(view, Arc::new(PageLayout::new(&metrics)), Format::Text, Vec::new()) {
        longest = longest.max(piece.len());
        owners += String::from_utf8(piece).unwrap().matches("member_id=").count();
    }
    assert!(longest <= 320 * 1024, "{longest}");
    assert_eq!(owners, 20_000);
}

#[test]
fn a_broker_that_is_named_twice_has_one_series() {
    let storage = storage();
    let mut doubled = metadata();
    doubled.brokers.extend(metadata().brokers);
    storage.apply_metadata("local", doubled, Timestamp(0));
    let page = page(Format::Text, &storage, &MetricsConfig { names: ALL.to_vec(), ..MetricsConfig::default() });
    let brokers = page.lines().filter(|line| line.contains("broker_info{")).count();
    assert_eq!((brokers, page.contains("kafka_brokers{cluster=\"local\"} 2\n")), (4, true));
}
