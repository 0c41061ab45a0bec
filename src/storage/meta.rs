//! What a group's own records say, but for its commits: its type, its state, its members.

use std::sync::Arc;

use crate::model::{Name, Order, Timestamp};

use super::SourceId;
use super::epochs::{Epochs, GroupState, Owners};
use super::fact::Fact;
use super::group::AssignedNames;
use super::names::{Label, TopicName};
use super::topics::Topics;
use super::update::{GroupFact, GroupKind, MemberUpdate, MembersUpdate};

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
pub(super) struct Meta {
    /// The source, and the time of its newest record.
    held: Option<(SourceId, Timestamp)>,
    /// The type whose records are the newest, among those that say that there is such a group.
    kind: Option<GroupKind>,
    /// The members of that type.
    pub members: Arc<[Member]>,
    classic: Fact<Classic>,
    /// By type. Mostly one: a group may have been of another before.
    epochs: Vec<Epochs>,
    /// Counts where no record of Kafka's says what the group is.
    registered: Option<Box<Registered>>,
}

/// Members that are registered in ZooKeeper, at least one.
#[derive(Debug)]
struct Registered {
    source: SourceId,
    members: Arc<[Member]>,
    /// What each of them owns.
    owned: AssignedNames,
}

#[derive(Debug)]
struct Classic {
    protocol_type: Arc<Label>,
    protocol: Arc<Label>,
    generation: i32,
    members: Arc<[Member]>,
}

impl Meta {
    pub const fn kind(&self) -> Option<GroupKind> {
        self.kind
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.classic.get().is_none() && self.epochs.is_empty() && self.registered.is_none()
    }

    /// Forgets all but where it came from.
    pub fn forget(&mut self) {
        *self = Self { held: self.held, ..Self::default() };
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

    /// Puts these members in the place of those that were registered in ZooKeeper; `owned` is what each of them owns.
    pub fn register(&mut self, members: &[MemberUpdate<'_>], owned: &AssignedNames, source: SourceId) {
        let members: Arc<[Member]> = members.iter().map(Member::of).collect();
        let registered = (!members.is_empty()).then(|| Box::new(Registered { source, members, owned: owned.clone() }));
        self.registered = registered;
        self.choose();
    }

    /// What the members own that are registered in ZooKeeper.
    pub fn registered_names(&self) -> AssignedNames {
        self.registered.as_ref().map(|registered| registered.owned.clone()).unwrap_or_default()
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

    /// Takes a classic group's generation in. Tells whether it counts, and whether it is one that began.
    pub fn members(&mut self, update: &MembersUpdate<'_>, order: Order, source: SourceId) -> Taken {
        if !self.opens_to(source, update.at) {
            return Taken::OLD;
        }
        let begins = self.classic.get().map(|held| held.generation) != Some(update.generation);
        let classic = Classic {
            protocol_type: Arc::new(Label::new(&update.protocol_type.shortened())),
            protocol: Arc::new(Label::new(&update.protocol.shortened())),
            generation: update.generation,
            members: update.members.iter().map(Member::of).collect(),
        };
        let counts = self.classic.set(order, Some(classic));
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

    /// Takes a record of one of the newer types in; `names` are the topics' names in it.
    pub fn take(
        &mut self,
        (kind, fact): (GroupKind, &GroupFact<'_>),
        names: &[Arc<TopicName>],
        (order, at): (Order, Timestamp),
        source: SourceId,
    ) -> Taken {
        // A tombstone from elsewhere ends nothing here: where the offsets topic has grown, the partition that held
        // the group before lets it expire.
        let foreign = self.held.is_some_and(|(held, _)| held != source);
        if foreign && fact.is_tombstone() || !self.opens_to(source, at) {
            return Taken::OLD;
        }
        let place = self.epochs.iter().position(|epochs| epochs.kind == kind).unwrap_or_else(|| {
            self.epochs.push(Epochs::new(kind));
            self.epochs.len().saturating_sub(1)
        });
        let begins = self.epochs.get_mut(place).is_some_and(|epochs| epochs.take(order, fact, names));
        self.choose();
        Taken { counts: true, begins }
    }

    fn choose(&mut self) {
        let classic = self.classic.since().map(|since| (since, GroupKind::Classic));
        let others = self.epochs.iter().filter_map(|epochs| Some((epochs.since()?, epochs.kind)));
        let kind = others.chain(classic).max_by_key(|(since, _)| *since).map(|(_, kind)| kind);
        self.kind = kind.or_else(|| self.registered.as_ref().map(|_| GroupKind::ZooKeeper));
        self.members = match (self.kind, self.classic.get()) {
            (Some(GroupKind::Classic), Some(classic)) => Arc::clone(&classic.members),
            (Some(GroupKind::ZooKeeper), _) => {
                self.registered.as_ref().map(|registered| Arc::clone(&registered.members)).unwrap_or_default()
            }
            // The members of the other types follow when all records of a batch are in.
            (Some(_), _) => Arc::clone(&self.members),
            (None, _) => Arc::default(),
        };
    }

    /// Forgets tombstones, which nothing older can follow any more.
    pub fn sweep(&mut self) {
        self.epochs.retain_mut(Epochs::sweep);
    }

    /// Who owns what, where that follows from records about single members.
    pub fn owners(&self, topics: &Topics) -> Option<Owners> {
        Some(self.current()?.owners(topics))
    }

    fn current(&self) -> Option<&Epochs> {
        self.epochs.iter().find(|epochs| Some(epochs.kind) == self.kind)
    }

    /// What the group is in the middle of.
    pub fn state(&self) -> GroupState {
        match self.current() {
            Some(epochs) => epochs.state(),
            None if self.members.is_empty() => GroupState::Empty,
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
pub(super) struct Taken {
    /// It says what holds now.
    pub counts: bool,
    /// A generation or an epoch began.
    pub begins: bool,
}

impl Taken {
    const OLD: Self = Self { counts: false, begins: false };
}

impl Member {
    fn of(update: &MemberUpdate<'_>) -> Self {
        Self::new(update.id, update.client_id, update.client_host)
    }

    pub(super) fn new(id: Name<'_>, client_id: Name<'_>, client_host: Name<'_>) -> Self {
        let [id, client_id, client_host] = [id, client_id, client_host].map(|text| Label::new(&text.shortened()));
        Self { id, client_id, client_host }
    }
}
