//! A copy of all that is shown, for `/metrics`. Numbers are copied under a shard's lock, everything else is shared.

use std::collections::BTreeMap;
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use crate::evaluate::GroupEvaluation;
use crate::invariant::broken;
use crate::lag::OffsetBounds;
use crate::model::{Partition, TimeLag};

use crate::storage::groups::member::Member;
use crate::storage::groups::owners::TopicAssignment;
use crate::storage::groups::protocol_records::GroupState;
use crate::storage::limits::refused::LostRecords;
use crate::storage::sources::group_kind::GroupType;
use crate::storage::topics::names::{Label, TopicName};
use crate::storage::topics::partition::PartitionState;
use crate::storage::topics::{Topic, Topics};
use crate::storage::views::commit::{CommitCopy, CommitView};
use crate::storage::views::group_stats::GroupStats;
use crate::storage::views::window_evaluator::partition_state;

/// All clusters, sorted by name.
#[derive(Debug, Default)]
pub struct View {
    /// The clusters.
    pub clusters: Vec<ClusterView>,
}

/// One cluster. The lists are flat: each level holds ranges of the next one.
#[derive(Debug)]
pub struct ClusterView {
    /// The name.
    pub label: Arc<Label>,
    /// Topics that the metadata names, sorted by name.
    pub named: Vec<Arc<Topic>>,
    /// All topics.
    pub topics: Arc<Topics>,
    /// The number of groups of which nothing is known, because they are refused.
    pub refused: usize,
    /// Groups, sorted by name.
    pub groups: Vec<GroupView>,
    /// The topics of all groups: those of a group stand together, sorted by name.
    pub group_topics: Vec<GroupTopicView>,
    /// The commits, in one list per shard.
    pub(crate) commits: Vec<Vec<CommitCopy>>,
}

/// A range of commits in a view.
#[derive(Clone, Debug)]
pub(crate) struct CommitRun {
    /// The index of the list.
    pub list: usize,
    /// The range in the list.
    pub range: Range<usize>,
}

/// The commits of a topic of a group by partition, each with the state of the partition's log.
#[derive(Clone, Debug)]
pub struct CommitViews<'v> {
    copies: slice::Iter<'v, CommitCopy>,
    states: &'v [PartitionState],
    /// See [`GroupTopicView::done`].
    done: Option<&'v BTreeMap<Partition, u32>>,
}

/// A group.
#[derive(Debug)]
pub struct GroupView {
    /// The name.
    pub label: Arc<Label>,
    /// The type.
    pub kind: GroupType,
    /// The protocol type that the group states.
    pub protocol_type: Arc<Label>,
    /// The chosen assignor.
    pub protocol: Arc<Label>,
    /// The group state.
    pub state: GroupState,
    /// The members.
    pub members: Arc<[Member]>,
    /// Generations or epochs that began while the group was followed live.
    pub generations: u64,
    /// The evaluation of all its partitions.
    pub evaluation: GroupEvaluation,
    /// What is not known of it, because records were refused.
    pub lost: LostRecords,
    /// The range in [`ClusterView::group_topics`].
    pub topics: Range<usize>,
}

impl GroupView {
    /// Whether Burrow would know the group: see [`GroupDetail::is_used`](super::group_detail::GroupDetail::is_used).
    #[must_use]
    pub fn is_used(&self) -> bool {
        !self.members.is_empty() || !self.topics.is_empty()
    }
}

/// A topic of a group.
#[derive(Debug)]
pub struct GroupTopicView {
    /// The group's name.
    pub group: Arc<Label>,
    /// The group's members, if known.
    pub members: Arc<[Member]>,
    /// The topic's name.
    pub name: Arc<TopicName>,
    /// Partitions assigned to members, sorted by number.
    pub assigned: TopicAssignment,
    /// The sums of its partitions.
    pub stats: GroupStats,
    /// The evaluation of its partitions.
    pub evaluation: GroupEvaluation,
    /// What is not known of the group, because records were refused.
    pub lost: LostRecords,
    pub(crate) commits: CommitRun,
    /// Of a share group: the number of records after each commit that are acknowledged or archived, if known.
    pub(crate) done: Option<BTreeMap<Partition, u32>>,
}

impl CommitViews<'_> {
    /// At most `len` commits, without the first `from`.
    #[must_use]
    pub fn run(self, from: usize, len: usize) -> Self {
        let rest = self.copies.as_slice().get(from..).unwrap_or_default();
        Self { copies: rest.get(..len).unwrap_or(rest).iter(), ..self }
    }
}

impl Iterator for CommitViews<'_> {
    type Item = CommitView;

    // Inlined, so that a metric family computes only the fields that it shows.
    #[inline]
    fn next(&mut self) -> Option<CommitView> {
        let held = self.copies.next()?;
        let (partition, committed) = (held.partition, held.committed);
        let bounds = partition_state(self.states, partition).map_or_else(OffsetBounds::default, |state| state.bounds);
        let time_lag = (held.time_lag != u64::MAX).then_some(TimeLag(held.time_lag));
        let done = self.done.map_or(Some(0), |done| done.get(&partition).copied());
        Some(CommitView { partition, committed, done, bounds, time_lag, status: held.status })
    }
}

/// The text for [`broken`] where a group has no topics.
pub(crate) const TOPICS_COPIED: &str = "the topics of a group are in the view that has the group";

impl ClusterView {
    /// The topics of a group, sorted by name.
    #[must_use]
    pub fn topics_of(&self, group: &GroupView) -> &[GroupTopicView] {
        self.group_topics.get(group.topics.clone()).unwrap_or_else(|| {
            broken(TOPICS_COPIED);
            &[]
        })
    }

    /// The commits of a topic of a group.
    #[must_use]
    pub fn commits<'v>(&'v self, topic: &'v GroupTopicView) -> CommitViews<'v> {
        let states = self.topics.get(&topic.name).map_or(&[][..], |topic| &topic.partitions);
        CommitViews { copies: self.held(topic).iter(), states, done: topic.done.as_ref() }
    }

    fn held(&self, topic: &GroupTopicView) -> &[CommitCopy] {
        let CommitRun { list, range } = &topic.commits;
        self.commits.get(*list).and_then(|list| list.get(range.clone())).unwrap_or_else(|| {
            broken("the commits of a topic are in the view that has the topic");
            &[]
        })
    }
}

impl GroupView {
    /// Moves its range of topics by `by`.
    pub(crate) fn shifted(self, by: usize) -> Self {
        let Range { start, end } = self.topics;
        Self { topics: start.saturating_add(by)..end.saturating_add(by), ..self }
    }
}

impl GroupTopicView {
    /// Moves the index of its list of commits by `by`.
    pub(crate) fn shifted(self, by: usize) -> Self {
        let CommitRun { list, range } = self.commits;
        Self { commits: CommitRun { list: list.saturating_add(by), range }, ..self }
    }

    /// The number of its partitions that have a commit.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commits.range.len()
    }

    /// Whether none of its partitions has a commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits.range.is_empty()
    }
}
