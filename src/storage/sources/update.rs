//! What goes into storage: the only types that cross its wall inwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{BrokerId, Name, Offset, Partition, Timestamp, TopicId};

use crate::storage::topics::names::TopicName;
use crate::storage::topics::time_index::Dated;

/// A broker, as the metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its id.
    pub id: BrokerId,
    /// `host:port`.
    pub address: String,
}

/// What a cluster tells of itself beside its metadata. What it did not tell is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// Its id.
    pub cluster_id: Option<String>,
    /// The controller, or with KRaft the broker that stands in for it.
    pub controller: Option<BrokerId>,
    /// The racks of the brokers that have one.
    pub racks: BTreeMap<BrokerId, String>,
}

/// One full answer to a metadata request: what it does not name is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Live brokers.
    pub brokers: Vec<Broker>,
    /// Topics that passed the cluster's filter.
    pub topics: Vec<TopicMetadata>,
}

/// A topic, as the metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Its name.
    pub name: String,
    /// Its id, where the broker has ids (2.8).
    pub id: Option<TopicId>,
    /// Its partitions, the index is the partition's number.
    pub partitions: Vec<PartitionMetadata>,
}

/// A partition, as the metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// The replicas; the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// How many replicas are in sync.
    pub in_sync: usize,
}

/// What one refresh found out about one partition's log. Entries of one topic stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBounds<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: Partition,
    /// The log start (earliest offset); `None` when this refresh could not tell.
    pub start: Option<Offset>,
    /// The log end (high watermark); `None` when this refresh could not tell. Three in a row and the
    /// end is unknown (docs/src/reference/storage-rules.md, Log ends).
    pub end: Option<Offset>,
}

/// What a broker answered about times in one partition's log.
#[derive(Clone, Debug)]
pub struct TimesFound {
    /// The topic.
    pub topic: Arc<TopicName>,
    /// Its id when the question was asked.
    pub id: Option<TopicId>,
    /// The partition.
    pub partition: Partition,
    /// The answer.
    pub answer: TimeAnswer,
}

/// An answer about a time (ListOffsets by timestamp): the first record at or after it, if there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeAnswer {
    /// To the timestamp 0: the first record of all that has one.
    First(Option<Dated>),
    /// To any other time.
    From {
        /// The time.
        asked: Timestamp,
        /// The record.
        found: Option<Dated>,
        /// A log end that was read before the question was asked.
        end: Offset,
    },
}

/// A fact about a group, borrowed from where it was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Update<'a> {
    /// A group has committed.
    Commit {
        /// The group.
        group: Name<'a>,
        /// The topic.
        topic: Name<'a>,
        /// The partition.
        partition: Partition,
        /// The next record that the group will consume.
        offset: Offset,
        /// When, by the broker's clock.
        timestamp: Timestamp,
    },
    /// A commit is gone: deleted or expired.
    CommitTombstone {
        /// The group.
        group: Name<'a>,
        /// The topic.
        topic: Name<'a>,
        /// The partition.
        partition: Partition,
    },
    /// A group's members and what is assigned to them, as a whole.
    Members(MembersUpdate<'a>),
    /// A classic group's metadata is gone; its commits go by their own tombstones.
    GroupTombstone {
        /// The group.
        group: Name<'a>,
    },
    /// The members of a group that coordinates in ZooKeeper, and the partitions that they own there, as a whole.
    Registered {
        /// The group.
        group: Name<'a>,
        /// The members; none when there are none any more.
        members: Vec<MemberUpdate<'a>>,
    },
    /// One thing about a group of another type, whose members are kept in records of their own.
    Fact {
        /// The group.
        group: Name<'a>,
        /// The type.
        kind: GroupKind,
        /// When that was written.
        at: Timestamp,
        /// The thing.
        fact: GroupFact<'a>,
    },
    /// How far a share group has come.
    Share(ShareUpdate<'a>),
}

/// How far a share group has come in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareUpdate<'a> {
    /// The group.
    pub group: Name<'a>,
    /// The topic.
    pub topic: TopicId,
    /// The partition.
    pub partition: Partition,
    /// When.
    pub at: Timestamp,
    /// The state; `None`: the group has none any more.
    pub state: Option<ShareState>,
}

/// The state of a share group's partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareState {
    /// Whether it is everything, or what changed.
    pub whole: bool,
    /// The start offset: nothing before it is left. `None`: there is none yet, or it did not change.
    pub start: Option<Offset>,
    /// How many records from there on are finished, where the broker tells it.
    pub done: Option<u32>,
    /// Which records are finished: the first and the last of each range.
    pub finished: Vec<(Offset, Offset)>,
}

/// One thing about a group of the types `consumer`, `share` and `streams`. `None` is the tombstone: it is not so any
/// more.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupFact<'a> {
    /// The group is of this type, and has come to an epoch.
    Epoch(Option<EpochUpdate>),
    /// The epoch that the assignment was computed for.
    TargetEpoch(Option<i32>),
    /// A member.
    Member {
        /// Its id.
        id: Name<'a>,
        /// Its client id, and its host as the record has it.
        who: Option<(Name<'a>, Name<'a>)>,
    },
    /// What a member owns.
    Current {
        /// The member's id.
        id: Name<'a>,
        /// What it owns.
        current: Option<CurrentUpdate<'a>>,
    },
    /// What a streams group does with which topics.
    Topology(Option<TopologyUpdate<'a>>),
    /// The names of topics that assignments name by id.
    TopicNames(Option<Vec<(TopicId, Name<'a>)>>),
}

/// A group's epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochUpdate {
    /// The epoch.
    pub number: i32,
    /// Which epoch of the topology the broker found good, where it says so.
    pub validated_topology: Option<i32>,
}

/// What a member owns, and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentUpdate<'a> {
    /// The epoch it has reached.
    pub epoch: i32,
    /// Whether nothing is left to be revoked or waited for.
    pub settled: bool,
    /// What it owns.
    pub owned: OwnedUpdate<'a>,
}

/// What a member owns.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedUpdate<'a> {
    /// Partitions of topics.
    Partitions(Vec<(TopicId, Vec<Partition>)>),
    /// Active tasks, by subtopology.
    Tasks(Vec<(Name<'a>, Vec<Partition>)>),
}

/// A streams group's topology.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyUpdate<'a> {
    /// Its epoch.
    pub epoch: i32,
    /// The topics that each subtopology reads.
    pub sources: Vec<(Name<'a>, Vec<Name<'a>>)>,
}

impl<'a> GroupFact<'a> {
    /// Whether it says that something is not so any more.
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
    /// Coordinated in ZooKeeper, by the old consumer.
    ZooKeeper,
}

/// The members of a classic group in one generation.
#[derive(Clone, Debug, PartialEq)]
pub struct MembersUpdate<'a> {
    /// The group.
    pub group: Name<'a>,
    /// What the group says it is, `consumer` mostly, `connect` or others; empty for none.
    pub protocol_type: Name<'a>,
    /// The chosen assignor; empty for none.
    pub protocol: Name<'a>,
    /// When it was written.
    pub at: Timestamp,
    /// The generation.
    pub generation: i32,
    /// The members.
    pub members: Vec<MemberUpdate<'a>>,
}

/// One member.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberUpdate<'a> {
    /// Its id.
    pub id: Name<'a>,
    /// Its client id.
    pub client_id: Name<'a>,
    /// Its host, as the record has it (`/10.0.0.1`).
    pub client_host: Name<'a>,
    /// What is assigned to it.
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

/// Why a commit was not taken in: the label `reason` of `warrener_dropped_commits_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dropped {
    /// Older than `expire-group`.
    Expired,
    /// Older than all of a full window.
    Late,
    /// Another source of the same group and partition holds a newer one.
    Superseded,
    /// Older than the topic: it was deleted and created anew.
    Recreated,
    /// The name of the group or of the topic is too long. Whatever names it counts, not commits alone.
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
