//! Groups as a list shows them: sums, the worst partition with its reason, and the history of the lag.
//!
//! Numbers and windows are copied one shard at a time. Everything else is computed when no lock is held.

use std::sync::Arc;

use crate::evaluate::{self, Evaluation, EvaluatorRules, GroupEvaluation, LogState, PartitionStatus};
use crate::model::{Lag, Name, Partition, TimeLag, Timestamp};

use crate::storage::cluster::Cluster;
use crate::storage::groups::group::Group;
use crate::storage::groups::protocol_records::GroupState;
use crate::storage::limits::refused::LostRecords;
use crate::storage::sources::group_kind::GroupType;
use crate::storage::topics::Topics;
use crate::storage::topics::names::{Label, TopicName};
use crate::storage::views::group_stats::GroupStats;
use crate::storage::views::lag_history::{self, LagHistory, LagPoint};
use crate::storage::views::shown_topics::ShownTopic;
use crate::storage::views::topic_evaluation::{self, TopicSummary};
use crate::storage::views::window_evaluator::WindowEvaluator;
use crate::storage::windows::group_partition::GroupPartition;
use crate::storage::windows::window::Window;

/// A group as a list shows it.
#[derive(Debug)]
pub struct GroupSummary {
    /// The name.
    pub label: Arc<Label>,
    /// The type.
    pub kind: GroupType,
    /// The group state.
    pub state: GroupState,
    /// Number of live members.
    pub members: usize,
    /// What is not known of it, because records were refused.
    pub lost: LostRecords,
    /// The topics, sorted by name.
    pub topics: Vec<Arc<TopicName>>,
    /// The sums of its partitions.
    pub stats: GroupStats,
    /// The evaluation of its partitions.
    pub evaluation: GroupEvaluation,
    /// Number of partitions that are not OK.
    pub troubled: u64,
    /// The worst of the partitions that are not OK.
    pub worst: Option<WorstPartition>,
    /// The history of its lag, oldest point first. Empty if it was not asked for, or is unknown.
    pub lag_history: Vec<LagPoint>,
}

/// A partition that is not OK.
#[derive(Debug)]
pub struct WorstPartition {
    /// The topic.
    pub topic: Arc<TopicName>,
    /// The partition.
    pub partition: Partition,
    /// The status.
    pub status: PartitionStatus,
    window: Window,
    current_lag: Option<Lag>,
}

/// What to list, and how.
#[derive(Clone, Copy, Debug)]
pub struct SummaryQuery<'a> {
    /// The time of the evaluation.
    pub now: Timestamp,
    /// The settings of the evaluator.
    pub rules: &'a EvaluatorRules,
    /// Lists only groups of this topic, and only their partitions of it.
    pub topic: Option<Name<'a>>,
    /// Whether to compute the histories.
    pub with_history: bool,
}

impl WorstPartition {
    /// The reason of its status in words.
    #[must_use]
    pub fn reason(&self, now: Timestamp) -> String {
        evaluate::reason(
            self.status,
            self.window.iter(),
            &LogState { current_lag: self.current_lag, ..LogState::default() },
            now,
        )
    }

    /// Whether a partition is worse than another one: by status, then by lag.
    fn is_worse(status: PartitionStatus, lag: Option<Lag>, than: &Self) -> bool {
        (status.rank(), lag) > (than.status.rank(), than.current_lag)
    }
}

impl Cluster {
    /// The groups that are shown, in no particular order.
    #[must_use]
    pub fn group_summaries(&self, look: SummaryQuery<'_>) -> Vec<GroupSummary> {
        self.compute_owners();
        let known = self.topics();
        let judge = WindowEvaluator { inputs: self.time_lag_inputs(look.now), rules: look.rules };
        let mut summaries = Vec::new();
        for shard in self.shards().iter() {
            let groups = shard.values().filter(|group| group.is_shown(&known));
            let hasher = self.shards().hasher();
            let lost = |group: &Group| shard.lost(hasher, group.label.name());
            let copied = groups.filter_map(|group| summarize(group, lost(group), &known, judge, look));
            let copied: Vec<_> = copied.collect();
            drop(shard);
            summaries.extend(copied.into_iter().map(|(summary, courses)| GroupSummary {
                lag_history: if summary.lost.commits { Vec::new() } else { lag_history::group_lag_history(&courses) },
                ..summary
            }));
        }
        summaries
    }
}

/// Copies a group without its history, and the histories from which the history is computed. `None` if the group does
/// not show the wanted topic.
fn summarize(
    group: &Group,
    lost: LostRecords,
    known: &Topics,
    judge: WindowEvaluator<'_>,
    look: SummaryQuery<'_>,
) -> Option<(GroupSummary, Vec<LagHistory>)> {
    let wanted = |topic: &ShownTopic<'_>| look.topic.is_none_or(|name| topic.name.label.name() == name);
    let mut summary = GroupSummary {
        label: Arc::clone(&group.label),
        kind: group.kind(),
        state: group.meta.state(),
        members: group.meta.members().len(),
        lost,
        topics: Vec::new(),
        stats: GroupStats::NONE,
        evaluation: GroupEvaluation::NONE,
        troubled: 0,
        worst: None,
        lag_history: Vec::new(),
    };
    let mut courses = Vec::new();
    for topic in group.shown(known).filter(wanted) {
        summary.add(&topic, known, judge, look.with_history.then_some(&mut courses));
    }
    (look.topic.is_none() || !summary.topics.is_empty()).then_some((summary, courses))
}

impl GroupSummary {
    fn add(
        &mut self,
        topic: &ShownTopic<'_>,
        known: &Topics,
        judge: WindowEvaluator<'_>,
        mut courses: Option<&mut Vec<LagHistory>>,
    ) {
        let TopicSummary { stats, evaluation } =
            topic_evaluation::evaluate_topic(topic, known, judge, |slot, one, commit| {
                self.record_status(topic, slot, one, commit.lag());
                if let Some(courses) = &mut courses {
                    courses.push(LagHistory::of(&slot.window, commit.lag()));
                }
            });
        (self.stats, self.evaluation) = (self.stats.merge(stats), self.evaluation.merge(evaluation));
        self.topics.push(Arc::clone(topic.name));
    }

    fn record_status(
        &mut self,
        topic: &ShownTopic<'_>,
        slot: &GroupPartition,
        evaluation: Evaluation,
        current: Option<Lag>,
    ) {
        let status = evaluation.status;
        if status == PartitionStatus::Ok {
            return;
        }
        self.troubled = self.troubled.saturating_add(1);
        if self.worst.as_ref().is_none_or(|worst| WorstPartition::is_worse(status, current, worst)) {
            let (topic, window) = (Arc::clone(topic.name), slot.window.clone());
            self.worst =
                Some(WorstPartition { topic, partition: slot.partition, status, window, current_lag: current });
        }
    }

    /// The sum of the lags of its partitions. `None` without a commit, and while a commit or the lag of a partition is
    /// unknown.
    #[must_use]
    pub const fn lag(&self) -> Option<Lag> {
        let is_known = self.stats.has_commits() && self.stats.unknown == 0 && !self.lost.commits;
        if is_known { Some(Lag(self.stats.lag)) } else { None }
    }

    /// The greatest time lag of its partitions. `None` without a commit, and while a commit or the time lag of a
    /// partition is unknown.
    #[must_use]
    pub fn time_lag(&self) -> Option<TimeLag> {
        self.stats.time_lag.filter(|_| self.stats.has_commits() && !self.lost.commits)
    }
}
