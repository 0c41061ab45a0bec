//! Groups of the newer protocols, where the broker computes assignments: KIP-848 (`consumer`), KIP-932 (`share`) and
//! KIP-1071 (`streams`).
//!
//! Each of their records has one fact, such as a member or the group's epoch, and the newest record of a fact counts.
//! Members and owners are derived from them. Records name topics by id, and tasks by subtopology.
//!
//! A group may have any number of members, each with records of its own. So a record changes only the facts of one
//! member. What follows for the whole group is computed when it is read: from a copy, which is cheap, and while no lock
//! is held.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{HashMap, HashSet};
use rpds::RedBlackTreeMapSync;

use crate::model::{Name, Order, TopicId};

use crate::storage::groups::epoch_facts::{Current, Made, MemberFacts, Owned, Topology, Who, Written};
use crate::storage::groups::member::Member;
use crate::storage::groups::owners::{Assigned, Claims, Known, Owners};
use crate::storage::lists::fact::Fact;
use crate::storage::lists::work;
use crate::storage::sources::group_fact::EpochUpdate;
use crate::storage::sources::group_kind::GroupKind;

/// The number of the last change of any group.
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// The facts of a group from the records of one type. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Epochs {
    pub kind: GroupKind,
    epoch: Fact<EpochUpdate>,
    target: Fact<i32>,
    topology: Fact<Arc<Topology>>,
    written: Fact<Arc<Written>>,
    members: RedBlackTreeMapSync<Box<[u8]>, MemberFacts>,
    /// The number of the newest change that may affect owners.
    changed: u64,
    found: Found,
}

/// The computed owners of a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub owners: Arc<Owners>,
    /// The number of the newest change that it includes.
    as_of: u64,
    /// Whether the name of a topic, or its number of partitions, was unknown.
    waits: bool,
    /// The number of topics that are not kept because they are too many.
    cut: usize,
}

/// The states of groups (docs/src/reference/storage-rules.md, Group state).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// The group has no members.
    Empty,
    /// A streams group has no topology, or one that is not validated.
    NotReady,
    /// The broker has not computed the assignment yet.
    Assigning,
    /// A member has not reached its assignment yet.
    Reconciling,
    /// All members have their assignments.
    Stable,
}

impl GroupState {
    /// The value of the label `state`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotReady => "not_ready",
            Self::Assigning => "assigning",
            Self::Reconciling => "reconciling",
            Self::Stable => "stable",
        }
    }
}

impl Epochs {
    pub fn new(kind: GroupKind) -> Self {
        Self {
            kind,
            epoch: Fact::default(),
            target: Fact::default(),
            topology: Fact::default(),
            written: Fact::default(),
            members: RedBlackTreeMapSync::new_sync(),
            changed: 0,
            found: Found::default(),
        }
    }

    /// The order of the record that says that the group is of this type. `None` if there is none.
    pub fn since(&self) -> Option<Order> {
        self.epoch.since()
    }

    /// Applies one record. Returns whether it begins an epoch.
    pub fn take(&mut self, order: Order, made: &mut Made) -> bool {
        match made {
            Made::Epoch(epoch) => {
                let before = self.epoch.get().map(|epoch| epoch.number);
                let begins = epoch.is_some_and(|epoch| before != Some(epoch.number));
                return self.epoch.swap(order, epoch) && begins;
            }
            Made::Target(epoch) => drop(self.target.swap(order, epoch)),
            Made::Member(id, who) => self.change(id, |facts| facts.who.swap(order, who)),
            Made::Current(id, current) => self.change(id, |facts| facts.current.swap(order, current)),
            Made::Topology(topology) => {
                self.topology.swap(order, topology);
                self.mark();
            }
            Made::Written(names) => {
                self.written.swap(order, names);
                self.mark();
            }
        }
        false
    }

    fn change(&mut self, id: &[u8], change: impl FnOnce(&mut MemberFacts) -> bool) {
        let mut facts = self.members.get(id).cloned().unwrap_or_default();
        if change(&mut facts) {
            self.members.insert_mut(id.into(), facts);
            self.mark();
        }
    }

    fn mark(&mut self) {
        self.changed = CHANGES.fetch_add(1, Ordering::Relaxed).saturating_add(1);
    }

    /// Removes the tombstone of the member that a record was about. Called when no older record can follow.
    pub fn sweep_one(&mut self, made: &Made) {
        if let Made::Member(id, _) | Made::Current(id, _) = made
            && self.members.get(&**id).is_some_and(MemberFacts::is_gone)
        {
            self.members.remove_mut(&**id);
        }
    }

    /// Removes all tombstones of members.
    pub fn sweep(&mut self) {
        work::done(self.members.size());
        let gone: Vec<_> = self.members.iter().filter(|(_, facts)| facts.is_gone()).map(|(id, _)| id.clone()).collect();
        for id in gone {
            self.members.remove_mut(&id);
        }
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        let facts = [self.epoch.since(), self.target.since(), self.topology.since(), self.written.since()];
        self.members.is_empty() && facts.iter().all(Option::is_none)
    }

    fn living(&self) -> impl Iterator<Item = (&[u8], &Who, Option<&Current>)> {
        let all = self.members.iter().inspect(|_| work::done(1));
        all.filter_map(|(id, facts)| Some((&**id, &**facts.who.get()?, facts.current.get().map(|current| &**current))))
    }

    pub fn state(&self) -> GroupState {
        if self.living().next().is_none() {
            return GroupState::Empty;
        }
        match self.kind {
            GroupKind::Share => return GroupState::Stable,
            GroupKind::Streams if !self.topology_runs() => return GroupState::NotReady,
            GroupKind::Streams | GroupKind::Consumer | GroupKind::Classic | GroupKind::ZooKeeper => {}
        }
        let target = self.target.get().copied();
        if self.epoch.get().is_some_and(|epoch| target.is_none_or(|target| epoch.number > target)) {
            return GroupState::Assigning;
        }
        let arrived = |current: &Current| current.settled && Some(current.epoch) == target;
        let all = self.living().all(|(.., current)| current.is_some_and(arrived));
        if all { GroupState::Stable } else { GroupState::Reconciling }
    }

    /// Whether the topology is validated.
    ///
    /// Brokers before 4.2 do not write that, and later ones write nothing about a topology that never was. Then it
    /// counts as validated once a member owns a task, because tasks are assigned only for a validated topology.
    fn topology_runs(&self) -> bool {
        let Some(topology) = self.topology.get() else { return false };
        match self.epoch.get().and_then(|epoch| epoch.validated_topology) {
            Some(validated) => validated == topology.epoch,
            None => self.living().any(|(.., current)| current.is_some_and(Current::owns_anything)),
        }
    }

    /// The owners, as last computed.
    pub const fn owners(&self) -> &Arc<Owners> {
        &self.found.owners
    }

    pub const fn owners_mut(&mut self) -> &mut Arc<Owners> {
        &mut self.found.owners
    }

    /// Whether the owners have to be computed again, because something has changed since.
    pub const fn is_stale(&self) -> bool {
        self.found.as_of < self.changed
    }

    /// Whether something was unknown when the owners were last computed, and may be known by now.
    pub const fn waits(&self) -> bool {
        self.found.waits
    }

    /// Sets the computed owners, unless newer ones are held. Returns what is no longer held.
    pub fn settle(&mut self, found: Found) -> Found {
        if self.found.as_of <= found.as_of { std::mem::replace(&mut self.found, found) } else { found }
    }

    /// Computes the owners.
    pub fn find(&self, known: Known<'_>) -> Found {
        let (mut members, mut waits) = (Vec::new(), false);
        let (mut assigned, mut tasks) = (Vec::new(), HashMap::new());
        for (index, (id, who, current)) in self.living().enumerate() {
            members.push(Member::new(Name(id), Name(&who.client_id), Name(&who.client_host)));
            match current.map(|current| &current.owned) {
                Some(Owned::Partitions(list)) => {
                    for (id, partitions) in list {
                        match self.name(*id, known) {
                            Some(name) => assigned.push((index, name, &**partitions)),
                            None => waits = true,
                        }
                    }
                }
                Some(Owned::Tasks(list)) => {
                    for (subtopology, partitions) in list {
                        let of_it: &mut Vec<Assigned> = tasks.entry(Name(subtopology)).or_default();
                        of_it.extend(
                            partitions.iter().map(|partition| Assigned { partition: *partition, member: index }),
                        );
                    }
                }
                None => {}
            }
        }
        let mut claims = Claims::of(assigned.into_iter());
        waits |= self.claim(tasks, known, &mut claims);
        let (owners, cut) = Owners::new(members.into(), claims, known);
        let waits = waits || owners.has_unnamed();
        Found { owners: Arc::new(owners), as_of: self.changed, waits, cut }
    }

    fn name<'a>(&'a self, id: TopicId, known: Known<'a>) -> Option<Name<'a>> {
        let written = self.written.get().and_then(|written| Some(written.names.get(*written.ids.get(&id)?)));
        written.or_else(|| known.topics.name_of(id).map(|name| name.label.name()))
    }

    /// Adds what tasks read to `claims`: of each source topic the partitions that exist. Returns whether something is
    /// unknown.
    ///
    /// The topics of a subtopology share one part, however many tasks and topics it has. A task has one owner, and a
    /// topic belongs to one subtopology.
    fn claim<'a>(&'a self, tasks: HashMap<Name<'a>, Vec<Assigned>>, known: Known<'_>, claims: &mut Claims<'a>) -> bool {
        let mut waits = false;
        let mut sorted: Vec<_> = tasks.into_iter().collect();
        sorted.sort_unstable_by_key(|(subtopology, _)| *subtopology);
        let mut claimed = HashSet::new();
        for (subtopology, mut list) in sorted {
            let found =
                self.topology.get().and_then(|topology| Some((topology, topology.subtopologies.find(subtopology)?)));
            let Some((topology, sources)) = found else {
                waits = true;
                continue;
            };
            list.sort_unstable();
            list.dedup_by_key(|one| one.partition);
            let part = claims.add(list);
            for source in sources.map(|source| topology.sources.get(source)) {
                if claimed.insert(source) {
                    let topic = known.find(source).and_then(|name| known.topics.get(&name));
                    waits |= topic.is_none();
                    claims.claim(source, part, topic.map(|topic| topic.partitions.len()));
                }
            }
        }
        waits
    }
}

impl Found {
    /// The number of topics that are not kept and were not counted before. The same records may be evaluated several
    /// times.
    pub const fn cut_since(&self, before: &Epochs) -> usize {
        let counted = if before.is_stale() { 0 } else { before.found.cut };
        self.cut.saturating_sub(counted)
    }
}

#[cfg(test)]
#[path = "epochs_tests.rs"]
mod tests;
