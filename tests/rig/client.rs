//! Producers, transactions and administration through librdkafka.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::broker::Cluster;
use super::{eventually, seconds};

/// Key and value of one raw record.
pub type Record = (Vec<u8>, Option<Vec<u8>>);

/// The last record that the broker did not take: flushing alone does not tell.
struct Failures(Arc<Mutex<Option<KafkaError>>>);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            *self.0.lock().unwrap() = Some(error.clone());
        }
    }
}

impl Cluster {
    /// The settings every client here starts from.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap()).set("reconnect.backoff.max.ms", "500");
        config
    }

    fn administer<T>(&self, work: impl AsyncFn(&AdminClient<DefaultClientContext>) -> KafkaResult<T>) -> T {
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        // Of a controller that it has just learned of the client does not know yet what it supports: no request was sent.
        let unknown = KafkaError::AdminOp(RDKafkaErrorCode::UnsupportedFeature);
        eventually(seconds(10), "controller", || match block_on(work(&admin)) {
            Err(error) if error == unknown => Err(error.to_string()),
            done => Ok(done.unwrap()),
        })
    }

    /// Creates a topic with one replica a partition.
    pub fn create_topic(&self, name: &str, partitions: i32) {
        self.create(NewTopic::new(name, partitions, TopicReplication::Fixed(1)));
    }

    /// Creates a topic and waits until every partition has a leader.
    pub fn create(&self, topic: NewTopic<'_>) {
        // On a busy machine the controller may not count a broker as alive yet that has just started.
        eventually(seconds(30), "broker for a topic", || {
            let mut results = self.administer(async |admin| admin.create_topics([&topic], &AdminOptions::new()).await);
            match results.remove(0) {
                Err((_, RDKafkaErrorCode::InvalidReplicationFactor)) => Err("no broker is alive".to_owned()),
                result => Ok(result.unwrap()),
            }
        });
        self.await_leaders(topic.name, 1);
    }

    /// Waits until the topic has at least so many partitions and each of them a leader.
    fn await_leaders(&self, topic: &str, least: usize) {
        let consumer: BaseConsumer = self.client().create().unwrap();
        eventually(seconds(30), "leaders of a topic", || {
            let metadata = consumer.fetch_metadata(Some(topic), seconds(5)).map_err(|error| error.to_string())?;
            let partitions = metadata.topics()[0].partitions();
            let led = partitions.iter().filter(|partition| partition.leader() >= 0).count();
            if led >= least && led == partitions.len() { Ok(()) } else { Err(format!("{led} have one")) }
        });
    }

    /// Waits until no replica of any partition is behind: another node may be taken away then.
    pub fn await_in_sync(&self) {
        let consumer: BaseConsumer = self.client().create().unwrap();
        eventually(seconds(90), "replicas in sync", || {
            let metadata = consumer.fetch_metadata(None, seconds(5)).map_err(|error| error.to_string())?;
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            let behind = partitions.filter(|one| one.leader() < 0 || one.isr().len() < one.replicas().len()).count();
            if behind == 0 { Ok(()) } else { Err(format!("{behind} partitions with one that is behind")) }
        });
    }

    pub fn grow_topic(&self, name: &str, partitions: usize) {
        let new = NewPartitions::new(name, partitions);
        self.administer(async |admin| admin.create_partitions([&new], &AdminOptions::new()).await).remove(0).unwrap();
        self.await_leaders(name, partitions);
    }

    pub fn delete_topic(&self, name: &str) {
        self.administer(async |admin| admin.delete_topics(&[name], &AdminOptions::new()).await);
    }

    pub fn delete_group(&self, name: &str) {
        self.administer(async |admin| admin.delete_groups(&[name], &AdminOptions::new()).await).remove(0).unwrap();
    }

    /// Deletes the records of one partition below `offset`; all of them with `Offset::End`.
    pub fn delete_records(&self, topic: &str, partition: i32, offset: Offset) {
        let mut below = TopicPartitionList::new();
        below.add_partition_offset(topic, partition, offset).unwrap();
        self.administer(async |admin| admin.delete_records(&below, &AdminOptions::new()).await);
    }

    /// Produces `count` small records to one partition.
    pub fn produce(&self, topic: &str, partition: i32, count: usize) {
        let record = (b"k".to_vec(), Some(b"v".to_vec()));
        self.produce_raw(topic, std::iter::repeat_n((partition, record), count));
    }

    /// Produces these records to these partitions, in order, and waits until the broker has them.
    pub fn produce_raw(&self, topic: &str, records: impl IntoIterator<Item = (i32, Record)>) {
        self.produce_all(topic, records.into_iter().map(|(partition, record)| (partition, None, record)));
    }

    /// Produces a small record for each partition and timestamp, in milliseconds, in order.
    pub fn produce_at(&self, topic: &str, times: impl IntoIterator<Item = (i32, i64)>) {
        let record = || (b"k".to_vec(), Some(b"v".to_vec()));
        self.produce_all(topic, times.into_iter().map(|(partition, time)| (partition, Some(time), record())));
    }

    /// A key for each timestamp, for a topic that is compacted.
    pub fn produce_keys_at(&self, topic: &str, times: impl IntoIterator<Item = (Vec<u8>, i64)>) {
        self.produce_all(topic, times.into_iter().map(|(key, time)| (0, Some(time), (key, Some(b"v".to_vec())))));
    }

    fn produce_all(&self, topic: &str, records: impl Iterator<Item = (i32, Option<i64>, Record)>) {
        let mut config = self.client();
        config.set("linger.ms", "20").set("queue.buffering.max.messages", "1000000").set("acks", "all");
        if topic.starts_with("__") {
            // A broker takes records for topics of its own from its own clients alone, which it knows by this.
            config.set("client.id", "__admin_client");
        }
        let failed = Arc::new(Mutex::new(None));
        let producer: BaseProducer<Failures> = config.create_with_context(Failures(Arc::clone(&failed))).unwrap();
        for (partition, time, (key, value)) in records {
            let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).key(&key);
            record.timestamp = time;
            if let Some(value) = &value {
                record = record.payload(value);
            }
            while let Err((error, back)) = producer.send(record) {
                assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull));
                producer.poll(seconds(1));
                record = back;
            }
            producer.poll(seconds(0));
        }
        producer.flush(seconds(60)).unwrap();
        let failed = failed.lock().unwrap().take();
        assert!(failed.is_none(), "{topic}: {failed:?}");
    }

    /// Offsets and timestamps of a partition's records, control records left out, with what is not yet committed.
    pub fn times(&self, topic: &str, partition: i32) -> BTreeMap<i64, i64> {
        let mut config = self.client();
        config.set("group.id", "unused").set("enable.auto.commit", "false").set("enable.partition.eof", "true");
        config.set("isolation.level", "read_uncommitted").set("fetch.queue.backoff.ms", "10");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        consumer.assign(&from).unwrap();
        let mut times = BTreeMap::new();
        loop {
            match consumer.poll(seconds(30)) {
                Some(Ok(record)) => drop(times.insert(record.offset(), record.timestamp().to_millis().unwrap())),
                Some(Err(KafkaError::PartitionEOF(_))) => return times,
                other => panic!("{topic} {partition}: {other:?}"),
            }
        }
    }

    /// The first record at or after a time, in partition 0, asked of these servers.
    pub fn offset_at(&self, servers: &str, topic: &str, time: i64) -> i64 {
        let mut config = self.client();
        config.set("bootstrap.servers", servers).set("isolation.level", "read_uncommitted");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset(topic, 0, Offset::Offset(time)).unwrap();
        let answered = consumer.offsets_for_times(asked, seconds(30)).unwrap();
        answered.elements()[0].offset().to_raw().unwrap()
    }

    /// A transaction with a record at each of these times in partition 0, open until it is committed, aborted or
    /// dropped.
    pub fn begin_at(&self, topic: &str, times: &[i64]) -> BaseProducer {
        let mut config = self.client();
        config.set("transactional.id", format!("rig-{topic}")).set("transaction.timeout.ms", "900000");
        let producer: BaseProducer = config.create().unwrap();
        producer.init_transactions(seconds(60)).unwrap();
        producer.begin_transaction().unwrap();
        for time in times {
            let record = BaseRecord::<[u8], [u8]>::to(topic).partition(0).timestamp(*time).payload(b"v");
            producer.send(record).unwrap();
        }
        producer.flush(seconds(60)).unwrap();
        producer
    }

    /// One transaction that commits `offset` of `topic`'s partition 0 for `group`, and is committed or aborted.
    pub fn transact(&self, group: &str, topic: &str, offset: i64, commit: bool) {
        let producer = self.begin_commit(group, topic, offset);
        if commit {
            producer.commit_transaction(seconds(60)).unwrap();
        } else {
            producer.abort_transaction(seconds(60)).unwrap();
        }
    }

    /// The same, open until it is committed or aborted.
    pub fn begin_commit(&self, group: &str, topic: &str, offset: i64) -> BaseProducer {
        let mut config = self.client();
        config.set("transactional.id", format!("rig-{group}")).set("transaction.timeout.ms", "900000");
        let producer: BaseProducer = config.create().unwrap();
        producer.init_transactions(seconds(60)).unwrap();
        producer.begin_transaction().unwrap();
        producer.send(BaseRecord::<[u8], [u8]>::to(topic).partition(0).payload(b"in a transaction")).unwrap();
        let consumer: BaseConsumer = self.client().set("group.id", group).create().unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, 0, Offset::Offset(offset)).unwrap();
        let membership = consumer.group_metadata().unwrap();
        producer.send_offsets_to_transaction(&offsets, &membership, seconds(60)).unwrap();
        // Its delivery reports are to be polled, which ending the transaction does not do.
        producer.flush(seconds(60)).unwrap();
        producer
    }
}

/// All records of a topic that are there, in order by partition, whether their transactions were committed or not.
pub fn dump(cluster: &Cluster, topic: &str) -> Vec<Record> {
    let mut config = cluster.client();
    config.set("group.id", "none").set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.set("isolation.level", "read_uncommitted").create().unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), seconds(10)).unwrap();
    let mut open = metadata.topics()[0].partitions().len();
    let mut all = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        all.add_partition_offset(topic, partition.id(), Offset::Beginning).unwrap();
    }
    consumer.assign(&all).unwrap();
    let mut records = Vec::new();
    while open > 0 {
        match consumer.poll(seconds(10)).expect("records or the end of a partition") {
            Ok(message) => records.push((message.key().unwrap().to_vec(), message.payload().map(<[u8]>::to_vec))),
            Err(KafkaError::PartitionEOF(_)) => open -= 1,
            Err(error) => panic!("{topic}: {error}"),
        }
    }
    records
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
