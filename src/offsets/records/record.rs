//! Decoded records.

use crate::model::{Name, Partition};
use crate::offsets::assigned::epoch::{self, Epoch};
use crate::offsets::assigned::member::{self, MemberMetadata};
use crate::offsets::assigned::member_assignment::{self, AssignedItems, CurrentAssignment};
use crate::offsets::assigned::topics::{self, MatchedTopics, SubscribedTopic};
use crate::offsets::assigned::topology::{self, Topology};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::RecordList;
use crate::offsets::classic::commit::{self, CommitRecord};
use crate::offsets::classic::group::{self, GroupMetadata};
use crate::offsets::records::group_type::GroupProtocol;
use crate::offsets::records::key::{Key, MemberKey};
use crate::offsets::records::record_type::RecordType;
use crate::offsets::shares::share::{self, StatePartitions};

/// A decoded record. If a variant contains an `Option`, `None` is the tombstone: what the key names is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A commit of a group.
    Commit(CommitRecord<'a>),
    /// A commit was deleted, or expired at the broker.
    CommitTombstone {
        /// The group.
        group: Name<'a>,
        /// The topic.
        topic: Name<'a>,
        /// The partition, not negative.
        partition: Partition,
    },
    /// Generation and members of a classic group.
    Group(GroupMetadata<'a>),
    /// A classic group was deleted, has expired, or was converted to the KIP-848 protocol (then its commits stay).
    GroupTombstone {
        /// The group.
        group: Name<'a>,
    },
    /// A new epoch of a group that is not classic.
    Epoch {
        /// The group's type.
        kind: GroupProtocol,
        /// The group.
        group: Name<'a>,
        /// The epoch.
        epoch: Epoch,
    },
    /// A group of that type was deleted or converted to another type.
    EpochTombstone {
        /// The group's type.
        kind: GroupProtocol,
        /// The group.
        group: Name<'a>,
    },
    /// The epoch of a group's target assignment.
    TargetEpoch {
        /// The group's type.
        kind: GroupProtocol,
        /// The group.
        group: Name<'a>,
        /// The group epoch that the assignment was computed for.
        epoch: Option<i32>,
    },
    /// The description of a member.
    Member {
        /// The member.
        of: MemberKey<'a>,
        /// The description.
        metadata: Option<MemberMetadata<'a>>,
    },
    /// The target assignment of a member.
    Target {
        /// The member.
        of: MemberKey<'a>,
        /// The target assignment.
        target: Option<AssignedItems<'a>>,
    },
    /// The current assignment of a member.
    Current {
        /// The member.
        of: MemberKey<'a>,
        /// What it owns, and its state.
        current: Option<CurrentAssignment<'a>>,
    },
    /// The topics that a group of the type `consumer` knew, with ids and names.
    Topics {
        /// The group.
        group: Name<'a>,
        /// The topics.
        topics: Option<RecordList<'a, SubscribedTopic<'a>>>,
    },
    /// The partitions that a share group keeps state of.
    StatePartitions {
        /// The group.
        group: Name<'a>,
        /// The partitions.
        partitions: Option<StatePartitions<'a>>,
    },
    /// The topics that match a regular expression of a group of the type `consumer`.
    Expression {
        /// The group.
        group: Name<'a>,
        /// The expression, as the member wrote it.
        expression: Name<'a>,
        /// The topics.
        matched: Option<MatchedTopics<'a>>,
    },
    /// The topology of a streams group.
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
    /// Decodes the value that belongs to this key; `None` is a tombstone. The value of a type that is not decoded
    /// is not read.
    ///
    /// # Errors
    /// A value that does not have the layout of its version. See the module documentation.
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
