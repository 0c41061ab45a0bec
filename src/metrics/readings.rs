//! Numbers that several sets show, read in one place.

use crate::model::{Lag, Offset};
use crate::storage::{CommitView, GroupKind, GroupState, GroupType, PartitionState};

use super::catalogue::Sum;
use super::text::{Samples, Value};

pub fn len(len: usize) -> Value {
    Value::Count(u64::try_from(len).unwrap_or(u64::MAX))
}

pub fn offset(Offset(offset): Offset) -> Value {
    Value::Int(offset)
}

pub fn records(lag: Option<Lag>) -> Option<Value> {
    lag.map(|Lag(lag)| Value::Count(lag))
}

pub fn log_end(state: &PartitionState) -> Option<Value> {
    state.bounds.end.map(offset)
}

pub fn log_start(state: &PartitionState) -> Option<Value> {
    state.bounds.start.map(offset)
}

#[expect(clippy::unnecessary_wraps, reason = "read as any other number of a commit")]
pub fn committed(commit: &CommitView) -> Option<Value> {
    Some(offset(commit.committed))
}

pub fn lag(commit: &CommitView) -> Option<Value> {
    records(commit.lag())
}

pub fn time_lag(commit: &CommitView) -> Option<Value> {
    commit.time_lag.map(Value::from)
}

pub fn committed_sum(sum: &Sum<'_>, to: &mut Samples<'_>) {
    if sum.stats.has_commits() {
        to.push(Value::Int(sum.stats.committed));
    }
}

pub fn lag_sum(sum: &Sum<'_>, to: &mut Samples<'_>) {
    if sum.stats.has_commits() && sum.stats.unknown == 0 {
        to.push(Value::Count(sum.stats.lag));
    }
}

pub fn lag_max(sum: &Sum<'_>, to: &mut Samples<'_>) {
    if let (true, Some(lag)) = (sum.stats.has_commits(), records(sum.stats.lag_max)) {
        to.push(lag);
    }
}

pub fn time_lag_max(sum: &Sum<'_>, to: &mut Samples<'_>) {
    if let (true, Some(time_lag)) = (sum.stats.has_commits(), sum.stats.time_lag) {
        to.push(time_lag.into());
    }
}

/// Absent where none is assigned.
pub fn assigned(sum: &Sum<'_>, to: &mut Samples<'_>) {
    if sum.stats.assigned > 0 {
        to.push(Value::Count(sum.stats.assigned));
    }
}

pub fn commits(sum: &Sum<'_>, to: &mut Samples<'_>) {
    to.push(Value::Count(sum.stats.commits));
}

/// A group's type as the label `type` has it.
#[must_use]
pub const fn type_name(kind: GroupType) -> &'static str {
    match kind {
        GroupType::Simple => "simple",
        GroupType::Kind(GroupKind::Classic) => "classic",
        GroupType::Kind(GroupKind::Consumer) => "consumer",
        GroupType::Kind(GroupKind::Share) => "share",
        GroupType::Kind(GroupKind::Streams) => "streams",
        GroupType::Kind(GroupKind::ZooKeeper) => "zookeeper",
    }
}

/// A group's state as the label `state` has it.
#[must_use]
pub const fn state_name(state: GroupState) -> &'static str {
    match state {
        GroupState::Empty => "empty",
        GroupState::NotReady => "not_ready",
        GroupState::Assigning => "assigning",
        GroupState::Reconciling => "reconciling",
        GroupState::Stable => "stable",
    }
}
