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

use crate::storage::groups::epoch_facts::{
    MemberClient, MemberFacts, MemberOwnership, OwnedItems, PreparedFact, TopicNamesById, TopologyFact,
};
use crate::storage::groups::member::Member;
use crate::storage::groups::owners::{Owners, PartitionOwner, TopicLookup, UnresolvedAssignments};
use crate::storage::lists::allocation;
use crate::storage::lists::newest_fact::NewestFact;
use crate::storage::lists::work_counter;
use crate::storage::sources::group_fact::EpochUpdate;
use crate::storage::sources::group_kind::GroupKind;
use crate::storage::topics::names::COUNTS;

/// The number of the last change of any group.
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// The facts of a group from the records of one type. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct ProtocolRecords {
    pub kind: GroupKind,
    epoch: NewestFact<EpochUpdate>,
    target: NewestFact<i32>,
    topology: NewestFact<Arc<TopologyFact>>,
    topic_names: NewestFact<Arc<TopicNamesById>>,
    members: RedBlackTreeMapSync<Box<[u8]>, MemberFacts>,
    /// The memory of all facts.
    facts_bytes: usize,
    /// The number of the newest change that may affect owners.
    changed: u64,
    computed: ComputedOwners,
}

/// The computed owners of a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComputedOwners {
    pub owners: Arc<Owners>,
    /// The number of the newest change that it includes.
    as_of: u64,
    /// Whether the name of a topic, or its number of partitions, was unknown.
    has_unknown_topics: bool,
    /// The number of topics that are not kept because they are too many.
    dropped: usize,
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

impl ProtocolRecords {
    pub fn new(kind: GroupKind) -> Self {
        Self {
            kind,
            epoch: NewestFact::default(),
            target: NewestFact::default(),
            topology: NewestFact::default(),
            topic_names: NewestFact::default(),
            members: RedBlackTreeMapSync::new_sync(),
            facts_bytes: 0,
            changed: 0,
            computed: ComputedOwners::default(),
        }
    }

    /// The order of the record that says that the group is of this type. `None` if there is none.
    pub fn defined_at(&self) -> Option<Order> {
        self.epoch.newest_order()
    }

    /// Applies one record. Returns whether it begins an epoch.
    pub fn apply(&mut self, order: Order, made: &mut PreparedFact) -> bool {
        let (arrived, members) = (made.bytes(), self.members.size());
        let begins = self.apply_fact(order, made);
        let node = if self.members.size() > members { made.member_id().map_or(0, member_bytes) } else { 0 };
        // `made` now contains the previous value, or still the new one.
        let grown = self.facts_bytes.saturating_add(arrived).saturating_add(node);
        self.facts_bytes = grown.saturating_sub(made.bytes());
        begins
    }

    fn apply_fact(&mut self, order: Order, made: &mut PreparedFact) -> bool {
        match made {
            PreparedFact::Epoch(epoch) => {
                let before = self.epoch.get().map(|epoch| epoch.number);
                let begins = epoch.is_some_and(|epoch| before != Some(epoch.number));
                return self.epoch.swap(order, epoch) && begins;
            }
            PreparedFact::Target(epoch) => drop(self.target.swap(order, epoch)),
            PreparedFact::Member(id, who) => self.change(id, |facts| facts.who.swap(order, who)),
            PreparedFact::Current(id, current) => self.change(id, |facts| facts.current.swap(order, current)),
            PreparedFact::Topology(topology) => {
                self.topology.swap(order, topology);
                self.mark_changed();
            }
            PreparedFact::TopicNames(names) => {
                self.topic_names.swap(order, names);
                self.mark_changed();
            }
        }
        false
    }

    fn change(&mut self, id: &[u8], change: impl FnOnce(&mut MemberFacts) -> bool) {
        let mut facts = self.members.get(id).cloned().unwrap_or_default();
        if change(&mut facts) {
            self.members.insert_mut(id.into(), facts);
            self.mark_changed();
        }
    }

    fn mark_changed(&mut self) {
        self.changed = CHANGES.fetch_add(1, Ordering::Relaxed).saturating_add(1);
    }

    /// Removes the tombstone of the member that a record was about. Called when no older record can follow.
    pub fn remove_tombstone(&mut self, made: &PreparedFact) {
        if let PreparedFact::Member(id, _) | PreparedFact::Current(id, _) = made
            && self.members.get(&**id).is_some_and(MemberFacts::is_empty)
        {
            self.remove_member(id);
        }
    }

    /// Removes all tombstones of members.
    pub fn remove_tombstones(&mut self) {
        work_counter::count(self.members.size());
        let gone: Vec<_> =
            self.members.iter().filter(|(_, facts)| facts.is_empty()).map(|(id, _)| id.clone()).collect();
        gone.iter().for_each(|id| self.remove_member(id));
    }

    /// Removes a member whose facts are all tombstones.
    fn remove_member(&mut self, id: &[u8]) {
        if self.members.remove_mut(id) {
            self.facts_bytes = self.facts_bytes.saturating_sub(member_bytes(id));
        }
    }

    /// The memory that it takes beside its own size.
    pub fn bytes(&self) -> usize {
        self.facts_bytes.saturating_add(self.computed.owners.bytes())
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        let facts = [
            self.epoch.newest_order(),
            self.target.newest_order(),
            self.topology.newest_order(),
            self.topic_names.newest_order(),
        ];
        self.members.is_empty() && facts.iter().all(Option::is_none)
    }

    fn live_members(&self) -> impl Iterator<Item = (&[u8], &MemberClient, Option<&MemberOwnership>)> {
        let all = self.members.iter().inspect(|_| work_counter::count(1));
        all.filter_map(|(id, facts)| Some((&**id, &**facts.who.get()?, facts.current.get().map(|current| &**current))))
    }

    pub fn state(&self) -> GroupState {
        if self.live_members().next().is_none() {
            return GroupState::Empty;
        }
        match self.kind {
            GroupKind::Share => return GroupState::Stable,
            GroupKind::Streams if !self.is_topology_validated() => return GroupState::NotReady,
            GroupKind::Streams | GroupKind::Consumer | GroupKind::Classic | GroupKind::ZooKeeper => {}
        }
        let target = self.target.get().copied();
        if self.epoch.get().is_some_and(|epoch| target.is_none_or(|target| epoch.number > target)) {
            return GroupState::Assigning;
        }
        let arrived = |current: &MemberOwnership| current.settled && Some(current.epoch) == target;
        let all = self.live_members().all(|(.., current)| current.is_some_and(arrived));
        if all { GroupState::Stable } else { GroupState::Reconciling }
    }

    /// Whether the topology is validated.
    ///
    /// Brokers before 4.2 do not write that, and later ones write nothing about a topology that never was. Then it
    /// counts as validated once a member owns a task, because tasks are assigned only for a validated topology.
    fn is_topology_validated(&self) -> bool {
        let Some(topology) = self.topology.get() else { return false };
        match self.epoch.get().and_then(|epoch| epoch.validated_topology) {
            Some(validated) => validated == topology.epoch,
            None => self.live_members().any(|(.., current)| current.is_some_and(MemberOwnership::owns_anything)),
        }
    }

    /// The owners, as last computed.
    pub const fn owners(&self) -> &Arc<Owners> {
        &self.computed.owners
    }

    pub const fn owners_mut(&mut self) -> &mut Arc<Owners> {
        &mut self.computed.owners
    }

    /// Whether the owners have to be computed again, because something has changed since.
    pub const fn is_stale(&self) -> bool {
        self.computed.as_of < self.changed
    }

    /// Whether something was unknown when the owners were last computed, and may be known by now.
    pub const fn has_unknown_topics(&self) -> bool {
        self.computed.has_unknown_topics
    }

    /// Sets the computed owners, unless newer ones are held. Returns what is no longer held.
    pub fn set_owners(&mut self, found: ComputedOwners) -> ComputedOwners {
        if self.computed.as_of <= found.as_of { std::mem::replace(&mut self.computed, found) } else { found }
    }

    /// Computes the owners.
    pub fn compute_owners(&self, known: TopicLookup<'_>) -> ComputedOwners {
        let (mut members, mut waits) = (Vec::new(), false);
        let (mut assigned, mut tasks) = (Vec::new(), HashMap::new());
        for (index, (id, who, current)) in self.live_members().enumerate() {
            members.push(Member::new(Name(id), Name(&who.client_id), Name(&who.client_host)));
            match current.map(|current| &current.owned) {
                Some(OwnedItems::Partitions(list)) => {
                    for (id, partitions) in list {
                        match self.name(*id, known) {
                            Some(name) => assigned.push((index, name, &**partitions)),
                            None => waits = true,
                        }
                    }
                }
                Some(OwnedItems::Tasks(list)) => {
                    for (subtopology, partitions) in list {
                        let of_it: &mut Vec<PartitionOwner> = tasks.entry(Name(subtopology)).or_default();
                        of_it.extend(
                            partitions.iter().map(|partition| PartitionOwner { partition: *partition, member: index }),
                        );
                    }
                }
                None => {}
            }
        }
        let mut claims = UnresolvedAssignments::of(assigned.into_iter());
        waits |= self.add_task_topics(tasks, known, &mut claims);
        let (owners, cut) = Owners::new(members.into(), claims, known);
        let waits = waits || owners.has_unnamed();
        ComputedOwners { owners: Arc::new(owners), as_of: self.changed, has_unknown_topics: waits, dropped: cut }
    }

    fn name<'a>(&'a self, id: TopicId, known: TopicLookup<'a>) -> Option<Name<'a>> {
        let written = self.topic_names.get().and_then(|written| Some(written.names.get(*written.ids.get(&id)?)));
        written.or_else(|| known.topics.name_ref_by_id(id).map(|name| name.label.name()))
    }

    /// Adds what tasks read to `claims`: of each source topic the partitions that exist. Returns whether something is
    /// unknown.
    ///
    /// The topics of a subtopology share one part, however many tasks and topics it has. A task has one owner, and a
    /// topic belongs to one subtopology.
    fn add_task_topics<'a>(
        &'a self,
        tasks: HashMap<Name<'a>, Vec<PartitionOwner>>,
        known: TopicLookup<'_>,
        claims: &mut UnresolvedAssignments<'a>,
    ) -> bool {
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
                    claims.assign_part(source, part, topic.map(|topic| topic.partitions.len()));
                }
            }
        }
        waits
    }
}

/// The memory of a member in the map of members, beside its facts: a node, and in it a shared key and value.
fn member_bytes(id: &[u8]) -> usize {
    let node = allocation::allocation(size_of::<[usize; 6]>());
    let entry = allocation::allocation(size_of::<(Box<[u8]>, MemberFacts)>().saturating_add(COUNTS));
    node.saturating_add(entry).saturating_add(allocation::allocation(id.len()))
}

impl ComputedOwners {
    /// The number of topics that are not kept and were not counted before. The same records may be evaluated several
    /// times.
    pub const fn dropped_since(&self, before: &ProtocolRecords) -> usize {
        let counted = if before.is_stale() { 0 } else { before.computed.dropped };
        self.dropped.saturating_sub(counted)
    }
}

#[cfg(test)]
#[path = "protocol_records_tests.rs"]
mod tests;
