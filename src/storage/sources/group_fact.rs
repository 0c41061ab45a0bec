//! Facts about groups of the newer protocols, each from one record: epochs, members, what they own, topologies.

use crate::model::{Name, Partition, TopicId};

/// One fact about a group of the type `consumer`, `share` or `streams`. `None` is a tombstone: the fact no longer
/// holds.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupFact<'a> {
    /// The group epoch. Its record also says that the group is of this type.
    Epoch(Option<EpochUpdate>),
    /// The epoch for which the assignment was computed.
    TargetEpoch(Option<i32>),
    /// A member.
    Member {
        /// The id.
        id: Name<'a>,
        /// The client id, and the host as the record has it.
        who: Option<(Name<'a>, Name<'a>)>,
    },
    /// What a member owns.
    Current {
        /// The member's id.
        id: Name<'a>,
        /// What it owns.
        current: Option<CurrentUpdate<'a>>,
    },
    /// The topology of a streams group.
    Topology(Option<TopologyUpdate<'a>>),
    /// The names of topics that assignments give by id.
    TopicNames(Option<Vec<(TopicId, Name<'a>)>>),
}

/// A group's epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochUpdate {
    /// The epoch.
    pub number: i32,
    /// The epoch of the topology that the broker has validated. Brokers of 4.1 do not write it.
    pub validated_topology: Option<i32>,
}

/// What a member owns, and its progress towards the target assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentUpdate<'a> {
    /// The epoch it has reached.
    pub epoch: i32,
    /// Whether it has no partitions left to revoke or to wait for.
    pub settled: bool,
    /// What it owns.
    pub owned: OwnedUpdate<'a>,
}

/// What a member owns.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedUpdate<'a> {
    /// Partitions, by topic.
    Partitions(Vec<(TopicId, Vec<Partition>)>),
    /// Active tasks, by subtopology.
    Tasks(Vec<(Name<'a>, Vec<Partition>)>),
}

/// A streams group's topology.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyUpdate<'a> {
    /// The epoch.
    pub epoch: i32,
    /// By subtopology, the topics that it reads.
    pub sources: Vec<(Name<'a>, Vec<Name<'a>>)>,
}

impl<'a> GroupFact<'a> {
    /// Whether it is a tombstone.
    #[must_use]
    pub const fn is_tombstone(&self) -> bool {
        match self {
            Self::Epoch(value) => value.is_none(),
            Self::TargetEpoch(value) => value.is_none(),
            Self::Member { who, .. } => who.is_none(),
            Self::Current { current, .. } => current.is_none(),
            Self::Topology(value) => value.is_none(),
            Self::TopicNames(value) => value.is_none(),
        }
    }
}
