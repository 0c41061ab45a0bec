//! One group: its commits by topic and partition, its members, its owners.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::invariant::broken;
use crate::model::{Commit, Order, Partition, Timestamp};
use crate::wall_clock::ExpiryTime;

use crate::storage::groups::epoch_facts;
use crate::storage::groups::group_meta::{self, GroupMeta};
use crate::storage::groups::nameless::UnnamedTopics;
use crate::storage::groups::placement::GroupPlacement;
use crate::storage::groups::prepared_members::{ClassicGeneration, RegisteredMembers};
use crate::storage::groups::record::{FactRecord, RecordStamp, TopicCommit};
use crate::storage::limits::budget::{GroupAccount, Growth};
use crate::storage::limits::record_key::RecordHasher;
use crate::storage::lists::sorted_list::{ListPosition, SortedList};
use crate::storage::rules::StorageRules;
use crate::storage::sources::dropped::DropReason;
use crate::storage::sources::group_kind::{GroupKind, GroupType};
use crate::storage::sources::places::{SourcePlace, SourcePlaces};
use crate::storage::sources::source::{SourceId, SourceKind};
use crate::storage::topics::Topics;
use crate::storage::topics::names::{Label, TopicName};
use crate::storage::windows::arriving::ArrivingCommit;
use crate::storage::windows::group_partition::{CommitOutcome, GroupPartition};
use crate::storage::windows::group_partitions::GroupPartitions;
use crate::storage::windows::pending_tombstones::PendingTombstones;

#[derive(Debug)]
pub(crate) struct Group {
    pub label: Arc<Label>,
    /// The topics that it commits to, sorted by name.
    pub topics: SortedList<GroupTopic>,
    /// States of a share group in topics whose names are not known yet.
    pub unnamed_topics: UnnamedTopics,
    pub meta: GroupMeta,
    /// Which partition of the offsets topic it is from.
    pub placement: GroupPlacement,
    /// Generations or epochs that began while the group was followed live.
    pub generations: u64,
    /// Tombstones that were read before the past. Only while the past is read behind the live stream.
    pending_tombstones: Option<Box<PendingTombstones>>,
    /// Its part in what storage holds.
    pub account: GroupAccount,
}

#[derive(Debug)]
pub(crate) struct GroupTopic {
    pub name: Arc<TopicName>,
    /// The partitions that are committed.
    pub partitions: GroupPartitions,
    /// Commits read while the group was followed live.
    pub commits: u64,
}

/// The properties of a stream of updates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpdateStream<'a> {
    pub source: SourceId,
    /// The place of the source, if it is a partition of the offsets topic.
    pub place: Option<SourcePlace>,
    pub places: &'a SourcePlaces,
    pub topics: &'a Topics,
    pub rules: &'a StorageRules,
    pub now: ExpiryTime,
    /// Whether its updates are live, so that commits and generations count.
    pub live: bool,
    /// Whether tombstones have to be remembered, because the past is read later.
    pub keeps_tombstones: bool,
    /// Whether it is the past, which is read behind the live stream.
    pub is_past: bool,
    pub hasher: &'a RecordHasher,
}

/// The text for [`broken`] where a place that was found has no topic.
pub(super) const TOPIC_FOUND: &str = "a group has a topic at the place where it was found";

impl Group {
    pub(super) fn with(label: Arc<Label>, account: GroupAccount) -> Self {
        Self {
            placement: GroupPlacement::new(label.name().0),
            label,
            topics: SortedList::new(),
            unnamed_topics: UnnamedTopics::default(),
            meta: GroupMeta::default(),
            generations: 0,
            pending_tombstones: None,
            account,
        }
    }

    pub(super) fn pending_tombstones(&self) -> Option<&PendingTombstones> {
        self.pending_tombstones.as_deref()
    }

    /// Whether the group holds nothing, so that it can be removed.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
            && self.unnamed_topics.is_empty()
            && self.meta.is_empty()
            && self.pending_tombstones.is_none()
    }

    /// Whether it is a share group.
    pub fn is_share(&self) -> bool {
        self.meta.kind() == Some(GroupKind::Share)
    }

    /// Takes in a commit. If the group does not have the topic yet, it calls `name` for the shared copy of the topic's
    /// name, and returns `None` if there is none.
    pub fn add_commit(
        &mut self,
        TopicCommit { topic, partition, commit }: TopicCommit<'_>,
        name: impl FnOnce() -> Option<Arc<TopicName>>,
        stream: &UpdateStream<'_>,
    ) -> Option<CommitOutcome> {
        if stream.rules.expire.is_commit_too_old(commit.timestamp, stream.now) {
            return Some(CommitOutcome::Dropped(DropReason::Expired));
        }
        let deleted = |pending: &PendingTombstones| pending.deletes(stream.source, topic, partition, commit.order);
        if self.pending_tombstones.as_deref().is_some_and(deleted) {
            return Some(CommitOutcome::Repeated);
        }
        let mut growth = Growth::default();
        let place = match self.find(topic) {
            Ok(place) => place,
            Err(place) => self.insert_topic(place, name()?, &mut growth),
        };
        let Some(held) = self.topics.get_mut(place) else {
            broken(TOPIC_FOUND);
            return Some(CommitOutcome::Repeated);
        };
        let taken = held.add_commit(partition, commit, stream, &mut growth);
        if held.partitions.is_empty() {
            self.remove_topic_if_empty(place, &mut growth);
        }
        self.account.grow(growth);
        Some(taken)
    }

    /// Applies the tombstone of a commit: removes the window of the partition, unless its commit comes from another
    /// source or is newer than the tombstone. `order` is that of the tombstone.
    pub fn remove_commit(&mut self, topic: &[u8], partition: Partition, order: Order, stream: &UpdateStream<'_>) {
        let mut growth = Growth::default();
        if stream.keeps_tombstones {
            let pending = self.pending_tombstones.get_or_insert_default();
            pending.add(stream.source, topic, partition, order, &mut growth);
        }
        if let Ok(place) = self.find(topic) {
            match self.topics.get_mut(place) {
                Some(held) => held.partitions.remove(partition, stream.source, order, &mut growth),
                None => broken(TOPIC_FOUND),
            }
            self.remove_topic_if_empty(place, &mut growth);
        }
        self.account.grow(growth);
    }

    /// Removes the topic at this place if none of its partitions is committed any more.
    pub fn remove_topic_if_empty(&mut self, place: ListPosition, growth: &mut Growth) {
        if let Some(topic) = self.topics.get(place).filter(|topic| topic.partitions.is_empty()) {
            let before = self.topics.heap_bytes().saturating_add(topic.partitions.heap_bytes());
            self.topics.remove(place);
            growth.resize(before, self.topics.heap_bytes());
        }
    }

    #[cold]
    fn insert_topic(&mut self, place: ListPosition, name: Arc<TopicName>, growth: &mut Growth) -> ListPosition {
        let before = self.topics.heap_bytes();
        let place = self.topics.insert(place, GroupTopic::new(name));
        growth.resize(before, self.topics.heap_bytes());
        place
    }

    /// Replaces the generation of a classic group.
    pub fn set_generation(
        &mut self,
        made: &mut Option<ClassicGeneration>,
        stamp: RecordStamp,
        stream: &UpdateStream<'_>,
    ) {
        let taken = self.change_meta(|meta| meta.set_generation(made, stamp, stream.source));
        self.count_generation(taken, stream);
    }

    /// Applies one fact about a group of a newer type.
    pub fn apply_fact(&mut self, record: FactRecord, made: &mut epoch_facts::PreparedFact, stream: &UpdateStream<'_>) {
        let taken = self.change_meta(|meta| meta.apply_fact(record, made, stream.source));
        self.count_generation(taken, stream);
        if record.is_tombstone && !self.keeps_tombstones(stream) {
            self.change_meta(|meta| meta.remove_tombstone(record.kind, made));
        }
    }

    /// Replaces the members that are registered in ZooKeeper.
    pub fn set_registered(&mut self, made: &mut Option<RegisteredMembers>) {
        self.change_meta(|meta| meta.set_registered(made));
    }

    /// Removes a classic group's metadata, unless the group now has another type. A conversion to the KIP-848 protocol
    /// writes the classic tombstone too.
    pub fn remove_classic(&mut self, order: Order, stream: &UpdateStream<'_>) {
        if self.change_meta(|meta| meta.remove_classic(order, stream.source)) {
            self.keeps_tombstones(stream);
        }
    }

    fn count_generation(&mut self, taken: group_meta::RecordEffect, stream: &UpdateStream<'_>) {
        if stream.live && taken.begins_epoch {
            self.generations = self.generations.saturating_add(1);
        }
    }

    /// Whether tombstones are remembered, because the past of a source is still to be read.
    fn keeps_tombstones(&mut self, stream: &UpdateStream<'_>) -> bool {
        if stream.keeps_tombstones {
            self.pending_tombstones.get_or_insert_default().add_source(stream.source);
        }
        self.pending_tombstones.is_some()
    }

    /// Keeps the windows for which `keep` returns true. `keep` may change them. Returns whether the group still holds
    /// anything.
    pub fn retain(&mut self, mut keep: impl FnMut(&TopicName, &mut GroupPartition) -> bool) -> bool {
        self.topics.retain_mut(|topic| {
            let GroupTopic { name, partitions: slots, .. } = topic;
            slots.retain(|slot| keep(name, slot));
            !slots.is_empty()
        });
        self.count_again();
        !self.is_empty()
    }

    /// Removes everything that came from a source. Returns whether the group still holds anything.
    pub fn remove_source(&mut self, source: SourceId) -> bool {
        self.meta.remove_source(source);
        self.drop_pending_tombstones(source);
        self.unnamed_topics.remove_source(source);
        self.retain(|_, slot| slot.source != source)
    }

    /// Forgets the remembered tombstones of a source whose past has been read. Returns whether the group still holds
    /// anything.
    pub fn drop_pending_tombstones(&mut self, source: SourceId) -> bool {
        if self.pending_tombstones.take_if(|pending_tombstones| !pending_tombstones.remove_source(source)).is_some() {
            self.meta.remove_tombstones();
            self.count_again();
        }
        !self.is_empty()
    }

    /// Adds what another reading of the same group has found.
    pub fn merge(&mut self, other: Self) {
        self.meta.merge(other.meta);
        for topic in other.topics {
            match self.find(topic.name.label.name().0) {
                Ok(place) => {
                    let Some(held) = self.topics.get_mut(place) else {
                        broken(TOPIC_FOUND);
                        continue;
                    };
                    held.partitions.merge(topic.partitions);
                    held.commits = held.commits.saturating_add(topic.commits);
                }
                Err(place) => drop(self.topics.insert(place, topic)),
            }
        }
        self.unnamed_topics.merge(other.unnamed_topics);
        self.placement.is_right |= other.placement.is_right;
        self.placement.has_ghosts |= other.placement.has_ghosts;
        self.generations = self.generations.saturating_add(other.generations);
        self.count_again();
    }

    /// The type of the group: by its own records if there are any, else by the sources of its commits.
    pub fn kind(&self) -> GroupType {
        let commits_there = || {
            let mut slots = self.topics.iter().flat_map(|topic| topic.partitions.iter());
            slots.any(|slot| slot.source.kind() == SourceKind::ZooKeeper)
        };
        match self.meta.kind() {
            Some(kind) => GroupType::Kind(kind),
            None if commits_there() => GroupType::Kind(GroupKind::ZooKeeper),
            None => GroupType::Simple,
        }
    }

    /// Whether the group has no members and its newest commit is too old, or, if it has no commit, its newest record.
    /// `brought` has the timestamp of the newest commit of each source.
    pub fn has_expired(&self, rules: &StorageRules, now: ExpiryTime, brought: &HashMap<SourceId, Timestamp>) -> bool {
        let slots = self.topics.iter().flat_map(|topic| topic.partitions.iter());
        let newest = slots.map(|slot| (slot.window.newest().timestamp, slot.source)).max_by_key(|(newest, _)| *newest);
        let newest = newest.or_else(|| {
            let is_alone = self.meta.is_recorded() && self.unnamed_topics.is_empty();
            self.meta.record_time().zip(self.meta.record_source()).filter(|_| is_alone)
        });
        !self.meta.has_members()
            && newest.is_some_and(|(newest, source)| {
                rules.expire.is_group_expired(newest, source.kind(), brought.get(&source).copied(), now)
            })
    }

    pub fn find(&self, topic: &[u8]) -> Result<ListPosition, ListPosition> {
        self.topics.find(|held| held.name.label.name().0.cmp(topic))
    }

    /// Returns the place of the topic with this name, which is added if there is none.
    pub fn position_or_insert(&mut self, name: Arc<TopicName>, growth: &mut Growth) -> ListPosition {
        match self.find(name.label.name().0) {
            Ok(place) => place,
            Err(place) => self.insert_topic(place, name, growth),
        }
    }
}

impl GroupTopic {
    fn new(name: Arc<TopicName>) -> Self {
        Self { name, partitions: GroupPartitions::default(), commits: 0 }
    }

    fn add_commit(
        &mut self,
        partition: Partition,
        commit: Commit,
        stream: &UpdateStream<'_>,
        growth: &mut Growth,
    ) -> CommitOutcome {
        let topics = stream.topics;
        if topics.previous_until(&self.name).is_some_and(|since| commit.timestamp <= since) {
            return CommitOutcome::Dropped(DropReason::Recreated);
        }
        let bounds = topics.bounds(&self.name, partition);
        let arriving = ArrivingCommit { source: stream.source, partition, commit, progress: None };
        let taken = self.partitions.add_commit(arriving, bounds, stream.rules, growth);
        if stream.live && taken == CommitOutcome::Added {
            self.commits = self.commits.saturating_add(1);
        }
        taken
    }
}
