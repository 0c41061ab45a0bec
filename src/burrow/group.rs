//! Bodies about one group: its detail and its status. Both hold a copy of the group; the part about a partition is made
//! only while it is written.

use std::num::NonZeroUsize;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::evaluate::{Evaluation, EvaluatorRules, GroupEvaluation, GroupStatus, PartitionStatus};
use crate::model::Commit;
use crate::model::{Lag, Name, Partition, Timestamp};
use crate::storage::{GroupDetail, PartitionDetail, TopicDetail, Window};

/// Limit of the gaps in a list that is indexed by partition number: a number may be at most this many times the number
/// of known partitions up to it. Numbers come from outside, so larger ones are not trusted.
const GAP: usize = 16;

/// The topics of a group, each with a list of partitions that is indexed by partition number.
#[derive(Debug)]
pub(super) struct ConsumerTopics {
    group: GroupDetail,
    intervals: NonZeroUsize,
}

/// The partitions of one topic.
struct NumberedPartitions<'a> {
    of: &'a ConsumerTopics,
    topic: &'a TopicDetail,
}

/// A partition with its window.
#[derive(Serialize)]
struct PartitionWindow<'a> {
    offsets: WindowCommits<'a>,
    owner: Name<'a>,
    client_id: Name<'a>,
    #[serde(rename = "current-lag")]
    current_lag: u64,
}

/// The commits of a window, as many as a full one holds. Missing ones stand first, as null. Empty without a commit.
struct WindowCommits<'a> {
    held: Option<(&'a PartitionDetail<'a>, &'a Window)>,
    intervals: NonZeroUsize,
}

/// A commit.
#[derive(Serialize)]
struct ConsumerOffset {
    offset: i64,
    timestamp: i64,
    #[serde(rename = "observedAt")]
    observed_at: i64,
    lag: Option<u64>,
}

/// The status of a group.
#[derive(Debug)]
pub(super) struct ConsumerStatus {
    cluster: String,
    group: String,
    /// `None` if there is no such group.
    detail: Option<GroupDetail>,
    whole: GroupEvaluation,
    /// The partitions that are listed.
    listed: Vec<StatusEntry>,
    most: Option<StatusEntry>,
    totallag: u64,
}

/// A partition with its evaluation.
#[derive(Clone, Copy, Debug)]
struct StatusEntry {
    /// Index of the topic in the group.
    topic: usize,
    partition: Partition,
    evaluation: Evaluation,
    lag: u64,
}

/// The body of a status.
#[derive(Serialize)]
struct StatusBody<'a> {
    cluster: &'a str,
    group: &'a str,
    status: StatusName,
    complete: CompleteRatio,
    partitions: StatusRows<'a>,
    partition_count: u64,
    maxlag: Option<StatusRow<'a>>,
    totallag: u64,
}

/// The partitions that are listed.
struct StatusRows<'a>(&'a ConsumerStatus);

/// A partition with its status.
#[derive(Serialize)]
struct StatusRow<'a> {
    topic: Name<'a>,
    partition: i32,
    owner: Name<'a>,
    client_id: Name<'a>,
    status: StatusName,
    start: Option<ConsumerOffset>,
    end: Option<ConsumerOffset>,
    current_lag: u64,
    complete: CompleteRatio,
}

/// Burrow's names of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum StatusName {
    NotFound,
    Ok,
    Warn,
    Err,
    Stop,
    Stall,
    Rewind,
}

/// A ratio from 0 to 1, written with the digits of a 32-bit float as in Burrow.
#[derive(Clone, Copy, Debug)]
struct CompleteRatio(f64);

impl ConsumerTopics {
    pub const fn of(group: GroupDetail, rules: &EvaluatorRules) -> Self {
        Self { group, intervals: rules.intervals }
    }
}

impl Serialize for ConsumerTopics {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.group.topics.len()))?;
        for topic in &self.group.topics {
            map.serialize_entry(&topic.name.label.name(), &NumberedPartitions { of: self, topic })?;
        }
        map.end()
    }
}

impl Serialize for NumberedPartitions<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (group, intervals) = (&self.of.group, self.of.intervals);
        let mut list = to.serialize_seq(None)?;
        let (mut held, mut next) = (0_usize, 0);
        for partition in group.partitions(self.topic) {
            let Ok(place) = usize::try_from(partition.partition.0) else { continue };
            held = held.saturating_add(1);
            if place > held.saturating_mul(GAP) {
                break;
            }
            for _ in next..place {
                list.serialize_element(&PartitionWindow::without_commits(intervals))?;
            }
            list.serialize_element(&PartitionWindow::of(&partition, intervals))?;
            next = place.saturating_add(1);
        }
        list.end()
    }
}

impl<'a> PartitionWindow<'a> {
    fn of(partition: &'a PartitionDetail<'a>, intervals: NonZeroUsize) -> Self {
        let (owner, client_id) = owner(partition);
        let held = partition.window.map(|window| (partition, window));
        Self { offsets: WindowCommits { held, intervals }, owner, client_id, current_lag: current_lag(partition) }
    }

    /// Fills the place of an unknown partition.
    const fn without_commits(intervals: NonZeroUsize) -> Self {
        Self {
            offsets: WindowCommits { held: None, intervals },
            owner: Name(b""),
            client_id: Name(b""),
            current_lag: 0,
        }
    }
}

impl Serialize for WindowCommits<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some((partition, window)) = self.held else { return to.serialize_seq(Some(0))?.end() };
        let missing = self.intervals.get().saturating_sub(window.len());
        let commits = window.iter().map(|commit| Some(consumer_offset(partition, &commit)));
        to.collect_seq(std::iter::repeat_with(|| None).take(missing).chain(commits))
    }
}

fn consumer_offset(partition: &PartitionDetail<'_>, commit: &Commit) -> ConsumerOffset {
    ConsumerOffset {
        offset: commit.offset.0,
        timestamp: commit.timestamp.0,
        // The time at which the commit was read is not kept: it would take a third more memory per commit. For live
        // commits the two times are almost the same, and for commits that are replayed at the start the commit's own
        // time is more informative.
        observed_at: commit.timestamp.0,
        lag: partition.commit_lag(commit).map(|Lag(lag)| lag),
    }
}

/// Burrow's owner is the client host, as it is in the record.
fn owner<'a>(partition: &PartitionDetail<'a>) -> (Name<'a>, Name<'a>) {
    let owner = partition.owner.map(|member| (member.client_host.name(), member.client_id.name()));
    owner.unwrap_or((Name(b""), Name(b"")))
}

/// Burrow shows an unknown lag as 0.
fn current_lag(partition: &PartitionDetail<'_>) -> u64 {
    partition.current_lag().map_or(0, |Lag(lag)| lag)
}

impl ConsumerStatus {
    /// The status of a group that does not exist.
    pub const fn not_found(cluster: String, group: String) -> Self {
        Self { cluster, group, detail: None, whole: GroupEvaluation::NONE, listed: Vec::new(), most: None, totallag: 0 }
    }

    /// The status of a group at `now`, with all partitions if `all`, else with those that are not OK.
    pub fn of(cluster: String, group: GroupDetail, now: Timestamp, rules: &EvaluatorRules, all: bool) -> Self {
        let mut status = Self::not_found(cluster, group.label.name().to_string());
        let whole = group.evaluate(now, rules, |one| {
            // Partitions of topics that the group does not commit to are not listed
            // (docs/src/reference/status-rules.md, Complete ratio).
            if one.counts {
                let (partition, lag) = (one.partition(), current_lag(&one.detail));
                status.add(StatusEntry { topic: one.topic, partition, evaluation: one.evaluation, lag }, all);
            }
        });
        Self { whole, detail: Some(group), ..status }
    }

    fn add(&mut self, judged: StatusEntry, all: bool) {
        self.totallag = self.totallag.saturating_add(judged.lag);
        if self.most.is_none_or(|most| judged.lag > most.lag) {
            self.most = Some(judged);
        }
        if all || judged.evaluation.status != PartitionStatus::Ok {
            self.listed.push(judged);
        }
    }

    fn row(&self, judged: StatusEntry) -> Option<StatusRow<'_>> {
        let detail = self.detail.as_ref()?;
        let topic = detail.topics.get(judged.topic)?;
        let partition = detail.partition(topic, judged.partition);
        let (owner, client_id) = owner(&partition);
        let first = partition.window.and_then(|window| window.iter().next());
        let last = partition.window.map(Window::newest);
        Some(StatusRow {
            topic: topic.name.label.name(),
            partition: judged.partition.0,
            owner,
            client_id,
            status: judged.evaluation.status.into(),
            start: first.map(|commit| consumer_offset(&partition, &commit)),
            end: last.map(|commit| consumer_offset(&partition, &commit)),
            current_lag: judged.lag,
            complete: CompleteRatio(judged.evaluation.complete),
        })
    }
}

impl Serialize for ConsumerStatus {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (status, complete) = match self.detail {
            Some(_) => (self.whole.status.into(), self.whole.complete_ratio_of_topics().unwrap_or(0.0)),
            None => (StatusName::NotFound, 1.0),
        };
        let body = StatusBody {
            cluster: &self.cluster,
            group: &self.group,
            status,
            complete: CompleteRatio(complete),
            partitions: StatusRows(self),
            partition_count: self.whole.partitions,
            maxlag: self.most.and_then(|judged| self.row(judged)),
            totallag: self.totallag,
        };
        body.serialize(to)
    }
}

impl Serialize for StatusRows<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.listed.iter().filter_map(|judged| self.0.row(*judged)))
    }
}

impl From<PartitionStatus> for StatusName {
    fn from(status: PartitionStatus) -> Self {
        match status {
            PartitionStatus::Ok => Self::Ok,
            PartitionStatus::Warn => Self::Warn,
            PartitionStatus::Stop => Self::Stop,
            PartitionStatus::Stall => Self::Stall,
            PartitionStatus::Rewind => Self::Rewind,
        }
    }
}

impl From<GroupStatus> for StatusName {
    fn from(status: GroupStatus) -> Self {
        match status {
            GroupStatus::Ok => Self::Ok,
            GroupStatus::Warn => Self::Warn,
            GroupStatus::Err => Self::Err,
        }
    }
}

impl Serialize for CompleteRatio {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0 >= 1.0 {
            return to.serialize_u8(1);
        }
        if self.0 <= 0.0 {
            return to.serialize_u8(0);
        }
        #[expect(clippy::as_conversions, reason = "std has no From for a float of fewer digits")]
        let short = self.0 as f32;
        to.serialize_f32(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_the_digits_that_burrow_gives_it() {
        let shares = [0.0, 0.1, 1.0 / 3.0, 0.7, 1.0].map(|share| serde_json::to_string(&CompleteRatio(share)).unwrap());
        assert_eq!(shares, ["0", "0.1", "0.33333334", "0.7", "1"]);
    }
}
