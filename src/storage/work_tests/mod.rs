//! The work that storage does with large inputs: it is linear, and little of it is done while a lock is held.

mod assignments;
mod commits;
mod limits;

use std::sync::Arc;

use super::tests::{cluster, commit, members, metadata, view_of};
use super::*;
use crate::model::{Name, Offset, Order, Partition, TopicId};
use crate::storage::lists::work_counter;

const NOW: Timestamp = Timestamp(1_000_000);
const SIZES: [usize; 4] = [1_000, 2_000, 4_000, 8_000];
/// The largest number of items that are visited or moved during one hold of a shard's lock.
const MOST_A_HOLD: usize = 10_000;
/// The same for one step of bounded size: a search, and a move within a run.
const A_STEP: usize = 1_000;

/// Checks that `work`, which gets the size, is linear, and that no lock is held for more than `most_held` items.
fn is_linear(most_held: impl Fn(usize) -> usize, work: impl Fn(usize) -> (usize, usize)) {
    let done: Vec<(usize, usize)> = SIZES.map(work).to_vec();
    for (size, (_, held)) in SIZES.iter().zip(&done) {
        assert!(*held <= most_held(*size), "{held} items at a hold, for {size}");
    }
    for pair in done.windows(2) {
        // A search needs one more step when the size doubles.
        assert!(pair[1].0 > 0 && pair[1].0 <= pair[0].0 * 5 / 2, "{done:?}");
    }
}

/// Names that are not sorted.
fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{:05}", number * 7_919 % 100_003)).collect()
}

fn with_topics(names: &[String], partitions: usize) -> Arc<Cluster> {
    let cluster = cluster();
    apply_metadata(&cluster, names, partitions, 1);
    cluster
}

fn apply_metadata(cluster: &Cluster, names: &[String], partitions: usize, first: u128) {
    let topics: Vec<_> = names.iter().zip(first..).map(|(name, id)| (&**name, id, partitions)).collect();
    cluster.apply_metadata(metadata(&topics), NOW);
}

fn live<'a>(cluster: &Cluster, updates: impl IntoIterator<Item = Update<'a>>) {
    cluster.apply(cluster.source("m", 0), PastState::Read, (1..).map(Order).zip(updates), NOW);
}

fn fact(kind: GroupKind, fact: GroupFact<'_>) -> Update<'_> {
    Update::Fact { group: Name(b"g"), kind, at: NOW, fact }
}

fn current<'a>(id: &'a str, owned: OwnedUpdate<'a>) -> GroupFact<'a> {
    let current = CurrentUpdate { epoch: 1, settled: true, owned };
    GroupFact::Current { id: Name(id.as_bytes()), current: Some(current) }
}

fn member(id: &str) -> GroupFact<'_> {
    GroupFact::Member { id: Name(id.as_bytes()), who: Some((Name(b"app"), Name(b"/h"))) }
}

const fn epoch<'a>() -> GroupFact<'a> {
    GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: Some(1) }))
}

fn numbers(count: usize) -> std::ops::Range<i32> {
    0..i32::try_from(count).unwrap()
}

fn assignment<'a>(generation: i32, topics: impl Iterator<Item = &'a str>) -> Update<'a> {
    let assigned = topics.map(|topic| (Name(topic.as_bytes()), vec![Partition(0)])).collect();
    let (id, client_id, client_host) = (Name(b"m"), Name(b"app"), Name(b"/h"));
    Update::Members(MembersUpdate {
        group: Name(b"g"),
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at: NOW,
        generation,
        members: vec![MemberUpdate { id, client_id, client_host, assigned }],
    })
}

fn texts(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str)
}

/// Topics that groups show, with the number of their assigned partitions.
fn shown(cluster: &Cluster) -> Vec<(String, usize)> {
    let topics = view_of(cluster).group_topics;
    topics.iter().map(|topic| (topic.name.label.name().to_string(), topic.assigned.len())).collect()
}
