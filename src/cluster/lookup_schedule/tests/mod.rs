//! Tests time lookups between a log with known timestamps and a storage.

mod broker_log;

use std::num::NonZeroUsize;

use super::*;
use crate::model::{BrokerId, Name, Order};
use crate::storage::{
    Cluster, LogBounds, Metadata, PartitionMetadata, PastState, Storage, StorageRules, TimeAnswer, TimeLookupAnswer,
    TimestampOffset, TopicMetadata, Update,
};
use broker_log::Log;

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
const NOW: i64 = 1_700_000_000_000;
const REFRESH: i64 = 10 * SECOND;

struct Scene {
    storage: Storage,
    past: LookupSchedule,
    log: Log,
    now: Instant,
    time: i64,
    rounds: usize,
    commits: i64,
}

impl Scene {
    fn new(log: Log) -> Self {
        let rules = StorageRules {
            intervals: NonZeroUsize::MIN,
            min_distance: Duration::ZERO,
            expire: crate::storage::ExpiryPolicy::NEVER,
        };
        let storage = Storage::new(["c"], rules);
        let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
        let topic = TopicMetadata { name: "t".into(), id: Some(TopicId(1)), partitions: vec![partition] };
        storage.apply_metadata("c", Metadata { brokers: Vec::new(), topics: vec![topic] }, Timestamp(NOW));
        let now = Instant::now();
        let past = LookupSchedule::new(Duration::from_secs(10), now);
        Self { storage, past, log, now, time: NOW, rounds: 0, commits: 0 }
    }

    fn cluster(&self) -> Arc<Cluster> {
        self.storage.cluster("c").unwrap()
    }

    fn commit(&mut self, group: &str, offset: i64) {
        self.commits += 1;
        let commit = Update::Commit {
            group: Name(group.as_bytes()),
            topic: Name(b"t"),
            partition: Partition(0),
            offset: Offset(offset),
            timestamp: Timestamp(self.time),
        };
        let order = Order(self.commits);
        let cluster = self.cluster();
        cluster.apply(cluster.source("m", 0), PastState::Read, [(order, commit)], Timestamp(self.time));
    }

    /// Reads the log end, and starts the rounds of this refresh.
    fn refresh(&mut self) {
        let (start, end) = (Some(Offset(self.log.start)), Some(Offset(self.log.end())));
        let bounds = LogBounds { topic: "t", partition: Partition(0), start, end };
        self.storage.apply_bounds("c", &[bounds], Timestamp(self.time));
        self.past.record_refresh(self.now);
    }

    fn wait(&mut self, millis: i64) {
        self.time += millis;
        self.now += Duration::from_millis(u64::try_from(millis).unwrap());
    }

    /// Sends lookups until nothing is due. Returns the number of rounds.
    fn ask(&mut self) -> usize {
        let before = self.rounds;
        while self.past.is_due(self.now, true) {
            let time = Timestamp(self.time);
            let past = &self.past;
            let lagging = self
                .cluster()
                .settle_time_lags(time, |topic, partition, record| past.has_given_up(topic, partition, record));
            let exactness = self.cluster().accuracy();
            match self.past.next_round(&lagging, exactness, time, self.now) {
                LookupStep::Send(questions) => {
                    self.rounds += 1;
                    for question in questions {
                        let answer = self.log.answer(question.target);
                        let (topic, id) = (Arc::clone(&question.topic), question.id);
                        let found = TimeLookupAnswer { topic, id, partition: question.partition, answer };
                        self.cluster().apply_times(&[found], time);
                        self.past.record_answer(&question, true, self.now);
                    }
                }
                LookupStep::Nothing => self.cluster().thin_times(&lagging, time),
                LookupStep::FirstRoundsOver => {
                    self.cluster().set_past_read();
                    let past = &self.past;
                    let _asked_later = self
                        .cluster()
                        .settle_time_lags(time, |topic, partition, record| past.has_given_up(topic, partition, record));
                }
            }
        }
        self.rounds - before
    }

    /// The time lag of each group, by name.
    fn shown(&self) -> Vec<(String, Option<i64>)> {
        let rules = crate::evaluate::EvaluatorRules {
            intervals: NonZeroUsize::MIN,
            minimum_complete: 0.0,
            allowed_lag: crate::model::Lag(0),
        };
        let view = self.storage.view(Timestamp(self.time), &rules);
        let cluster = &view.clusters[0];
        let lag = |group: &crate::storage::GroupView| {
            let topic = &cluster.topics_of(group)[0];
            let commit = cluster.commits(topic).next().unwrap();
            commit.time_lag.map(|lag| i64::try_from(lag.0).unwrap())
        };
        cluster.groups.iter().map(|group| (group.label.name().to_string(), lag(group))).collect()
    }

    /// Checks that what is shown is right within a refresh or 2 % of the truth, whichever is larger.
    fn check(&self, committed: &[(&str, i64)]) {
        for ((name, shown), (group, offset)) in self.shown().into_iter().zip(committed) {
            assert_eq!(name, *group);
            let truth = if *offset >= self.log.end() {
                0
            } else {
                self.time - self.log.appended((*offset).max(self.log.start), self.time)
            };
            let allowed = REFRESH.max(truth / 50);
            let shown = shown.unwrap_or_else(|| panic!("{name} at {offset}: nothing shown, truth {truth}"));
            assert!((shown - truth).abs() <= allowed, "{name} at {offset}: {shown} for {truth}, {allowed} allowed");
        }
    }
}

/// Starts on a log with one group at each of these offsets, and checks everything that is shown then.
fn starts_right(log: Log, offsets: &[i64]) -> Scene {
    let names: Vec<String> = (0..offsets.len()).map(|number| format!("g{number:03}")).collect();
    let committed: Vec<(&str, i64)> = names.iter().map(String::as_str).zip(offsets.iter().copied()).collect();
    let mut scene = Scene::new(log);
    committed.iter().for_each(|(group, offset)| scene.commit(group, *offset));
    scene.refresh();
    let rounds = scene.ask();
    assert!(rounds <= 10, "{rounds} rounds");
    assert!(scene.log.questions <= 64, "{} questions", scene.log.questions);
    scene.check(&committed);
    scene
}

fn steady(count: i64, every: i64) -> Log {
    Log::of((0..count).map(|record| NOW - (count - record) * every))
}

#[test]
fn a_group_a_week_behind_and_one_a_second_behind_are_right_from_the_start() {
    for offset in [0, 1, 302_400, 597_000, 604_000, 604_799, 604_800] {
        let scene = starts_right(steady(604_800, SECOND), &[offset]);
        assert!(scene.log.questions <= 1 + 8, "{offset}: {}", scene.log.questions);
    }
}

#[test]
fn bursts_are_told_from_what_lies_between() {
    let bursts = || Log::of((0..28).flat_map(|burst| (0..300).map(move |nth| NOW - 7 * DAY + burst * 6 * HOUR + nth)));
    for burst in [0, 1, 13, 26, 27] {
        for nth in [0, 1, 150, 298, 299] {
            starts_right(bursts(), &[burst * 300 + nth]);
        }
    }
}

#[test]
fn a_curve_of_days_is_followed() {
    let rate = |second: i32| 1.0 + (std::f64::consts::TAU * f64::from(second % 86_400) / 86_400.0).sin();
    let mut sum = 0.0;
    let mut times = Vec::new();
    for second in 0..604_800 {
        sum += rate(second) / 4.0;
        while sum >= 1.0 {
            times.push(NOW - 7 * DAY + i64::from(second) * SECOND);
            sum -= 1.0;
        }
    }
    for part in [1, 13, 27, 50, 77, 99] {
        let offset = i64::try_from(times.len()).unwrap() * part / 100;
        starts_right(Log::of(times.clone()), &[offset]);
    }
}

#[test]
fn one_record_after_an_idle_hour_is_not_an_hour_old() {
    let log = || Log::of([NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR - 5_000, NOW - 5_000]);
    (0..=4).for_each(|offset| drop(starts_right(log(), &[offset])));
}

#[test]
fn clocks_that_run_backwards_or_ahead_count_by_the_greatest_time() {
    let backwards = || Log::of([NOW - 9 * HOUR, NOW - HOUR, NOW - 8 * HOUR, NOW - 7 * HOUR, NOW - 100]);
    (0..=5).for_each(|offset| drop(starts_right(backwards(), &[offset])));
    let ahead = || Log::of([NOW - HOUR, NOW + DAY, NOW - 60 * SECOND]);
    (0..=3).for_each(|offset| drop(starts_right(ahead(), &[offset])));
}

#[test]
fn a_commit_below_the_log_start_counts_from_there() {
    let mut log = steady(100_000, SECOND);
    log.start = 40_000;
    starts_right(log, &[3, 40_000, 40_001, 70_000]);
}

#[test]
fn many_groups_share_the_questions_about_a_partition() {
    // A random sequence, spread over the whole log.
    let offsets: Vec<i64> = (1..=100_i64).map(|number| number * 7_919 % 86_000).collect();
    let mut scene = Scene::new(steady(86_400, SECOND));
    let names: Vec<String> = (0..offsets.len()).map(|number| format!("g{number:03}")).collect();
    let committed: Vec<(&str, i64)> = names.iter().map(String::as_str).zip(offsets).collect();
    committed.iter().for_each(|(group, offset)| scene.commit(group, *offset));
    scene.refresh();
    scene.ask();
    assert!(scene.log.questions <= 64, "{}", scene.log.questions);
    for _ in 0..20 {
        let before = scene.log.questions;
        scene.wait(REFRESH);
        scene.refresh();
        let rounds = scene.ask();
        assert!(rounds <= 3 && scene.log.questions - before <= 64);
    }
    scene.check(&committed);
}

#[test]
fn without_timestamps_there_is_one_question_and_no_time_lag() {
    let mut scene = Scene::new(Log::of([-1, -1, -1]));
    scene.commit("g", 1);
    scene.refresh();
    assert_eq!((scene.ask(), scene.log.questions), (1, 1));
    assert_eq!(scene.shown(), [("g".to_owned(), None)]);
    scene.wait(REFRESH);
    scene.log.times.extend([-1; 10]);
    scene.refresh();
    scene.commit("g", 8);
    scene.ask();
    assert_eq!(scene.log.questions, 1);
    assert_eq!(scene.shown()[0].1.map(|lag| lag <= REFRESH), Some(true), "sampled log ends have reached it");
}

#[test]
fn what_stands_still_grows_with_the_clock_whatever_else_is_learnt() {
    let mut scene = starts_right(steady(86_400, SECOND), &[70_000]);
    let first = scene.shown()[0].1.unwrap();
    for refresh in 1..2_000 {
        scene.wait(REFRESH);
        let time = scene.time;
        scene.log.times.extend((0..10).map(|nth| time - 10 * SECOND + nth * SECOND));
        scene.refresh();
        if refresh % 10 == 0 {
            scene.commit("other", 30_000 + refresh);
        }
        assert!(scene.ask() <= 3);
        assert_eq!(scene.shown()[0].1, Some(first + refresh * REFRESH));
    }
}

#[test]
fn a_group_that_consumes_a_week_old_log_is_right_all_the_way() {
    let mut scene = starts_right(steady(604_800, SECOND), &[1_000]);
    let mut committed = 1_000;
    let mut unknown = 0;
    while committed < 600_000 {
        scene.wait(REFRESH);
        let time = scene.time;
        scene.log.times.extend((0..10).map(|nth| time - 10 * SECOND + nth * SECOND));
        committed += 3_000;
        scene.commit("g000", committed);
        scene.refresh();
        assert!(scene.ask() <= 3);
        match scene.shown()[0].1 {
            Some(_) => scene.check(&[("g000", committed)]),
            None => unknown += 1,
        }
    }
    // Three rounds may not be enough if no close time was looked up before.
    assert!(unknown <= 3, "{unknown}");
}

#[test]
fn a_broker_that_is_silent_is_not_asked_again_in_these_rounds() {
    let mut scene = Scene::new(steady(1_000, SECOND));
    scene.commit("g", 5);
    scene.refresh();
    let lagging = scene.cluster().settle_time_lags(Timestamp(scene.time), |_, _, _| false);
    let exactness = scene.cluster().accuracy();
    let LookupStep::Send(questions) = scene.past.next_round(&lagging, exactness, Timestamp(scene.time), scene.now)
    else {
        panic!()
    };
    scene.past.record_answer(&questions[0], false, scene.now);
    assert!(matches!(
        scene.past.next_round(&lagging, exactness, Timestamp(scene.time), scene.now),
        LookupStep::FirstRoundsOver
    ));
    scene.wait(REFRESH);
    scene.refresh();
    assert!(matches!(
        scene.past.next_round(&lagging, exactness, Timestamp(scene.time), scene.now),
        LookupStep::Send(_)
    ));
}
