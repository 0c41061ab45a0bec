//! One group: its commits by topic and partition, its members, its owners.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::model::{Order, Partition, Timestamp};

use super::SourceId;
use super::graves::Graves;
use super::meta::{Member, Meta};
use super::names::{Label, TopicName};
use super::slot::{Rules, Slot, Taken};
use super::topics::Topics;
use super::update::{Dropped, GroupKind, MembersUpdate};
use super::window::Commit;

/// A partition and the index of the member that it is assigned to.
pub type Assigned = (Partition, usize);

#[derive(Debug)]
pub(super) struct Group {
    pub label: Arc<Label>,
    /// Sorted by name.
    pub topics: Vec<GroupTopic>,
    pub meta: Meta,
    /// Generations seen to begin, live.
    pub generations: u64,
    /// Tombstones that came before the past did; only while the past is read behind the live stream.
    graves: Option<Box<Graves>>,
}

#[derive(Debug)]
pub(super) struct GroupTopic {
    pub name: Arc<TopicName>,
    /// Sorted by partition.
    pub slots: Vec<Slot>,
    /// Sorted by partition.
    pub assigned: Arc<[Assigned]>,
    /// Commits seen live.
    pub commits: u64,
}

/// What holds for a stream of updates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream<'a> {
    pub source: SourceId,
    pub topics: &'a Topics,
    pub rules: &'a Rules,
    pub now: Timestamp,
    /// Whether what it brings happens now, and counts.
    pub live: bool,
    /// Whether tombstones must be remembered, because the past comes behind.
    pub bury: bool,
}

impl Group {
    pub fn new(label: Arc<Label>) -> Self {
        Self { label, topics: Vec::new(), meta: Meta::none(), generations: 0, graves: None }
    }

    /// Whether nothing is held that a later update would need.
    pub fn is_gone(&self) -> bool {
        self.topics.is_empty() && self.meta.kind.is_none() && self.graves.is_none()
    }

    /// Whether Kafka's tools would list it: it has commits or members.
    pub fn is_shown(&self) -> bool {
        !self.topics.is_empty() || !self.meta.members.is_empty()
    }

    /// Takes a commit in. `name` is asked for the topic's one copy when the group has none yet.
    pub fn commit(
        &mut self,
        (topic, partition, commit): (&[u8], Partition, Commit),
        name: impl FnOnce() -> Option<Arc<TopicName>>,
        stream: &Stream<'_>,
    ) -> Option<Taken> {
        if stream.rules.expire.is_some_and(|expire| is_older(commit.timestamp, stream.now, expire)) {
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
        let older = |slot: &&Slot| slot.source == stream.source && slot.window.newest().order <= order;
        if let Ok(place) = held.find(partition)
            && held.slots.get(place).filter(older).is_some()
        {
            held.slots.remove(place);
        }
        if held.is_gone() {
            self.topics.remove(index);
        }
    }

    /// Puts the members of a new generation in the place of the old ones.
    /// `names` are the one copies of the assigned topics' names, member by member.
    pub fn members(&mut self, update: &MembersUpdate<'_>, names: &AssignedNames, order: Order, stream: &Stream<'_>) {
        if !self.meta.is_newer(stream.source, order, update.at) {
            return;
        }
        if stream.live && self.meta.generation != Some(update.generation) {
            self.generations = self.generations.saturating_add(1);
        }
        self.meta = Meta {
            held: Some((stream.source, order, update.at)),
            kind: Some(GroupKind::Classic),
            protocol_type: Arc::new(Label::new(update.protocol_type.0)),
            protocol: Arc::new(Label::new(update.protocol.0)),
            generation: Some(update.generation),
            members: update.members.iter().map(Member::new).collect(),
        };
        self.own(names);
    }

    /// Notes the type of a group whose members are not read from one record.
    pub fn kind(&mut self, kind: GroupKind, order: Order, at: Timestamp, stream: &Stream<'_>) {
        if !self.meta.is_newer(stream.source, order, at) {
            return;
        }
        if self.meta.kind != Some(kind) {
            self.meta = Meta { kind: Some(kind), ..Meta::none() };
            self.own(&Vec::new());
        }
        self.meta.held = Some((stream.source, order, at));
    }

    /// Takes the metadata away, unless the group is of another type by now: a conversion to the protocol
    /// of KIP-848 writes the classic tombstone too.
    pub fn remove_meta(&mut self, kind: GroupKind, order: Order, stream: &Stream<'_>) {
        // Where the offsets topic has grown, the partition that held the group before lets it expire there.
        let newest = self.meta.held.map(|(_, newest, at)| (newest, at));
        if self.meta.held.is_some_and(|(source, ..)| source != stream.source)
            || newest.is_some_and(|(newest, _)| newest >= order)
        {
            return;
        }
        if self.meta.kind.is_none_or(|held| held == kind) {
            self.meta = Meta::none();
            self.own(&Vec::new());
            if stream.bury {
                self.graves.get_or_insert_default().open(stream.source);
            }
        }
        let at = newest.map_or(Timestamp(i64::MIN), |(_, at)| at);
        self.meta.held = Some((stream.source, order, at));
    }

    /// Keeps the windows that `keep` says, with what they hold; tells whether the group is still there.
    pub fn retain(&mut self, mut keep: impl FnMut(&TopicName, &mut Slot) -> bool) -> bool {
        self.topics.retain_mut(|topic| {
            let GroupTopic { name, slots, .. } = topic;
            slots.retain_mut(|slot| keep(name, slot));
            !topic.is_gone()
        });
        !self.is_gone()
    }

    /// Forgets all that came from a source; tells whether the group is still there.
    pub fn forget(&mut self, source: SourceId) -> bool {
        if self.meta.held.is_some_and(|(held, ..)| held == source) {
            self.meta = Meta::none();
            self.own(&Vec::new());
        }
        self.close_graves(source);
        self.retain(|_, slot| slot.source != source)
    }

    /// Forgets the tombstones kept for a past that has been read; tells whether the group is still there.
    pub fn close_graves(&mut self, source: SourceId) -> bool {
        self.graves.take_if(|graves| !graves.close(source));
        !self.is_gone()
    }

    /// Takes over what another reading of the same group has found.
    pub fn merge(&mut self, other: Self) {
        for topic in other.topics {
            match self.find(topic.name.label.name().0) {
                Ok(index) => {
                    let Some(held) = self.topics.get_mut(index) else { continue };
                    for slot in topic.slots {
                        held.adopt(slot);
                    }
                    held.assigned = topic.assigned;
                    held.commits = held.commits.saturating_add(topic.commits);
                }
                Err(index) => self.topics.insert(index, topic),
            }
        }
        if let Some((source, order, at)) = other.meta.held
            && self.meta.is_newer(source, order, at)
        {
            self.meta = other.meta;
        }
        self.generations = self.generations.saturating_add(other.generations);
    }

    /// Takes over the counts of what was shown before a reading anew.
    pub fn count_on(&mut self, before: &Self) {
        self.generations = before.generations;
        for topic in &mut self.topics {
            if let Ok(index) = before.find(topic.name.label.name().0) {
                topic.commits = before.topics.get(index).map_or(0, |held| held.commits);
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
            list.sort_unstable();
            list.dedup_by_key(|(partition, _)| *partition);
            let index = self.find(name.label.name().0).unwrap_or_else(|index| {
                self.topics.insert(index, GroupTopic::new(name));
                index
            });
            if let Some(topic) = self.topics.get_mut(index) {
                topic.assigned = list.into();
            }
        }
        self.topics.retain(|topic| !topic.is_gone());
    }
}

/// The topics and partitions assigned to each member.
pub(super) type AssignedNames = Vec<Vec<(Arc<TopicName>, Vec<Partition>)>>;

impl GroupTopic {
    fn new(name: Arc<TopicName>) -> Self {
        Self { name, slots: Vec::new(), assigned: Arc::default(), commits: 0 }
    }

    fn is_gone(&self) -> bool {
        self.slots.is_empty() && self.assigned.is_empty()
    }

    fn find(&self, partition: Partition) -> Result<usize, usize> {
        // Partitions are mostly all there: then the number is the place.
        let guess = usize::try_from(partition.0).unwrap_or(usize::MAX);
        if self.slots.get(guess).is_some_and(|slot| slot.partition == partition) {
            return Ok(guess);
        }
        self.slots.binary_search_by_key(&partition, |slot| slot.partition)
    }

    fn commit(&mut self, partition: Partition, commit: Commit, stream: &Stream<'_>) -> Taken {
        let topics = stream.topics;
        if topics.since(&self.name).is_some_and(|since| commit.timestamp <= since) {
            return Taken::Dropped(Dropped::Recreated);
        }
        let bounds = topics.bounds(&self.name, partition);
        let taken = match self.find(partition) {
            Ok(index) => match self.slots.get_mut(index) {
                Some(slot) => slot.take(stream.source, commit, bounds, stream.rules),
                None => return Taken::Repeated,
            },
            Err(index) => {
                self.slots.insert(index, Slot::new(partition, stream.source, commit, bounds));
                Taken::In
            }
        };
        if stream.live && taken == Taken::In {
            self.commits = self.commits.saturating_add(1);
        }
        taken
    }

    /// Puts a window of another source in, unless the one that is held is the later one.
    fn adopt(&mut self, slot: Slot) {
        match self.find(slot.partition) {
            Ok(index) => {
                if let Some(held) = self.slots.get_mut(index)
                    && (held.source == slot.source || held.window.newest().timestamp < slot.window.newest().timestamp)
                {
                    *held = slot;
                }
            }
            Err(index) => self.slots.insert(index, slot),
        }
    }

    /// When the newest of its commits was made.
    pub fn newest(&self) -> Option<Timestamp> {
        self.slots.iter().map(|slot| slot.window.newest().timestamp).max()
    }
}

/// Whether a time lies further back than an age.
pub(super) fn is_older(time: Timestamp, now: Timestamp, age: std::time::Duration) -> bool {
    i128::from(now.since(time)) > i128::try_from(age.as_millis()).unwrap_or(i128::MAX)
}
