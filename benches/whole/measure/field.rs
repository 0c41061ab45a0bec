//! What is read: a topic of records, and an offsets topic with ten commits of each group on each of its partitions.

use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;

use super::Size;
use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::wire::Committer;
use crate::rig::{pause, records, seconds};

/// Partitions of the topic that all groups read.
pub const PARTITIONS: usize = 1_000;
/// Commits of a group on a partition: what a window holds.
pub const WINDOW: usize = 10;
/// Records in each partition of the topic.
const RECORDS: i64 = 20;
const TOPIC: &str = "orders-and-payments";
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// As many as brokers make by default.
const OFFSETS_PARTITIONS: u32 = 50;

/// A broker with everything written.
pub struct Field {
    pub cluster: Cluster,
    size: Size,
    producer: BaseProducer,
}

impl Field {
    /// Starts a broker and writes it all.
    pub fn prepare(size: Size) -> Self {
        let cluster = Spec::new(Version::LATEST).offsets_partitions(OFFSETS_PARTITIONS).fast(1024).start();
        cluster.create_topic(TOPIC, i32::try_from(PARTITIONS).unwrap());
        let partitions = 0..i32::try_from(PARTITIONS).unwrap();
        let record = || (b"k".to_vec(), Some(b"v".to_vec()));
        let all = (0..RECORDS).flat_map(|_| partitions.clone().map(|partition| (partition, record())));
        cluster.produce_raw(TOPIC, all);
        // Brokers make the offsets topic when somebody commits.
        Committer::new(cluster.port()).commit(&size.group(0), TOPIC, &[(0, 0)]);
        let producer = cluster
            .client()
            // Brokers let nobody but themselves and this client write to their own topics.
            .set("client.id", "__admin_client")
            .set("linger.ms", "50")
            .set("batch.num.messages", "1000")
            .set("queue.buffering.max.messages", "200000")
            .create()
            .unwrap();
        let field = Self { cluster, size, producer };
        field.write((0..WINDOW).flat_map(|round| field.size.group_partitions().map(move |place| (round, place))));
        field.flush();
        field
    }

    pub fn servers(&self) -> String {
        self.cluster.bootstrap()
    }

    /// Commits at a steady pace, so many a second; returns when the broker has them all.
    pub fn commit_on(&self, a_second: usize, lasting: Duration) {
        let began = Instant::now();
        let mut commits = (WINDOW..).flat_map(|round| self.size.group_partitions().map(move |place| (round, place)));
        let step = a_second / 100;
        for number in 1.. {
            self.write(commits.by_ref().take(step));
            self.producer.poll(Duration::ZERO);
            let due = Duration::from_millis(10) * number;
            if due >= lasting {
                break;
            }
            pause(due.saturating_sub(began.elapsed()));
        }
        self.flush();
    }

    /// Commits, each of a round and a group's partition.
    fn write(&self, commits: impl Iterator<Item = (usize, (usize, usize))>) {
        let (mut name, mut named) = (String::new(), usize::MAX);
        for (round, (group, partition)) in commits {
            if named != group {
                (name, named) = (self.size.group(group), group);
            }
            let number = i32::try_from(partition).unwrap();
            let (key, value) = records::commit(
                name.as_bytes(),
                TOPIC.as_bytes(),
                number,
                offset(round, group, partition),
                records::now(),
            );
            let mut record =
                BaseRecord::to(OFFSETS_TOPIC).partition(of_group(&name)).key(&key).payload(value.as_ref().unwrap());
            while let Err((error, back)) = self.producer.send(record) {
                assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull));
                self.producer.poll(Duration::from_millis(10));
                record = back;
            }
        }
    }

    fn flush(&self) {
        self.producer.flush(seconds(120)).unwrap();
        assert_eq!(self.producer.in_flight_count(), 0);
    }
}

/// Where a group has come to in its `round`th commit: one of ten is at the log end, the others lie up to nine behind.
/// It moves with each commit.
fn offset(round: usize, group: usize, partition: usize) -> i64 {
    let whole = |count: usize| i64::try_from(count).unwrap();
    let live = (round + 1).saturating_sub(WINDOW);
    RECORDS - whole((group + partition + live) % 10) - whole(WINDOW.saturating_sub(round + 1))
}

/// The partition of the offsets topic that holds a group: Kafka's own rule, on names of ASCII.
fn of_group(name: &str) -> i32 {
    let hash = name.bytes().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)));
    // The one hash without an absolute value counts as 0 (`Utils.abs`).
    hash.checked_abs().unwrap_or(0) % i32::try_from(OFFSETS_PARTITIONS).unwrap()
}
