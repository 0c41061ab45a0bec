//! What a record says.

use crate::model::{Name, Partition};
use crate::offsets::assigned::epoch::{self, Epoch};
use crate::offsets::assigned::member::{self, MemberMetadata};
use crate::offsets::assigned::member_assignment::{self, CurrentAssignment, Owned};
use crate::offsets::assigned::topics::{self, Matched, Topic};
use crate::offsets::assigned::topology::{self, Topology};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::List;
use crate::offsets::classic::commit::{self, Commit};
use crate::offsets::classic::group::{self, GroupMetadata};
use crate::offsets::records::group_type::GroupType;
use crate::offsets::records::key::{Key, MemberKey};
use crate::offsets::records::record_type::RecordType;
use crate::offsets::shares::share::{self, StatePartitions};

/// What a record says. Where a variant holds an `Option`, `None` is the tombstone: what the key names is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A group committed.
    Commit(Commit<'a>),
    /// A commit is gone: deleted, or expired by the broker.
    CommitTombstone {
        /// The group.
        group: Name<'a>,
        /// The topic.
        topic: Name<'a>,
        /// The partition, not negative.
        partition: Partition,
    },
    /// A classic group's generation and members.
    Group(GroupMetadata<'a>),
    /// A classic group is gone: deleted, expired, or converted to the KIP-848 protocol (its commits stay then).
    GroupTombstone {
        /// The group.
        group: Name<'a>,
    },
    /// A group that is not a classic one has come to an epoch.
    Epoch {
        /// The group's type.
        kind: GroupType,
        /// The group.
        group: Name<'a>,
        /// The epoch.
        epoch: Epoch,
    },
    /// A group of that type is gone, or was converted to another type.
    EpochTombstone {
        /// The group's type.
        kind: GroupType,
        /// The group.
        group: Name<'a>,
    },
    /// The epoch of the assignment that a group is on its way to.
    TargetEpoch {
        /// The group's type.
        kind: GroupType,
        /// The group.
        group: Name<'a>,
        /// The epoch of the group that the assignment was computed for.
        epoch: Option<i32>,
    },
    /// Who a member is.
    Member {
        /// The member.
        of: MemberKey<'a>,
        /// Who it is.
        metadata: Option<MemberMetadata<'a>>,
    },
    /// What a member is meant to own.
    Target {
        /// The member.
        of: MemberKey<'a>,
        /// What it is meant to own.
        target: Option<Owned<'a>>,
    },
    /// What a member owns.
    Current {
        /// The member.
        of: MemberKey<'a>,
        /// What it owns, and how far it has come.
        current: Option<CurrentAssignment<'a>>,
    },
    /// The topics that a group of the type `consumer` knew of: their ids and names.
    Topics {
        /// The group.
        group: Name<'a>,
        /// The topics.
        topics: Option<List<'a, Topic<'a>>>,
    },
    /// The partitions that a share group keeps state of.
    StatePartitions {
        /// The group.
        group: Name<'a>,
        /// The partitions.
        partitions: Option<StatePartitions<'a>>,
    },
    /// The topics that a regular expression of a group of the type `consumer` stands for.
    Expression {
        /// The group.
        group: Name<'a>,
        /// The expression, as the member wrote it.
        expression: Name<'a>,
        /// The topics.
        matched: Option<Matched<'a>>,
    },
    /// A streams group's topology.
    Topology {
        /// The group.
        group: Name<'a>,
        /// The topology.
        topology: Option<Topology<'a>>,
    },
    /// A record that is not decoded.
    Skipped(RecordType),
}

impl<'a> Key<'a> {
    /// Reads the value that came with this key; none is a tombstone. A value of a type that is not decoded is not
    /// looked at.
    ///
    /// # Errors
    /// A value that is not laid out as its version says. See the module's text.
    #[inline]
    pub fn value(self, value: Option<&'a [u8]>) -> Result<Record<'a>, DecodeError> {
        Ok(match self {
            Self::Commit { kind, group, topic, partition } => match value {
                Some(bytes) => Record::Commit(commit::commit(bytes, kind, (group, topic, partition))?),
                None => Record::CommitTombstone { group, topic, partition },
            },
            Self::Group { group } => match value {
                Some(bytes) => Record::Group(group::group(bytes, group)?),
                None => Record::GroupTombstone { group },
            },
            Self::Epoch { kind, group } => match value {
                Some(bytes) => Record::Epoch { kind, group, epoch: epoch::epoch(bytes, kind)? },
                None => Record::EpochTombstone { kind, group },
            },
            Self::TargetEpoch { kind, group } => {
                Record::TargetEpoch { kind, group, epoch: value.map(epoch::target_epoch).transpose()? }
            }
            Self::Member(of) => {
                let metadata = value.map(|bytes| member::metadata(bytes, of.kind)).transpose()?;
                Record::Member { of, metadata }
            }
            Self::Target(of) => {
                let target = value.map(|bytes| member_assignment::target(bytes, of.kind)).transpose()?;
                Record::Target { of, target }
            }
            Self::Current(of) => {
                let current = value.map(|bytes| member_assignment::current(bytes, of.kind)).transpose()?;
                Record::Current { of, current }
            }
            Self::Topics { group } => Record::Topics { group, topics: value.map(topics::topics).transpose()? },
            Self::StatePartitions { group } => {
                Record::StatePartitions { group, partitions: value.map(share::state_partitions).transpose()? }
            }
            Self::Expression { group, expression } => {
                Record::Expression { group, expression, matched: value.map(topics::matched).transpose()? }
            }
            Self::Topology { group } => {
                Record::Topology { group, topology: value.map(topology::topology).transpose()? }
            }
            Self::Skipped(_) | Self::Unknown(_) => Record::Skipped(self.record_type()),
        })
    }
}
