//! An update: a fact about a group, as a record or a node of ZooKeeper has it. Updates are borrowed from what was read.

use crate::model::{Name, Offset, Partition, Timestamp};

use crate::storage::sources::group_fact::GroupFact;
use crate::storage::sources::group_kind::GroupKind;
use crate::storage::sources::share::ShareUpdate;

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
    /// Whether it only ends something.
    #[must_use]
    pub const fn is_tombstone(&self) -> bool {
        match self {
            Self::CommitTombstone { .. } | Self::GroupTombstone { .. } => true,
            Self::Commit { .. } | Self::Members(_) => false,
            Self::Registered { members, .. } => members.is_empty(),
            Self::Fact { fact, .. } => fact.is_tombstone(),
            Self::Share(share) => share.state.is_none(),
        }
    }

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
