//! What a group's own records say beside its commits: type, state and members.

use std::sync::Arc;

use crate::invariant::broken;
use crate::model::{Order, Timestamp};

use crate::storage::groups::epoch_facts;
use crate::storage::groups::member::Member;
use crate::storage::groups::owners::Owners;
use crate::storage::groups::prepared_members::{ClassicGeneration, RegisteredMembers};
use crate::storage::groups::protocol_records::{ComputedOwners, GroupState, ProtocolRecords};
use crate::storage::groups::record::{FactRecord, RecordStamp};
use crate::storage::lists::allocation;
use crate::storage::lists::newest_fact::NewestFact;
use crate::storage::sources::group_kind::GroupKind;
use crate::storage::sources::source::SourceId;
use crate::storage::topics::names::Label;

/// What a group's own records say.
#[derive(Debug, Default)]
pub(crate) struct GroupMeta {
    /// Where the records are from.
    newest: Option<RecordSource>,
    /// The type of the newest record that says that the group exists.
    kind: Option<GroupKind>,
    classic: NewestFact<ClassicGeneration>,
    /// The facts by type. Mostly there is one type: the group may have had another one before.
    protocols: Vec<ProtocolRecords>,
    /// Members from ZooKeeper. They count only while no record of Kafka says what the group is.
    registered: Option<RegisteredMembers>,
}

/// The source of a group's records.
#[derive(Clone, Copy, Debug)]
struct RecordSource {
    source: SourceId,
    /// The time of the newest record.
    newest: Timestamp,
}

impl GroupMeta {
    pub const fn kind(&self) -> Option<GroupKind> {
        self.kind
    }

    /// Whether records of Kafka say that the group exists, so that Kafka lists it. Its tombstones end that.
    pub const fn is_recorded(&self) -> bool {
        match self.kind {
            Some(GroupKind::Classic | GroupKind::Consumer | GroupKind::Share | GroupKind::Streams) => true,
            Some(GroupKind::ZooKeeper) | None => false,
        }
    }

    /// Where the records are from.
    pub fn record_source(&self) -> Option<SourceId> {
        self.newest.map(|held| held.source)
    }

    /// The time of the newest record.
    pub fn record_time(&self) -> Option<Timestamp> {
        self.newest.map(|held| held.newest)
    }

    /// The memory that it takes beside its own size.
    pub fn bytes(&self) -> usize {
        let classic = self.classic.get().map_or(0, ClassicGeneration::bytes);
        let registered = self.registered.as_ref().map_or(0, |registered| registered.owners.bytes());
        let protocols = self.protocols.iter().map(ProtocolRecords::bytes);
        let lists = [classic, registered, allocation::list::<ProtocolRecords>(self.protocols.capacity())];
        lists.into_iter().chain(protocols).fold(0, usize::saturating_add)
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.classic.get().is_none() && self.protocols.is_empty() && self.registered.is_none()
    }

    /// Removes everything except the source. Returns what was held.
    pub fn clear(&mut self) -> Self {
        let held = self.newest;
        std::mem::replace(self, Self { newest: held, ..Self::default() })
    }

    /// Removes what came from a source. Returns whether anything did.
    pub fn remove_source(&mut self, source: SourceId) -> bool {
        let records = self.newest.is_some_and(|held| held.source == source);
        if records {
            *self = Self { registered: self.registered.take(), ..Self::default() };
        }
        let registered = self.registered.take_if(|registered| registered.source == source).is_some();
        if records || registered {
            self.update_kind();
        }
        records || registered
    }

    /// Swaps these members with those that were registered in ZooKeeper before.
    pub fn set_registered(&mut self, registered: &mut Option<RegisteredMembers>) {
        std::mem::swap(&mut self.registered, registered);
        self.update_kind();
    }

    /// Whether records of this source are accepted.
    ///
    /// Orders are comparable only within a source. A source with a later record takes over, as for commits. What other
    /// sources of Kafka brought is dropped then.
    fn accept_source(&mut self, source: SourceId, at: Timestamp) -> bool {
        match self.newest {
            Some(held) if held.source == source => {
                self.newest = Some(RecordSource { source, newest: held.newest.max(at) });
            }
            Some(held) if held.newest >= at => return false,
            Some(_) | None => {
                let registered = self.registered.take();
                *self = Self { newest: Some(RecordSource { source, newest: at }), registered, ..Self::default() };
            }
        }
        true
    }

    /// Applies the generation of a classic group. If it is applied, `made` then contains the previous
    /// one.
    ///
    /// Returns whether it counts, and whether it begins a generation.
    pub fn set_generation(
        &mut self,
        made: &mut Option<ClassicGeneration>,
        stamp: RecordStamp,
        source: SourceId,
    ) -> RecordEffect {
        if !self.accept_source(source, stamp.at) {
            return RecordEffect::OLD;
        }
        let generation = |classic: Option<&ClassicGeneration>| classic.map(|classic| classic.generation);
        let begins = generation(self.classic.get()) != generation(made.as_ref());
        let counts = self.classic.swap(stamp.order, made);
        self.update_kind();
        RecordEffect { counts: counts && self.kind == Some(GroupKind::Classic), begins_epoch: counts && begins }
    }

    /// Applies the tombstone of a classic group's metadata, which was deleted, expired or converted to another type.
    /// Returns whether it was applied.
    pub fn remove_classic(&mut self, order: Order, source: SourceId) -> bool {
        // The first record of the source may be read later, when the past is read behind the live stream.
        let held = *self.newest.get_or_insert(RecordSource { source, newest: Timestamp(i64::MIN) });
        let counts = held.source == source && self.classic.set(order, None);
        if counts {
            self.update_kind();
        }
        counts
    }

    /// Applies a record of one of the newer types. If it is applied, `made` then contains the previous value.
    pub fn apply_fact(
        &mut self,
        record: FactRecord,
        made: &mut epoch_facts::PreparedFact,
        source: SourceId,
    ) -> RecordEffect {
        let FactRecord { kind, is_tombstone, stamp: RecordStamp { order, at } } = record;
        // A tombstone of another source ends nothing here. If partitions were added to the offsets topic, the partition
        // that held the group before lets it expire.
        let foreign = self.newest.is_some_and(|held| held.source != source);
        if foreign && is_tombstone || !self.accept_source(source, at) {
            return RecordEffect::OLD;
        }
        let place = self.protocols.iter().position(|epochs| epochs.kind == kind).unwrap_or_else(|| {
            self.protocols.push(ProtocolRecords::new(kind));
            self.protocols.len().saturating_sub(1)
        });
        let begins = match self.protocols.get_mut(place) {
            Some(epochs) => epochs.apply(order, made),
            None => {
                broken("a group has facts of the type of its record");
                false
            }
        };
        self.update_kind();
        RecordEffect { counts: true, begins_epoch: begins }
    }

    fn update_kind(&mut self) {
        let classic = self.classic.newest_order().map(|since| (since, GroupKind::Classic));
        let others = self.protocols.iter().filter_map(|epochs| Some((epochs.defined_at()?, epochs.kind)));
        let kind = others.chain(classic).max_by_key(|(since, _)| *since).map(|(_, kind)| kind);
        self.kind = kind.or_else(|| self.registered.as_ref().map(|_| GroupKind::ZooKeeper));
    }

    /// Removes the tombstone of what a record was about. Called when no older record can follow.
    pub fn remove_tombstone(&mut self, kind: GroupKind, made: &epoch_facts::PreparedFact) {
        self.protocols.iter_mut().filter(|epochs| epochs.kind == kind).for_each(|epochs| epochs.remove_tombstone(made));
        self.protocols.retain(|epochs| !epochs.is_empty());
    }

    /// Removes all tombstones.
    pub fn remove_tombstones(&mut self) {
        self.protocols.iter_mut().for_each(ProtocolRecords::remove_tombstones);
        self.protocols.retain(|epochs| !epochs.is_empty());
    }

    /// The members, and what is assigned to them.
    pub fn owners(&self) -> Option<&Arc<Owners>> {
        match self.kind? {
            GroupKind::Classic => self.classic.get().map(|classic| &classic.owners),
            GroupKind::ZooKeeper => self.registered.as_ref().map(|registered| &registered.owners),
            GroupKind::Consumer | GroupKind::Share | GroupKind::Streams => self.current().map(ProtocolRecords::owners),
        }
    }

    /// The members.
    pub fn members(&self) -> Arc<[Member]> {
        self.owners().map(|owners| Arc::clone(&owners.members)).unwrap_or_default()
    }

    /// Whether there are members.
    pub fn has_members(&self) -> bool {
        self.owners().is_some_and(|owners| !owners.members.is_empty())
    }

    /// Whether a topic that the metadata names is assigned to a member.
    pub fn has_named_topics(&self) -> bool {
        self.owners().is_some_and(|owners| owners.has_named())
    }

    /// The facts from which the owners have to be computed, if that is necessary. `None` if the owners are up to date.
    pub fn stale_records(&self) -> Option<&ProtocolRecords> {
        self.current().filter(|epochs| epochs.is_stale() || epochs.has_unknown_topics())
    }

    /// Sets the computed owners of the group's facts of a type. Returns what is no longer held.
    pub fn set_owners(&mut self, kind: GroupKind, found: ComputedOwners) -> ComputedOwners {
        match self.protocols.iter_mut().find(|epochs| epochs.kind == kind) {
            Some(epochs) => epochs.set_owners(found),
            None => found,
        }
    }

    /// Assignments with topics that the metadata has not named.
    pub fn owners_with_unnamed(&self) -> impl Iterator<Item = &Arc<Owners>> {
        let classic = self.classic.get().map(|classic| &classic.owners);
        let registered = self.registered.as_ref().map(|registered| &registered.owners);
        classic.into_iter().chain(registered).filter(|owners| owners.has_unnamed())
    }

    /// Replaces an assignment by another one, if it is still held. Returns the one that is not held.
    pub fn replace_owners(&mut self, old: &Arc<Owners>, new: Arc<Owners>) -> Arc<Owners> {
        let classic = self.classic.get_mut().map(|classic| &mut classic.owners);
        let registered = self.registered.as_mut().map(|registered| &mut registered.owners);
        let found = self.protocols.iter_mut().map(ProtocolRecords::owners_mut);
        match found.chain(classic).chain(registered).find(|held| Arc::ptr_eq(held, old)) {
            Some(held) => std::mem::replace(held, new),
            None => new,
        }
    }

    fn current(&self) -> Option<&ProtocolRecords> {
        self.protocols.iter().find(|epochs| Some(epochs.kind) == self.kind)
    }

    /// The group state.
    pub fn state(&self) -> GroupState {
        match self.current() {
            Some(epochs) => epochs.state(),
            None if !self.has_members() => GroupState::Empty,
            None => GroupState::Stable,
        }
    }

    /// The protocol type. Classic groups state it; for the others it follows from the type.
    pub fn protocol_type(&self) -> Arc<Label> {
        match (self.kind, self.classic.get()) {
            (Some(GroupKind::Classic), Some(classic)) => Arc::clone(&classic.protocol_type),
            (Some(GroupKind::Consumer), _) => Arc::new(Label::new(b"consumer")),
            (Some(GroupKind::Share), _) => Arc::new(Label::new(b"share")),
            (Some(GroupKind::Streams), _) => Arc::new(Label::new(b"streams")),
            (Some(GroupKind::Classic | GroupKind::ZooKeeper) | None, _) => Arc::default(),
        }
    }

    /// The chosen assignor, which only classic groups write.
    pub fn protocol(&self) -> Arc<Label> {
        let classic = self.classic.get().filter(|_| self.kind == Some(GroupKind::Classic));
        classic.map(|classic| Arc::clone(&classic.protocol)).unwrap_or_default()
    }

    /// Takes over what another reading of the same group has found: members from ZooKeeper if there are any, and the
    /// records of Kafka if they are later or of the same source. Returns whether the records were taken over.
    pub fn merge(&mut self, mut other: Self) -> bool {
        let registered = other.registered.take().or_else(|| self.registered.take());
        let takes = other.newest.is_some_and(|other| {
            self.newest.is_none_or(|held| held.source == other.source || held.newest < other.newest)
        });
        if takes {
            *self = other;
        }
        self.registered = registered;
        self.update_kind();
        takes
    }
}

/// The result of applying a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordEffect {
    /// Whether it was accepted and says what the group is now.
    pub counts: bool,
    /// Whether a generation or an epoch began.
    pub begins_epoch: bool,
}

impl RecordEffect {
    const OLD: Self = Self { counts: false, begins_epoch: false };
}
