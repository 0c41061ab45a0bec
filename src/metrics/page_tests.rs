use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::*;
use crate::config::{Granularity, Metrics, NameSet};
use crate::evaluate::EvaluatorRules;
use crate::metrics::sets::tests::{ALL, described, everything};
use crate::model::{BrokerId, Lag, Name, Offset, Order, Partition, Timestamp, TopicId};
use crate::storage::{
    Broker, EpochUpdate, GroupFact, LogBounds, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, Past, Rules,
    Storage, TopicMetadata, Update,
};

/// A window holds a single commit, so that some are full; a minute after the last one.
const RULES: EvaluatorRules =
    EvaluatorRules { intervals: NonZeroUsize::MIN, minimum_complete: 0.0, allowed_lag: Lag(0) };
const NOW: Timestamp = Timestamp(1_700_000_060_250);

/// Two topics, three groups: one that consumes, one with an odd name that only commits, one of a newer type.
pub fn storage() -> Storage {
    let rules =
        Rules { intervals: RULES.intervals, min_distance: Duration::ZERO, expire: crate::storage::Expire::NEVER };
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
    cluster.apply(cluster.source("local", 0), Past::Read, updates, Timestamp(1_700_000_000_000));
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

pub fn page(format: Format, storage: &Storage, metrics: &Metrics) -> String {
    let layout = Arc::new(Layout::new(metrics));
    let page = Page::new(Arc::new(storage.view(NOW, &RULES)), layout, format, b"# EOF\n".to_vec());
    String::from_utf8(page.flatten().collect()).unwrap()
}

#[track_caller]
pub fn approve(name: &str, page: &str) {
    let path = format!("{}/tests/fixtures/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, page).unwrap();
    }
    assert_eq!(page, std::fs::read_to_string(path).unwrap());
}

#[test]
fn the_whole_page_is_as_it_was_approved() {
    let metrics = Metrics { limits: Vec::new(), ..everything(&[NameSet::KafkaExporter]) };
    approve("page", &page(Format::Text, &storage(), &metrics));
}

#[test]
fn openmetrics_names_a_counter_without_its_suffix() {
    let page = page(Format::OpenMetrics, &storage(), &Metrics { owners: false, ..everything(&ALL) });
    assert!(page.contains("# TYPE kafka_consumergroup_commits counter\nkafka_consumergroup_commits_total{"));
    assert!(!page.contains("owner_info"));
}

#[test]
fn no_series_stands_twice_and_every_family_stands_together() {
    for granularity in [Granularity::Partition, Granularity::Topic, Granularity::Group] {
        let page = page(Format::Text, &described(), &Metrics { granularity, ..everything(&ALL) });
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
    let metrics = Metrics { granularity: Granularity::Group, ..Metrics::default() };
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
    let rules =
        Rules { intervals: RULES.intervals, min_distance: Duration::ZERO, expire: crate::storage::Expire::NEVER };
    let storage = Storage::new(["local"], rules);
    let cluster = storage.cluster("local").unwrap();
    let updates = (0..20_000).map(|partition| Update::Commit {
        group: Name(b"g"),
        topic: Name(b"t"),
        partition: Partition(partition),
        offset: Offset(1),
        timestamp: Timestamp(1),
    });
    cluster.apply(cluster.source("local", 0), Past::Read, (1..).map(Order).zip(updates), Timestamp(1));
    let layout = Arc::new(Layout::new(&Metrics { names: ALL.to_vec(), ..Metrics::default() }));
    let pieces: Vec<Vec<u8>> =
        Page::new(Arc::new(storage.view(NOW, &RULES)), layout, Format::Text, Vec::new()).collect();
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
    let rules =
        Rules { intervals: RULES.intervals, min_distance: Duration::ZERO, expire: crate::storage::Expire::NEVER };
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
    cluster.apply(cluster.source("local", 0), Past::Read, (1..).map(Order).zip(updates), Timestamp(1));
    let layout = Arc::new(Layout::new(&Metrics::default()));
    let page = Page::new(Arc::new(storage.view(NOW, &RULES)), layout, Format::Text, Vec::new());
    let page = String::from_utf8(page.flatten().collect()).unwrap();
    let name = "kafka_consumergroup_partition_status{cluster=\"local\",consumergroup=\"g\",topic=\"t\",partition=\"";
    let lines = page.lines().filter_map(|line| line.strip_prefix(name));
    let expected = (0..2_000).filter(|partition| partition % 2 == 1);
    let expected = expected.map(|partition| format!("{partition}\",status=\"stop\"}} 1"));
    assert_eq!(lines.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}
