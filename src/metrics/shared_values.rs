//! Values that several name sets show.

use crate::model::{Lag, Offset, Partition};
use crate::storage::{CommitView, CommitViews, PartitionState};

use super::metric_set::TopicSums;
use super::partition_samples::PartitionSamples;
use super::sample_value::SampleValue;
use super::samples::Samples;

pub fn len(len: usize) -> SampleValue {
    SampleValue::Count(u64::try_from(len).unwrap_or(u64::MAX))
}

pub fn offset(Offset(offset): Offset) -> SampleValue {
    SampleValue::Int(offset)
}

pub fn records(lag: Option<Lag>) -> Option<SampleValue> {
    lag.map(|Lag(lag)| SampleValue::Count(lag))
}

pub fn log_end(first: usize, states: &[PartitionState], to: &mut PartitionSamples<'_>) {
    each_state(first, states, to, |state| state.bounds.end.map(offset));
}

pub fn log_start(first: usize, states: &[PartitionState], to: &mut PartitionSamples<'_>) {
    each_state(first, states, to, |state| state.bounds.start.map(offset));
}

pub fn committed(commits: CommitViews<'_>, to: &mut PartitionSamples<'_>) {
    each_commit(commits, to, |commit| Some(offset(commit.committed)));
}

pub fn lag(commits: CommitViews<'_>, to: &mut PartitionSamples<'_>) {
    each_commit(commits, to, |commit| records(commit.lag()));
}

pub fn time_lag(commits: CommitViews<'_>, to: &mut PartitionSamples<'_>) {
    each_commit(commits, to, |commit| commit.time_lag.map(SampleValue::from));
}

/// Writes a sample for each partition of a run that has a value. `first` is the number of the first partition.
pub fn each_state(
    first: usize,
    states: &[PartitionState],
    to: &mut PartitionSamples<'_>,
    value: impl Fn(&PartitionState) -> Option<SampleValue>,
) {
    let first = i32::try_from(first).unwrap_or(i32::MAX);
    for (partition, state) in (first..).zip(states) {
        if let Some(value) = value(state) {
            to.push(Partition(partition), value);
        }
    }
}

/// Writes a sample for each commit that has a value. Each family gets a loop of its own that includes its `value`: a
/// scrape takes some million values, which would otherwise pass through memory.
pub fn each_commit(
    commits: CommitViews<'_>,
    to: &mut PartitionSamples<'_>,
    value: impl Fn(&CommitView) -> Option<SampleValue>,
) {
    for commit in commits {
        if let Some(value) = value(&commit) {
            to.push(commit.partition, value);
        }
    }
}

pub fn committed_sum(sum: &TopicSums<'_>, to: &mut Samples<'_>) {
    if sum.stats.has_commits() {
        to.push(SampleValue::Int(sum.stats.committed));
    }
}

pub fn lag_sum(sum: &TopicSums<'_>, to: &mut Samples<'_>) {
    if sum.stats.has_commits() && sum.stats.unknown == 0 {
        to.push(SampleValue::Count(sum.stats.lag));
    }
}

pub fn lag_max(sum: &TopicSums<'_>, to: &mut Samples<'_>) {
    if let (true, Some(lag)) = (sum.stats.has_commits(), records(sum.stats.lag_max)) {
        to.push(lag);
    }
}

pub fn time_lag_max(sum: &TopicSums<'_>, to: &mut Samples<'_>) {
    if let (true, Some(time_lag)) = (sum.stats.has_commits(), sum.stats.time_lag) {
        to.push(time_lag.into());
    }
}

/// Absent if none is assigned.
pub fn assigned(sum: &TopicSums<'_>, to: &mut Samples<'_>) {
    if sum.stats.assigned > 0 {
        to.push(SampleValue::Count(sum.stats.assigned));
    }
}

pub fn commits(sum: &TopicSums<'_>, to: &mut Samples<'_>) {
    to.push(SampleValue::Count(sum.stats.commits));
}
