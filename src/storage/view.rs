//! What leaves storage: a picture of one moment. Numbers are copied under a shard's lock, the rest is shared.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::evaluate::{self, Evaluation, EvaluatorRules, GroupEvaluation, Log, PartitionStatus};
use crate::lag::{self, Bounds};
use crate::model::{Lag, Offset, Partition, TimeLag, Timestamp};

use super::cluster::Cluster;
use super::epochs::GroupState;
use super::group::{Assigned, Group, GroupTopic};
use super::meta::Member;
use super::names::{Label, TopicName};
use super::partition::PartitionState;
use super::settle::Moment;
use super::slot::Slot;
use super::slots::Standing;
use super::stats::Stats;
use super::topics::{Topic, Topics};
use super::update::GroupKind;

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
    /// The commits, a list a shard: each is as long as it has to be from the start.
    commits: Vec<Vec<Held>>,
}

/// What is copied of a commit. There may be a million of them in a view, and several views at a time.
#[derive(Clone, Copy, Debug)]
struct Held {
    committed: Offset,
    /// Milliseconds; [`u64::MAX`] while it is unknown.
    time_lag: u64,
    partition: Partition,
    status: PartitionStatus,
}

/// A run of commits in a view: the list, and where in it.
type Run = (usize, Range<usize>);

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
}

/// What the windows are judged by.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub moment: Moment,
    pub rules: &'a EvaluatorRules,
}

/// The types of groups, as METRICS.md names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupType {
    /// A group with metadata, or one of ZooKeeper's.
    Kind(GroupKind),
    /// A group that only commits.
    Simple,
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
    pub assigned: Arc<[Assigned]>,
    /// What its partitions come to.
    pub stats: Stats,
    /// The judgement on its partitions.
    pub evaluation: GroupEvaluation,
    commits: Run,
    /// Of a share group: how many records after the commits are done with, where that is known.
    done: Option<BTreeMap<Partition, u32>>,
}

impl CommitView {
    /// Records that are yet to be consumed.
    #[must_use]
    pub fn lag(&self) -> Option<Lag> {
        lag::lag(self.committed, self.done, self.bounds)
    }
}

impl ClusterView {
    pub(super) fn of(cluster: &Cluster, now: Timestamp, rules: &EvaluatorRules) -> Self {
        let topics = cluster.topics();
        let mut named: Vec<_> = topics.named().cloned().collect();
        named.sort_by(|a, b| a.name.label.name().cmp(&b.name.label.name()));
        let mut view = Self {
            label: Arc::clone(cluster.label()),
            named,
            topics,
            groups: Vec::new(),
            group_topics: Vec::new(),
            commits: Vec::new(),
        };
        let judge = Judge { moment: cluster.moment(now), rules };
        for shard in cluster.shards() {
            let len = shard.values().flat_map(|group| &group.topics).map(|topic| topic.slots.len()).sum();
            view.commits.push(Vec::with_capacity(len));
            shard.values().for_each(|group| view.copy(group, judge));
        }
        view.sort();
        view.sum_up();
        view
    }

    /// Groups by name, and their topics in the groups' order.
    fn sort(&mut self) {
        self.groups.sort_by(|a, b| a.label.name().cmp(&b.label.name()));
        let mut unsorted: Vec<_> = std::mem::take(&mut self.group_topics).into_iter().map(Some).collect();
        for group in &mut self.groups {
            let first = self.group_topics.len();
            let own = unsorted.get_mut(group.topics.clone()).unwrap_or_default();
            self.group_topics.extend(own.iter_mut().filter_map(Option::take));
            group.topics = first..self.group_topics.len();
        }
    }

    /// Copies a group of the newest list's shard.
    fn copy(&mut self, group: &Group, judge: Judge<'_>) {
        let list = self.commits.len().saturating_sub(1);
        let (first, known) = (self.group_topics.len(), Arc::clone(&self.topics));
        let mut evaluation = GroupEvaluation::NONE;
        for topic in group.topics.iter().filter(|topic| !known.hides(&topic.name) && group.shows(topic)) {
            let start = self.copied();
            let newest = topic.slots.shown(group.is_share()).map(|slot| slot.window.newest().timestamp).max();
            let judged = self.copy_commits((topic, group.is_share()), &known, judge);
            evaluation = evaluation.merge(judged);
            self.group_topics.push(GroupTopicView {
                group: Arc::clone(&group.label),
                members: Arc::clone(&group.meta.members),
                name: Arc::clone(&topic.name),
                assigned: Arc::clone(&topic.assigned),
                stats: Stats { commits: topic.commits, newest, ..Stats::NONE },
                evaluation: judged,
                commits: (list, start..self.copied()),
                done: group.is_share().then(|| topic.slots.all_done()),
            });
        }
        let meta = &group.meta;
        let topics = first..self.group_topics.len();
        if topics.is_empty() && meta.members.is_empty() {
            return;
        }
        self.groups.push(GroupView {
            label: Arc::clone(&group.label),
            kind: group.kind(),
            protocol_type: meta.protocol_type(),
            protocol: meta.protocol(),
            state: meta.state(),
            members: Arc::clone(&meta.members),
            generations: group.generations,
            evaluation,
            topics,
        });
    }

    /// How long the newest list is.
    fn copied(&self) -> usize {
        self.commits.last().map_or(0, Vec::len)
    }

    /// Copies the commits of a group's topic, and judges the windows where they lie: they are too large to be copied.
    fn copy_commits(
        &mut self,
        (topic, shares): (&GroupTopic, bool),
        known: &Topics,
        judge: Judge<'_>,
    ) -> GroupEvaluation {
        let states = known.get(&topic.name).map_or(&[][..], |topic| &topic.partitions);
        let mut all = GroupEvaluation::NONE;
        let Some(copies) = self.commits.last_mut() else { return all };
        let (mut unnamed, first) = (0_usize, copies.len());
        for slot in topic.slots.shown(shares) {
            let standing = topic.slots.standing(slot);
            let state = state_of(states, slot.partition);
            unnamed = unnamed.saturating_add(usize::from(state.is_none()));
            let evaluation = judge.slot(slot, standing, state);
            all.add(evaluation);
            let time_lag = state.and_then(|state| judge.moment.time_lag(slot, standing, state));
            let time_lag = time_lag.map_or(u64::MAX, |TimeLag(time_lag)| time_lag);
            let (committed, status) = (standing.committed, evaluation.status);
            copies.push(Held { committed, time_lag, partition: slot.partition, status });
        }
        if first < copies.len() {
            all.partitions = u64::try_from(states.len().saturating_add(unnamed)).unwrap_or(u64::MAX);
        }
        all
    }

    /// Outside of all locks: what the copied numbers come to.
    fn sum_up(&mut self) {
        let mut group_topics = std::mem::take(&mut self.group_topics);
        for topic in &mut group_topics {
            let mut stats = topic.stats;
            for commit in self.commits(topic, 0) {
                stats.add(&commit);
            }
            let committed = self.held(topic, 0);
            let is_committed = |partition| committed.binary_search_by_key(&partition, |held| held.partition).is_ok();
            stats.assign(&topic.assigned, is_committed);
            topic.stats = stats;
        }
        self.group_topics = group_topics;
    }

    /// The topics of a group, by name.
    #[must_use]
    pub fn topics_of(&self, group: &GroupView) -> &[GroupTopicView] {
        self.group_topics.get(group.topics.clone()).unwrap_or_default()
    }

    /// The commits of a group's topic by partition, from the `from`th on, each with what is known of the log.
    pub fn commits<'v>(&'v self, topic: &'v GroupTopicView, from: usize) -> impl Iterator<Item = CommitView> + 'v {
        let states = self.topics.get(&topic.name).map_or(&[][..], |topic| &topic.partitions);
        self.held(topic, from).iter().map(move |held| {
            let bounds = state_of(states, held.partition).map_or_else(Bounds::default, |state| state.bounds);
            let time_lag = (held.time_lag != u64::MAX).then_some(TimeLag(held.time_lag));
            let done = topic.done.as_ref().map_or(Some(0), |done| done.get(&held.partition).copied());
            CommitView { partition: held.partition, committed: held.committed, done, bounds, time_lag }
        })
    }

    /// The status of each partition that [`Self::commits`] has, likewise.
    pub fn statuses(
        &self,
        topic: &GroupTopicView,
        from: usize,
    ) -> impl Iterator<Item = (Partition, PartitionStatus)> + '_ {
        self.held(topic, from).iter().map(|held| (held.partition, held.status))
    }

    fn held(&self, topic: &GroupTopicView, from: usize) -> &[Held] {
        let (list, range) = &topic.commits;
        let from = range.start.saturating_add(from).min(range.end);
        self.commits.get(*list).and_then(|list| list.get(from..range.end)).unwrap_or_default()
    }
}

pub(super) fn state_of(states: &[PartitionState], partition: Partition) -> Option<&PartitionState> {
    states.get(usize::try_from(partition.0).ok()?)
}

impl Judge<'_> {
    pub fn slot(self, slot: &Slot, standing: Standing, state: Option<&PartitionState>) -> Evaluation {
        let log = state.map_or_else(Log::default, |state| Log {
            current: standing.lag(state.bounds),
            ends: state.ends(),
            first_end: state.first_end(),
            shared: slot.source.is_share(),
        });
        evaluate::partition(slot.window.iter(), &log, self.moment.now, self.rules)
    }
}

impl GroupTopicView {
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
