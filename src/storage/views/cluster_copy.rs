//! Copies the content of a view, shard by shard under its lock. Large clusters are copied by several threads, because a
//! scrape waits for the copy.

use std::collections::TryReserveError;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;

use crate::evaluate::{EvaluatorRules, GroupEvaluation};
use crate::invariant::broken;
use crate::model::Timestamp;

use crate::storage::cluster::Cluster;
use crate::storage::groups::group::Group;
use crate::storage::limits::refused::LostRecords;
use crate::storage::topics::Topics;
use crate::storage::views::commit::CommitCopy;
use crate::storage::views::shown_topics::ShownTopic;
use crate::storage::views::topic_evaluation::{self, TopicSummary};
use crate::storage::views::view::{ClusterView, CommitRun, GroupTopicView, GroupView, TOPICS_COPIED};
use crate::storage::views::window_evaluator::WindowEvaluator;

/// Groups, their topics and their commits, in no particular order.
#[derive(Debug, Default)]
pub(crate) struct ClusterCopy {
    pub groups: Vec<GroupView>,
    /// The topics of all groups. Those of a group stand together.
    pub topics: Vec<GroupTopicView>,
    /// One list per shard. Each has the required capacity from the start.
    pub commits: Vec<Vec<CommitCopy>>,
}

/// Number of shards that are copied first, to see whether threads are worthwhile.
const PROBED: usize = 4;
/// Number of commits in these shards from which on threads are started: some hundred microseconds of work per thread.
const MUCH: usize = 1_000;
/// Largest number of threads. With more of them, locks and memory are the limit.
static THREADS: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get).min(4));

impl ClusterView {
    #[cfg(test)]
    pub(crate) fn of(cluster: &Cluster, now: Timestamp, rules: &EvaluatorRules) -> Self {
        Self::try_of(cluster, now, rules).unwrap()
    }

    pub(crate) fn try_of(cluster: &Cluster, now: Timestamp, rules: &EvaluatorRules) -> Result<Self, TryReserveError> {
        cluster.compute_owners();
        let topics = cluster.topics();
        let mut named = Vec::new();
        named.try_reserve_exact(topics.named().count())?;
        named.extend(topics.named().cloned());
        named.sort_unstable_by(|a, b| a.name.label.name().cmp(&b.name.label.name()));
        let judge = WindowEvaluator { inputs: cluster.time_lag_inputs(now), rules };
        let ClusterCopy { groups, topics: group_topics, commits } = ClusterCopy::of(cluster, &topics, judge)?;
        let (label, refused) = (Arc::clone(cluster.label()), cluster.refused_groups());
        let mut view = Self { label, named, topics, refused, groups, group_topics, commits };
        view.sort()?;
        Ok(view)
    }

    /// Sorts groups by name, and their topics in the same order.
    fn sort(&mut self) -> Result<(), TryReserveError> {
        // A stable sort would allocate memory, and no two names are equal.
        self.groups.sort_unstable_by(|a, b| a.label.name().cmp(&b.label.name()));
        let mut sorted = Vec::new();
        sorted.try_reserve_exact(self.group_topics.len())?;
        // `collect` reuses the memory of the list, because an `Option` of an item is no larger than the item.
        let mut unsorted: Vec<_> = std::mem::take(&mut self.group_topics).into_iter().map(Some).collect();
        for group in &mut self.groups {
            let first = sorted.len();
            let own = unsorted.get_mut(group.topics.clone()).unwrap_or_else(|| {
                broken(TOPICS_COPIED);
                &mut []
            });
            sorted.extend(own.iter_mut().filter_map(Option::take));
            group.topics = first..sorted.len();
        }
        self.group_topics = sorted;
        Ok(())
    }
}

impl ClusterCopy {
    /// Copies all that is shown of a cluster.
    pub fn of(cluster: &Cluster, known: &Topics, judge: WindowEvaluator<'_>) -> Result<Self, TryReserveError> {
        let mut copied = Self::default();
        for shard in 0..PROBED {
            copied.copy_shard(cluster, shard, known, judge)?;
        }
        let much = copied.commits.iter().map(Vec::len).sum::<usize>() >= MUCH;
        let helpers = if much { THREADS.saturating_sub(1) } else { 0 };
        copied.copy_rest(helpers, cluster, known, judge)
    }

    /// Copies the shards after the first [`PROBED`], with this number of additional threads.
    fn copy_rest(
        self,
        helpers: usize,
        cluster: &Cluster,
        known: &Topics,
        judge: WindowEvaluator<'_>,
    ) -> Result<Self, TryReserveError> {
        let next = AtomicUsize::new(PROBED);
        let work = |mut copied: Self| {
            while copied.copy_shard(cluster, next.fetch_add(1, Ordering::Relaxed), known, judge)? {}
            Ok::<_, TryReserveError>(copied)
        };
        thread::scope(|scope| {
            // If a thread cannot be started, there are fewer helpers.
            let start = |_| thread::Builder::new().spawn_scoped(scope, || work(Self::default())).ok();
            let started: Vec<_> = (0..helpers).filter_map(start).collect();
            let mut copied = work(self)?;
            for helper in started {
                copied.append(helper.join().unwrap_or_else(|panic| resume_unwind(panic))?)?;
            }
            Ok(copied)
        })
    }

    fn append(&mut self, other: Self) -> Result<(), TryReserveError> {
        let (topics, lists) = (self.topics.len(), self.commits.len());
        self.groups.try_reserve(other.groups.len())?;
        self.topics.try_reserve(other.topics.len())?;
        self.commits.try_reserve(other.commits.len())?;
        self.groups.extend(other.groups.into_iter().map(|group| group.shifted(topics)));
        self.topics.extend(other.topics.into_iter().map(|topic| topic.shifted(lists)));
        self.commits.extend(other.commits);
        Ok(())
    }

    /// Copies a shard. Returns `false` if there is no shard with this number.
    ///
    /// Memory for the whole shard is reserved before anything is copied.
    fn copy_shard(
        &mut self,
        cluster: &Cluster,
        number: usize,
        known: &Topics,
        judge: WindowEvaluator<'_>,
    ) -> Result<bool, TryReserveError> {
        let Some(shard) = cluster.shards().numbered(number) else { return Ok(false) };
        let topics = || shard.values().flat_map(|group| group.topics.iter());
        let mut commits = Vec::new();
        commits.try_reserve_exact(topics().map(|topic| topic.partitions.len()).sum())?;
        self.groups.try_reserve(shard.len())?;
        self.topics.try_reserve(topics().count())?;
        self.commits.try_reserve(1)?;
        self.commits.push(commits);
        let hasher = cluster.shards().hasher();
        for group in shard.values() {
            self.copy_group(group, shard.lost(hasher, group.label.name()), known, judge);
        }
        Ok(true)
    }

    /// Copies a group. Its commits go into the newest list.
    fn copy_group(&mut self, group: &Group, lost: LostRecords, known: &Topics, judge: WindowEvaluator<'_>) {
        let list = self.commits.len().saturating_sub(1);
        let first = self.topics.len();
        let members = group.meta.members();
        let mut all = GroupEvaluation::NONE;
        for topic in group.shown(known) {
            let start = self.newest_len();
            let TopicSummary { stats, evaluation } = self.copy_commits(&topic, known, judge);
            all = all.merge(evaluation);
            self.topics.push(GroupTopicView {
                group: Arc::clone(&group.label),
                members: Arc::clone(&members),
                name: Arc::clone(topic.name),
                stats,
                evaluation,
                lost,
                commits: CommitRun { list, range: start..self.newest_len() },
                done: group.is_share().then(|| topic.slots.done_by_partition()),
                assigned: topic.assigned,
            });
        }
        let meta = &group.meta;
        let topics = first..self.topics.len();
        if !group.is_shown_with(|| !topics.is_empty()) {
            return;
        }
        self.groups.push(GroupView {
            label: Arc::clone(&group.label),
            kind: group.kind(),
            protocol_type: meta.protocol_type(),
            protocol: meta.protocol(),
            state: meta.state(),
            members,
            generations: group.generations,
            evaluation: all,
            lost,
            topics,
        });
    }

    /// The length of the newest list.
    fn newest_len(&self) -> usize {
        self.commits.last().map_or(0, Vec::len)
    }

    /// Copies the commits of a topic of a group, and returns their sums.
    fn copy_commits(&mut self, topic: &ShownTopic<'_>, known: &Topics, judge: WindowEvaluator<'_>) -> TopicSummary {
        let Some(copies) = self.commits.last_mut() else {
            broken("a shard has a list for its commits before they are copied");
            return TopicSummary::NONE;
        };
        topic_evaluation::evaluate_topic(topic, known, judge, |_, _, commit| copies.push(CommitCopy::of(commit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::EvaluatorRules;
    use crate::model::{Lag, Timestamp};
    use crate::storage::tests::{cluster, commit, live};

    /// Group, topic, partition and committed offset of all that was copied.
    fn rows(copied: &ClusterCopy) -> Vec<(String, String, i32, i64)> {
        let mut rows = Vec::new();
        for group in &copied.groups {
            for topic in &copied.topics[group.topics.clone()] {
                assert_eq!(topic.group.name(), group.label.name());
                let CommitRun { list, range } = topic.commits.clone();
                rows.extend(copied.commits[list][range].iter().map(|held| {
                    let names = (group.label.name().to_string(), topic.name.label.name().to_string());
                    (names.0, names.1, held.partition.0, held.committed.0)
                }));
            }
        }
        rows.sort();
        rows
    }

    #[test]
    fn several_threads_copy_what_one_does() {
        let cluster = cluster();
        let names: Vec<String> = (0..300).map(|group| format!("team-{group:03}")).collect();
        let commits = names.iter().zip(0..).flat_map(|(group, number)| {
            (0..5).flat_map(move |partition| {
                ["t", "u"].map(|topic| commit(group, topic, partition, number * 10 + i64::from(partition), 1))
            })
        });
        live(&cluster, (1..).zip(commits).collect());
        let rules = EvaluatorRules { intervals: cluster.rules().intervals, minimum_complete: 0.0, allowed_lag: Lag(0) };
        let judge = WindowEvaluator { inputs: cluster.time_lag_inputs(Timestamp(2)), rules: &rules };
        let copy = |helpers| {
            let mut copied = ClusterCopy::default();
            (0..PROBED)
                .for_each(|shard| assert!(copied.copy_shard(&cluster, shard, &cluster.topics(), judge).unwrap()));
            rows(&copied.copy_rest(helpers, &cluster, &cluster.topics(), judge).unwrap())
        };
        let alone = copy(0);
        assert_eq!(alone.len(), 300 * 2 * 5);
        assert!([1, 3].into_iter().all(|helpers| copy(helpers) == alone));
        assert_eq!(rows(&ClusterCopy::of(&cluster, &cluster.topics(), judge).unwrap()), alone);
    }
}
