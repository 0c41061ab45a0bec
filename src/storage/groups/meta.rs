//! What a group's own records say, but for its commits: its type, its state, its members.

use std::sync::Arc;

use crate::model::{Name, Order, Timestamp};

use crate::storage::SourceId;
use crate::storage::groups::epoch_facts;
use crate::storage::groups::epochs::{Epochs, Found, GroupState};
use crate::storage::groups::owners::{Claims, Known, Owners};
use crate::storage::lists::fact::Fact;
use crate::storage::sources::update::{GroupKind, MemberUpdate, MembersUpdate};
use crate::storage::topics::names::Label;

/// A live member: what is shown of it ([`Name::shortened`]), beside each partition that it owns. Which one it is its
/// place in the list of its group's members says: two that are shown alike remain two.
#[derive(Debug)]
pub struct Member {
    /// Its id.
    pub id: Label,
    /// Its client id.
    pub client_id: Label,
    /// Its host, as the record has it.
    pub client_host: Label,
}

/// What the group's own records say.
#[derive(Debug, Default)]
pub(crate) struct Meta {
    /// The source, and the time of its newest record.
    held: Option<(SourceId, Timestamp)>,
    /// The type whose records are the newest, among those that say that there is such a group.
    kind: Option<GroupKind>,
    classic: Fact<Classic>,
    /// By type. Mostly one: a group may have been of another before.
    epochs: Vec<Epochs>,
    /// Counts where no record of Kafka's says what the group is.
    registered: Option<Registered>,
}

/// Members that are registered in ZooKeeper, at least one.
#[derive(Debug)]
pub(crate) struct Registered {
    source: SourceId,
    owners: Arc<Owners>,
}

/// A classic group's generation.
#[derive(Debug)]
pub(crate) struct Classic {
    protocol_type: Arc<Label>,
    protocol: Arc<Label>,
    generation: i32,
    owners: Arc<Owners>,
}

impl Meta {
    pub const fn kind(&self) -> Option<GroupKind> {
        self.kind
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.classic.get().is_none() && self.epochs.is_empty() && self.registered.is_none()
    }

    /// Forgets all but where it came from; gives back what was held.
    pub fn forget(&mut self) -> Self {
        let held = self.held;
        std::mem::replace(self, Self { held, ..Self::default() })
    }

    /// Forgets what came from a source; tells whether anything did.
    pub fn forget_source(&mut self, source: SourceId) -> bool {
        let records = self.held.is_some_and(|(held, _)| held == source);
        if records {
            *self = Self { registered: self.registered.take(), ..Self::default() };
        }
        let registered = self.registered.take_if(|registered| registered.source == source).is_some();
        if records || registered {
            self.choose();
        }
        records || registered
    }

    /// Puts these members in the place of those that were registered in ZooKeeper, and the other way round.
    pub fn register(&mut self, registered: &mut Option<Registered>) {
        std::mem::swap(&mut self.registered, registered);
        self.choose();
    }

    /// Orders compare within a source alone. Another source takes over when it is the later one, as for commits;
    /// what it brings stands alone then.
    fn opens_to(&mut self, source: SourceId, at: Timestamp) -> bool {
        match self.held {
            Some((held, newest)) if held == source => self.held = Some((held, newest.max(at))),
            Some((_, newest)) if newest >= at => return false,
            Some(_) | None => {
                let registered = self.registered.take();
                *self = Self { held: Some((source, at)), registered, ..Self::default() };
            }
        }
        true
    }

    /// Takes a classic group's generation in, which was written at `at`; what was held is in its place then. Tells
    /// whether it counts, and whether it is one that began.
    pub fn generation(
        &mut self,
        made: &mut Option<Classic>,
        (order, at): (Order, Timestamp),
        source: SourceId,
    ) -> Taken {
        if !self.opens_to(source, at) {
            return Taken::OLD;
        }
        let generation = |classic: Option<&Classic>| classic.map(|classic| classic.generation);
        let begins = generation(self.classic.get()) != generation(made.as_ref());
        let counts = self.classic.swap(order, made);
        self.choose();
        Taken { counts: counts && self.kind == Some(GroupKind::Classic), begins: counts && begins }
    }

    /// A classic group's metadata is gone: deleted, expired or converted to another type.
    pub fn remove_classic(&mut self, order: Order, source: SourceId) -> bool {
        let counts = self.held.is_none_or(|(held, _)| held == source) && self.classic.set(order, None);
        if counts {
            self.choose();
        }
        counts
    }

    /// Takes a record of one of the newer types in; what was held is in its place then.
    pub fn take(
        &mut self,
        (kind, is_tombstone): (GroupKind, bool),
        made: &mut epoch_facts::Made,
        (order, at): (Order, Timestamp),
        source: SourceId,
    ) -> Taken {
        // A tombstone from elsewhere ends nothing here: where the offsets topic has grown, the partition that held
        // the group before lets it expire.
        let foreign = self.held.is_some_and(|(held, _)| held != source);
        if foreign && is_tombstone || !self.opens_to(source, at) {
            return Taken::OLD;
        }
        let place = self.epochs.iter().position(|epochs| epochs.kind == kind).unwrap_or_else(|| {
            self.epochs.push(Epochs::new(kind));
            self.epochs.len().saturating_sub(1)
        });
        let begins = self.epochs.get_mut(place).is_some_and(|epochs| epochs.take(order, made));
        self.choose();
        Taken { counts: true, begins }
    }

    fn choose(&mut self) {
        let classic = self.classic.since().map(|since| (since, GroupKind::Classic));
        let others = self.epochs.iter().filter_map(|epochs| Some((epochs.since()?, epochs.kind)));
        let kind = others.chain(classic).max_by_key(|(since, _)| *since).map(|(_, kind)| kind);
        self.kind = kind.or_else(|| self.registered.as_ref().map(|_| GroupKind::ZooKeeper));
    }

    /// Forgets the tombstone of what a record was about, which nothing older can follow any more.
    pub fn sweep_one(&mut self, kind: GroupKind, made: &epoch_facts::Made) {
        self.epochs.iter_mut().filter(|epochs| epochs.kind == kind).for_each(|epochs| epochs.sweep_one(made));
        self.epochs.retain(|epochs| !epochs.is_empty());
    }

    /// Forgets all tombstones.
    pub fn sweep(&mut self) {
        self.epochs.iter_mut().for_each(Epochs::sweep);
        self.epochs.retain(|epochs| !epochs.is_empty());
    }

    /// The members, and what is assigned to them.
    pub fn owners(&self) -> Option<&Arc<Owners>> {
        match self.kind? {
            GroupKind::Classic => self.classic.get().map(|classic| &classic.owners),
            GroupKind::ZooKeeper => self.registered.as_ref().map(|registered| &registered.owners),
            GroupKind::Consumer | GroupKind::Share | GroupKind::Streams => self.current().map(Epochs::owners),
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

    /// Whether something is assigned to members that is shown for that.
    pub fn has_named(&self) -> bool {
        self.owners().is_some_and(|owners| owners.has_named())
    }

    /// What who owns what follows from, where something has changed since that was found.
    pub fn stale(&self) -> Option<&Epochs> {
        self.current().filter(|epochs| epochs.is_stale() || epochs.waits())
    }

    /// Takes in who owns what in a group of a type; gives back what is held no longer.
    pub fn settle(&mut self, kind: GroupKind, found: Found) -> Found {
        match self.epochs.iter_mut().find(|epochs| epochs.kind == kind) {
            Some(epochs) => epochs.settle(found),
            None => found,
        }
    }

    /// Assignments with topics whose names are not known.
    pub fn unnamed(&self) -> impl Iterator<Item = &Arc<Owners>> {
        let classic = self.classic.get().map(|classic| &classic.owners);
        let registered = self.registered.as_ref().map(|registered| &registered.owners);
        classic.into_iter().chain(registered).filter(|owners| owners.has_unnamed())
    }

    /// Puts an assignment in the place of another, where that is still held; gives back what is not.
    pub fn replace(&mut self, old: &Arc<Owners>, new: Arc<Owners>) -> Arc<Owners> {
        let classic = self.classic.get_mut().map(|classic| &mut classic.owners);
        let registered = self.registered.as_mut().map(|registered| &mut registered.owners);
        let found = self.epochs.iter_mut().map(Epochs::owners_mut);
        match found.chain(classic).chain(registered).find(|held| Arc::ptr_eq(held, old)) {
            Some(held) => std::mem::replace(held, new),
            None => new,
        }
    }

    fn current(&self) -> Option<&Epochs> {
        self.epochs.iter().find(|epochs| Some(epochs.kind) == self.kind)
    }

    /// What the group is in the middle of.
    pub fn state(&self) -> GroupState {
        match self.current() {
            Some(epochs) => epochs.state(),
            None if !self.has_members() => GroupState::Empty,
            None => GroupState::Stable,
        }
    }

    /// What the group says it is. Only classic groups say so; the others are what their type says.
    pub fn protocol_type(&self) -> Arc<Label> {
        match (self.kind, self.classic.get()) {
            (Some(GroupKind::Classic), Some(classic)) => Arc::clone(&classic.protocol_type),
            (Some(GroupKind::Consumer), _) => Arc::new(Label::new(b"consumer")),
            (Some(GroupKind::Share), _) => Arc::new(Label::new(b"share")),
            (Some(GroupKind::Streams), _) => Arc::new(Label::new(b"streams")),
            (Some(GroupKind::Classic | GroupKind::ZooKeeper) | None, _) => Arc::default(),
        }
    }

    /// The chosen assignor, which only classic groups write down.
    pub fn protocol(&self) -> Arc<Label> {
        let classic = self.classic.get().filter(|_| self.kind == Some(GroupKind::Classic));
        classic.map(|classic| Arc::clone(&classic.protocol)).unwrap_or_default()
    }

    /// What another reading of the same group has found takes over if it is the later one.
    pub fn merge(&mut self, mut other: Self) -> bool {
        let registered = other.registered.take().or_else(|| self.registered.take());
        let takes =
            other.held.is_some_and(|(source, at)| self.held.is_none_or(|(held, newest)| held == source || newest < at));
        if takes {
            *self = other;
        }
        self.registered = registered;
        self.choose();
        takes
    }
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// It says what holds now.
    pub counts: bool,
    /// A generation or an epoch began.
    pub begins: bool,
}

impl Taken {
    const OLD: Self = Self { counts: false, begins: false };
}

impl Classic {
    /// A generation as it is held, and how many topics are too many to be kept.
    pub fn of(update: &MembersUpdate<'_>, known: Known<'_>) -> (Self, usize) {
        let (owners, cut) = owners_of(&update.members, known);
        let classic = Self {
            protocol_type: Arc::new(Label::new(&update.protocol_type.shortened())),
            protocol: Arc::new(Label::new(&update.protocol.shortened())),
            generation: update.generation,
            owners,
        };
        (classic, cut)
    }
}

impl Registered {
    /// Members as they are held, if there are any, and how many topics are too many to be kept.
    pub fn of(members: &[MemberUpdate<'_>], source: SourceId, known: Known<'_>) -> (Option<Self>, usize) {
        if members.is_empty() {
            return (None, 0);
        }
        let (owners, cut) = owners_of(members, known);
        (Some(Self { source, owners }), cut)
    }
}

fn owners_of(members: &[MemberUpdate<'_>], known: Known<'_>) -> (Arc<Owners>, usize) {
    let assigned = members.iter().enumerate().flat_map(|(index, member)| {
        member.assigned.iter().map(move |(topic, partitions)| (index, *topic, &**partitions))
    });
    let (owners, cut) = Owners::new(members.iter().map(Member::of).collect(), Claims::of(assigned), known);
    (Arc::new(owners), cut)
}

impl Member {
    fn of(update: &MemberUpdate<'_>) -> Self {
        Self::new(update.id, update.client_id, update.client_host)
    }

    pub(crate) fn new(id: Name<'_>, client_id: Name<'_>, client_host: Name<'_>) -> Self {
        let [id, client_id, client_host] = [id, client_id, client_host].map(|text| Label::new(&text.shortened()));
        Self { id, client_id, client_host }
    }
}
