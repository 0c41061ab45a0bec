//! Groups whose broker assigns: the protocols of KIP-848 (`consumer`), KIP-932 (`share`) and KIP-1071 (`streams`).
//!
//! Each of their records is about one thing, a member or the group's epoch and the like, and the newest record about
//! a thing counts. Members and owners follow from them; topics are named by id there, and tasks by subtopology.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Name, Order, Partition, TopicId};

use super::fact::Fact;
use super::group::AssignedNames;
use super::meta::Member;
use super::names::TopicName;
use super::topics::Topics;
use super::update::{CurrentUpdate, EpochUpdate, GroupFact, GroupKind, OwnedUpdate, TopologyUpdate};

/// What the records of one type say about a group.
#[derive(Debug)]
pub(super) struct Epochs {
    pub kind: GroupKind,
    epoch: Fact<EpochUpdate>,
    target: Fact<i32>,
    topology: Fact<Topology>,
    /// Topics by id, as brokers before 4.1 write them down (type 4).
    names: Fact<Vec<(TopicId, Arc<TopicName>)>>,
    members: BTreeMap<Box<[u8]>, MemberFacts>,
}

#[derive(Debug, Default)]
struct MemberFacts {
    who: Fact<Who>,
    current: Fact<Current>,
}

#[derive(Debug)]
struct Who {
    client_id: Box<[u8]>,
    client_host: Box<[u8]>,
}

#[derive(Debug)]
struct Current {
    epoch: i32,
    /// Nothing is left to be revoked or waited for.
    settled: bool,
    owned: Owned,
}

#[derive(Debug)]
enum Owned {
    Partitions(Vec<(TopicId, Vec<Partition>)>),
    /// Of a subtopology.
    Tasks(Vec<(Box<[u8]>, Vec<Partition>)>),
}

#[derive(Debug)]
struct Topology {
    epoch: i32,
    subtopologies: Vec<Subtopology>,
}

#[derive(Debug)]
struct Subtopology {
    id: Box<[u8]>,
    /// The topics that it reads.
    sources: Vec<Arc<TopicName>>,
}

/// The states of groups that the offsets topic tells (RECORDS.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// No members.
    Empty,
    /// A streams group whose topology cannot run.
    NotReady,
    /// The broker has not yet computed the assignment.
    Assigning,
    /// Members have not yet come to what is assigned to them.
    Reconciling,
    /// All is as it is meant to be.
    Stable,
}

/// Who owns what, as far as names are known.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// By id.
    pub members: Vec<Member>,
    /// What each of them owns.
    pub owned: AssignedNames,
    /// Some topic's name, or how many partitions it has, is not known yet.
    pub waits: bool,
}

impl Epochs {
    pub fn new(kind: GroupKind) -> Self {
        Self {
            kind,
            epoch: Fact::default(),
            target: Fact::default(),
            topology: Fact::default(),
            names: Fact::default(),
            members: BTreeMap::new(),
        }
    }

    /// Since when the group is of this type, while it is.
    pub fn since(&self) -> Option<Order> {
        self.epoch.since()
    }

    /// Takes one record in; `names` are the one copies of the topics' names in it, in their order. Tells whether an
    /// epoch began that was not known.
    pub fn take(&mut self, order: Order, fact: &GroupFact<'_>, names: &[Arc<TopicName>]) -> bool {
        match fact {
            GroupFact::Epoch(epoch) => {
                let before = self.epoch.get().map(|epoch| epoch.number);
                let begins = epoch.is_some_and(|epoch| before != Some(epoch.number));
                return self.epoch.set(order, *epoch) && begins;
            }
            GroupFact::TargetEpoch(epoch) => drop(self.target.set(order, *epoch)),
            GroupFact::Member { id, who } => {
                let who = who.map(|(client_id, client_host)| Who {
                    client_id: (*client_id.shortened()).into(),
                    client_host: (*client_host.shortened()).into(),
                });
                self.member(*id).who.set(order, who);
            }
            GroupFact::Current { id, current } => {
                let current = current.as_ref().map(Current::of);
                self.member(*id).current.set(order, current);
            }
            GroupFact::Topology(topology) => {
                let topology = topology.as_ref().map(|topology| Topology::of(topology, names));
                self.topology.set(order, topology);
            }
            GroupFact::TopicNames(ids) => {
                let names = ids.as_ref().map(|ids| ids.iter().map(|(id, _)| *id).zip(names.iter().cloned()).collect());
                self.names.set(order, names);
            }
        }
        false
    }

    fn member(&mut self, id: Name<'_>) -> &mut MemberFacts {
        self.members.entry(id.0.into()).or_default()
    }

    /// Forgets tombstones, which nothing older can follow any more. Tells whether anything is left.
    pub fn sweep(&mut self) -> bool {
        self.members.retain(|_, member| member.who.get().is_some() || member.current.get().is_some());
        let facts = [self.epoch.since(), self.target.since(), self.topology.since(), self.names.since()];
        !self.members.is_empty() || facts.iter().any(Option::is_some)
    }

    fn living(&self) -> impl Iterator<Item = (&[u8], &Who, Option<&Current>)> {
        self.members.iter().filter_map(|(id, facts)| Some((&**id, facts.who.get()?, facts.current.get())))
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

    /// Whether the broker found the topology good. Brokers before 4.2 do not say so, and later ones say nothing of one
    /// that never was; tasks are given out for a good one alone.
    fn topology_runs(&self) -> bool {
        let Some(topology) = self.topology.get() else { return false };
        match self.epoch.get().and_then(|epoch| epoch.validated_topology) {
            Some(validated) => validated == topology.epoch,
            None => self.living().any(|(.., current)| current.is_some_and(Current::owns_anything)),
        }
    }

    /// Who owns what.
    pub fn owners(&self, topics: &Topics) -> Owners {
        let mut owners = Owners::default();
        for (id, who, current) in self.living() {
            owners.members.push(Member::new(Name(id), Name(&who.client_id), Name(&who.client_host)));
            let mut owned = Vec::new();
            match current.map(|current| &current.owned) {
                Some(Owned::Partitions(list)) => {
                    for (id, partitions) in list {
                        match self.name(*id, topics) {
                            Some(name) => owned.push((name, partitions.clone())),
                            None => owners.waits = true,
                        }
                    }
                }
                Some(Owned::Tasks(tasks)) => {
                    for (subtopology, partitions) in tasks {
                        owners.waits |= self.read_by(subtopology, partitions, topics, &mut owned);
                    }
                }
                None => {}
            }
            owners.owned.push(owned);
        }
        owners
    }

    fn name(&self, id: TopicId, topics: &Topics) -> Option<Arc<TopicName>> {
        let written = self.names.get().and_then(|names| names.iter().find(|(known, _)| *known == id));
        written.map(|(_, name)| Arc::clone(name)).or_else(|| topics.named_by(id))
    }

    /// The partitions that tasks read: theirs of each source topic that has as many. True while that is not known.
    fn read_by(
        &self,
        subtopology: &[u8],
        partitions: &[Partition],
        topics: &Topics,
        to: &mut Vec<(Arc<TopicName>, Vec<Partition>)>,
    ) -> bool {
        let sources = self.topology.get().and_then(|topology| {
            topology.subtopologies.iter().find(|one| *one.id == *subtopology).map(|one| &one.sources)
        });
        let Some(sources) = sources else { return true };
        let mut waits = false;
        for name in sources {
            let known = topics.get(name).filter(|topic| topic.is_named());
            waits |= known.is_none();
            let there = |partition: &&Partition| known.is_none_or(|topic| topic.state(**partition).is_some());
            to.push((Arc::clone(name), partitions.iter().filter(there).copied().collect()));
        }
        waits
    }
}

impl Current {
    fn of(update: &CurrentUpdate<'_>) -> Self {
        let owned = match &update.owned {
            OwnedUpdate::Partitions(list) => Owned::Partitions(list.clone()),
            OwnedUpdate::Tasks(list) => {
                Owned::Tasks(list.iter().map(|(id, partitions)| (id.0.into(), partitions.clone())).collect())
            }
        };
        Self { epoch: update.epoch, settled: update.settled, owned }
    }

    fn owns_anything(&self) -> bool {
        match &self.owned {
            Owned::Partitions(list) => list.iter().any(|(_, partitions)| !partitions.is_empty()),
            Owned::Tasks(list) => list.iter().any(|(_, partitions)| !partitions.is_empty()),
        }
    }
}

impl Topology {
    fn of(update: &TopologyUpdate<'_>, names: &[Arc<TopicName>]) -> Self {
        let mut names = names.iter().cloned();
        let subtopologies = update
            .sources
            .iter()
            .map(|(id, topics)| Subtopology { id: id.0.into(), sources: names.by_ref().take(topics.len()).collect() });
        Self { epoch: update.epoch, subtopologies: subtopologies.collect() }
    }
}

#[cfg(test)]
#[path = "epochs_tests.rs"]
mod tests;
