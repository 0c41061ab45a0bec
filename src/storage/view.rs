//! What leaves storage: a picture of one moment. Numbers are copied under a shard's lock, the rest is shared.

use std::ops::Range;
use std::sync::Arc;

use crate::lag::{self, Bounds};
use crate::model::{Lag, Offset, Partition, Timestamp};

use super::cluster::Cluster;
use super::group::{Assigned, Group};
use super::meta::Member;
use super::names::{Label, TopicName};
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
    partitions: Vec<Partition>,
    committed: Vec<Offset>,
}

/// The types of groups, as METRICS.md names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupType {
    /// A group with metadata.
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
    /// Its members, unless they are not known.
    pub members: Option<Arc<[Member]>>,
    /// Generations seen to begin, live.
    pub generations: u64,
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
    commits: Range<usize>,
}

/// What the partitions of a group's topic, or all of a group's, come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// Partitions with a commit whose lag is known.
    pub known: u64,
    /// Partitions with a commit whose lag is not.
    pub unknown: u64,
    /// Sum of the commits.
    pub committed: i64,
    /// Sum of the known lags.
    pub lag: u64,
    /// Largest share of what retention keeps that is unread; `None` while it is unknown for a partition.
    pub retention_used: Option<f64>,
    /// Commits seen live.
    pub commits: u64,
    /// When the newest commit was made.
    pub newest: Option<Timestamp>,
    /// Partitions assigned to members.
    pub assigned: u64,
    /// Of these, never committed.
    pub uncommitted: u64,
}

impl ClusterView {
    pub(super) fn of(cluster: &Cluster) -> Self {
        let topics = cluster.topics();
        let mut named: Vec<_> = topics.named().cloned().collect();
        named.sort_by(|a, b| a.name.label.name().cmp(&b.name.label.name()));
        let mut view = Self {
            label: Arc::clone(cluster.label()),
            named,
            topics,
            groups: Vec::new(),
            group_topics: Vec::new(),
            partitions: Vec::new(),
            committed: Vec::new(),
        };
        for shard in cluster.shards() {
            shard.values().filter(|group| group.is_shown()).for_each(|group| view.copy(group));
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

    fn copy(&mut self, group: &Group) {
        let first = self.group_topics.len();
        for topic in group.topics.iter().filter(|topic| !self.topics.hides(&topic.name)) {
            let start = self.partitions.len();
            self.partitions.extend(topic.slots.iter().map(|slot| slot.partition));
            self.committed.extend(topic.slots.iter().map(|slot| slot.window.newest().offset));
            let newest = topic.newest();
            self.group_topics.push(GroupTopicView {
                group: Arc::clone(&group.label),
                members: Arc::clone(&group.meta.members),
                name: Arc::clone(&topic.name),
                assigned: Arc::clone(&topic.assigned),
                stats: Stats { commits: topic.commits, newest, ..Stats::NONE },
                commits: start..self.partitions.len(),
            });
        }
        let meta = &group.meta;
        let topics = first..self.group_topics.len();
        if topics.is_empty() && meta.members.is_empty() {
            return;
        }
        self.groups.push(GroupView {
            label: Arc::clone(&group.label),
            kind: meta.kind.map_or(GroupType::Simple, GroupType::Kind),
            protocol_type: Arc::clone(&meta.protocol_type),
            protocol: Arc::clone(&meta.protocol),
            members: match meta.kind {
                None | Some(GroupKind::Classic) => Some(Arc::clone(&meta.members)),
                Some(GroupKind::Consumer | GroupKind::Share | GroupKind::Streams) => None,
            },
            generations: group.generations,
            topics,
        });
    }

    /// Outside of all locks: what the copied numbers come to.
    fn sum_up(&mut self) {
        let mut group_topics = std::mem::take(&mut self.group_topics);
        for topic in &mut group_topics {
            let mut stats = topic.stats;
            for (_, committed, bounds) in self.commits(topic, 0) {
                stats.add(committed, bounds);
            }
            stats.assigned = u64::try_from(topic.assigned.len()).unwrap_or(u64::MAX);
            let committed = self.partitions.get(topic.commits.clone()).unwrap_or_default();
            let never = topic.assigned.iter().filter(|(partition, _)| committed.binary_search(partition).is_err());
            stats.uncommitted = u64::try_from(never.count()).unwrap_or(u64::MAX);
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
    pub fn commits(
        &self,
        topic: &GroupTopicView,
        from: usize,
    ) -> impl Iterator<Item = (Partition, Offset, Bounds)> + '_ {
        let states = self.topics.get(&topic.name).map_or(&[][..], |topic| &topic.partitions);
        let range = topic.commits.start.saturating_add(from).min(topic.commits.end)..topic.commits.end;
        let partitions = self.partitions.get(range.clone()).unwrap_or_default();
        let committed = self.committed.get(range).unwrap_or_default();
        partitions.iter().zip(committed).map(move |(partition, committed)| {
            let state = usize::try_from(partition.0).ok().and_then(|index| states.get(index));
            (*partition, *committed, state.map_or_else(Bounds::default, |state| state.bounds))
        })
    }
}

impl GroupTopicView {
    /// How many of its partitions have a commit.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// Whether none of its partitions has a commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }
}

impl Stats {
    /// Of no partition at all.
    pub const NONE: Self = Self {
        known: 0,
        unknown: 0,
        committed: 0,
        lag: 0,
        retention_used: Some(0.0),
        commits: 0,
        newest: None,
        assigned: 0,
        uncommitted: 0,
    };

    fn add(&mut self, committed: Offset, bounds: Bounds) {
        self.committed = self.committed.saturating_add(committed.0);
        match lag::lag(committed, bounds) {
            Some(Lag(lag)) => {
                self.known = self.known.saturating_add(1);
                self.lag = self.lag.saturating_add(lag);
            }
            None => self.unknown = self.unknown.saturating_add(1),
        }
        self.retention_used = both(self.retention_used, lag::retention_used(committed, bounds), f64::max);
    }

    /// Of a group's topics together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            known: self.known.saturating_add(other.known),
            unknown: self.unknown.saturating_add(other.unknown),
            committed: self.committed.saturating_add(other.committed),
            lag: self.lag.saturating_add(other.lag),
            retention_used: both(self.retention_used, other.retention_used, f64::max),
            commits: self.commits.saturating_add(other.commits),
            newest: self.newest.max(other.newest),
            assigned: self.assigned.saturating_add(other.assigned),
            uncommitted: self.uncommitted.saturating_add(other.uncommitted),
        }
    }

    /// Whether there is a commit among the partitions.
    #[must_use]
    pub const fn has_commits(&self) -> bool {
        self.known > 0 || self.unknown > 0
    }
}

fn both<T>(a: Option<T>, b: Option<T>, join: impl FnOnce(T, T) -> T) -> Option<T> {
    Some(join(a?, b?))
}
