//! Whether a group is in trouble: the status of a partition and of a group
//! (docs/src/reference/status-rules.md, Partition status).
//!
//! Nothing is remembered between two evaluations, and time is an argument.

mod reason;
#[cfg(test)]
mod replay_tests;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use crate::model::Commit;
use crate::model::LagThen;
use crate::model::{Lag, Offset, Timestamp};

pub use reason::{Span, reason};

/// How a group fares on one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionStatus {
    /// Nothing to say against it.
    Ok,
    /// It commits, and its lag never shrinks.
    Warn,
    /// It has not committed for longer than its window lasts.
    Stop,
    /// It commits the same offset again and again.
    Stall,
    /// It went back, and has not come up to where it was.
    Rewind,
}

/// How a group fares on the whole. (A group that is not known has no status at all.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupStatus {
    /// All of its partitions are OK.
    Ok,
    /// None of its partitions is worse than WARN.
    Warn,
    /// STOP, STALL or REWIND on one of its partitions.
    Err,
}

impl PartitionStatus {
    /// The higher, the worse: STOP, STALL, REWIND, WARN, OK.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Stop => 4,
            Self::Stall => 3,
            Self::Rewind => 2,
            Self::Warn => 1,
            Self::Ok => 0,
        }
    }

    /// Burrow's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Stop => "STOP",
            Self::Stall => "STALL",
            Self::Rewind => "REWIND",
        }
    }
}

impl GroupStatus {
    /// Burrow's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Err => "ERR",
        }
    }
}

impl From<PartitionStatus> for GroupStatus {
    fn from(status: PartitionStatus) -> Self {
        match status {
            PartitionStatus::Ok => Self::Ok,
            PartitionStatus::Warn => Self::Warn,
            PartitionStatus::Stop | PartitionStatus::Stall | PartitionStatus::Rewind => Self::Err,
        }
    }
}

/// What holds for every evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvaluatorRules {
    /// Commits that a full window holds: as many as storage keeps.
    pub intervals: NonZeroUsize,
    /// How full a window must be to be judged, 0 to 1.
    pub minimum_complete: f64,
    /// The greatest lag that is OK.
    pub allowed_lag: Lag,
}

/// What is known of the log that a window's commits are about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log<'a> {
    /// The newest commit's lag now; `None` while it is unknown.
    pub current: Option<Lag>,
    /// The log ends of the last refreshes, in any order.
    pub ends: &'a [Offset],
    /// The first log end that was ever read: it settles the lag of commits that came before it.
    pub first_end: Option<Offset>,
    /// Whether the group is a share group, whose members finish records out of their order: the first that is not
    /// finished holds the offset back, and is no stall while others are.
    pub shared: bool,
}

/// The judgement on one partition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Its status.
    pub status: PartitionStatus,
    /// Commits held, as a share of a full window: 0 to 1.
    pub complete: f64,
}

/// What the judgements on partitions come to, for a group or for one of its topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupEvaluation {
    /// The worst of its partitions.
    pub status: GroupStatus,
    /// Partitions whose window is full.
    pub complete: u64,
    /// All partitions of the topics that the group commits to, with or without a commit: `partition_count`, and what
    /// `complete` is a share of (docs/src/reference/status-rules.md, Complete ratio).
    pub partitions: u64,
}

/// Judges a window, oldest commit first. `now` is cut to whole seconds (docs/src/reference/status-rules.md, Window).
///
/// While the current lag is unknown rule 2 cannot match. Rules 3, 6 and 7 say that records wait and are not
/// consumed; they then need another sign that any do, a log end above the newest commit or one known lag in the
/// window, and are passed over without. So a group of which no log end has been read yet is OK: not known to be
/// in trouble. REWIND needs no lag.
#[must_use]
pub fn partition<W>(window: W, log: &Log<'_>, now: Timestamp, rules: &EvaluatorRules) -> Evaluation
where
    W: DoubleEndedIterator<Item = Commit> + ExactSizeIterator + Clone,
{
    let complete = share(window.len(), rules.intervals.get());
    let is_young = complete < rules.minimum_complete;
    let is_fine = log.current.is_some_and(|lag| lag <= rules.allowed_lag);
    let status = if is_young || is_fine { PartitionStatus::Ok } else { suspect(&window, log, now, rules.allowed_lag) };
    Evaluation { status, complete }
}

/// From rule 3 on: the current lag is unknown, or more than is allowed.
fn suspect<W>(window: &W, log: &Log<'_>, now: Timestamp, allowed: Lag) -> PartitionStatus
where
    W: DoubleEndedIterator<Item = Commit> + Clone,
{
    let (Some(first), Some(last)) = (window.clone().next(), window.clone().next_back()) else {
        return PartitionStatus::Ok;
    };
    let was_at_end = || log.ends.iter().any(|end| *end <= last.offset);
    let records_wait = log.current.is_some()
        || log.ends.iter().any(|end| *end > last.offset)
        || window.clone().any(|commit| log.lag_then(&commit).is_some());
    if records_wait && is_silent(&first, &last, now) && !was_at_end() {
        return PartitionStatus::Stop;
    }
    let course = Course::of(first.offset, window.clone(), log);
    if course.step_back.is_some_and(|back| !back.made_good) {
        PartitionStatus::Rewind
    } else if !records_wait || course.least_lag.is_some_and(|lag| lag <= allowed) {
        PartitionStatus::Ok
    } else if course.stands && !(log.shared && course.gains) {
        PartitionStatus::Stall
    } else if !course.gains {
        PartitionStatus::Warn
    } else {
        PartitionStatus::Ok
    }
}

/// Whether the silence since the last commit has lasted longer than the window.
fn is_silent(first: &Commit, last: &Commit, now: Timestamp) -> bool {
    now.whole_seconds().since(last.timestamp) > last.timestamp.since(first.timestamp)
}

/// How a window went, found out in one pass: where many groups lag a scrape takes a million of them.
struct Course {
    step_back: Option<StepBack>,
    /// The least of the known lags.
    least_lag: Option<Lag>,
    /// Whether all offsets are equal.
    stands: bool,
    /// Whether a known lag is less than the known one before it.
    gains: bool,
}

/// The first step back of a window.
#[derive(Clone, Copy)]
struct StepBack {
    from: Offset,
    to: Offset,
    /// Whether a later commit has come up to where it began.
    made_good: bool,
}

impl Course {
    fn of(first: Offset, window: impl Iterator<Item = Commit>, log: &Log<'_>) -> Self {
        let mut course = Self { step_back: None, least_lag: None, stands: true, gains: false };
        let (mut before, mut lag_before) = (first, None);
        for commit in window {
            let offset = commit.offset;
            match &mut course.step_back {
                Some(back) => back.made_good |= offset >= back.from,
                None if offset < before => {
                    course.step_back = Some(StepBack { from: before, to: offset, made_good: false });
                }
                None => before = offset,
            }
            course.stands &= offset == first;
            if let Some(lag) = log.lag_then(&commit) {
                course.gains |= lag_before.is_some_and(|before| lag < before);
                course.least_lag = Some(course.least_lag.map_or(lag, |least| least.min(lag)));
                lag_before = Some(lag);
            }
        }
        course
    }
}

/// At most 1, and without a division there: most windows are full.
fn share(part: usize, whole: usize) -> f64 {
    if part >= whole {
        return 1.0;
    }
    let count = |count: usize| Lag(u64::try_from(count).unwrap_or(u64::MAX));
    count(part).ratio(count(whole))
}

impl Log<'_> {
    /// The lag of a commit when it was made, as far as it is known.
    #[must_use]
    pub fn lag_then(&self, commit: &Commit) -> Option<Lag> {
        match commit.lag {
            LagThen::Known(lag) => Some(lag),
            LagThen::Pending => Some(self.first_end?.lag_behind(commit.offset)),
            LagThen::Unknown => None,
        }
    }
}

impl GroupEvaluation {
    /// Of no partition at all: nothing to say against it.
    pub const NONE: Self = Self { status: GroupStatus::Ok, complete: 0, partitions: 0 };

    /// Takes in the judgement on a window; its partition is counted by whoever knows the topic.
    pub fn add(&mut self, evaluation: Evaluation) {
        self.status = self.status.max(evaluation.status.into());
        self.complete = self.complete.saturating_add(u64::from(evaluation.complete >= 1.0));
    }

    /// Of two topics together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            status: self.status.max(other.status),
            complete: self.complete.saturating_add(other.complete),
            partitions: self.partitions.saturating_add(other.partitions),
        }
    }

    /// The share of partitions whose window is full; unknown for a group that commits to no topic.
    #[must_use]
    pub fn complete_ratio(&self) -> Option<f64> {
        (self.partitions > 0).then(|| Lag(self.complete).ratio(Lag(self.partitions)))
    }
}
