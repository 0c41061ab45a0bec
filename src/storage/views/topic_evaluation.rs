//! The sums and the evaluation of a group's commits. They are computed here only: `/metrics`, the lists and details of
//! the status page, and Burrow's status are projections of them.

use crate::evaluate::{Evaluation, EvaluatorRules, GroupEvaluation};
use crate::model::{Partition, Timestamp};

use crate::storage::topics::Topics;
use crate::storage::views::commit::CommitView;
use crate::storage::views::group_detail::{GroupDetail, PartitionDetail};
use crate::storage::views::group_stats::GroupStats;
use crate::storage::views::shown_topics::ShownTopic;
use crate::storage::views::window_evaluator::{WindowEvaluator, partition_state};
use crate::storage::windows::group_partition::GroupPartition;

/// The sums and the evaluation of the commits of a topic of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicSummary {
    pub stats: GroupStats,
    pub evaluation: GroupEvaluation,
}

impl TopicSummary {
    /// The summary of no commits.
    pub const NONE: Self = Self { stats: GroupStats::NONE, evaluation: GroupEvaluation::NONE };
}

/// Computes the sums and the evaluation of a topic of a group. Calls `each` for every commit that is shown, by
/// partition.
///
/// Windows are evaluated where they are, because they are too large to be copied.
#[inline]
pub(crate) fn evaluate_topic(
    topic: &ShownTopic<'_>,
    known: &Topics,
    judge: WindowEvaluator<'_>,
    mut each: impl FnMut(&GroupPartition, Evaluation, &CommitView),
) -> TopicSummary {
    let states = known.get(topic.name).map_or(&[][..], |topic| &topic.partitions);
    let (mut stats, mut evaluation) =
        (GroupStats { commits: topic.commits, ..GroupStats::NONE }, GroupEvaluation::NONE);
    let (mut unnamed, mut any) = (0_usize, false);
    for slot in topic.shown_slots() {
        let state = partition_state(states, slot.partition);
        (any, unnamed) = (true, unnamed.saturating_add(usize::from(state.is_none())));
        let (one, commit) = judge.evaluate(slot, topic.slots.position(slot), state);
        evaluation.add(one);
        stats.add(&commit, slot.window.newest().timestamp);
        each(slot, one, &commit);
    }
    if any {
        evaluation.partitions = u64::try_from(states.len().saturating_add(unnamed)).unwrap_or(u64::MAX);
    }
    let is_committed = |partition| topic.slots.get(partition).is_some_and(|slot| slot.is_shown(topic.is_share));
    stats.add_assigned(&topic.assigned, is_committed);
    TopicSummary { stats, evaluation }
}

/// A partition of a copied group, with its evaluation.
#[derive(Clone, Copy, Debug)]
pub struct EvaluatedPartition<'a> {
    /// The index of the topic in [`GroupDetail::topics`].
    pub topic: usize,
    /// The partition.
    pub detail: PartitionDetail<'a>,
    /// The evaluation.
    pub evaluation: Evaluation,
    /// Whether the group commits to the topic, so that the partition counts in the group's evaluation.
    pub counts: bool,
}

impl GroupDetail {
    /// Evaluates the group as of `now`. Calls `each` for every partition of its topics, by topic and partition.
    ///
    /// Partitions of topics that the group does not commit to do not count. `each` is called for such a partition only
    /// if it is assigned.
    pub fn evaluate<'a>(
        &'a self,
        now: Timestamp,
        rules: &EvaluatorRules,
        mut each: impl FnMut(&EvaluatedPartition<'a>),
    ) -> GroupEvaluation {
        let mut whole = GroupEvaluation::NONE;
        for (place, topic) in self.topics.iter().enumerate() {
            let counts = topic.is_committed();
            for detail in self.partitions(topic) {
                let evaluation = detail.evaluate(now, rules);
                if counts {
                    if detail.window.is_some() {
                        whole.add(evaluation);
                    }
                    whole.partitions = whole.partitions.saturating_add(1);
                }
                if counts || detail.owner.is_some() {
                    each(&EvaluatedPartition { topic: place, detail, evaluation, counts });
                }
            }
        }
        whole
    }
}

impl EvaluatedPartition<'_> {
    /// The number.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.detail.partition
    }
}
