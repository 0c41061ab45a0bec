//! Three brokers that are restarted one after the other: every partition of the offsets topic is read on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{NewTopic, TopicReplication};

use super::short_or;
use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::pause;
use crate::rig::program::Program;
use crate::rig::wire::Committer;

/// As many as a broker makes unless it was told otherwise.
const PARTITIONS: u32 = 50;
/// A partition that is not fetched any more is started again after 60 s.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn every_partition_goes_on_after_rolling_and_after_hard_restarts() {
    let mut field = Field::start();
    let mut failed = Vec::new();
    for round in 1..=short_or(1, 5) {
        failed.extend(field.round(&format!("rolling restart {round}"), Cluster::stop));
    }
    for round in 1..=short_or(1, 5) {
        failed.extend(field.round(&format!("hard restart {round}"), Cluster::kill));
    }
    assert!(failed.is_empty(), "{failed:#?}\n{}", field.program.log());
    field.program.terminate();
}

struct Field {
    program: Program,
    committer: Committer,
    /// One for each partition of the offsets topic.
    groups: Vec<String>,
    committed: i64,
    cluster: Cluster,
}

impl Field {
    fn start() -> Self {
        let cluster = Spec::new(Version::V4_4).nodes(3).offsets_partitions(PARTITIONS).start();
        cluster.create(NewTopic::new("orders", 3, TopicReplication::Fixed(3)));
        let committer = Committer::new(cluster.port());
        let program = Program::quick(&cluster.bootstrap(), "");
        let mut field = Self { program, committer, groups: groups(), committed: 0, cluster };
        let before = field.go_on();
        assert!(before.is_ok(), "{before:?}");
        field.program.await_ready(PATIENCE);
        field
    }

    /// Each broker in turn; what went wrong after which.
    fn round(&mut self, what: &str, end: fn(&mut Cluster, usize)) -> Vec<String> {
        let mut failed = Vec::new();
        for broker in 0..3 {
            // What was committed lately is to outlive the broker.
            self.cluster.await_in_sync();
            end(&mut self.cluster, broker);
            self.cluster.start();
            let outcome = self.go_on();
            println!("{what} of broker {}: {outcome:.1?}", broker + 1);
            failed.extend(outcome.err().map(|wrong| format!("{what} of broker {}: {wrong}", broker + 1)));
        }
        failed
    }

    /// Commits to a group of each partition, and how long it took until the page showed them all.
    fn go_on(&mut self) -> Result<Duration, String> {
        self.committed += 1;
        for group in &self.groups {
            self.committer.commit(group, "orders", &[(0, self.committed)]);
        }
        let done = Instant::now();
        loop {
            assert!(self.program.runs(), "it ended:\n{}", self.program.log());
            let missing = self.missing();
            if missing.is_empty() {
                return Ok(done.elapsed());
            }
            if done.elapsed() > PATIENCE {
                return Err(format!("partitions whose groups stand still: {missing:?}"));
            }
            pause(Duration::from_millis(200));
        }
    }

    /// The partitions of the offsets topic whose last commit is not on the page, with what is.
    fn missing(&self) -> BTreeMap<usize, Option<i64>> {
        let places = self.program.page().places("kafka_consumergroup_current_offset");
        let shown = |group: &String| places.get(&(group.clone(), "orders".to_owned(), 0)).copied();
        let all = self.groups.iter().map(shown).enumerate();
        all.filter(|(_, offset)| *offset != Some(self.committed)).collect()
    }
}

/// A group for each partition of the offsets topic, by its number.
fn groups() -> Vec<String> {
    let names = (0..2_000).map(|number| format!("group-{number}"));
    let groups: BTreeMap<u32, String> = names.map(|name| (partition(&name), name)).collect();
    groups.into_values().collect()
}

/// Where Kafka puts a group: Java's hash of its name, its sign taken off.
fn partition(group: &str) -> u32 {
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    hash.checked_abs().unwrap_or(0).unsigned_abs() % PARTITIONS
}

#[test]
fn a_group_lies_where_kafka_puts_it() {
    // By `Utils.abs(group.hashCode()) % 50` in Kafka's own words; the last one's hash is the smallest integer.
    assert_eq!(["billing", "", "polygenelubricants"].map(partition), [9, 0, 0]);
    let covered: Vec<u32> = groups().iter().map(|group| partition(group)).collect();
    assert_eq!(covered, (0..PARTITIONS).collect::<Vec<_>>());
}
