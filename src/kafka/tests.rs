//! Tests the clients against librdkafka's mock cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};

use super::client::tests::plain;
use super::*;

const fn log(partition: i32) -> TopicPartition {
    TopicPartition { topic: TopicIndex(0), partition: Partition(partition) }
}
use crate::model::{BrokerId, Offset, Partition};

const LIMIT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

struct Rig {
    mock: MockCluster<'static, DefaultProducerContext>,
}

impl Rig {
    fn new(brokers: i32, topics: &[(&str, i32)]) -> Self {
        let mock = MockCluster::new(brokers).unwrap();
        for (topic, partitions) in topics {
            mock.create_topic(topic, *partitions, 1).unwrap();
            for partition in 0..*partitions {
                mock.partition_leader(topic, partition, Some(partition % brokers + 1)).unwrap();
            }
        }
        Self { mock }
    }

    fn client(&self, role: ClientRole) -> Arc<Client> {
        Arc::new(
            Client::new(&plain(&self.mock.bootstrap_servers()), role, KafkaContext::new("c", "cluster", "c")).unwrap(),
        )
    }

    fn produce(&self, topic: &str, partition: i32, count: usize) {
        let servers = self.mock.bootstrap_servers();
        let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", servers).create().unwrap();
        for n in 0..count {
            let (key, value) = (format!("k{n}"), format!("v{n}"));
            let record = BaseRecord::to(topic).partition(partition).key(&key);
            producer.send(if n % 10 == 9 { record } else { record.payload(&value) }).unwrap();
        }
        producer.flush(LIMIT).unwrap();
    }
}

/// Reads until each started partition has reached its end. Returns offsets and ends by partition.
fn read(reader: &mut TopicReader, ends: usize) -> (BTreeMap<i32, Vec<i64>>, BTreeMap<i32, i64>) {
    let (mut offsets, mut ended) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new());
    let begin = Instant::now();
    while ended.len() < ends {
        assert!(begin.elapsed() < LIMIT, "{offsets:?} {ended:?}");
        for event in reader.poll(100, SHORT).iter() {
            match event {
                ReaderEvent::Record(record) => offsets.entry(record.log.partition.0).or_default().push(record.offset.0),
                ReaderEvent::End { log, offset } => drop(ended.insert(log.partition.0, offset.0)),
                ReaderEvent::OutOfRange { .. } | ReaderEvent::Failed { .. } => panic!("{event:?}"),
            }
        }
    }
    (offsets, ended)
}

#[test]
fn a_reader_reads_a_partition_to_its_end_and_again_from_the_start() {
    let rig = Rig::new(1, &[("t", 2)]);
    rig.produce("t", 0, 1000);
    rig.produce("t", 1, 10);
    let mut reader = TopicReader::new(rig.client(ClientRole::Reader), &["t"]).unwrap();
    reader.start(log(0), StartAt::Beginning).unwrap();
    let all: Vec<i64> = (0..1000).collect();
    assert_eq!(read(&mut reader, 1), ([(0, all.clone())].into(), [(0, 1000)].into()));

    reader.start(log(0), StartAt::Beginning).unwrap();
    reader.start(log(1), StartAt::Offset(Offset(4))).unwrap();
    assert_eq!(read(&mut reader, 2), ([(0, all), (1, (4..10).collect())].into(), [(0, 1000), (1, 10)].into()));
}

#[test]
fn a_reader_delivers_nothing_of_an_earlier_start() {
    let rig = Rig::new(1, &[("t", 1)]);
    rig.produce("t", 0, 1000);
    let mut reader = TopicReader::new(rig.client(ClientRole::Reader), &["t"]).unwrap();
    reader.start(log(0), StartAt::Beginning).unwrap();
    let begin = Instant::now();
    while reader.poll(3, SHORT).is_empty() {
        assert!(begin.elapsed() < LIMIT);
    }
    // The rest of what was fetched is in the queue now.
    reader.stop(log(0)).unwrap();
    assert!(reader.poll(1000, SHORT).is_empty());
    reader.start(log(0), StartAt::Offset(Offset(990))).unwrap();
    assert_eq!(read(&mut reader, 1), ([(0, (990..1000).collect())].into(), [(0, 1000)].into()));
}

#[test]
fn records_keep_their_keys_values_and_tombstones() {
    let rig = Rig::new(1, &[("t", 1)]);
    rig.produce("t", 0, 10);
    let mut reader = TopicReader::new(rig.client(ClientRole::Reader), &["t"]).unwrap();
    reader.start(log(0), StartAt::Offset(Offset(8))).unwrap();
    let mut seen = Vec::new();
    let begin = Instant::now();
    while seen.len() < 2 && begin.elapsed() < LIMIT {
        for event in reader.poll(100, SHORT).iter() {
            if let ReaderEvent::Record(record) = event {
                assert!(record.time.is_some());
                seen.push((record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec)));
            }
        }
    }
    assert_eq!(seen, [(Some(b"k8".to_vec()), Some(b"v8".to_vec())), (Some(b"k9".to_vec()), None)]);
}

#[test]
fn an_offset_outside_the_log_is_told() {
    let rig = Rig::new(1, &[("t", 1)]);
    rig.produce("t", 0, 10);
    let mut reader = TopicReader::new(rig.client(ClientRole::Reader), &["t"]).unwrap();
    reader.start(log(0), StartAt::Offset(Offset(5000))).unwrap();
    let begin = Instant::now();
    let out = loop {
        assert!(begin.elapsed() < LIMIT);
        if let Some(event) = reader.poll(100, SHORT).iter().next() {
            break matches!(event, ReaderEvent::OutOfRange { log: TopicPartition { partition: Partition(0), .. } });
        }
    };
    assert!(out);
    reader.start(log(0), StartAt::Beginning).unwrap();
    assert_eq!(read(&mut reader, 1).1, [(0, 10)].into());
}

fn ask(lookups: &Lookups, tag: usize, places: &[(&str, i32, OffsetSpec)], timeout: Duration) {
    let places = places.iter().map(|&(topic, partition, spec)| ListOffsetsPartition {
        topic,
        partition: Partition(partition),
        spec,
    });
    lookups.offsets(tag, places, IsolationLevel::Uncommitted, timeout).unwrap();
}

fn answer(lookups: &Lookups) -> LookupResponse {
    lookups.next(LIMIT).expect("an answer in time")
}

fn offset(offset: i64) -> Result<FoundOffset, ErrorCode> {
    Ok(FoundOffset { offset: Some(Offset(offset)), time: None })
}

#[test]
fn offsets_of_many_topics_come_in_the_order_asked() {
    let rig = Rig::new(2, &[("t", 2), ("u", 1)]);
    rig.produce("t", 1, 7);
    rig.produce("u", 0, 3);
    let lookups = Lookups::new(rig.client(ClientRole::Cluster)).unwrap();
    ask(
        &lookups,
        5,
        &[("u", 0, OffsetSpec::Latest), ("t", 1, OffsetSpec::Latest), ("t", 0, OffsetSpec::Latest)],
        LIMIT,
    );
    assert_eq!(answer(&lookups), LookupResponse::Offsets { tag: 5, result: Ok(vec![offset(3), offset(7), offset(0)]) });
    ask(&lookups, 6, &[("t", 1, OffsetSpec::Earliest)], LIMIT);
    assert_eq!(answer(&lookups), LookupResponse::Offsets { tag: 6, result: Ok(vec![offset(0)]) });
}

#[test]
fn what_does_not_exist_fails_by_itself() {
    let rig = Rig::new(1, &[("t", 1)]);
    rig.produce("t", 0, 7);
    let client = rig.client(ClientRole::Cluster);
    client.metadata(LIMIT, |_| true).unwrap();
    let lookups = Lookups::new(client).unwrap();
    ask(&lookups, 1, &[("t", 0, OffsetSpec::Latest), ("t", 9, OffsetSpec::Latest)], LIMIT);
    let LookupResponse::Offsets { tag: 1, result: Ok(results) } = answer(&lookups) else { panic!() };
    assert_eq!(results, [offset(7), Err(ErrorCode::UNKNOWN_PARTITION)]);
}

#[test]
fn a_broker_that_is_down_costs_its_own_partitions_and_no_more_than_the_time_given() {
    let rig = Rig::new(2, &[("t", 2)]);
    rig.produce("t", 0, 5);
    rig.produce("t", 1, 6);
    let client = rig.client(ClientRole::Cluster);
    client.metadata(LIMIT, |_| true).unwrap();
    let lookups = Lookups::new(Arc::clone(&client)).unwrap();
    rig.mock.broker_down(2).unwrap();
    let begin = Instant::now();
    ask(&lookups, 2, &[("t", 1, OffsetSpec::Latest)], Duration::from_secs(1));
    ask(&lookups, 1, &[("t", 0, OffsetSpec::Latest)], Duration::from_secs(1));
    assert_eq!(answer(&lookups), LookupResponse::Offsets { tag: 1, result: Ok(vec![offset(5)]) });
    let LookupResponse::Offsets { tag: 2, result } = answer(&lookups) else { panic!() };
    assert!(result.as_ref().map_or_else(|_| true, |all| all.iter().all(Result::is_err)), "{result:?}");
    assert!(begin.elapsed() < Duration::from_secs(3));

    rig.mock.broker_up(2).unwrap();
    client.metadata(LIMIT, |_| true).unwrap();
    ask(&lookups, 3, &[("t", 1, OffsetSpec::Latest)], LIMIT);
    assert_eq!(answer(&lookups), LookupResponse::Offsets { tag: 3, result: Ok(vec![offset(6)]) });
}

#[test]
fn metadata_names_brokers_and_the_topics_that_are_wanted() {
    let rig = Rig::new(3, &[("t", 2), ("u", 1)]);
    let view = rig.client(ClientRole::Cluster).metadata(LIMIT, |name| name == "t").unwrap();
    assert_eq!(view.brokers.len(), 3);
    let [topic] = view.topics.as_slice() else { panic!("{view:?}") };
    assert_eq!((topic.name.as_str(), topic.error), ("t", None));
    assert_eq!(
        topic.partitions.iter().map(|p| (p.id, p.leader)).collect::<Vec<_>>(),
        [(Partition(0), Some(BrokerId(1))), (Partition(1), Some(BrokerId(2)))]
    );
    assert_eq!((&topic.partitions[0].replicas, topic.partitions[0].in_sync), (&vec![BrokerId(1)], 1));
}

#[test]
fn a_metadata_answer_says_which_cluster_it_is() {
    let rig = Rig::new(2, &[("t", 1)]);
    let client = rig.client(ClientRole::Cluster);
    client.metadata(LIMIT, |_| true).unwrap();
    assert!(client.cluster_id().is_some_and(|id| id.starts_with("mockCluster")), "{:?}", client.cluster_id());
    // The mock's controller id belongs to none of its brokers.
    assert_eq!(client.controller(), Some(BrokerId(0)));
}

#[test]
fn a_broker_describes_topics_and_the_racks_of_their_replicas() {
    let rig = Rig::new(2, &[("t", 1), ("u", 2)]);
    rig.mock.broker_rack(1, "r1").unwrap();
    rig.mock.broker_rack(2, "r2").unwrap();
    let client = rig.client(ClientRole::Cluster);
    client.metadata(LIMIT, |_| true).unwrap();
    let lookups = Lookups::new(client).unwrap();
    let describe = |tag, broker, names: &[&str]| {
        lookups.topics(tag, BrokerId(broker), names, LIMIT).unwrap();
        let LookupResponse::Topics { tag: of, result: Ok(described) } = answer(&lookups) else { panic!("no answer") };
        assert_eq!(of, tag);
        described
    };
    let described = describe(1, 2, &["t"]);
    assert_eq!(described.topics.keys().collect::<Vec<_>>(), ["t"]);
    // Broker 2 only has a replica of u.
    assert_eq!(described.racks, BTreeMap::from([(BrokerId(1), "r1".to_owned())]));
    let described = describe(4, 1, &["t", "u"]);
    assert_eq!(described.topics.len(), 2, "{described:?}");
    let racks = [(BrokerId(1), "r1".to_owned()), (BrokerId(2), "r2".to_owned())];
    assert_eq!(described.racks, BTreeMap::from(racks));
}

#[test]
fn a_topic_that_does_not_exist_is_an_answer() {
    let rig = Rig::new(1, &[("t", 1)]);
    let client = rig.client(ClientRole::Cluster);
    client.metadata(LIMIT, |_| true).unwrap();
    let lookups = Lookups::new(client).unwrap();
    lookups.topics(1, BrokerId(1), &["nowhere"], LIMIT).unwrap();
    let LookupResponse::Topics { tag: 1, result: Ok(described) } = answer(&lookups) else { panic!("no answer") };
    assert_eq!(described.topics.get("nowhere"), Some(&Err(ErrorCode::UNKNOWN_TOPIC_OR_PART)));
}

#[test]
fn a_client_knows_whether_it_is_connected() {
    let rig = Rig::new(1, &[("t", 1)]);
    let client = rig.client(ClientRole::Cluster);
    let until = |wanted: &dyn Fn(recovery::ClientState) -> bool| {
        let begin = Instant::now();
        while !wanted(client.state(Instant::now())) {
            assert!(begin.elapsed() < LIMIT, "{:?}", client.state(Instant::now()));
            client.poll_events();
        }
    };
    let well = recovery::ClientState { connected: true, failing: None, brokerless: false };
    client.metadata(LIMIT, |_| true).unwrap();
    // librdkafka closes the connection that brought the answer once it knows the broker's name.
    until(&|signs| signs == well);
    rig.mock.broker_down(1).unwrap();
    until(&|signs| !signs.connected);
    assert_eq!(client.metadata(SHORT, |_| true).ok(), None);
    let signs = client.state(Instant::now());
    assert!(signs.failing.is_some() && !signs.connected && !signs.brokerless, "{signs:?}");
    rig.mock.broker_up(1).unwrap();
    client.metadata(LIMIT, |_| true).unwrap();
    until(&|signs| signs == well);
}

#[test]
fn a_client_that_is_closed_with_requests_in_flight_ends_with_them() {
    let rig = Rig::new(1, &[("t", 1)]);
    for _ in 0..20 {
        let client = rig.client(ClientRole::Cluster);
        client.metadata(LIMIT, |_| true).unwrap();
        let lookups = Lookups::new(client).unwrap();
        for tag in 0..20 {
            lookups.topics(tag, BrokerId(1), &["t"], LIMIT).unwrap();
        }
        drop(lookups);
    }
}

#[test]
fn nobody_there_is_a_cause_and_closing_does_not_wait() {
    let client =
        Client::new(&plain("127.0.0.1:1"), ClientRole::Cluster, KafkaContext::new("c", "cluster", "c")).unwrap();
    let begin = Instant::now();
    let code = client.metadata(Duration::from_millis(500), |_| true).unwrap_err();
    assert!([ErrorCode::TRANSPORT, ErrorCode::TIMED_OUT].contains(&code), "{code}");
    client.poll_events();
    let cause = client.context().cause().unwrap();
    assert_eq!(
        (cause.broker.as_deref(), cause.text.as_str()),
        (Some("127.0.0.1:1"), "connect failed: Connection refused")
    );
    drop(client);
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_name_with_a_nul_is_no_name() {
    let rig = Rig::new(1, &[]);
    let error = TopicReader::new(rig.client(ClientRole::Reader), &["a\0b"]).unwrap_err();
    assert_eq!(error.to_string(), r#""a\0b" is not a valid name in Kafka: it contains a NUL character"#);
}
