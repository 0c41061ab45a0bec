//! One group: its commits by topic and partition, its members, its owners.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::model::{Order, Partition, Timestamp};
use crate::wall_clock::AsOf;

use super::SourceId;
use super::epochs::Owners;
use super::graves::Graves;
use super::meta::{self, Meta};
use super::names::{Label, TopicName};
use super::shares::Nameless;
use super::slot::{Rules, Slot, Taken};
use super::slots::{Arriving, Slots};
use super::source::Origin;
use super::topics::Topics;
use super::update::{Dropped, GroupFact, GroupKind, MemberUpdate, MembersUpdate};
use super::view::GroupType;
use super::window::Commit;

/// A partition and the index of the member that it is assigned to.
pub type Assigned = (Partition, usize);

#[derive(Debug)]
pub(super) struct Group {
    pub label: Arc<Label>,
    /// Sorted by name.
    pub topics: Vec<GroupTopic>,
    /// How far a share group has come in topics whose names are not known yet.
    pub nameless: Nameless,
    pub meta: Meta,
    /// Generations seen to begin, live.
    pub generations: u64,
    /// Whether owners have to be found out anew.
    owners: OwnersFrom,
    /// Tombstones that came before the past did; only while the past is read behind the live stream.
    graves: Option<Box<Graves>>,
}

#[derive(Debug)]
pub(super) struct GroupTopic {
    pub name: Arc<TopicName>,
    /// The partitions that are committed.
    pub slots: Slots,
    /// Sorted by partition.
    pub assigned: Arc<[Assigned]>,
    /// Commits seen live.
    pub commits: u64,
}

/// Where the owners of partitions are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnersFrom {
    /// They are held with the topics.
    Held,
    /// They follow from records that have come since.
    Records,
}

/// What holds for a stream of updates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream<'a> {
    pub source: SourceId,
    pub topics: &'a Topics,
    pub rules: &'a Rules,
    pub now: AsOf,
    /// Whether what it brings happens now, and counts.
    pub live: bool,
    /// Whether tombstones must be remembered, because the past comes behind.
    pub bury: bool,
}

impl Group {
    pub fn new(label: Arc<Label>) -> Self {
        let owners = OwnersFrom::Held;
        let nameless = Nameless::default();
        Self { label, topics: Vec::new(), nameless, meta: Meta::default(), generations: 0, owners, graves: None }
    }

    /// Whether nothing is held that a later update would need.
    pub fn is_gone(&self) -> bool {
        self.topics.is_empty() && self.nameless.is_empty() && self.meta.is_empty() && self.graves.is_none()
    }

    /// Whether it is a share group.
    pub fn is_share(&self) -> bool {
        self.meta.kind() == Some(GroupKind::Share)
    }

    /// Takes a commit in. `name` is asked for the topic's one copy when the group has none yet.
    pub fn commit(
        &mut self,
        (topic, partition, commit): (&[u8], Partition, Commit),
        name: impl FnOnce() -> Option<Arc<TopicName>>,
        stream: &Stream<'_>,
    ) -> Option<Taken> {
        if stream.rules.expire.refuses(commit.timestamp, stream.now) {
            return Some(Taken::Dropped(Dropped::Expired));
        }
        if self.graves.as_ref().is_some_and(|graves| graves.hold(stream.source, topic, partition, commit.order)) {
            return Some(Taken::Repeated);
        }
        let index = match self.find(topic) {
            Ok(index) => index,
            Err(index) => {
                self.topics.insert(index, GroupTopic::new(name()?));
                index
            }
        };
        let held = self.topics.get_mut(index)?;
        let taken = held.commit(partition, commit, stream);
        if held.is_gone() {
            self.topics.remove(index);
        }
        Some(taken)
    }

    /// Takes away a commit that is older than its tombstone.
    pub fn remove_commit(&mut self, topic: &[u8], partition: Partition, order: Order, stream: &Stream<'_>) {
        if stream.bury {
            self.graves.get_or_insert_default().bury(stream.source, topic, partition, order);
        }
        let Ok(index) = self.find(topic) else { return };
        let Some(held) = self.topics.get_mut(index) else { return };
        held.slots.remove(partition, stream.source, order);
        if held.is_gone() {
            self.topics.remove(index);
        }
    }

    /// Puts the members of a new generation in the place of the old ones.
    /// `names` are the one copies of the assigned topics' names, member by member.
    pub fn members(&mut self, update: &MembersUpdate<'_>, names: &AssignedNames, order: Order, stream: &Stream<'_>) {
        let taken = self.meta.members(update, order, stream.source);
        self.count_generation(taken, stream);
        if taken.counts {
            self.own(names);
            self.owners = OwnersFrom::Held;
        }
    }

    /// Takes in one thing about a group of another type. `names` are the one copies of the topics' names in it.
    pub fn fact(
        &mut self,
        (kind, fact): (GroupKind, &GroupFact<'_>),
        names: &[Arc<TopicName>],
        (order, at): (Order, Timestamp),
        stream: &Stream<'_>,
    ) {
        let taken = self.meta.take((kind, fact), names, (order, at), stream.source);
        self.count_generation(taken, stream);
        if fact.is_tombstone() {
            self.bury(stream);
        }
        if taken.counts {
            self.owners = OwnersFrom::Records;
        }
    }

    /// Puts the members that are registered in ZooKeeper in the place of those that were. `names` are the one copies
    /// of the owned topics' names, member by member.
    pub fn register(&mut self, members: &[MemberUpdate<'_>], names: &AssignedNames, source: SourceId) {
        self.meta.register(members, names, source);
        self.own_registered();
    }

    /// Where no record of Kafka's says who owns what: as it is registered in ZooKeeper, or nobody.
    fn own_registered(&mut self) {
        if matches!(self.meta.kind(), None | Some(GroupKind::ZooKeeper)) {
            self.own(&self.meta.registered_names());
        }
    }

    /// Takes a classic group's metadata away, unless the group is of another type by now: a conversion to the protocol
    /// of KIP-848 writes the classic tombstone too.
    pub fn remove_meta(&mut self, order: Order, stream: &Stream<'_>) {
        if self.meta.remove_classic(order, stream.source) {
            self.own_registered();
            self.bury(stream);
        }
    }

    fn count_generation(&mut self, taken: meta::Taken, stream: &Stream<'_>) {
        if stream.live && taken.begins {
            self.generations = self.generations.saturating_add(1);
        }
    }

    /// Tombstones are remembered while the past is still to come.
    fn bury(&mut self, stream: &Stream<'_>) {
        if stream.bury {
            self.graves.get_or_insert_default().open(stream.source);
        } else if self.graves.is_none() {
            self.meta.sweep();
        }
    }

    /// Finds out who owns what, where that has changed or was not known for want of a topic's name.
    pub fn find_owners(&mut self, topics: &Topics) {
        if self.owners == OwnersFrom::Held {
            return;
        }
        let Some(Owners { members, owned, waits }) = self.meta.owners(topics) else {
            self.own_registered();
            self.owners = OwnersFrom::Held;
            return;
        };
        self.meta.members = members.into();
        self.own(&owned);
        self.owners = if waits { OwnersFrom::Records } else { OwnersFrom::Held };
    }

    /// Keeps the windows that `keep` says, with what they hold; tells whether the group is still there.
    pub fn retain(&mut self, mut keep: impl FnMut(&TopicName, &mut Slot) -> bool) -> bool {
        self.topics.retain_mut(|topic| {
            let GroupTopic { name, slots, .. } = topic;
            slots.retain(|slot| keep(name, slot));
            !topic.is_gone()
        });
        !self.is_gone()
    }

    /// Forgets all that came from a source; tells whether the group is still there.
    pub fn forget(&mut self, source: SourceId) -> bool {
        if self.meta.forget_source(source) {
            self.own_registered();
        }
        self.close_graves(source);
        self.nameless.forget(source);
        self.retain(|_, slot| slot.source != source)
    }

    /// Forgets the tombstones kept for a past that has been read; tells whether the group is still there.
    pub fn close_graves(&mut self, source: SourceId) -> bool {
        if self.graves.take_if(|graves| !graves.close(source)).is_some() {
            self.meta.sweep();
        }
        !self.is_gone()
    }

    /// Takes over what another reading of the same group has found.
    pub fn merge(&mut self, other: Self) {
        let takes_members = self.meta.merge(other.meta);
        if takes_members {
            self.owners = other.owners;
            self.topics.iter_mut().for_each(|topic| topic.assigned = Arc::default());
        }
        for mut topic in other.topics {
            if !takes_members {
                topic.assigned = Arc::default();
            }
            match self.find(topic.name.label.name().0) {
                Ok(index) => {
                    let Some(held) = self.topics.get_mut(index) else { continue };
                    held.slots.adopt(topic.slots);
                    if takes_members {
                        held.assigned = topic.assigned;
                    }
                    held.commits = held.commits.saturating_add(topic.commits);
                }
                Err(index) => self.topics.insert(index, topic),
            }
        }
        self.own_registered();
        self.topics.retain(|topic| !topic.is_gone());
        self.nameless.merge(other.nameless);
        self.generations = self.generations.saturating_add(other.generations);
    }

    /// What it is: what its members say, else where it commits.
    pub fn kind(&self) -> GroupType {
        let commits_there = || {
            let mut slots = self.topics.iter().flat_map(|topic| topic.slots.iter());
            slots.any(|slot| slot.source.origin() == Origin::ZooKeeper)
        };
        match self.meta.kind() {
            Some(kind) => GroupType::Kind(kind),
            None if commits_there() => GroupType::Kind(GroupKind::ZooKeeper),
            None => GroupType::Simple,
        }
    }

    /// Whether it has no members, and its newest commit is too old. `brought` is the newest commit of each source.
    pub fn has_expired(&self, rules: &Rules, now: AsOf, brought: &HashMap<SourceId, Timestamp>) -> bool {
        let slots = self.topics.iter().flat_map(|topic| topic.slots.iter());
        let newest = slots.map(|slot| (slot.window.newest().timestamp, slot.source)).max_by_key(|(newest, _)| *newest);
        self.meta.members.is_empty()
            && newest.is_some_and(|(newest, source)| {
                rules.expire.ends(newest, source.origin(), brought.get(&source).copied(), now)
            })
    }

    /// Lets the windows that were held before a reading anew go on.
    pub fn go_on(&mut self, before: &Self, rules: &Rules) {
        for topic in &mut self.topics {
            let index = before.find(topic.name.label.name().0);
            let Some(held) = index.ok().and_then(|index| before.topics.get(index)) else { continue };
            for slot in topic.slots.iter_mut() {
                if let Some(before) = held.slots.get(slot.partition) {
                    topic.commits = topic.commits.saturating_add(slot.go_on(before, rules));
                }
            }
        }
    }

    /// Takes over the counts of what was shown before a reading anew, and since when records wait.
    pub fn count_on(&mut self, before: &Self) {
        self.generations = before.generations;
        for topic in &mut self.topics {
            let index = before.find(topic.name.label.name().0);
            let Some(held) = index.ok().and_then(|index| before.topics.get(index)) else { continue };
            topic.commits = held.commits;
            for slot in topic.slots.iter_mut() {
                if let Some(before) = held.slots.get(slot.partition) {
                    slot.wait_on(before);
                }
            }
        }
    }

    /// The counts have been handed on.
    pub fn reset_counts(&mut self) {
        self.generations = 0;
        self.topics.iter_mut().for_each(|topic| topic.commits = 0);
    }

    fn find(&self, topic: &[u8]) -> Result<usize, usize> {
        self.topics.binary_search_by(|held| held.name.label.name().0.cmp(topic))
    }

    /// The topic of a name, made where there is none.
    pub fn topic_of(&mut self, name: Arc<TopicName>) -> &mut GroupTopic {
        let index = self.find(name.label.name().0).unwrap_or_else(|index| {
            self.topics.insert(index, GroupTopic::new(name));
            index
        });
        #[expect(clippy::indexing_slicing, reason = "it was found or put there just above")]
        &mut self.topics[index]
    }

    fn own(&mut self, names: &AssignedNames) {
        let mut owned: HashMap<*const TopicName, (Arc<TopicName>, Vec<Assigned>)> = HashMap::new();
        for (member, topics) in names.iter().enumerate() {
            for (name, partitions) in topics {
                let (_, list) = owned.entry(Arc::as_ptr(name)).or_insert_with(|| (Arc::clone(name), Vec::new()));
                list.extend(partitions.iter().map(|partition| (*partition, member)));
            }
        }
        for topic in &mut self.topics {
            topic.assigned = Arc::default();
        }
        for (name, mut list) in owned.into_values() {
            // Members of a share group share partitions.
            list.sort_unstable();
            list.dedup();
            self.topic_of(name).assigned = list.into();
        }
        self.topics.retain(|topic| !topic.is_gone());
    }
}

/// The topics and partitions assigned to each member.
pub(super) type AssignedNames = Vec<Vec<(Arc<TopicName>, Vec<Partition>)>>;

impl GroupTopic {
    fn new(name: Arc<TopicName>) -> Self {
        Self { name, slots: Slots::default(), assigned: Arc::default(), commits: 0 }
    }

    pub fn is_gone(&self) -> bool {
        self.slots.is_empty() && self.assigned.is_empty()
    }

    fn commit(&mut self, partition: Partition, commit: Commit, stream: &Stream<'_>) -> Taken {
        let topics = stream.topics;
        if topics.since(&self.name).is_some_and(|since| commit.timestamp <= since) {
            return Taken::Dropped(Dropped::Recreated);
        }
        let bounds = topics.bounds(&self.name, partition);
        let arriving = Arriving { source: stream.source, partition, commit, progress: None };
        let taken = self.slots.take(arriving, bounds, stream.rules);
        if stream.live && taken == Taken::In {
            self.commits = self.commits.saturating_add(1);
        }
        taken
    }
}
