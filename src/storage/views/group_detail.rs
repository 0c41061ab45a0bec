//! One group in full, and lists of names: what Burrow's API shows. A group is copied under its shard's lock. Everything
//! else is computed from the copy when no lock is held.

use std::sync::Arc;

use crate::evaluate::{self, Evaluation, EvaluatorRules, LogState, PartitionStatus};
use crate::lag::OffsetBounds;
use crate::model::{Commit, Lag, Name, Offset, Partition, TimeLag, Timestamp};

use crate::storage::cluster::Cluster;
use crate::storage::groups::group::Group;
use crate::storage::groups::member::Member;
use crate::storage::groups::owners::TopicAssignment;
use crate::storage::groups::protocol_records::GroupState;
use crate::storage::limits::refused::LostRecords;
use crate::storage::sources::group_kind::GroupType;
use crate::storage::topics::names::{Label, TopicName};
use crate::storage::topics::partition::PartitionState;
use crate::storage::topics::{Topic, Topics};
use crate::storage::views::shown_topics::ShownTopic;
use crate::storage::views::window_evaluator::log_state;
use crate::storage::windows::group_partition::GroupPartition;
use crate::storage::windows::group_partitions::GroupPartitions;
use crate::storage::windows::standing::CommittedPosition;
use crate::storage::windows::window::Window;

/// A group with all its windows.
#[derive(Debug)]
pub struct GroupDetail {
    /// The name.
    pub label: Arc<Label>,
    /// The type.
    pub kind: GroupType,
    /// The group state.
    pub state: GroupState,
    /// The protocol type that the group states.
    pub protocol_type: Arc<Label>,
    /// The chosen assignor.
    pub protocol: Arc<Label>,
    /// The members.
    pub members: Arc<[Member]>,
    /// What is not known of it, because records were refused.
    pub lost: LostRecords,
    /// The topics, sorted by name: those that it commits to, and those with partitions that are assigned to its
    /// members.
    pub topics: Vec<TopicDetail>,
    known: Arc<Topics>,
}

/// A topic of a group.
#[derive(Debug)]
pub struct TopicDetail {
    /// The topic's name.
    pub name: Arc<TopicName>,
    committed: GroupPartitions,
    assigned: TopicAssignment,
}

/// A partition of a group's topic.
#[derive(Clone, Copy, Debug)]
pub struct PartitionDetail<'a> {
    /// The number.
    pub partition: Partition,
    /// The commits. `None` if there is none.
    pub window: Option<&'a Window>,
    /// The member that it is assigned to. Of several, as in a share group, the first.
    pub owner: Option<&'a Member>,
    /// Log start and log end.
    pub bounds: OffsetBounds,
    slot: Option<&'a GroupPartition>,
    position: Option<CommittedPosition>,
    state: Option<&'a PartitionState>,
    log: LogState<'a>,
}

impl Cluster {
    /// Copies a group. `None` unless it is shown.
    #[must_use]
    pub fn group(&self, name: Name<'_>) -> Option<GroupDetail> {
        self.compute_owners();
        let known = self.topics();
        let shard = self.shards().of(name);
        let group = shard.get(name.0).filter(|group| group.is_shown(&known))?;
        let detail_of = |topic: ShownTopic<'_>| {
            let (name, mut slots) = (Arc::clone(topic.name), topic.slots.clone());
            slots.retain(|slot| slot.is_shown(group.is_share()));
            TopicDetail { name, committed: slots, assigned: topic.assigned }
        };
        let topics = group.shown(&known).map(detail_of).collect();
        let meta = &group.meta;
        let detail = GroupDetail {
            label: Arc::clone(&group.label),
            kind: group.kind(),
            state: meta.state(),
            protocol_type: meta.protocol_type(),
            protocol: meta.protocol(),
            members: meta.members(),
            lost: shard.lost(self.shards().hasher(), name),
            topics,
            known: Arc::clone(&known),
        };
        drop(shard);
        Some(detail)
    }

    /// The time lag of a partition of one of this cluster's groups. `None` while it is unknown.
    #[must_use]
    pub fn time_lag(&self, partition: &PartitionDetail<'_>, now: Timestamp) -> Option<TimeLag> {
        self.time_lag_inputs(now).time_lag(partition.slot?, partition.position?, partition.state?)
    }

    /// The names of the groups that are shown and have members or a topic, sorted.
    #[must_use]
    pub fn used_groups(&self) -> Vec<Arc<Label>> {
        self.compute_owners();
        let known = self.topics();
        self.groups_where(|group| group.is_used(&known))
    }

    /// The names of the groups that commit to a topic or have a partition of it assigned, sorted.
    #[must_use]
    pub fn consumers_of(&self, topic: Name<'_>) -> Vec<Arc<Label>> {
        self.compute_owners();
        let known = self.topics();
        self.groups_where(|group| group.shown_of(topic.0, &known).is_some())
    }

    fn groups_where(&self, wanted: impl Fn(&Group) -> bool) -> Vec<Arc<Label>> {
        let mut groups = Vec::new();
        for shard in self.shards().iter() {
            groups.extend(shard.values().filter(|group| wanted(group)).map(|group| Arc::clone(&group.label)));
        }
        groups.sort_by(|one, other| one.name().cmp(&other.name()));
        groups
    }
}

impl Topics {
    /// The topic of this name, if the newest metadata names it.
    #[must_use]
    pub fn find(&self, name: Name<'_>) -> Option<&Arc<Topic>> {
        self.named().find(|topic| topic.name.label.name() == name)
    }
}

impl GroupDetail {
    /// Whether it has members or a topic, so that Burrow would know it.
    #[must_use]
    pub fn is_used(&self) -> bool {
        !self.members.is_empty() || !self.topics.is_empty()
    }

    /// All partitions of a topic, sorted by number: those that the metadata names, and those that are committed or
    /// assigned although it does not name them.
    pub fn partitions<'a>(&'a self, topic: &'a TopicDetail) -> impl Iterator<Item = PartitionDetail<'a>> {
        let count = self.known.get(&topic.name).map_or(0, |topic| topic.partitions.len());
        let named = (0..).map(Partition).take(count);
        let committed = topic.committed.iter().map(|slot| slot.partition);
        let assigned = topic.assigned.iter().map(|one| one.partition);
        let mut all: Vec<Partition> = named.chain(committed).chain(assigned).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().map(|partition| self.partition(topic, partition))
    }

    /// A partition of a topic.
    #[must_use]
    pub fn partition<'a>(&'a self, topic: &'a TopicDetail, partition: Partition) -> PartitionDetail<'a> {
        let slot = topic.committed.get(partition);
        // A partition of a share group may have several owners. The first one is returned.
        let place = topic.assigned.partition_point(|one| one.partition < partition);
        let owner = topic.assigned.get(place).filter(|one| one.partition == partition);
        let state = self.known.partition(&topic.name, partition);
        let standing = slot.map(|slot| topic.committed.position(slot));
        PartitionDetail {
            partition,
            window: slot.map(|slot| &slot.window),
            owner: owner.and_then(|one| self.members.get(one.member)),
            bounds: state.map_or_else(OffsetBounds::default, |state| state.bounds),
            position: standing,
            slot,
            state,
            log: state.map_or_else(LogState::default, |state| log_state(state, slot.zip(standing))),
        }
    }
}

impl TopicDetail {
    /// Whether the group has committed any partition of it.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        !self.committed.is_empty()
    }
}

impl PartitionDetail<'_> {
    /// The current lag of the newest commit. `None` while it is unknown.
    #[must_use]
    pub const fn current_lag(&self) -> Option<Lag> {
        self.log.current_lag
    }

    /// The committed offset. Of a share group the start offset.
    #[must_use]
    pub fn committed(&self) -> Option<Offset> {
        self.position.map(|standing| standing.committed)
    }

    /// The lag that a commit of the window left, if it is known.
    #[must_use]
    pub fn commit_lag(&self, commit: &Commit) -> Option<Lag> {
        self.log.commit_lag(commit)
    }

    /// Evaluates the partition as of `now`. A partition without a commit is OK.
    #[must_use]
    pub fn evaluate(&self, now: Timestamp, rules: &EvaluatorRules) -> Evaluation {
        let none = Evaluation { status: PartitionStatus::Ok, complete: 0.0 };
        self.window.map_or(none, |window| evaluate::evaluate_partition(window.iter(), &self.log, now, rules))
    }

    /// The reason in words of a status that [`Self::evaluate`] returned.
    #[must_use]
    pub fn reason(&self, status: PartitionStatus, now: Timestamp) -> String {
        let none = || "ok: no commit".to_owned();
        self.window.map_or_else(none, |window| evaluate::reason(status, window.iter(), &self.log, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CommitLag;
    use crate::storage::tests::{bounds, cluster, commit, live, members, metadata};

    const AT: Timestamp = Timestamp(0);

    fn names(labels: &[Arc<Label>]) -> Vec<String> {
        labels.iter().map(|label| label.name().to_string()).collect()
    }

    /// Topic, number, number of commits, owner and lag of a partition.
    type Shown = (String, i32, usize, Option<String>, Option<Lag>);

    fn shown(group: &GroupDetail) -> Vec<Shown> {
        let mut all = Vec::new();
        for topic in &group.topics {
            for partition in group.partitions(topic) {
                let (name, owner) = (topic.name.label.name().to_string(), partition.owner);
                let owner = owner.map(|member| member.id.name().to_string());
                let held = partition.window.map_or(0, Window::len);
                all.push((name, partition.partition.0, held, owner, partition.current_lag()));
            }
        }
        all
    }

    #[test]
    fn a_group_has_every_partition_of_its_topics() {
        let cluster = cluster();
        cluster.apply_metadata(metadata(&[("t", 1, 3), ("u", 2, 1)]), AT);
        cluster.apply_bounds(&[bounds("t", 1, 0, 50)], AT);
        let updates = vec![
            (1, commit("a", "t", 1, 10, 1)),
            (2, commit("a", "t", 7, 10, 1)),
            (3, members("a", 1, &[("m", "t", &[0, 1]), ("n", "u", &[0])])),
        ];
        live(&cluster, updates);
        let detail = cluster.group(Name(b"a")).unwrap();
        let (m, n) = (|| Some("m".to_owned()), Some("n".to_owned()));
        let expected = [
            ("t".to_owned(), 0, 0, m(), None),
            ("t".to_owned(), 1, 1, m(), Some(Lag(40))),
            ("t".to_owned(), 2, 0, None, None),
            ("t".to_owned(), 7, 1, None, None),
            ("u".to_owned(), 0, 0, n, None),
        ];
        assert_eq!(shown(&detail), expected);
        assert_eq!(detail.topics.iter().map(TopicDetail::is_committed).collect::<Vec<_>>(), [true, false]);
        assert!(cluster.group(Name(b"b")).is_none());
    }

    #[test]
    fn the_first_log_end_settles_the_lag_of_commits_before_it() {
        let cluster = cluster();
        cluster.apply_metadata(metadata(&[("t", 1, 1)]), AT);
        live(&cluster, vec![(1, commit("a", "t", 0, 10, 1))]);
        let lag_then = || {
            let detail = cluster.group(Name(b"a")).unwrap();
            let partition = detail.partitions(&detail.topics[0]).next().unwrap();
            let commit = partition.window.unwrap().newest();
            (commit.lag, partition.commit_lag(&commit))
        };
        assert_eq!(lag_then(), (CommitLag::Pending, None));
        cluster.apply_bounds(&[bounds("t", 0, 0, 25)], AT);
        cluster.apply_bounds(&[bounds("t", 0, 0, 99)], AT);
        assert_eq!(lag_then(), (CommitLag::Pending, Some(Lag(15))));
    }

    #[test]
    fn lists_are_by_name_and_know_no_hidden_topic() {
        let cluster = cluster();
        cluster.apply_metadata(metadata(&[("t", 1, 1), ("u", 2, 1)]), AT);
        let updates = vec![
            (1, commit("b", "t", 0, 1, 1)),
            (2, commit("a", "t", 0, 1, 1)),
            (3, commit("c", "u", 0, 1, 1)),
            (4, members("d", 1, &[("m", "u", &[0])])),
        ];
        live(&cluster, updates);
        assert_eq!(names(&cluster.used_groups()), ["a", "b", "c", "d"]);
        assert_eq!(names(&cluster.consumers_of(Name(b"t"))), ["a", "b"]);
        assert_eq!(names(&cluster.consumers_of(Name(b"u"))), ["c", "d"]);
        assert_eq!(names(&cluster.consumers_of(Name(b"v"))), [""; 0]);
        (0..2).for_each(|_| cluster.apply_metadata(metadata(&[("t", 1, 1)]), AT));
        assert_eq!(names(&cluster.used_groups()), ["a", "b", "d"]);
        assert_eq!(names(&cluster.consumers_of(Name(b"u"))), [""; 0]);
        assert!(cluster.group(Name(b"c")).is_none());
        assert_eq!(shown(&cluster.group(Name(b"d")).unwrap()), []);
        assert!(cluster.topics().find(Name(b"t")).is_some() && cluster.topics().find(Name(b"u")).is_none());
    }
}
