use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use super::*;
use crate::config::{Granularity, Limit, Metrics, NameSet};
use crate::evaluate::EvaluatorRules;
use crate::metrics::sets;
use crate::model::{BrokerId, Lag, Name, Offset, Order, Partition, Timestamp, TopicId};
use crate::storage::{
    Broker, ClusterFacts, LogBounds, MemberUpdate, MembersUpdate, Metadata, PartitionMetadata, Past, Rules, Storage,
    TopicMetadata, Update,
};

/// A window holds a single commit, so that some are full; a minute after the last one.
const RULES: EvaluatorRules =
    EvaluatorRules { intervals: NonZeroUsize::MIN, minimum_complete: 0.0, allowed_lag: Lag(0) };
const NOW: Timestamp = Timestamp(1_700_000_060_250);

/// Two topics, three groups: one that consumes, one with an odd name that only commits, one of a newer type.
fn storage() -> Storage {
    let rules = Rules { intervals: RULES.intervals, min_distance: Duration::ZERO, expire: None };
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

fn metadata() -> Metadata {
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
        Update::Kind { group: Name(b"newer"), kind: crate::storage::GroupKind::Consumer, at: Timestamp(4) },
        commit(b"newer", "orders", 1, 20),
    ]
}

/// The same, where the offsets topic is named and the cluster has told of itself.
fn described() -> Storage {
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
    cluster.apply(cluster.source("local", 0), Past::Read, updates, Timestamp(1_700_000_000_000));
    storage
}

/// A group that has caught up, with two members at work on a topic and a third one without a partition.
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

/// Settings that show all that there is, with a limit that shadows the next.
fn everything(names: &[NameSet]) -> Metrics {
    let limit = |group: &str, lag_seconds| Limit { group: regex::bytes::Regex::new(group).unwrap(), lag_seconds };
    Metrics {
        names: names.to_vec(),
        owners: true,
        labels: BTreeMap::from([("env".to_owned(), "a\"b".to_owned())]),
        limits: vec![limit("^bill", 300.0), limit("ing$", 1.0), limit("^n.w", 90.5)],
        ..Metrics::default()
    }
}

const ALL: [NameSet; 4] = [NameSet::KafkaLagExporter, NameSet::Burrow, NameSet::KafkaExporter, NameSet::Kminion];

fn page(format: Format, storage: &Storage, metrics: &Metrics) -> String {
    let layout = Arc::new(Layout::new(metrics));
    let page = Page::new(Arc::new(storage.view(NOW, &RULES)), layout, format, b"# EOF\n".to_vec());
    String::from_utf8(page.flatten().collect()).unwrap()
}

#[track_caller]
fn approve(name: &str, page: &str) {
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
fn the_page_of_each_other_set_is_as_it_was_approved() {
    for names in [NameSet::Burrow, NameSet::KafkaLagExporter, NameSet::Kminion] {
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
    let page = page(Format::Text, &storage(), &everything(&[NameSet::KafkaExporter]));
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
    let page = page(Format::Text, &storage(), &Metrics { names: vec![NameSet::Kminion], ..Metrics::default() });
    let infos = page
        .lines()
        .filter(|line| ["cluster_info{", "broker_info{", "group_info{"].iter().any(|name| line.contains(name)));
    let expected = [
        r#"kminion_kafka_cluster_info{cluster="local",cluster_version="",broker_count="2",controller_id="",cluster_id=""} 1"#,
        r#"kminion_kafka_broker_info{cluster="local",broker_id="1",address="kafka1",port="9092",rack_id="",is_controller=""} 1"#,
        r#"kminion_kafka_broker_info{cluster="local",broker_id="2",address="kafka2",port="9092",rack_id="",is_controller=""} 1"#,
        r#"kminion_kafka_consumer_group_info{cluster="local",group_id="billing",protocol="range",protocol_type="consumer",state="Stable",coordinator_id=""} 1"#,
        r#"kminion_kafka_consumer_group_info{cluster="local",group_id="odd\\\\\\xff\n",protocol="",protocol_type="",state="Empty",coordinator_id=""} 0"#,
    ];
    assert_eq!(infos.collect::<Vec<_>>(), expected);
}

#[test]
fn openmetrics_names_a_counter_without_its_suffix() {
    let page = page(Format::OpenMetrics, &storage(), &Metrics { owners: false, ..everything(&ALL) });
    assert!(page.contains("# TYPE kafka_consumergroup_commits counter\nkafka_consumergroup_commits_total{"));
    assert!(!page.contains("owner_info"));
}

#[test]
fn every_family_is_a_gauge_but_for_the_counters() {
    let (text, open) = (types(Format::Text), types(Format::OpenMetrics));
    let counters = [
        "kafka_consumergroup_commits_total",
        "kafka_consumergroup_generations_total",
        "kminion_kafka_consumer_group_offset_commits_total",
    ];
    let families = ALL.into_iter().flat_map(|names| sets::table(names).families);
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
    let families = ALL.into_iter().flat_map(|names| sets::table(names).families);
    let mut names = BTreeSet::new();
    for name in families.map(|family| family.name) {
        assert!(names.insert(name), "twice: {name}");
    }
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
fn a_page_comes_in_pieces_of_about_64_kib() {
    let rules = Rules { intervals: RULES.intervals, min_distance: Duration::ZERO, expire: None };
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
    let layout = Arc::new(Layout::new(&Metrics::default()));
    let pieces: Vec<Vec<u8>> =
        Page::new(Arc::new(storage.view(NOW, &RULES)), layout, Format::Text, Vec::new()).collect();
    assert!(pieces.len() > 20);
    assert!(pieces.iter().all(|piece| piece.len() < 128 * 1024));
    let page = String::from_utf8(pieces.concat()).unwrap();
    let offsets = page.lines().filter(|line| line.starts_with("kafka_consumergroup_current_offset{"));
    assert_eq!(offsets.count(), 20_000);
}

#[test]
fn each_partition_that_is_not_ok_has_its_status_on_whichever_piece_it_falls() {
    let rules = Rules { intervals: RULES.intervals, min_distance: Duration::ZERO, expire: None };
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
