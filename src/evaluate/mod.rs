//! Judges groups: the status of a partition and of a group (docs/src/reference/status-rules.md, Partition status).
//!
//! Nothing is remembered between two evaluations, and time is an argument.

mod reason;
#[cfg(test)]
mod replay_tests;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use crate::model::Commit;
use crate::model::CommitLag;
use crate::model::{Lag, Offset, Timestamp};

pub use reason::{ShortDuration, reason};

/// The status of a group on one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionStatus {
    /// Nothing is wrong, or it is not known that anything is.
    Ok,
    /// The group commits, and its lag never shrinks.
    Warn,
    /// The group has not committed for longer than its window spans, while records wait.
    Stop,
    /// The group commits the same offset again and again, while records wait.
    Stall,
    /// The committed offset went back and has not reached its old value again.
    Rewind,
}

/// The status of a group. An unknown group has no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupStatus {
    /// All partitions are OK.
    Ok,
    /// A partition is WARN, and none is worse.
    Warn,
    /// A partition is STOP, STALL or REWIND.
    Err,
}

impl PartitionStatus {
    /// The severity: 4 for STOP, then STALL, REWIND, WARN, and 0 for OK.
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

    /// Burrow's name of the status.
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
    /// Burrow's name of the status.
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

/// The settings of the evaluator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvaluatorRules {
    /// Number of commits in a full window: as many as storage keeps.
    pub intervals: NonZeroUsize,
    /// The complete ratio from which on a window is judged, 0 to 1.
    pub minimum_complete: f64,
    /// The lag up to which a partition is OK.
    pub allowed_lag: Lag,
}

/// What is known of the log of a window's partition.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogState<'a> {
    /// The current lag of the newest commit. `None` while it is unknown.
    pub current_lag: Option<Lag>,
    /// The log ends of the last refreshes that read one, in any order.
    pub ends: &'a [Offset],
    /// The first log end that was read. It determines the lag of commits that were read before it.
    pub first_end: Option<Offset>,
    /// Whether the group is a share group.
    ///
    /// Members of a share group finish records out of order. The first unfinished record holds the offset back, which
    /// is no stall while other records are finished.
    pub shared: bool,
}

/// The evaluation of one partition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The status.
    pub status: PartitionStatus,
    /// The complete ratio: commits held as a share of a full window, 0 to 1.
    pub complete: f64,
}

/// The combined evaluation of the partitions of a group, or of one of its topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupEvaluation {
    /// The status that follows from the worst partition.
    pub status: GroupStatus,
    /// Partitions whose window is full.
    pub complete: u64,
    /// Partitions with a commit: the denominator of the complete ratio (docs/src/reference/status-rules.md, Complete
    /// ratio).
    pub committed: u64,
    /// All partitions of the topics that the group commits to, with or without a commit.
    ///
    /// This is Burrow's `partition_count`, and the denominator of its `complete`.
    pub partitions: u64,
}

/// Evaluates a window, whose commits come oldest first. `now` is cut to whole seconds
/// (docs/src/reference/status-rules.md, Window).
///
/// While the current lag is unknown, rule 2 cannot match. Rules 3, 6 and 7 mean that records wait and are not consumed.
/// They then need another sign that records wait: a log end above the newest commit, or one known commit lag in the
/// window. Without such a sign they do not match. So a group for which no log end has been read is OK: it is not known
/// to have a problem. REWIND needs no lag.
#[must_use]
pub fn evaluate_partition<W>(window: W, log: &LogState<'_>, now: Timestamp, rules: &EvaluatorRules) -> Evaluation
where
    W: DoubleEndedIterator<Item = Commit> + ExactSizeIterator + Clone,
{
    let complete = ratio(window.len(), rules.intervals.get());
    // Rule 1, OK: empty and young windows.
    let is_young = complete < rules.minimum_complete;
    // Rule 2, OK: allowed lag.
    let is_fine = log.current_lag.is_some_and(|lag| lag <= rules.allowed_lag);
    let status =
        if is_young || is_fine { PartitionStatus::Ok } else { evaluate_lagging(&window, log, now, rules.allowed_lag) };
    Evaluation { status, complete }
}

/// Rules 3 to 8: the current lag is unknown, or above `allowed`.
fn evaluate_lagging<W>(window: &W, log: &LogState<'_>, now: Timestamp, allowed: Lag) -> PartitionStatus
where
    W: DoubleEndedIterator<Item = Commit> + Clone,
{
    let (Some(first), Some(last)) = (window.clone().next(), window.clone().next_back()) else {
        // Rule 1, OK: the window is empty.
        return PartitionStatus::Ok;
    };
    let was_at_end = || log.ends.iter().any(|end| *end <= last.offset);
    let records_wait = log.current_lag.is_some()
        || log.ends.iter().any(|end| *end > last.offset)
        || window.clone().any(|commit| log.commit_lag(&commit).is_some());
    // Rule 3, STOP: records wait, no commit for longer than the window spans, and not at the log end recently.
    if records_wait && is_silent(&first, &last, now) && !was_at_end() {
        return PartitionStatus::Stop;
    }
    let course = WindowFacts::of(first.offset, window.clone(), log);
    if course.step_back.is_some_and(|back| !back.recovered) {
        // Rule 4, REWIND: the offset went back and has not been reached again.
        PartitionStatus::Rewind
    } else if !records_wait || course.least_lag.is_some_and(|lag| lag <= allowed) {
        // Rule 5, OK: no records wait, or a commit of the window left at most the allowed lag.
        PartitionStatus::Ok
    } else if course.stands_still && !(log.shared && course.catches_up) {
        // Rule 6, STALL: all offsets are equal; of a share group no commit lag shrinks either.
        PartitionStatus::Stall
    } else if !course.catches_up {
        // Rule 7, WARN: no known commit lag is below the known one before it.
        PartitionStatus::Warn
    } else {
        // Rule 8, OK: else.
        PartitionStatus::Ok
    }
}

/// Whether the time since the last commit is longer than the time that the window spans.
fn is_silent(first: &Commit, last: &Commit, now: Timestamp) -> bool {
    now.whole_seconds().since(last.timestamp) > last.timestamp.since(first.timestamp)
}

/// What the rules need to know of a window.
///
/// It is computed in one pass: where many groups lag, a scrape evaluates a million windows.
struct WindowFacts {
    step_back: Option<StepBack>,
    /// The smallest known commit lag.
    least_lag: Option<Lag>,
    /// Whether all offsets are equal.
    stands_still: bool,
    /// Whether a known commit lag is smaller than the known one before it.
    catches_up: bool,
}

/// The first commit of a window whose offset is below that of its predecessor.
#[derive(Clone, Copy)]
struct StepBack {
    from: Offset,
    to: Offset,
    /// Whether a later commit has reached `from` again.
    recovered: bool,
}

impl WindowFacts {
    fn of(first: Offset, window: impl Iterator<Item = Commit>, log: &LogState<'_>) -> Self {
        let mut course = Self { step_back: None, least_lag: None, stands_still: true, catches_up: false };
        let (mut before, mut lag_before) = (first, None);
        for commit in window {
            let offset = commit.offset;
            match &mut course.step_back {
                Some(back) => back.recovered |= offset >= back.from,
                None if offset < before => {
                    course.step_back = Some(StepBack { from: before, to: offset, recovered: false });
                }
                None => before = offset,
            }
            course.stands_still &= offset == first;
            if let Some(lag) = log.commit_lag(&commit) {
                course.catches_up |= lag_before.is_some_and(|before| lag < before);
                course.least_lag = Some(course.least_lag.map_or(lag, |least| least.min(lag)));
                lag_before = Some(lag);
            }
        }
        course
    }
}

/// The ratio of two counts, at most 1. It skips the division where the result is 1, since most windows are full.
fn ratio(part: usize, whole: usize) -> f64 {
    if part >= whole {
        return 1.0;
    }
    let count = |count: usize| Lag(u64::try_from(count).unwrap_or(u64::MAX));
    count(part).ratio(count(whole))
}

impl LogState<'_> {
    /// The lag that a commit left, if it is known.
    #[must_use]
    pub fn commit_lag(&self, commit: &Commit) -> Option<Lag> {
        match commit.lag {
            CommitLag::Known(lag) => Some(lag),
            CommitLag::Pending => Some(self.first_end?.lag_behind(commit.offset)),
            CommitLag::Unknown => None,
        }
    }
}

impl GroupEvaluation {
    /// The evaluation of no partitions: OK.
    pub const NONE: Self = Self { status: GroupStatus::Ok, complete: 0, committed: 0, partitions: 0 };

    /// Adds the evaluation of a window of a partition that is committed.
    ///
    /// It does not count in [`Self::partitions`]: the caller sets [`Self::partitions`], because it knows the topic.
    pub fn add(&mut self, evaluation: Evaluation) {
        self.status = self.status.max(evaluation.status.into());
        self.complete = self.complete.saturating_add(u64::from(evaluation.complete >= 1.0));
        self.committed = self.committed.saturating_add(1);
    }

    /// The evaluation of the partitions of both.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            status: self.status.max(other.status),
            complete: self.complete.saturating_add(other.complete),
            committed: self.committed.saturating_add(other.committed),
            partitions: self.partitions.saturating_add(other.partitions),
        }
    }

    /// The share of the committed partitions whose window is full, 0 to 1. `None` for a group that commits to no topic.
    #[must_use]
    pub fn complete_ratio(&self) -> Option<f64> {
        self.ratio_of(self.committed)
    }

    /// The same of all partitions of the topics that the group commits to, as Burrow counts them.
    #[must_use]
    pub fn complete_ratio_of_topics(&self) -> Option<f64> {
        self.ratio_of(self.partitions)
    }

    fn ratio_of(&self, partitions: u64) -> Option<f64> {
        (partitions > 0).then(|| Lag(self.complete).ratio(Lag(partitions)))
    }
}
