//! The types that go into storage. No other types cross its border inwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{BrokerId, Name, Offset, Partition, Timestamp, TopicId};

use crate::storage::topics::names::TopicName;
use crate::storage::topics::time_index::Dated;

/// A broker of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// The id.
    pub id: BrokerId,
    /// `host:port`.
    pub address: String,
}

/// Facts that a cluster reports beside its metadata. A field is `None` or empty if it is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// The id.
    pub cluster_id: Option<String>,
    /// The controller. With KRaft the broker that is reported in its place.
    pub controller: Option<BrokerId>,
    /// The racks of the brokers that have one.
    pub racks: BTreeMap<BrokerId, String>,
}

/// One full answer to a metadata request. Topics that it does not name are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Live brokers.
    pub brokers: Vec<Broker>,
    /// Topics that pass the cluster's filters.
    pub topics: Vec<TopicMetadata>,
}

/// A topic of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// The name.
    pub name: String,
    /// The id. Brokers before 2.8 have none.
    pub id: Option<TopicId>,
    /// The partitions. The index is the partition's number.
    pub partitions: Vec<PartitionMetadata>,
}

/// A partition of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// The replicas. The first one is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// Number of replicas that are in sync.
    pub in_sync: usize,
}

/// Log start and log end of one partition, as one refresh read them. Entries of one topic have to stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBounds<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: Partition,
    /// The log start (earliest offset). `None` when this refresh did not get it.
    pub start: Option<Offset>,
    /// The log end (high watermark). `None` when this refresh did not get it. After three of these in a row the log end
    /// is unknown (docs/src/reference/storage-rules.md, Log ends).
    pub end: Option<Offset>,
}

/// A broker's answer to a time lookup in one partition.
#[derive(Clone, Debug)]
pub struct TimesFound {
    /// The topic.
    pub topic: Arc<TopicName>,
    /// The topic's id at the time of the lookup.
    pub id: Option<TopicId>,
    /// The partition.
    pub partition: Partition,
    /// The answer.
    pub answer: TimeAnswer,
}

/// An answer to a time lookup (ListOffsets by timestamp): the first record at or after the time, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeAnswer {
    /// To timestamp 0: the first record that has a timestamp.
    First(Option<Dated>),
    /// To any other time.
    From {
        /// The time that was asked for.
        asked: Timestamp,
        /// The record.
        found: Option<Dated>,
        /// A log end that was read before the lookup.
        end: Offset,
    },
}

/// A fact about a group, borrowed from the record that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Update<'a> {
    /// A commit of a group.
    Commit {
        /// The group.
        group: Name<'a>,
        /// The topic.
        topic: Name<'a>,
        /// The partition.
        partition: Partition,
        /// The next record that the group will consume.
        offset: Offset,
        /// The time of the commit, by the broker's clock.
        timestamp: Timestamp,
    },
    /// The tombstone of a commit: it was deleted, or has expired.
    CommitTombstone {
        /// The group.
        group: Name<'a>,
        /// The topic.
        topic: Name<'a>,
        /// The partition.
        partition: Partition,
    },
    /// All members of a classic group, with their assignments.
    Members(MembersUpdate<'a>),
    /// The tombstone of a classic group's metadata. Its commits have tombstones of their own.
    GroupTombstone {
        /// The group.
        group: Name<'a>,
    },
    /// All members of a group that is coordinated in ZooKeeper, with the partitions that they own.
    Registered {
        /// The group.
        group: Name<'a>,
        /// The members. Empty when the group has none any more.
        members: Vec<MemberUpdate<'a>>,
    },
    /// One fact about a group of a newer type, which has records of its own for each member.
    Fact {
        /// The group.
        group: Name<'a>,
        /// The type of the group.
        kind: GroupKind,
        /// The time of the record.
        at: Timestamp,
        /// The fact.
        fact: GroupFact<'a>,
    },
    /// The state of a share group in one partition.
    Share(ShareUpdate<'a>),
}

/// The state of a share group in one partition (KIP-932).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareUpdate<'a> {
    /// The group.
    pub group: Name<'a>,
    /// The topic.
    pub topic: TopicId,
    /// The partition.
    pub partition: Partition,
    /// The time of the state.
    pub at: Timestamp,
    /// The state. `None` if it was deleted.
    pub state: Option<ShareState>,
}

/// The state of a share group's partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareState {
    /// Whether it is the whole state, or only what changed.
    pub whole: bool,
    /// The start offset: all records before it are finished. `None` if there is none yet, or it has not changed.
    pub start: Option<Offset>,
    /// The number of finished records from the start offset on. Brokers before 4.2 do not write it.
    pub done: Option<u32>,
    /// The finished records: the first and the last of each range.
    pub finished: Vec<(Offset, Offset)>,
}

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

/// The types of groups that have metadata (KIP-848, KIP-932, KIP-1071), or members in ZooKeeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// The classic rebalance protocol.
    Classic,
    /// The consumer protocol of KIP-848.
    Consumer,
    /// A share group.
    Share,
    /// The streams protocol.
    Streams,
    /// A group of the old consumer, coordinated in ZooKeeper.
    ZooKeeper,
}

/// The members of a classic group in one generation.
#[derive(Clone, Debug, PartialEq)]
pub struct MembersUpdate<'a> {
    /// The group.
    pub group: Name<'a>,
    /// The protocol type that the group states, mostly `consumer`; `connect` and others occur. Empty if there is none.
    pub protocol_type: Name<'a>,
    /// The chosen assignor. Empty if there is none.
    pub protocol: Name<'a>,
    /// The time of the record.
    pub at: Timestamp,
    /// The generation.
    pub generation: i32,
    /// The members.
    pub members: Vec<MemberUpdate<'a>>,
}

/// One member.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberUpdate<'a> {
    /// The id.
    pub id: Name<'a>,
    /// The client id.
    pub client_id: Name<'a>,
    /// The host, as the record has it (`/10.0.0.1`).
    pub client_host: Name<'a>,
    /// The partitions that are assigned to it, by topic.
    pub assigned: Vec<(Name<'a>, Vec<Partition>)>,
}

impl<'a> Update<'a> {
    /// The group it is about.
    #[must_use]
    pub const fn group(&self) -> Name<'a> {
        match self {
            Self::Commit { group, .. }
            | Self::CommitTombstone { group, .. }
            | Self::Fact { group, .. }
            | Self::Registered { group, .. }
            | Self::GroupTombstone { group } => *group,
            Self::Members(members) => members.group,
            Self::Share(share) => share.group,
        }
    }
}

/// Why a commit was dropped: the label `reason` of `warrener_dropped_commits_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dropped {
    /// It is older than `expire-group`.
    Expired,
    /// It is older than every commit of a full window.
    Late,
    /// Another source holds a newer commit of the same group and partition.
    Superseded,
    /// It is not newer than the topic, which was deleted and created again.
    Recreated,
    /// The name of the group or topic is too long. This counts every record that has such a name, not only commits.
    Name,
}

impl Dropped {
    /// All reasons.
    pub const ALL: [Self; 5] = [Self::Expired, Self::Late, Self::Superseded, Self::Recreated, Self::Name];

    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Late => "late",
            Self::Superseded => "superseded",
            Self::Recreated => "recreated",
            Self::Name => "name",
        }
    }
}
