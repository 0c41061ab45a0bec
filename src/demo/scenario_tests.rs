//! Checks the records of the simulation with the decoder.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::demo::topics_and_groups::Retention;
use crate::model::Name;
use crate::offsets::{self, CommitRecord, Record, RecordType};

const START: i64 = 1_700_000_000_000;

/// A tick, and the committed offset. `None` for a tombstone.
type Seen = (i64, Option<i64>);

/// Generation and number of members.
type Census = (i32, usize);

/// What the records of a simulation contained.
#[derive(Default)]
struct Audience {
    commits: HashMap<(String, String, i32), Vec<Seen>>,
    /// `None` for a tombstone.
    groups: HashMap<String, Vec<(i64, Option<Census>)>>,
    records: HashMap<usize, i64>,
    purges: Vec<i64>,
    busiest: i64,
}

fn watch(ticks: i64) -> (Audience, Scenario) {
    let (mut seen, mut scenario) = (Audience::default(), Scenario::new());
    for tick in 0..ticks {
        let actions = scenario.next_tick(Timestamp(START + tick * 1000)).unwrap();
        let mut written = 0;
        for action in actions {
            match action {
                DemoAction::Write { place, count } => {
                    *seen.records.entry(place).or_default() += count;
                    written += count;
                }
                DemoAction::Purge { place } => {
                    *seen.records.entry(place).or_default() += 1;
                    seen.purges.push(tick);
                }
                DemoAction::Offsets { partition, key, value } => {
                    written += 1;
                    seen.record(tick, partition, &key, value.as_deref());
                }
            }
        }
        if tick > 0 {
            seen.busiest = seen.busiest.max(written);
        }
    }
    (seen, scenario)
}

impl Audience {
    fn record(&mut self, tick: i64, partition: i32, key: &[u8], value: Option<&[u8]>) {
        let key = offsets::key(key).unwrap();
        assert_ne!(key.record_type(), RecordType::Unknown);
        let place = |group: Name<'_>| assert_eq!(offsets_partition(&group.to_string()), partition);
        match key.value(value).unwrap() {
            Record::Commit(CommitRecord { group, topic, partition: of, offset, timestamp, .. }) => {
                place(group);
                assert_eq!(timestamp, Timestamp(START + tick * 1000));
                let key = (group.to_string(), topic.to_string(), of.0);
                self.commits.entry(key).or_default().push((tick, Some(offset.0)));
            }
            Record::CommitTombstone { group, topic, partition: of } => {
                place(group);
                self.commits.entry((group.to_string(), topic.to_string(), of.0)).or_default().push((tick, None));
            }
            Record::Group(group) => {
                place(group.group);
                let members = group.members.len();
                self.groups.entry(group.group.to_string()).or_default().push((tick, Some((group.generation, members))));
                assigned_once(&group);
            }
            Record::GroupTombstone { group } => self.groups.entry(group.to_string()).or_default().push((tick, None)),
            Record::Epoch { .. }
            | Record::EpochTombstone { .. }
            | Record::TargetEpoch { .. }
            | Record::Member { .. }
            | Record::Target { .. }
            | Record::Current { .. }
            | Record::Topics { .. }
            | Record::StatePartitions { .. }
            | Record::Expression { .. }
            | Record::Topology { .. }
            | Record::Skipped(_) => panic!("the demo writes none of these"),
        }
    }

    /// The offsets that a group committed to partition 0 of a topic.
    fn offsets(&self, group: &str, topic: &str) -> Vec<i64> {
        let commits = &self.commits[&(group.to_owned(), topic.to_owned(), 0)];
        commits.iter().filter_map(|(_, offset)| *offset).collect()
    }
}

/// Checks that every partition of every topic is assigned to exactly one member.
fn assigned_once(group: &offsets::GroupMetadata<'_>) {
    if group.protocol_type != b"consumer" || group.members.len() == 0 {
        return;
    }
    let mut owned = HashSet::new();
    for member in group.members {
        for (topic, partitions) in offsets::assignment(member.assignment).unwrap() {
            for partition in partitions {
                assert!(owned.insert((topic, partition)), "{topic} {partition:?} has two owners");
            }
        }
    }
    let spec = GROUPS.iter().find(|spec| spec.name.as_bytes() == group.group.0).unwrap();
    let all: i32 = TOPICS.iter().filter(|topic| spec.topics.contains(&topic.name)).map(|topic| topic.partitions).sum();
    assert_eq!(i32::try_from(owned.len()), Ok(all), "{}", spec.name);
}

fn end(scenario: &Scenario, topic: &str) -> SimulatedLog {
    scenario.partitions().iter().find(|place| place.topic.name == topic).unwrap().log
}

#[test]
fn the_same_play_every_time() {
    let (mut one, mut other) = (Scenario::new(), Scenario::new());
    for tick in 0..300 {
        assert_eq!(one.next_tick(Timestamp(tick)), other.next_tick(Timestamp(tick)));
    }
}

#[test]
fn the_past_shows_every_kind_of_group() {
    let (seen, scenario) = watch(PAST);
    let lag = |group: &str, topic: &str| end(&scenario, topic).end - seen.offsets(group, topic).last().unwrap();
    assert!(lag("orders-service", "orders") < 10);
    assert!(lag("clickstream-analytics", "clickstream") > 300);

    let stalled = seen.offsets("recommendations", "inventory");
    assert!(stalled.len() >= 50 && stalled.iter().all(|offset| *offset == stalled[0]));
    assert!(lag("recommendations", "inventory") > 200);

    let stopped = &seen.commits[&("legacy-exporter".to_owned(), "orders".to_owned(), 0)];
    assert!(stopped.len() >= 10 && stopped.last().unwrap().0 <= 40);
    assert_eq!(seen.groups["legacy-exporter"].last(), Some(&(51, Some((2, 0)))));

    // docs/src/reference/status-rules.md, REWIND: no later commit of the window makes up for it.
    let replay = seen.offsets("ledger-replay", "audit.ledger");
    let last = &replay[replay.len() - 10..];
    let back = last.windows(2).position(|pair| pair[1] < pair[0]).unwrap();
    assert!(last[back + 1..].iter().all(|offset| *offset < last[back]), "{last:?}");
    assert!(lag("ledger-replay", "audit.ledger") > 300);

    let batches = &seen.offsets("report-builder", "orders");
    assert!((4..=5).contains(&batches.len()), "{batches:?}");

    let log = end(&scenario, "telemetry.raw");
    for group in ["telemetry-archiver", "telemetry-trial"] {
        assert!(*seen.offsets(group, "telemetry.raw").last().unwrap() < log.start, "{group}");
    }
}

#[test]
fn members_come_and_go() {
    let (seen, _) = watch(PAST);
    let workers: Vec<(i32, usize)> =
        seen.groups["clickstream-workers"].iter().filter_map(|(_, group)| *group).collect();
    assert_eq!(workers, [(1, 2), (2, 3), (3, 4), (4, 5), (5, 4), (6, 3)]);
    assert!(!seen.groups.contains_key("flink-enrichment"));
    assert!(!seen.commits.keys().any(|(group, ..)| group == "connect-cluster"));
    let last = ("loyalty-points".to_owned(), "payments".to_owned(), 2);
    assert!(!seen.commits.contains_key(&last) && !seen.offsets("loyalty-points", "payments").is_empty());
}

#[test]
fn a_group_is_deleted_and_comes_again() {
    let (seen, _) = watch(240);
    let name = "console-consumer-48213";
    let groups: Vec<(i64, Option<i32>)> =
        seen.groups[name].iter().map(|(tick, group)| (*tick, group.map(|(generation, _)| generation))).collect();
    let life = |from: i64| [(from, Some(1)), (from + 30, Some(2)), (from + 60, Some(3)), (from + 70, None)];
    assert_eq!(groups[..4], life(0));
    assert_eq!(groups.iter().filter(|(_, generation)| generation.is_none()).count(), 2);
    let commits = &seen.commits[&(name.to_owned(), "payments".to_owned(), 0)];
    assert!(commits.contains(&(70, None)) && commits.contains(&(180, None)) && commits.last().unwrap().0 > 220);
}

#[test]
fn hours_of_it_stay_small_and_true() {
    let hours = 3 * 3600;
    let (seen, scenario) = watch(hours);
    assert!(seen.busiest < 400, "{} records in a tick", seen.busiest);
    let purged: HashSet<i64> = seen.purges.iter().copied().collect();
    assert_eq!(purged.len(), seen.purges.len(), "at most one purge a tick");
    for (place, at) in scenario.partitions().iter().enumerate() {
        assert_eq!(at.log.end, seen.records[&place], "{} {:?}", at.topic.name, at.partition);
        let held = at.log.end - at.log.start;
        if at.topic.retention != Retention::Broker {
            assert!(held <= 1801 * (at.topic.rate + 1) && (at.log.start > 0) == (at.topic.rate > 0));
        }
    }
    for ((group, topic, partition), commits) in &seen.commits {
        let at =
            scenario.partitions().iter().find(|at| at.topic.name == topic && at.partition.0 == *partition).unwrap();
        for (_, offset) in commits {
            assert!(offset.is_none_or(|offset| (0..=at.log.end).contains(&offset)), "{group} {topic} {partition}");
        }
    }
    // At the end of a cycle, groups that keep up, catch up, or fall behind only for a while are all at the log end.
    let lag = |group: &str, topic: &str| end(&scenario, topic).end - seen.offsets(group, topic).last().unwrap();
    for (group, topic) in [("clickstream-analytics", "clickstream"), ("recommendations", "inventory")] {
        assert!(lag(group, topic) < 30, "{group}: {}", lag(group, topic));
    }
}

#[test]
fn an_end_that_was_not_foreseen_is_taken_in() {
    let (_, mut scenario) = watch(10);
    scenario.set_log_end(0, Offset(1_000_000));
    scenario.set_log_end(usize::MAX, Offset(1));
    scenario.next_tick(Timestamp(START)).unwrap();
    assert!(scenario.partitions()[0].log.end > 1_000_000);
}
