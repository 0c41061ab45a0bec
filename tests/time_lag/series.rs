//! Series of timestamps, oldest offset first, as times before `now` in milliseconds, and where groups stand in them.

use std::collections::BTreeSet;

use crate::rig::page::whole;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Records with these timestamps in one partition, and where groups stand.
pub struct Simple {
    pub topic: &'static str,
    pub times: fn(i64) -> Vec<i64>,
    pub offsets: fn(&[i64]) -> Vec<i64>,
}

pub const SIMPLE: &[Simple] = &[
    Simple { topic: "steady-day", times: steady_day, offsets: spread },
    Simple { topic: "steady-month", times: steady_month, offsets: spread },
    Simple { topic: "week-and-second", times: week_and_second, offsets: week_or_second },
    Simple { topic: "bursts", times: bursts, offsets: around_bursts },
    Simple { topic: "one-burst-read", times: bursts, offsets: |_| vec![BURST * 20 + 150] },
    Simple { topic: "instant-bursts", times: instant_bursts, offsets: around_bursts },
    Simple { topic: "day-curve", times: curve, offsets: spread },
    Simple { topic: "one-group-in-a-curve", times: curve, offsets: |times| vec![offset(times.len()) / 3] },
    Simple { topic: CROWDED, times: curve, offsets: hundred },
    Simple { topic: "idle-backlog", times: idle, offsets: spread },
    Simple { topic: "after-an-idle-hour", times: idle_hour, offsets: ends },
    Simple { topic: "one-record", times: |now| vec![now - 3 * HOUR], offsets: |_| vec![0] },
    Simple { topic: "clocks-backwards", times: backwards, offsets: spread },
    Simple { topic: "slow-clocks-for-long", times: leader_far_ahead, offsets: spread },
    Simple { topic: "future", times: future, offsets: spread },
    Simple { topic: "from-1970", times: from_1970, offsets: spread },
    Simple { topic: "consumed", times: idle, offsets: |times| vec![offset(times.len())] },
    Simple { topic: "later-steady", times: steady_month, offsets: nobody },
    Simple { topic: "later-bursts", times: bursts, offsets: nobody },
    Simple { topic: "later-instant-bursts", times: instant_bursts, offsets: nobody },
    Simple { topic: "later-curve", times: curve, offsets: nobody },
    Simple { topic: "later-idle", times: idle, offsets: nobody },
    Simple { topic: "later-backwards", times: backwards, offsets: nobody },
    Simple { topic: "later-purged", times: idle, offsets: nobody },
    Simple { topic: "ahead", times: idle, offsets: |times| vec![offset(times.len()) + 50] },
];

pub fn offset(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

/// First, last, and some between.
fn spread(times: &[i64]) -> Vec<i64> {
    let count = offset(times.len());
    let mut offsets: Vec<i64> = (0..7).map(|part| part * (count - 1) / 6).collect();
    offsets.extend([1, count / 2 + 1, count - 2]);
    offsets
}

/// For groups that turn up while `warrener` runs.
fn nobody(_: &[i64]) -> Vec<i64> {
    Vec::new()
}

fn ends(times: &[i64]) -> Vec<i64> {
    let count = offset(times.len());
    vec![0, count - 2, count - 1]
}

fn steady_day(now: i64) -> Vec<i64> {
    (0..86_400).map(|second| now - DAY + second * SECOND).collect()
}

pub fn steady_month(now: i64) -> Vec<i64> {
    (0..30 * 144).map(|step| now - 30 * DAY + step * 10 * MINUTE).collect()
}

/// A record a minute, and one a second in the last ten minutes.
fn week_and_second(now: i64) -> Vec<i64> {
    let minutes = (10..7 * 24 * 60).rev().map(|minute| now - (minute + 1) * MINUTE);
    minutes.chain((0..600).rev().map(|second| now - second * SECOND)).collect()
}

fn week_or_second(times: &[i64]) -> Vec<i64> {
    let count = offset(times.len());
    vec![0, 1, count - 1, count - 2, count - 60, count - 601]
}

const BURST: i64 = 300;

/// A topic with a hundred groups on its one partition: more than may be asked for one by one
/// (docs/src/reference/status-rules.md, Time lookups).
pub const CROWDED: &str = "hundred-groups";

/// Some hundred records within a second, every four hours of a week.
pub fn bursts(now: i64) -> Vec<i64> {
    let first = now - 7 * DAY;
    (0..42).flat_map(|burst| (0..BURST).map(move |record| first + burst * 4 * HOUR + record * 3)).collect()
}

/// As a producer does that puts a whole batch's records in at once.
fn instant_bursts(now: i64) -> Vec<i64> {
    let first = now - 7 * DAY;
    (0..42).flat_map(|burst| std::iter::repeat_n(first + burst * 4 * HOUR, usize::try_from(BURST).unwrap())).collect()
}

fn around_bursts(_: &[i64]) -> Vec<i64> {
    let within = |burst: i64| [0, 1, BURST / 2, BURST - 1].map(|record| burst * BURST + record);
    [0, 17, 41].into_iter().flat_map(within).collect()
}

/// A day's ups and downs, for a week: some 29,000 records.
fn curve(now: i64) -> Vec<i64> {
    let (mut at, mut times) = (0.0, Vec::new());
    let week = 7.0 * 86_400.0;
    while at < week - 5.0 {
        times.push(now - 7 * DAY + whole((at * 1000.0_f64).round()));
        at += 20.0 / (1.0 + 0.9 * (at / 86_400.0 * std::f64::consts::TAU).sin());
    }
    times
}

fn hundred(times: &[i64]) -> Vec<i64> {
    let mut state: i64 = 4711;
    let mut next = || {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        state % offset(times.len())
    };
    let mut offsets = BTreeSet::new();
    while offsets.len() < 100 {
        offsets.insert(next());
    }
    offsets.into_iter().collect()
}

/// An hour of records, and nothing in the five hours since.
pub fn idle(now: i64) -> Vec<i64> {
    (0..3_600).map(|second| now - 6 * HOUR + second * SECOND).collect()
}

fn idle_hour(now: i64) -> Vec<i64> {
    let before = (0..600).map(|second| now - HOUR - 10 * MINUTE + second * SECOND);
    before.chain([now - 3 * SECOND]).collect()
}

/// Two producers take turns, one an hour behind; twice all clocks go back for a while.
fn backwards(now: i64) -> Vec<i64> {
    let at = |record: i64| now - 8 * HOUR + record * 5 * SECOND;
    (0..5_000)
        .map(|record| match record {
            1_000..1_500 | 3_000..3_100 => at(record) - 2 * HOUR,
            2_000..2_600 if record % 2 == 0 => at(record) - HOUR,
            _ => at(record),
        })
        .collect()
}

/// One record five hours before its time, a thousand of another clock behind it.
fn leader_far_ahead(now: i64) -> Vec<i64> {
    (0..2_000).map(|record| if record == 500 { now - 4 * HOUR } else { now - 10 * HOUR + record * SECOND }).collect()
}

/// The later half half an hour ahead of the clock.
fn future(now: i64) -> Vec<i64> {
    (0..1_000).map(|record| now - 1_000 * SECOND + record * SECOND + i64::from(record >= 500) * HOUR / 2).collect()
}

/// The first record's clock was never set.
fn from_1970(now: i64) -> Vec<i64> {
    [1].into_iter().chain((0..1_000).map(|record| now - 5 * DAY + record * 7 * MINUTE)).collect()
}
