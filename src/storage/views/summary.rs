//! The sums and the evaluation of a group's commits. They are computed here only: `/metrics`, the lists and details of
//! the status page, and Burrow's status are projections of them.

use crate::evaluate::{Evaluation, EvaluatorRules, GroupEvaluation};
use crate::model::{Partition, Timestamp};
use crate::storage::topics::Topics;
use crate::storage::views::detail::{GroupDetail, PartitionDetail};
use crate::storage::views::judge::{Judge, state_of};
use crate::storage::views::shown::Shown;
use crate::storage::views::stats::Stats;
use crate::storage::views::view::CommitView;
use crate::storage::windows::slot::Slot;

/// Computes the sums and the evaluation of a topic of a group. Calls `each` for every commit that is shown, by
/// partition.
///
/// Windows are evaluated where they are, because they are too large to be copied.
#[inline]
pub(crate) fn of_topic(
    (topic, is_share): (&Shown<'_>, bool),
    known: &Topics,
    judge: Judge<'_>,
    mut each: impl FnMut(&Slot, Evaluation, &CommitView),
) -> (Stats, GroupEvaluation) {
    let states = known.get(topic.name).map_or(&[][..], |topic| &topic.partitions);
    let (mut stats, mut evaluation) = (Stats { commits: topic.commits, ..Stats::NONE }, GroupEvaluation::NONE);
    let (mut unnamed, mut any) = (0_usize, false);
    for slot in topic.slots.shown(is_share) {
        let state = state_of(states, slot.partition);
        (any, unnamed) = (true, unnamed.saturating_add(usize::from(state.is_none())));
        let (one, commit) = judge.slot(slot, topic.slots.standing(slot), state);
        evaluation.add(one);
        stats.add(&commit, slot.window.newest().timestamp);
        each(slot, one, &commit);
    }
    if any {
        evaluation.partitions = u64::try_from(states.len().saturating_add(unnamed)).unwrap_or(u64::MAX);
    }
    let is_committed = |partition| topic.slots.get(partition).is_some_and(|slot| slot.is_shown(is_share));
    stats.assign(&topic.assigned, is_committed);
    (stats, evaluation)
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
}

impl GroupDetail {
    /// Evaluates the group as of `now`, and each partition of its topics, by topic and partition.
    ///
    /// Partitions of topics that the group does not commit to do not count. Such partitions are returned only if they
    /// are assigned.
    #[must_use]
    pub fn evaluate(&self, now: Timestamp, rules: &EvaluatorRules) -> (GroupEvaluation, Vec<EvaluatedPartition<'_>>) {
        let (mut whole, mut partitions) = (GroupEvaluation::NONE, Vec::new());
        for (place, topic) in self.topics.iter().enumerate() {
            for detail in self.partitions(topic) {
                let evaluation = detail.evaluate(now, rules);
                if topic.is_committed() {
                    whole.add(evaluation);
                    whole.partitions = whole.partitions.saturating_add(1);
                } else if detail.owner.is_none() {
                    continue;
                }
                partitions.push(EvaluatedPartition { topic: place, detail, evaluation });
            }
        }
        (whole, partitions)
    }

    /// Whether the group commits to the topic with this index.
    #[must_use]
    pub fn commits_to(&self, topic: usize) -> bool {
        self.topics.get(topic).is_some_and(super::detail::TopicDetail::is_committed)
    }
}

impl EvaluatedPartition<'_> {
    /// The number.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.detail.partition
    }
}
