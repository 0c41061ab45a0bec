//! A storage with a hundred thousand group partitions, for the benchmarks that need one: a hundred groups on the
//! thousand partitions of one topic, with windows of ten, full. Nine of ten partitions lag.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use warrener::evaluate::EvaluatorRules;
use warrener::model::{BrokerId, Lag, Name, Offset, Order, Partition, Timestamp, TopicId};
use warrener::storage::{
    Cluster, ExpiryPolicy, LogBounds, Metadata, PartitionMetadata, Storage, StorageRules, TopicMetadata, Update,
};

pub const GROUPS: usize = 100;
pub const PARTITIONS: usize = 1_000;
pub const GROUP_PARTITIONS: usize = GROUPS * PARTITIONS;
pub const WINDOW: NonZeroUsize = NonZeroUsize::new(10).unwrap();
/// When the stock was taken, in milliseconds.
pub const NOW: Timestamp = Timestamp(1_700_000_000_000);
pub const RULES: EvaluatorRules = EvaluatorRules { intervals: WINDOW, minimum_complete: 0.0, allowed_lag: Lag(0) };

const NAME: &str = "local";
const TOPIC: &str = "payments.transactions";
const END: i64 = 1_000;
/// Between two refreshes.
const REFRESH: i64 = 10_000;

/// With the topic's log ends read twice, so that its times are known, and no group.
pub fn empty() -> Storage {
    let storage = Storage::new(
        [NAME],
        StorageRules { intervals: WINDOW, min_distance: Duration::ZERO, expire: ExpiryPolicy::NEVER },
    );
    let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
    let topic = TopicMetadata { name: TOPIC.to_owned(), id: Some(TopicId(1)), partitions: vec![partition; PARTITIONS] };
    storage.apply_metadata(NAME, Metadata { brokers: Vec::new(), topics: vec![topic] }, NOW);
    refresh(&storage, END / 2, NOW.0 - 2 * REFRESH);
    refresh(&storage, END, NOW.0 - REFRESH);
    storage
}

/// Reads all log ends at `end`.
pub fn refresh(storage: &Storage, end: i64, at: i64) {
    let bound = |partition| LogBounds {
        topic: TOPIC,
        partition: Partition(partition),
        start: Some(Offset(0)),
        end: Some(Offset(end)),
    };
    let bounds: Vec<_> = numbers(PARTITIONS).map(bound).collect();
    storage.apply_bounds(NAME, &bounds, Timestamp(at));
}

/// The same, with all commits read and shown.
pub fn full() -> Storage {
    let storage = empty();
    let names = names();
    for number in 0..WINDOW.get() {
        let cluster = cluster(&storage);
        let source = cluster.source("local", 0);
        cluster.apply(source, warrener::storage::PastState::Read, round(&names, number), NOW);
    }
    storage
}

pub fn cluster(storage: &Storage) -> Arc<Cluster> {
    storage.cluster(NAME).unwrap()
}

pub fn names() -> Vec<String> {
    (0..GROUPS).map(|group| format!("team-{:02}.consumer-{group:05}", group % 97)).collect()
}

/// The `number`th commit of every group on every partition, group by group.
pub fn round(names: &[String], number: usize) -> impl Iterator<Item = (Order, Update<'_>)> {
    let number = i64::try_from(number).unwrap();
    let commits = names.iter().flat_map(|group| numbers(PARTITIONS).map(move |partition| (group, partition)));
    let first = number * i64::try_from(GROUP_PARTITIONS).unwrap();
    commits.zip(first..).map(move |((group, partition), order)| {
        let behind = i64::from(partition % 10);
        let update = Update::Commit {
            group: Name(group.as_bytes()),
            topic: Name(TOPIC.as_bytes()),
            partition: Partition(partition),
            offset: Offset(END - behind + number - 9),
            timestamp: Timestamp(NOW.0 + (number - 10) * 1_000),
        };
        (Order(order), update)
    })
}

fn numbers(count: usize) -> std::ops::Range<i32> {
    0..i32::try_from(count).unwrap()
}
