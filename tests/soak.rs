//! An hour of churn, replayed through storage in seconds, ends with memory where it began: groups and topics appear
//! and vanish, members come and go, commits go on, scrapes are made.
//!
//! A binary of its own, because every byte that is allocated in it is counted.

#![cfg(test)]

use std::alloc::System;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use warrener::evaluate::EvaluatorRules;
use warrener::model::{BrokerId, Lag, Name, Offset, Order, Partition, Timestamp, TopicId};
use warrener::storage::{
    CurrentUpdate, EpochUpdate, ExpiryPolicy, GroupFact, GroupKind, LogBounds, MemberUpdate, MembersUpdate, Metadata,
    OwnedUpdate, PartitionMetadata, PastState, Storage, StorageRules, TimeAnswer, TimeLookupAnswer, TimestampOffset,
    TopicMetadata, Update,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CLUSTER: &str = "local";
const START: i64 = 1_700_000_000;
const PARTITIONS: i32 = 8;
const WINDOW: NonZeroUsize = NonZeroUsize::new(10).unwrap();
/// Pairs of a group and its topic that are always there.
const STEADY: i64 = 20;
/// Seconds between two pairs that appear, and refreshes.
const EACH: i64 = 10;
const REREAD: i64 = 600;

/// A group and the topic that it reads.
#[derive(Clone, Copy)]
struct Pair {
    number: i64,
    born: i64,
    dies: i64,
}

/// The world at one time, told to storage second by second.
struct World {
    storage: Storage,
    now: i64,
    order: i64,
    pairs: BTreeMap<i64, Pair>,
}

fn live_bytes() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// What another test allocates would be counted, too.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn an_hour_of_churn_ends_with_memory_where_it_began() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut world = World::new();
    // What the first churn makes room for (tables grow, and keep their size) is there before it is looked at.
    world.churn(1200);
    let began = world.quiet();
    world.churn(3600);
    let peak = live_bytes();
    let ended = world.quiet();
    assert!(peak > began + 10_000, "the churn was not felt: {began} bytes, {peak} while it lasted");
    // Tables keep the size of their fullest moment, so there may be a little more, once. A leak of 50 bytes for each of
    // the 360 pairs that came and went would be more than that.
    assert!(ended <= began + 16_384, "{began} bytes before, {ended} after an hour, {peak} meanwhile");
    assert_eq!(world.shown(), usize::try_from(STEADY).unwrap());
}

/// One record of a megabyte each, which any member can make its group's leader send.
#[test]
fn assignments_of_topics_that_are_not_there_take_less_memory_than_their_records_and_no_series() {
    const GROUPS: usize = 20;
    const TOPICS: usize = 58_000;
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let world = World::new();
    let names: Vec<String> = (0..TOPICS).map(|number| format!("{number:08}")).collect();
    let record = TOPICS * (2 + 8 + 4 + 4);
    let assigned: Vec<_> = names.iter().map(|name| (Name(name.as_bytes()), vec![Partition(0)])).collect();
    let cluster = world.storage.cluster(CLUSTER).unwrap();
    let began = live_bytes();
    for number in 0..GROUPS {
        let (id, client_id, client_host) = (Name(b"m"), Name(b"app"), Name(b"/h"));
        let group = format!("group-{number}");
        let update = Update::Members(MembersUpdate {
            group: Name(group.as_bytes()),
            protocol_type: Name(b"consumer"),
            protocol: Name(b"range"),
            at: Timestamp(START * 1_000),
            generation: 1,
            members: vec![MemberUpdate { id, client_id, client_host, assigned: assigned.clone() }],
        });
        cluster.apply(cluster.source("m", 0), PastState::Read, [(Order(1), update)], Timestamp(START * 1_000));
    }
    world.name_topics();
    let each = (live_bytes() - began) / GROUPS;
    println!("{each} bytes each, of records of {record}");
    assert!(each < record / 2, "{each} bytes each");
    assert_eq!(cluster.dropped_topics(), u64::try_from(GROUPS * (TOPICS - 10_000)).unwrap());
    let rules = EvaluatorRules { intervals: WINDOW, minimum_complete: 0.0, allowed_lag: Lag(0) };
    assert!(world.storage.view(Timestamp(START * 1_000), &rules).clusters[0].group_topics.is_empty());
}

impl World {
    fn new() -> Self {
        let rules = StorageRules { intervals: WINDOW, min_distance: Duration::ZERO, expire: ExpiryPolicy::NEVER };
        let pairs = (0..STEADY).map(|number| (number, Pair { number, born: 0, dies: i64::MAX })).collect();
        let world = Self { storage: Storage::new([CLUSTER], rules), now: START, order: 0, pairs };
        world.name_topics();
        world
    }

    /// So many seconds in which a pair appears every ten, and lives for one or two minutes.
    fn churn(&mut self, seconds: i64) {
        for _ in 0..seconds {
            if self.now % EACH == 0 {
                let (number, lives) = (self.now, 60 + self.now / EACH % 7 * EACH);
                self.pairs.insert(number, Pair { number, born: self.now, dies: self.now + lives });
            }
            self.second();
        }
    }

    /// Until everything that came has gone; the bytes that are allocated then.
    fn quiet(&mut self) -> usize {
        for _ in 0..1200 {
            self.second();
        }
        live_bytes()
    }

    fn second(&mut self) {
        self.now += 1;
        let pairs: Vec<Pair> = self.pairs.values().copied().collect();
        for pair in pairs {
            if pair.dies <= self.now {
                self.bury(pair);
                self.pairs.remove(&pair.number);
            } else {
                self.live(pair);
            }
        }
        if self.now % EACH == 0 {
            self.name_topics();
            self.refresh();
        }
        if self.now % 15 == 0 {
            drop(self.storage.view(self.time(), &judged()));
            self.storage.expire(self.time());
        }
        if self.now % REREAD == 0 {
            self.read_anew();
        }
    }

    fn live(&mut self, pair: Pair) {
        let (group, topic) = (pair.group(), pair.topic());
        let partition = Partition(i32::try_from(self.now % i64::from(PARTITIONS)).unwrap());
        self.tell(commit(&group, &topic, partition, self.committed(), self.time()));
        // Members come, go and come again.
        let age = self.now - pair.born;
        if age % 15 == 1 {
            let (generation, crew) = (i32::try_from(age / 15).unwrap(), age / 15 % 4);
            if pair.is_classic() {
                self.tell(members(&group, &topic, generation, crew, self.time()));
            } else {
                (0..4).for_each(|member| self.tell_member(&group, pair, (member, generation), member <= crew));
            }
        }
    }

    fn tell_member(&mut self, group: &str, pair: Pair, (member, epoch): (i64, i32), there: bool) {
        let id = format!("member-{member}-{}", pair.number);
        let id = Name(id.as_bytes());
        let owned = OwnedUpdate::Partitions(vec![(pair.id(), vec![Partition(i32::try_from(member).unwrap())])]);
        self.tell_fact(group, GroupFact::Epoch(Some(EpochUpdate { number: epoch, validated_topology: None })));
        self.tell_fact(group, GroupFact::TargetEpoch(Some(epoch)));
        self.tell_fact(group, GroupFact::Member { id, who: there.then_some((Name(b"client"), Name(b"/10.0.0.1"))) });
        let current = there.then_some(CurrentUpdate { epoch, settled: true, owned });
        self.tell_fact(group, GroupFact::Current { id, current });
    }

    /// Everything that a broker writes when a group is deleted.
    fn bury(&mut self, pair: Pair) {
        let (group, topic) = (pair.group(), pair.topic());
        for partition in (0..PARTITIONS).map(Partition) {
            let (group, topic) = (Name(group.as_bytes()), Name(topic.as_bytes()));
            self.tell(Update::CommitTombstone { group, topic, partition });
        }
        if pair.is_classic() {
            self.tell(Update::GroupTombstone { group: Name(group.as_bytes()) });
            return;
        }
        for member in 0..4 {
            let id = format!("member-{member}-{}", pair.number);
            self.tell_fact(&group, GroupFact::Current { id: Name(id.as_bytes()), current: None });
            self.tell_fact(&group, GroupFact::Member { id: Name(id.as_bytes()), who: None });
        }
        self.tell_fact(&group, GroupFact::TargetEpoch(None));
        self.tell_fact(&group, GroupFact::Epoch(None));
    }

    fn tell_fact(&mut self, group: &str, fact: GroupFact<'_>) {
        let (kind, at) = (GroupKind::Consumer, self.time());
        self.tell(Update::Fact { group: Name(group.as_bytes()), kind, at, fact });
    }

    fn tell(&mut self, update: Update<'_>) {
        self.order += 1;
        let cluster = self.storage.cluster(CLUSTER).unwrap();
        let source = cluster.source("consumer", 0);
        cluster.apply(source, PastState::Read, [(Order(self.order), update)], self.time());
    }

    /// The metadata names the topics of all pairs that live.
    fn name_topics(&self) {
        let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
        let partitions = vec![partition; usize::try_from(PARTITIONS).unwrap()];
        let topic =
            |pair: &Pair| TopicMetadata { name: pair.topic(), id: Some(pair.id()), partitions: partitions.clone() };
        let topics = self.pairs.values().map(topic).collect();
        self.storage.apply_metadata(CLUSTER, Metadata { brokers: Vec::new(), topics }, self.time());
    }

    /// Log ends are read, and times asked about where commits lag.
    fn refresh(&self) {
        for pair in self.pairs.values() {
            let (topic, end) = (pair.topic(), Offset(self.committed().0 + 5));
            let bound = |partition| LogBounds { topic: &topic, partition, start: Some(Offset(0)), end: Some(end) };
            let bounds: Vec<_> = (0..PARTITIONS).map(Partition).map(bound).collect();
            self.storage.apply_bounds(CLUSTER, &bounds, self.time());
        }
        let cluster = self.storage.cluster(CLUSTER).unwrap();
        let lagging = cluster.settle_time_lags(self.time(), |_, _, _| false);
        let answers = lagging.iter().flat_map(|about| {
            about.wanted.iter().map(|aim| TimeLookupAnswer {
                topic: about.topic.clone(),
                id: about.id,
                partition: about.partition,
                answer: TimeAnswer::From {
                    asked: Timestamp(self.time().0 - 2_000),
                    found: Some(TimestampOffset { offset: aim.record, time: Timestamp(self.time().0 - 1_000) }),
                    end: about.end,
                },
            })
        });
        cluster.apply_times(&answers.collect::<Vec<_>>(), self.time());
        cluster.thin_times(&cluster.settle_time_lags(self.time(), |_, _, _| false), self.time());
    }

    /// The partition of the offsets topic is read from its start, compacted, and put in the place of what was shown.
    fn read_anew(&mut self) {
        let cluster = self.storage.cluster(CLUSTER).unwrap();
        let mut build = cluster.start_build(cluster.source("consumer", 0));
        for pair in self.pairs.values() {
            let (group, topic) = (pair.group(), pair.topic());
            for partition in (0..PARTITIONS).map(Partition) {
                self.order += 1;
                let update = commit(&group, &topic, partition, self.committed(), self.time());
                build.apply([(Order(self.order), update)], self.time());
            }
        }
        build.publish();
    }

    /// Each second there is one more record in every partition.
    const fn committed(&self) -> Offset {
        Offset(self.now - START)
    }

    const fn time(&self) -> Timestamp {
        Timestamp(self.now * 1000)
    }

    fn shown(&self) -> usize {
        self.storage.view(self.time(), &judged()).clusters[0].groups.len()
    }
}

impl Pair {
    fn group(self) -> String {
        format!("group-{}", self.number)
    }

    fn topic(self) -> String {
        format!("topic-{}", self.number)
    }

    fn id(self) -> TopicId {
        TopicId(u128::try_from(self.number).unwrap() + 1)
    }

    const fn is_classic(self) -> bool {
        self.number / EACH % 2 == 0
    }
}

const fn judged() -> EvaluatorRules {
    EvaluatorRules { intervals: WINDOW, minimum_complete: 0.0, allowed_lag: Lag(0) }
}

fn commit<'a>(
    group: &'a str,
    topic: &'a str,
    partition: Partition,
    offset: Offset,
    timestamp: Timestamp,
) -> Update<'a> {
    Update::Commit { group: Name(group.as_bytes()), topic: Name(topic.as_bytes()), partition, offset, timestamp }
}

fn members<'a>(group: &'a str, topic: &'a str, generation: i32, crew: i64, at: Timestamp) -> Update<'a> {
    const IDS: [&str; 4] = ["one", "two", "three", "four"];
    let crew = usize::try_from(crew).unwrap();
    let member = |id: &'a str| MemberUpdate {
        id: Name(id.as_bytes()),
        client_id: Name(b"client"),
        client_host: Name(b"/10.0.0.1"),
        assigned: vec![(Name(topic.as_bytes()), (0..PARTITIONS).map(Partition).collect())],
    };
    Update::Members(MembersUpdate {
        group: Name(group.as_bytes()),
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at,
        generation,
        members: IDS.into_iter().take(crew).map(member).collect(),
    })
}
