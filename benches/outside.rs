//! What storage costs where a number from outside grows: each case stands beside itself at twice, four times and
//! eight times the size, and is to cost twice, four times and eight times as much.
//!
//! `cargo bench --no-default-features --bench outside`

#![expect(clippy::unwrap_used, reason = "a benchmark is run by hand, on its own data")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use warrener::evaluate::EvaluatorRules;
use warrener::model::{BrokerId, Lag, Name, Offset, Order, Partition, Timestamp, TopicId};
use warrener::storage::{
    Cluster, CurrentUpdate, EpochUpdate, ExpiryPolicy, GroupFact, GroupKind, MemberUpdate, MembersUpdate, Metadata,
    OwnedUpdate, PartitionMetadata, PastState, ShareState, ShareUpdate, Storage, StorageRules, TopicMetadata,
    TopologyUpdate, Update,
};

const CLUSTER: &str = "local";
const GROUP: Name<'static> = Name(b"g");
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const RULES: EvaluatorRules =
    EvaluatorRules { intervals: NonZeroUsize::MIN, minimum_complete: 0.0, allowed_lag: Lag(0) };

fn main() {
    divan::main();
}

/// With so many topics of so many partitions in its metadata, whose ids are their numbers from 1 on.
fn storage(topics: &[String], partitions: usize) -> Storage {
    let rules =
        StorageRules { intervals: NonZeroUsize::MIN, min_distance: Duration::ZERO, expire: ExpiryPolicy::NEVER };
    let storage = Storage::new([CLUSTER], rules);
    storage.apply_metadata(CLUSTER, metadata(topics, partitions, 1), NOW);
    storage
}

fn metadata(topics: &[String], partitions: usize, first: u128) -> Metadata {
    let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
    let topic = |(name, id): (&String, u128)| TopicMetadata {
        name: name.clone(),
        id: Some(TopicId(id)),
        partitions: vec![partition.clone(); partitions],
    };
    Metadata { brokers: Vec::new(), topics: topics.iter().zip(first..).map(topic).collect() }
}

fn cluster(storage: &Storage) -> Arc<Cluster> {
    storage.cluster(CLUSTER).unwrap()
}

fn apply<'a>(storage: &Storage, updates: impl IntoIterator<Item = Update<'a>>) {
    let cluster = cluster(storage);
    cluster.apply(cluster.source("m", 0), PastState::Read, (1..).map(Order).zip(updates), NOW);
}

/// In an order that is not theirs by name.
fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{:05}", number * 7_919 % 100_003)).collect()
}

fn view(storage: &Storage) {
    black_box(storage.view(NOW, &RULES));
}

fn fact(fact: GroupFact<'_>) -> Update<'_> {
    kind(GroupKind::Consumer, fact)
}

fn kind(kind: GroupKind, fact: GroupFact<'_>) -> Update<'_> {
    Update::Fact { group: GROUP, kind, at: NOW, fact }
}

fn current<'a>(id: &'a str, owned: OwnedUpdate<'a>) -> GroupFact<'a> {
    let current = CurrentUpdate { epoch: 1, settled: true, owned };
    GroupFact::Current { id: Name(id.as_bytes()), current: Some(current) }
}

fn member(id: &str) -> GroupFact<'_> {
    GroupFact::Member { id: Name(id.as_bytes()), who: Some((Name(b"app"), Name(b"/10.0.0.1"))) }
}

const fn epoch<'a>() -> GroupFact<'a> {
    GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: Some(1) }))
}

fn numbers(count: usize) -> std::ops::Range<i32> {
    0..i32::try_from(count).unwrap()
}

fn assignment<'a>(topics: impl Iterator<Item = &'a String>) -> Update<'a> {
    let assigned = topics.map(|topic| (Name(topic.as_bytes()), vec![Partition(0)])).collect();
    let (id, client_id, client_host) = (Name(b"m"), Name(b"app"), Name(b"/10.0.0.1"));
    Update::Members(MembersUpdate {
        group: GROUP,
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at: NOW,
        generation: 1,
        members: vec![MemberUpdate { id, client_id, client_host, assigned }],
    })
}

/// One record, whose one member is assigned a partition of each of so many topics that there are not.
#[divan::bench(args = [7_000, 14_000, 28_000, 58_000], sample_count = 5, sample_size = 1)]
fn assignment_of_topics_that_are_not_there(bencher: Bencher<'_, '_>, count: usize) {
    let names = names(count);
    bencher.counter(ItemsCount::new(count)).with_inputs(|| storage(&[], 1)).bench_local_refs(|storage| {
        apply(storage, [assignment(names.iter())]);
    });
}

/// The same of topics that are there.
#[divan::bench(args = [7_000, 14_000, 28_000, 58_000], sample_count = 5, sample_size = 1)]
fn assignment_of_topics_that_are_there(bencher: Bencher<'_, '_>, count: usize) {
    let names = names(count);
    bencher.counter(ItemsCount::new(count)).with_inputs(|| storage(&names, 1)).bench_local_refs(|storage| {
        apply(storage, [assignment(names.iter())]);
    });
}

/// One member that owns a partition of each of so many topics, whose names stand in another record by their ids.
#[divan::bench(args = [1_000, 2_000, 4_000, 8_000], sample_count = 5, sample_size = 1)]
fn names_by_id(bencher: Bencher<'_, '_>, count: usize) {
    let names = names(count);
    let ids = || names.iter().zip(1_000_000_u128..).map(|(name, id)| (TopicId(id), name));
    bencher.counter(ItemsCount::new(count)).with_inputs(|| storage(&names, 1)).bench_local_refs(|storage| {
        let written = ids().map(|(id, name)| (id, Name(name.as_bytes()))).collect();
        let owned = OwnedUpdate::Partitions(ids().map(|(id, _)| (id, vec![Partition(0)])).collect());
        let facts = [GroupFact::TopicNames(Some(written)), member("m"), epoch(), current("m", owned)];
        apply(storage, facts.map(fact));
        view(storage);
    });
}

/// One member that runs a task of each of so many subtopologies, each of which reads a topic.
#[divan::bench(args = [1_000, 2_000, 4_000, 8_000], sample_count = 5, sample_size = 1)]
fn subtopologies(bencher: Bencher<'_, '_>, count: usize) {
    let names = names(count);
    bencher.counter(ItemsCount::new(count)).with_inputs(|| storage(&names, 1)).bench_local_refs(|storage| {
        let name = |name: &String| Name(name.as_bytes().to_vec().leak());
        let sources = names.iter().map(|topic| (name(topic), vec![name(topic)])).collect();
        let tasks = OwnedUpdate::Tasks(names.iter().map(|topic| (name(topic), vec![Partition(0)])).collect());
        let topology = GroupFact::Topology(Some(TopologyUpdate { epoch: 1, sources }));
        apply(storage, [topology, member("m"), epoch(), current("m", tasks)].map(|one| kind(GroupKind::Streams, one)));
        view(storage);
    });
}

/// One member that runs so many tasks of one subtopology, which reads as many topics that there are not.
#[divan::bench(args = [500, 1_000, 2_000, 4_000], sample_count = 5, sample_size = 1)]
fn tasks_of_topics_that_are_not_there(bencher: Bencher<'_, '_>, count: usize) {
    let names = names(count);
    bencher.counter(ItemsCount::new(count)).with_inputs(|| storage(&[], 1)).bench_local_refs(|storage| {
        let sources = vec![(Name(b"0"), names.iter().map(|topic| Name(topic.as_bytes())).collect())];
        let tasks = OwnedUpdate::Tasks(vec![(Name(b"0"), numbers(count).map(Partition).collect())]);
        let topology = GroupFact::Topology(Some(TopologyUpdate { epoch: 1, sources }));
        apply(storage, [topology, member("m"), epoch(), current("m", tasks)].map(|one| kind(GroupKind::Streams, one)));
        view(storage);
    });
}

/// So many members that join one after the other, each with records that are read by themselves, and leave again.
#[divan::bench(args = [500, 1_000, 2_000, 4_000], sample_count = 5, sample_size = 1)]
fn members_that_come_and_go(bencher: Bencher<'_, '_>, count: usize) {
    let (topics, members) = (names(1), names(count));
    bencher.counter(ItemsCount::new(count)).with_inputs(|| storage(&topics, count)).bench_local_refs(|storage| {
        let cluster = cluster(storage);
        let source = cluster.source("m", 0);
        let mut order = 0;
        let mut tell = |one| {
            order += 1;
            cluster.apply(source, PastState::Read, [(Order(order), fact(one))], NOW);
        };
        tell(epoch());
        for (id, partition) in members.iter().zip(0..) {
            tell(member(id));
            tell(current(id, OwnedUpdate::Partitions(vec![(TopicId(1), vec![Partition(partition)])])));
        }
        for id in &members {
            let id = Name(id.as_bytes());
            tell(GroupFact::Current { id, current: None });
            tell(GroupFact::Member { id, who: None });
        }
    });
}

fn commit(topic: &str, partition: i32, at: i64) -> Update<'_> {
    let (topic, timestamp) = (Name(topic.as_bytes()), Timestamp(NOW.0 + at));
    Update::Commit { group: GROUP, topic, partition: Partition(partition), offset: Offset(1), timestamp }
}

/// Commits of so many partitions of a topic, the last one first.
#[divan::bench(args = [25_000, 50_000, 100_000, 200_000], sample_count = 3, sample_size = 1)]
fn partitions_backwards(bencher: Bencher<'_, '_>, count: usize) {
    bencher.counter(ItemsCount::new(count)).with_inputs(|| storage(&[], 1)).bench_local_refs(|storage| {
        apply(storage, numbers(count).rev().map(|partition| commit("t", partition, 0)));
    });
}

/// Commits of so many topics, in no order.
#[divan::bench(args = [12_500, 25_000, 50_000, 100_000], sample_count = 3, sample_size = 1)]
fn topics_in_no_order(bencher: Bencher<'_, '_>, count: usize) {
    let names = names(count);
    bencher.counter(ItemsCount::new(count)).with_inputs(|| storage(&[], 1)).bench_local_refs(|storage| {
        apply(storage, names.iter().map(|topic| commit(topic, 0, 0)));
    });
}

/// How far a share group has come in so many topics, one record each, whose names are known or not.
#[divan::bench(args = [2_500, 5_000, 10_000, 20_000], sample_count = 3, sample_size = 1)]
fn share_states(bencher: Bencher<'_, '_>, count: usize) {
    let names = names(count);
    let state = |id| {
        let state = ShareState { whole: true, start: Some(Offset(1)), done: Some(0), finished: Vec::new() };
        let (topic, partition) = (TopicId(id), Partition(0));
        Update::Share(ShareUpdate { group: GROUP, topic, partition, at: NOW, state: Some(state) })
    };
    let last = u128::try_from(count).unwrap();
    bencher.counter(ItemsCount::new(2 * count)).with_inputs(|| storage(&names, 1)).bench_local_refs(|storage| {
        let cluster = cluster(storage);
        let updates = (1..).map(Order).zip((1..=2 * last).map(state));
        cluster.apply(cluster.share_source("m", 0), PastState::Read, updates, NOW);
    });
}

/// So many topics, committed all, that are created anew under their names all at once.
#[divan::bench(args = [1_000, 2_000, 4_000, 8_000], sample_count = 3, sample_size = 1)]
fn topics_created_anew(bencher: Bencher<'_, '_>, count: usize) {
    let names = names(count);
    let committed = || {
        let storage = storage(&names, 1);
        apply(&storage, names.iter().map(|topic| commit(topic, 0, 0)));
        storage
    };
    bencher.counter(ItemsCount::new(count)).with_inputs(committed).bench_local_refs(|storage| {
        storage.apply_metadata(CLUSTER, metadata(&names, 1, 1_000_000), NOW);
    });
}
