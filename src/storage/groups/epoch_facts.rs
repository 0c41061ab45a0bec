//! Facts of single records about a group of a newer type, in the form in which they are held. Each is shared, so that
//! holding, dropping and copying it costs the same, however large it is.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::model::{Name, Partition, TopicId};

use crate::storage::lists::allocation::{allocation, list, map_entries};
use crate::storage::lists::name_buffer::{NameBuffer, NamedRanges};
use crate::storage::lists::newest_fact::NewestFact;
use crate::storage::sources::group_fact::{CurrentUpdate, EpochUpdate, GroupFact, OwnedUpdate, TopologyUpdate};
use crate::storage::topics::names::COUNTS;

/// The facts about one member.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemberFacts {
    pub who: NewestFact<Arc<MemberClient>>,
    pub current: NewestFact<Arc<MemberOwnership>>,
}

/// The client of a member.
#[derive(Debug)]
pub(crate) struct MemberClient {
    pub client_id: Box<[u8]>,
    pub client_host: Box<[u8]>,
}

/// What a member owns.
#[derive(Debug)]
pub(crate) struct MemberOwnership {
    pub epoch: i32,
    /// Whether it has no partitions left to revoke or to wait for.
    pub settled: bool,
    pub owned: OwnedItems,
    /// The memory that it takes, shared as it is.
    bytes: usize,
}

#[derive(Debug)]
pub(crate) enum OwnedItems {
    Partitions(Vec<(TopicId, Vec<Partition>)>),
    /// Active tasks, by subtopology.
    Tasks(Vec<(Box<[u8]>, Vec<Partition>)>),
}

/// The topology of a streams group.
#[derive(Debug)]
pub(crate) struct TopologyFact {
    pub epoch: i32,
    /// The names of all topics that are read.
    pub sources: NameBuffer,
    /// By subtopology, the range of `sources` that it reads.
    pub subtopologies: NamedRanges,
}

/// Names of topics by id, as brokers before 4.1 write them (type 4).
#[derive(Debug)]
pub(crate) struct TopicNamesById {
    pub names: NameBuffer,
    pub ids: HashMap<TopicId, usize>,
}

/// The fact of a record, prepared before the group is locked. After it is applied, it contains the previous value.
#[derive(Debug)]
pub(crate) enum PreparedFact {
    Epoch(Option<EpochUpdate>),
    Target(Option<i32>),
    Member(Box<[u8]>, Option<Arc<MemberClient>>),
    Current(Box<[u8]>, Option<Arc<MemberOwnership>>),
    Topology(Option<Arc<TopologyFact>>),
    TopicNames(Option<Arc<TopicNamesById>>),
}

impl MemberFacts {
    pub fn is_empty(&self) -> bool {
        self.who.get().is_none() && self.current.get().is_none()
    }
}

impl PreparedFact {
    pub fn of(fact: &GroupFact<'_>) -> Self {
        match fact {
            GroupFact::Epoch(epoch) => Self::Epoch(*epoch),
            GroupFact::TargetEpoch(epoch) => Self::Target(*epoch),
            GroupFact::Member { id, who } => {
                let who = who.map(|(client_id, client_host)| {
                    Arc::new(MemberClient {
                        client_id: (*client_id.shortened()).into(),
                        client_host: (*client_host.shortened()).into(),
                    })
                });
                Self::Member(id.0.into(), who)
            }
            GroupFact::Current { id, current } => {
                Self::Current(id.0.into(), current.as_ref().map(|current| Arc::new(MemberOwnership::of(current))))
            }
            GroupFact::Topology(topology) => {
                Self::Topology(topology.as_ref().map(|topology| Arc::new(TopologyFact::of(topology))))
            }
            GroupFact::TopicNames(names) => {
                Self::TopicNames(names.as_ref().map(|names| Arc::new(TopicNamesById::of(names))))
            }
        }
    }
}

impl PreparedFact {
    /// The member that it is about, if it is about one.
    pub const fn member_id(&self) -> Option<&[u8]> {
        match self {
            Self::Member(id, _) | Self::Current(id, _) => Some(id),
            Self::Epoch(_) | Self::Target(_) | Self::Topology(_) | Self::TopicNames(_) => None,
        }
    }

    /// The memory of its value, which is 0 for a tombstone.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Epoch(_) | Self::Target(_) => 0,
            Self::Member(_, who) => who.as_ref().map_or(0, |who| who.bytes()),
            Self::Current(_, current) => current.as_ref().map_or(0, |current| current.bytes),
            Self::Topology(topology) => topology.as_ref().map_or(0, |topology| topology.bytes()),
            Self::TopicNames(names) => names.as_ref().map_or(0, |names| names.bytes()),
        }
    }
}

impl MemberClient {
    fn bytes(&self) -> usize {
        let names = allocation(self.client_id.len()).saturating_add(allocation(self.client_host.len()));
        shared::<Self>(names)
    }
}

impl TopologyFact {
    pub fn bytes(&self) -> usize {
        shared::<Self>(self.sources.heap_bytes().saturating_add(self.subtopologies.heap_bytes()))
    }
}

impl TopicNamesById {
    pub fn bytes(&self) -> usize {
        let ids = map_entries::<TopicId, usize>(self.ids.len());
        shared::<Self>(self.names.heap_bytes().saturating_add(ids))
    }
}

impl MemberOwnership {
    fn of(update: &CurrentUpdate<'_>) -> Self {
        let owned = match &update.owned {
            OwnedUpdate::Partitions(list) => OwnedItems::Partitions(list.clone()),
            OwnedUpdate::Tasks(list) => {
                OwnedItems::Tasks(list.iter().map(|(id, partitions)| (id.0.into(), partitions.clone())).collect())
            }
        };
        let bytes = shared::<Self>(owned.heap_bytes());
        Self { epoch: update.epoch, settled: update.settled, owned, bytes }
    }

    pub fn owns_anything(&self) -> bool {
        match &self.owned {
            OwnedItems::Partitions(list) => list.iter().any(|(_, partitions)| !partitions.is_empty()),
            OwnedItems::Tasks(list) => list.iter().any(|(_, partitions)| !partitions.is_empty()),
        }
    }
}

impl OwnedItems {
    fn heap_bytes(&self) -> usize {
        let add = usize::saturating_add;
        match self {
            Self::Partitions(all) => {
                let each = all.iter().map(|(_, partitions)| list::<Partition>(partitions.capacity()));
                each.fold(list::<(TopicId, Vec<Partition>)>(all.capacity()), add)
            }
            Self::Tasks(all) => {
                let each = all.iter().map(|(id, partitions)| {
                    allocation(id.len()).saturating_add(list::<Partition>(partitions.capacity()))
                });
                each.fold(list::<(Box<[u8]>, Vec<Partition>)>(all.capacity()), add)
            }
        }
    }
}

/// The memory of a shared value with this much beside its own size.
fn shared<T>(heap: usize) -> usize {
    allocation(size_of::<T>().saturating_add(COUNTS)).saturating_add(heap)
}

impl TopologyFact {
    fn of(update: &TopologyUpdate<'_>) -> Self {
        let (mut sources, mut subtopologies) = (NameBuffer::default(), NamedRanges::default());
        let mut sorted: Vec<_> = update.sources.iter().collect();
        // Of several entries with the same id the first one counts.
        sorted.sort_by_key(|(id, _)| *id);
        sorted.dedup_by_key(|(id, _)| *id);
        for (id, topics) in sorted {
            let start = sources.len();
            topics.iter().for_each(|topic| sources.push(*topic));
            subtopologies.push(*id, &(start..sources.len()));
        }
        sources.shrink();
        subtopologies.shrink();
        Self { epoch: update.epoch, sources, subtopologies }
    }
}

impl TopicNamesById {
    fn of(update: &[(TopicId, Name<'_>)]) -> Self {
        let mut written = Self { names: NameBuffer::default(), ids: HashMap::with_capacity(update.len()) };
        for (id, name) in update {
            // Of several entries with the same id the first one counts.
            written.ids.entry(*id).or_insert(written.names.len());
            written.names.push(*name);
        }
        written.names.shrink();
        written
    }
}
