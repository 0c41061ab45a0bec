//! Decoded records.

use crate::model::{Name, Partition};
use crate::offsets::assigned::epoch::{self, Epoch, TargetEpoch};
use crate::offsets::assigned::member::{self, MemberMetadata};
use crate::offsets::assigned::member_assignment::{self, AssignedItems, CurrentAssignment};
use crate::offsets::assigned::topics::{self, MatchedTopics, SubscribedTopic};
use crate::offsets::assigned::topology::{self, Topology};
use crate::offsets::bytes::cursor::Cursor;
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::RecordList;
use crate::offsets::bytes::oddities::Oddities;
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
        /// The epoch of the assignment, and when it was computed.
        target: Option<TargetEpoch>,
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
    pub fn value(self, value: Option<&'a [u8]>) -> Result<Record<'a>, DecodeError> {
        self.value_noting(value, &mut Oddities::default())
    }

    /// Decodes the value that belongs to this key, and notes what is odd about it.
    ///
    /// # Errors
    /// Those of [`Key::value`].
    #[inline]
    pub fn value_noting(self, value: Option<&'a [u8]>, oddities: &mut Oddities) -> Result<Record<'a>, DecodeError> {
        let Some(bytes) = value else { return Ok(self.tombstone()) };
        let mut cursor = Cursor::new(bytes);
        let cursor = &mut cursor;
        let record = match self {
            Self::Commit { kind, group, topic, partition } => {
                Record::Commit(commit::commit(cursor, kind, (group, topic, partition), oddities)?)
            }
            Self::Group { group } => Record::Group(group::group(cursor, group)?),
            Self::Epoch { kind, group } => Record::Epoch { kind, group, epoch: epoch::epoch(cursor, kind)? },
            Self::TargetEpoch { kind, group } => {
                Record::TargetEpoch { kind, group, target: Some(epoch::target_epoch(cursor)?) }
            }
            Self::Member(of) => Record::Member { of, metadata: Some(member::metadata(cursor, of.kind)?) },
            Self::Target(of) => Record::Target { of, target: Some(member_assignment::target(cursor, of.kind)?) },
            Self::Current(of) => Record::Current { of, current: Some(member_assignment::current(cursor, of.kind)?) },
            Self::Topics { group } => Record::Topics { group, topics: Some(topics::topics(cursor)?) },
            Self::StatePartitions { group } => {
                Record::StatePartitions { group, partitions: Some(share::state_partitions(cursor)?) }
            }
            Self::Expression { group, expression } => {
                Record::Expression { group, expression, matched: Some(topics::matched(cursor)?) }
            }
            Self::Topology { group } => Record::Topology { group, topology: Some(topology::topology(cursor)?) },
            Self::Skipped(_) | Self::Unknown(_) => return Ok(Record::Skipped(self.record_type())),
        };
        oddities.trailing |= !cursor.is_at_end();
        Ok(record)
    }

    /// The record without a value.
    const fn tombstone(self) -> Record<'a> {
        match self {
            Self::Commit { group, topic, partition, .. } => Record::CommitTombstone { group, topic, partition },
            Self::Group { group } => Record::GroupTombstone { group },
            Self::Epoch { kind, group } => Record::EpochTombstone { kind, group },
            Self::TargetEpoch { kind, group } => Record::TargetEpoch { kind, group, target: None },
            Self::Member(of) => Record::Member { of, metadata: None },
            Self::Target(of) => Record::Target { of, target: None },
            Self::Current(of) => Record::Current { of, current: None },
            Self::Topics { group } => Record::Topics { group, topics: None },
            Self::StatePartitions { group } => Record::StatePartitions { group, partitions: None },
            Self::Expression { group, expression } => Record::Expression { group, expression, matched: None },
            Self::Topology { group } => Record::Topology { group, topology: None },
            Self::Skipped(_) | Self::Unknown(_) => Record::Skipped(self.record_type()),
        }
    }
}
