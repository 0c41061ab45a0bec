//! What leaves storage: a picture of one moment. Numbers are copied under a shard's lock, the rest is shared.

use std::collections::{BTreeMap, TryReserveError};
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use crate::evaluate::{EvaluatorRules, GroupEvaluation, PartitionStatus};
use crate::lag::{self, Bounds};
use crate::model::{Lag, Offset, Partition, TimeLag, Timestamp};

use crate::storage::cluster::Cluster;
use crate::storage::groups::epochs::GroupState;
use crate::storage::groups::meta::Member;
use crate::storage::groups::owners::Owned;
use crate::storage::sources::update::GroupKind;
use crate::storage::topics::names::{Label, TopicName};
use crate::storage::topics::partition::PartitionState;
use crate::storage::topics::{Topic, Topics};
use crate::storage::views::copy::{Copied, Held};
use crate::storage::views::judge::{Judge, state_of};
use crate::storage::views::stats::Stats;

/// All clusters, by name.
#[derive(Debug, Default)]
pub struct View {
    /// The clusters.
    pub clusters: Vec<ClusterView>,
}

/// One cluster. The lists are flat, each level holds ranges of the next.
#[derive(Debug)]
pub struct ClusterView {
    /// Its name.
    pub label: Arc<Label>,
    /// Topics that the metadata names, by name.
    pub named: Vec<Arc<Topic>>,
    /// All topics.
    pub topics: Arc<Topics>,
    /// Groups, by name.
    pub groups: Vec<GroupView>,
    /// The topics of groups, group by group and by name within.
    pub group_topics: Vec<GroupTopicView>,
    /// The commits, in several lists.
    commits: Vec<Vec<Held>>,
}

/// A run of commits in a view: the list, and where in it.
pub(crate) type Run = (usize, Range<usize>);

/// The commits of a group's topic by partition, each with what is known of the log.
#[derive(Clone, Debug)]
pub struct CommitViews<'v> {
    held: slice::Iter<'v, Held>,
    states: &'v [PartitionState],
    /// See [`GroupTopicView::done`].
    done: Option<&'v BTreeMap<Partition, u32>>,
}

/// A partition that a group has committed, with what is known of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitView {
    /// The partition.
    pub partition: Partition,
    /// What was committed.
    pub committed: Offset,
    /// How many records after that are done with: 0 but for share groups, of which it may be unknown.
    pub done: Option<u32>,
    /// Its log.
    pub bounds: Bounds,
    /// How long the oldest record that is not committed has been waiting; zero when none is.
    pub time_lag: Option<TimeLag>,
    /// How the group fares on it.
    pub status: PartitionStatus,
}

/// The types of groups (docs/src/reference/metrics.md, Group types and states).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupType {
    /// A group with metadata, or one of ZooKeeper's.
    Kind(GroupKind),
    /// A group that only commits.
    Simple,
}

impl GroupType {
    /// The value of the label `type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Kind(GroupKind::Classic) => "classic",
            Self::Kind(GroupKind::Consumer) => "consumer",
            Self::Kind(GroupKind::Share) => "share",
            Self::Kind(GroupKind::Streams) => "streams",
            Self::Kind(GroupKind::ZooKeeper) => "zookeeper",
        }
    }
}

/// A group.
#[derive(Debug)]
pub struct GroupView {
    /// Its name.
    pub label: Arc<Label>,
    /// Its type.
    pub kind: GroupType,
    /// What the group says it is.
    pub protocol_type: Arc<Label>,
    /// The chosen assignor.
    pub protocol: Arc<Label>,
    /// What it is in the middle of.
    pub state: GroupState,
    /// Its members.
    pub members: Arc<[Member]>,
    /// Generations seen to begin, live.
    pub generations: u64,
    /// The judgement on all of its partitions.
    pub evaluation: GroupEvaluation,
    /// Its place in [`ClusterView::group_topics`].
    pub topics: Range<usize>,
}

/// A topic of a group.
#[derive(Debug)]
pub struct GroupTopicView {
    /// The group's name.
    pub group: Arc<Label>,
    /// The group's members, as far as they are known.
    pub members: Arc<[Member]>,
    /// The topic's name.
    pub name: Arc<TopicName>,
    /// Partitions assigned to members, by number.
    pub assigned: Owned,
    /// What its partitions come to.
    pub stats: Stats,
    /// The judgement on its partitions.
    pub evaluation: GroupEvaluation,
    pub(crate) commits: Run,
    /// Of a share group: how many records after the commits are done with, where that is known.
    pub(crate) done: Option<BTreeMap<Partition, u32>>,
}

impl CommitView {
    /// Records that are yet to be consumed.
    #[must_use]
    pub fn lag(&self) -> Option<Lag> {
        lag::lag(self.committed, self.done, self.bounds)
    }
}

impl CommitViews<'_> {
    /// No more than `len` of them, after the first `from`.
    #[must_use]
    pub fn run(self, from: usize, len: usize) -> Self {
        let held = self.held.as_slice();
        let held = held.get(from..).unwrap_or_default();
        Self { held: held.get(..len).unwrap_or(held).iter(), ..self }
    }
}

impl Iterator for CommitViews<'_> {
    type Item = CommitView;

    // Inlined, so that a family works out no more than it shows.
    #[inline]
    fn next(&mut self) -> Option<CommitView> {
        let held = self.held.next()?;
        let (partition, committed) = (held.partition, held.committed);
        let bounds = state_of(self.states, partition).map_or_else(Bounds::default, |state| state.bounds);
        let time_lag = (held.time_lag != u64::MAX).then_some(TimeLag(held.time_lag));
        let done = self.done.map_or(Some(0), |done| done.get(&partition).copied());
        Some(CommitView { partition, committed, done, bounds, time_lag, status: held.status })
    }
}

impl ClusterView {
    #[cfg(test)]
    pub(crate) fn of(cluster: &Cluster, now: Timestamp, rules: &EvaluatorRules) -> Self {
        Self::try_of(cluster, now, rules).unwrap()
    }

    pub(crate) fn try_of(cluster: &Cluster, now: Timestamp, rules: &EvaluatorRules) -> Result<Self, TryReserveError> {
        cluster.find_owners();
        let topics = cluster.topics();
        let mut named = Vec::new();
        named.try_reserve_exact(topics.named().count())?;
        named.extend(topics.named().cloned());
        named.sort_unstable_by(|a, b| a.name.label.name().cmp(&b.name.label.name()));
        let judge = Judge { moment: cluster.moment(now), rules };
        let Copied { groups, topics: group_topics, commits } = Copied::of(cluster, &topics, judge)?;
        let mut view = Self { label: Arc::clone(cluster.label()), named, topics, groups, group_topics, commits };
        view.sort()?;
        Ok(view)
    }

    /// Groups by name, and their topics in the groups' order.
    fn sort(&mut self) -> Result<(), TryReserveError> {
        // In place: a stable sort would take memory, and no two names are equal.
        self.groups.sort_unstable_by(|a, b| a.label.name().cmp(&b.label.name()));
        let mut sorted = Vec::new();
        sorted.try_reserve_exact(self.group_topics.len())?;
        // The list's own memory is used for what it is mapped to, which is no larger.
        let mut unsorted: Vec<_> = std::mem::take(&mut self.group_topics).into_iter().map(Some).collect();
        for group in &mut self.groups {
            let first = sorted.len();
            let own = unsorted.get_mut(group.topics.clone()).unwrap_or_default();
            sorted.extend(own.iter_mut().filter_map(Option::take));
            group.topics = first..sorted.len();
        }
        self.group_topics = sorted;
        Ok(())
    }

    /// The topics of a group, by name.
    #[must_use]
    pub fn topics_of(&self, group: &GroupView) -> &[GroupTopicView] {
        self.group_topics.get(group.topics.clone()).unwrap_or_default()
    }

    /// The commits of a group's topic.
    #[must_use]
    pub fn commits<'v>(&'v self, topic: &'v GroupTopicView) -> CommitViews<'v> {
        let states = self.topics.get(&topic.name).map_or(&[][..], |topic| &topic.partitions);
        CommitViews { held: self.held(topic).iter(), states, done: topic.done.as_ref() }
    }

    fn held(&self, topic: &GroupTopicView) -> &[Held] {
        let (list, range) = &topic.commits;
        self.commits.get(*list).and_then(|list| list.get(range.clone())).unwrap_or_default()
    }
}

impl GroupView {
    /// With its topics so many places further on.
    pub(crate) fn shifted(self, by: usize) -> Self {
        let Range { start, end } = self.topics;
        Self { topics: start.saturating_add(by)..end.saturating_add(by), ..self }
    }
}

impl GroupTopicView {
    /// With its list so many places further on.
    pub(crate) fn shifted(self, by: usize) -> Self {
        let (list, range) = self.commits;
        Self { commits: (list.saturating_add(by), range), ..self }
    }

    /// How many of its partitions have a commit.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commits.1.len()
    }

    /// Whether none of its partitions has a commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits.1.is_empty()
    }
}
