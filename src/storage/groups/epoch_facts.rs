//! What single records say about a group of one of the newer types, as it is held. Each is shared: to hold it, to let go
//! of it and to copy it costs the same, however much it says.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::model::{Name, Partition, TopicId};

use crate::storage::lists::fact::Fact;
use crate::storage::lists::texts::{Ranges, Texts};
use crate::storage::sources::update::{CurrentUpdate, EpochUpdate, GroupFact, OwnedUpdate, TopologyUpdate};

/// What records say about one member.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemberFacts {
    pub who: Fact<Arc<Who>>,
    pub current: Fact<Arc<Current>>,
}

/// Its client.
#[derive(Debug)]
pub(crate) struct Who {
    pub client_id: Box<[u8]>,
    pub client_host: Box<[u8]>,
}

/// What it owns.
#[derive(Debug)]
pub(crate) struct Current {
    pub epoch: i32,
    /// Nothing is left to be revoked or waited for.
    pub settled: bool,
    pub owned: Owned,
}

#[derive(Debug)]
pub(crate) enum Owned {
    Partitions(Vec<(TopicId, Vec<Partition>)>),
    /// Of a subtopology.
    Tasks(Vec<(Box<[u8]>, Vec<Partition>)>),
}

/// What a streams group does with which topics.
#[derive(Debug)]
pub(crate) struct Topology {
    pub epoch: i32,
    /// The topics that are read.
    pub sources: Texts,
    /// Which of them each subtopology reads.
    pub subtopologies: Ranges,
}

/// Topics by id, as brokers before 4.1 write them down (type 4).
#[derive(Debug)]
pub(crate) struct Written {
    pub names: Texts,
    pub ids: HashMap<TopicId, usize>,
}

/// A record, made into what is held of it before the group is looked at. What was held is in its place then.
#[derive(Debug)]
pub(crate) enum Made {
    Epoch(Option<EpochUpdate>),
    Target(Option<i32>),
    Member(Box<[u8]>, Option<Arc<Who>>),
    Current(Box<[u8]>, Option<Arc<Current>>),
    Topology(Option<Arc<Topology>>),
    Written(Option<Arc<Written>>),
}

impl MemberFacts {
    pub fn is_gone(&self) -> bool {
        self.who.get().is_none() && self.current.get().is_none()
    }
}

impl Made {
    pub fn of(fact: &GroupFact<'_>) -> Self {
        match fact {
            GroupFact::Epoch(epoch) => Self::Epoch(*epoch),
            GroupFact::TargetEpoch(epoch) => Self::Target(*epoch),
            GroupFact::Member { id, who } => {
                let who = who.map(|(client_id, client_host)| {
                    Arc::new(Who {
                        client_id: (*client_id.shortened()).into(),
                        client_host: (*client_host.shortened()).into(),
                    })
                });
                Self::Member(id.0.into(), who)
            }
            GroupFact::Current { id, current } => {
                Self::Current(id.0.into(), current.as_ref().map(|current| Arc::new(Current::of(current))))
            }
            GroupFact::Topology(topology) => {
                Self::Topology(topology.as_ref().map(|topology| Arc::new(Topology::of(topology))))
            }
            GroupFact::TopicNames(names) => Self::Written(names.as_ref().map(|names| Arc::new(Written::of(names)))),
        }
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

    pub fn owns_anything(&self) -> bool {
        match &self.owned {
            Owned::Partitions(list) => list.iter().any(|(_, partitions)| !partitions.is_empty()),
            Owned::Tasks(list) => list.iter().any(|(_, partitions)| !partitions.is_empty()),
        }
    }
}

impl Topology {
    fn of(update: &TopologyUpdate<'_>) -> Self {
        let (mut sources, mut subtopologies) = (Texts::default(), Ranges::default());
        let mut sorted: Vec<_> = update.sources.iter().collect();
        // Of two with one id the first counts.
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

impl Written {
    fn of(update: &[(TopicId, Name<'_>)]) -> Self {
        let mut written = Self { names: Texts::default(), ids: HashMap::with_capacity(update.len()) };
        for (id, name) in update {
            // Of two with one id the first counts.
            written.ids.entry(*id).or_insert(written.names.len());
            written.names.push(*name);
        }
        written.names.shrink();
        written
    }
}
