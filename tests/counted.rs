//! The memory that storage counts for itself, against what is allocated: of many small groups, of few large ones, of
//! groups with members, of topics, and of what is noted about refused groups.
//!
//! A binary of its own, with a single test, because every byte that is allocated in it is counted.

#![cfg(test)]

use std::alloc::System;
use std::num::NonZeroUsize;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use warrener::model::{BrokerId, Name, Offset, Order, Partition, Timestamp, TopicId};
use warrener::storage::{
    CurrentUpdate, EpochUpdate, ExpiryPolicy, GroupFact, GroupKind, MemberUpdate, MembersUpdate, Metadata, OwnedUpdate,
    PartitionMetadata, PastState, Storage, StorageLimits, StorageRules, TopicMetadata, Update,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

struct Scene {
    storage: Storage,
    next: i64,
}

impl Scene {
    fn new(limits: StorageLimits) -> Self {
        let intervals = NonZeroUsize::new(10).unwrap();
        let rules = StorageRules { intervals, min_distance: Duration::ZERO, expire: ExpiryPolicy::NEVER };
        let storage = Storage::new(["local"], rules);
        storage.set_limits(limits);
        Self { storage, next: 0 }
    }

    fn apply(&mut self, update: Update<'_>) {
        self.next += 1;
        let cluster = self.storage.cluster("local").unwrap();
        cluster.apply(cluster.source("local", 0), PastState::Read, [(Order(self.next), update)], NOW);
    }

    fn commit(&mut self, group: &str, partition: i32) {
        let (offset, timestamp) = (Offset(self.next), Timestamp(NOW.0 + self.next));
        let (group, topic, partition) = (Name(group.as_bytes()), Name(b"payments.transactions"), Partition(partition));
        self.apply(Update::Commit { group, topic, partition, offset, timestamp });
    }

    fn topic(&self, partitions: usize) {
        let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
        let partitions = vec![partition; partitions];
        let topics = vec![TopicMetadata { name: "payments.transactions".to_owned(), id: Some(TopicId(1)), partitions }];
        self.storage.apply_metadata("local", Metadata { brokers: Vec::new(), topics }, NOW);
    }

    /// A share of the topic for a classic member.
    fn members(&mut self, group: &str, members: i32) {
        let ids: Vec<String> = (0..members).map(|member| format!("consumer-{group}-{member}-0a1b2c3d")).collect();
        let members = ids.iter().zip(0..).map(|(id, member)| MemberUpdate {
            id: Name(id.as_bytes()),
            client_id: Name(b"consumer-client-1"),
            client_host: Name(b"/10.20.30.40"),
            assigned: vec![(Name(b"payments.transactions"), (member * 5..member * 5 + 5).map(Partition).collect())],
        });
        self.apply(Update::Members(MembersUpdate {
            group: Name(group.as_bytes()),
            protocol_type: Name(b"consumer"),
            protocol: Name(b"range"),
            at: NOW,
            generation: 1,
            members: members.collect(),
        }));
    }

    fn fact(&mut self, group: &str, fact: GroupFact<'_>) {
        self.apply(Update::Fact { group: Name(group.as_bytes()), kind: GroupKind::Consumer, at: NOW, fact });
    }

    /// The same for the members of a group of the consumer protocol.
    fn consumer(&mut self, group: &str, members: i32) {
        self.fact(group, GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: None })));
        self.fact(group, GroupFact::TargetEpoch(Some(1)));
        for member in 0..members {
            let id = format!("0a1b2c3d-0000-4000-8000-{member:012}");
            let who = Some((Name(b"consumer-client-1"), Name(b"/10.20.30.40")));
            self.fact(group, GroupFact::Member { id: Name(id.as_bytes()), who });
            let owned = vec![(TopicId(1), (member * 5..member * 5 + 5).map(Partition).collect())];
            let owned = OwnedUpdate::Partitions(owned);
            let current = Some(CurrentUpdate { epoch: 1, settled: true, owned });
            self.fact(group, GroupFact::Current { id: Name(id.as_bytes()), current });
        }
    }
}

fn group(number: usize) -> String {
    format!("team-{:02}.consumer-{number:05}", number % 97)
}

/// What is counted of what `fill` puts into a storage, in percent of what is allocated.
fn compare(what: &str, limits: StorageLimits, fill: impl Fn(&mut Scene)) -> u64 {
    let before = live();
    let mut scene = Scene::new(limits);
    fill(&mut scene);
    // Owners are computed when they are read, and topics are measured when groups are expired.
    drop(scene.storage.cluster("local").unwrap().used_groups());
    scene.storage.expire(NOW);
    let usage = scene.storage.usage();
    let (allocated, counted) = (u64::try_from(live() - before).unwrap(), usage.memory + usage.notes);
    println!("{what}: {allocated} bytes are allocated, {counted} are counted");
    drop(scene);
    assert!(live() < before + 100_000, "{what}: {} bytes are left", live() - before);
    counted * 100 / allocated
}

#[test]
fn storage_counts_what_it_allocates() {
    let none = StorageLimits::default();
    let ratios: [u64; 6] = [
        compare("20,000 groups of 3 partitions with one commit", none, |scene| {
            (0..20_000).for_each(|number| (0..3).for_each(|partition| scene.commit(&group(number), partition)));
        }),
        compare("100 groups of 1,000 partitions with ten commits", none, |scene| {
            for _ in 0..10 {
                (0..100).for_each(|number| (0..1_000).for_each(|partition| scene.commit(&group(number), partition)));
            }
        }),
        compare("2,000 classic groups of 10 members and 50 partitions", none, |scene| {
            scene.topic(50);
            for number in 0..2_000 {
                scene.members(&group(number), 10);
                (0..50).for_each(|partition| scene.commit(&group(number), partition));
            }
        }),
        compare("2,000 groups of 10 members of the consumer protocol", none, |scene| {
            scene.topic(50);
            (0..2_000).for_each(|number| scene.consumer(&group(number), 10));
        }),
        compare("a topic of 100,000 partitions", none, |scene| scene.topic(100_000)),
        compare("20,000 groups, of which 19,000 are refused", StorageLimits { groups: Some(1_000), ..none }, |scene| {
            (0..20_000).for_each(|number| (0..3).for_each(|partition| scene.commit(&group(number), partition)));
        }),
    ];
    assert!(ratios.iter().all(|ratio| (95..130).contains(ratio)), "{ratios:?}");
}
