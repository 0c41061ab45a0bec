//! Keys of records.

use crate::model::{Name, Partition};
use crate::offsets::bytes::cursor::Cursor;
use crate::offsets::bytes::error::{DecodeError, FieldProblem};
use crate::offsets::bytes::oddities::Oddities;
use crate::offsets::records::group_type::GroupProtocol;
use crate::offsets::records::record_type::RecordType;

/// The key of a record: what the record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// A commit of a group for one partition.
    Commit {
        /// [`RecordType::OffsetCommit`] or [`RecordType::LegacyOffsetCommit`].
        kind: RecordType,
        /// The group.
        group: Name<'a>,
        /// The topic committed to.
        topic: Name<'a>,
        /// The partition committed to, not negative.
        partition: Partition,
    },
    /// Generation and members of a classic group.
    Group {
        /// The group.
        group: Name<'a>,
    },
    /// The epoch of a group that is not classic. It defines the type of the group.
    Epoch {
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
    },
    /// The description of a member.
    Member(MemberKey<'a>),
    /// The target assignment of a member.
    Target(MemberKey<'a>),
    /// The current assignment of a member.
    Current(MemberKey<'a>),
    /// The topics that a group of the type `consumer` knew.
    Topics {
        /// The group.
        group: Name<'a>,
    },
    /// The partitions that a share group keeps state of.
    StatePartitions {
        /// The group.
        group: Name<'a>,
    },
    /// The topics that match a regular expression of a group of the type `consumer`.
    Expression {
        /// The group.
        group: Name<'a>,
        /// The expression, as the member wrote it.
        expression: Name<'a>,
    },
    /// The topology of a streams group.
    Topology {
        /// The group.
        group: Name<'a>,
    },
    /// A known type that is not decoded.
    Skipped(RecordType),
    /// The number of an unknown type.
    Unknown(i16),
}

/// A member of a group that is not classic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberKey<'a> {
    /// The type of the group.
    pub kind: GroupProtocol,
    /// The group.
    pub group: Name<'a>,
    /// The member's id.
    pub member: Name<'a>,
}

/// Decodes the key only.
///
/// # Errors
/// No bytes, or a key that does not have the layout of its type. See the module documentation.
pub fn key(bytes: &[u8]) -> Result<Key<'_>, DecodeError> {
    key_noting(bytes, &mut Oddities::default())
}

/// Decodes the key only, and notes what is odd about it.
///
/// # Errors
/// Those of [`key`].
#[inline]
pub fn key_noting<'a>(bytes: &'a [u8], oddities: &mut Oddities) -> Result<Key<'a>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::no_key());
    }
    let mut cursor = Cursor::new(bytes);
    match decode(&mut cursor) {
        Ok(key) if key.group().is_some() && cursor.is_at_end() => Ok(key),
        read => unusual(bytes, read, oddities),
    }
}

fn decode<'a>(cursor: &mut Cursor<'a>) -> Result<Key<'a>, DecodeError> {
    let number = cursor.int16("type")?;
    decode_fields(cursor, number)
}

/// Handles a key that is not read up to its last byte. It may be one that Redpanda has wrapped; otherwise further bytes
/// are ignored, as a broker ignores them.
#[cold]
fn unusual<'a>(
    bytes: &'a [u8],
    read: Result<Key<'a>, DecodeError>,
    oddities: &mut Oddities,
) -> Result<Key<'a>, DecodeError> {
    if let Some(mut inner) = unwrap(bytes)
        && let Ok(key) = decode(&mut inner)
        && key.group().is_some()
    {
        oddities.trailing |= !inner.is_at_end();
        return Ok(key);
    }
    oddities.trailing |= read.is_ok_and(|key| key.group().is_some());
    read
}

/// The key within a key of Redpanda. Its old tombstones have the length of the key in front of it, in four bytes and
/// little-endian (`maybe_unwrap_from_iobuf` in its `group_metadata.cc`).
fn unwrap(bytes: &[u8]) -> Option<Cursor<'_>> {
    let mut cursor = Cursor::new(bytes);
    let length = cursor.int32("length").ok()?.swap_bytes();
    (usize::try_from(length).ok()? == cursor.rest().len()).then_some(cursor)
}

fn commit<'a>(cursor: &mut Cursor<'a>, kind: RecordType) -> Result<Key<'a>, DecodeError> {
    let group = group(cursor)?;
    let topic = Name(cursor.name("topic")?);
    let start = *cursor;
    let partition = cursor.int32("partition")?;
    if partition < 0 {
        return Err(start.error("partition", FieldProblem::Partition { found: partition }));
    }
    Ok(Key::Commit { kind, group, topic, partition: Partition(partition) })
}

fn decode_fields<'a>(cursor: &mut Cursor<'a>, number: i16) -> Result<Key<'a>, DecodeError> {
    use GroupProtocol::{Consumer, Share, Streams};
    Ok(match RecordType::of(number) {
        kind @ (RecordType::LegacyOffsetCommit | RecordType::OffsetCommit) => commit(cursor, kind)?,
        RecordType::GroupMetadata => Key::Group { group: group(cursor)? },
        RecordType::ConsumerGroupMetadata => Key::Epoch { kind: Consumer, group: group(cursor)? },
        RecordType::ShareGroupMetadata => Key::Epoch { kind: Share, group: group(cursor)? },
        RecordType::StreamsGroupMetadata => Key::Epoch { kind: Streams, group: group(cursor)? },
        RecordType::ConsumerGroupTargetAssignmentMetadata => Key::TargetEpoch { kind: Consumer, group: group(cursor)? },
        RecordType::ShareGroupTargetAssignmentMetadata => Key::TargetEpoch { kind: Share, group: group(cursor)? },
        RecordType::StreamsGroupTargetAssignmentMetadata => Key::TargetEpoch { kind: Streams, group: group(cursor)? },
        RecordType::ConsumerGroupMemberMetadata => Key::Member(member(cursor, Consumer)?),
        RecordType::ShareGroupMemberMetadata => Key::Member(member(cursor, Share)?),
        RecordType::StreamsGroupMemberMetadata => Key::Member(member(cursor, Streams)?),
        RecordType::ConsumerGroupTargetAssignmentMember => Key::Target(member(cursor, Consumer)?),
        RecordType::ShareGroupTargetAssignmentMember => Key::Target(member(cursor, Share)?),
        RecordType::StreamsGroupTargetAssignmentMember => Key::Target(member(cursor, Streams)?),
        RecordType::ConsumerGroupCurrentMemberAssignment => Key::Current(member(cursor, Consumer)?),
        RecordType::ShareGroupCurrentMemberAssignment => Key::Current(member(cursor, Share)?),
        RecordType::StreamsGroupCurrentMemberAssignment => Key::Current(member(cursor, Streams)?),
        RecordType::ConsumerGroupPartitionMetadata => Key::Topics { group: group(cursor)? },
        RecordType::ShareGroupStatePartitionMetadata => Key::StatePartitions { group: group(cursor)? },
        RecordType::ConsumerGroupRegularExpression => {
            Key::Expression { group: group(cursor)?, expression: Name(cursor.name("regular_expression")?) }
        }
        RecordType::StreamsGroupTopology => Key::Topology { group: group(cursor)? },
        kind @ (RecordType::ShareGroupPartitionMetadata | RecordType::StreamsGroupPartitionMetadata) => {
            Key::Skipped(kind)
        }
        RecordType::Unknown | RecordType::ShareSnapshot | RecordType::ShareUpdate => Key::Unknown(number),
    })
}

fn group<'a>(cursor: &mut Cursor<'a>) -> Result<Name<'a>, DecodeError> {
    cursor.name("group").map(Name)
}

fn member<'a>(cursor: &mut Cursor<'a>, kind: GroupProtocol) -> Result<MemberKey<'a>, DecodeError> {
    Ok(MemberKey { kind, group: group(cursor)?, member: Name(cursor.name("member_id")?) })
}

impl<'a> Key<'a> {
    /// The record's type.
    #[must_use]
    pub const fn record_type(&self) -> RecordType {
        match self {
            Self::Commit { kind, .. } | Self::Skipped(kind) => *kind,
            Self::Group { .. } => RecordType::GroupMetadata,
            Self::Epoch { kind, .. } => kind.epoch(),
            Self::TargetEpoch { kind, .. } => kind.target_epoch(),
            Self::Member(MemberKey { kind, .. }) => kind.member(),
            Self::Target(MemberKey { kind, .. }) => kind.target(),
            Self::Current(MemberKey { kind, .. }) => kind.current(),
            Self::Topics { .. } => RecordType::ConsumerGroupPartitionMetadata,
            Self::StatePartitions { .. } => RecordType::ShareGroupStatePartitionMetadata,
            Self::Expression { .. } => RecordType::ConsumerGroupRegularExpression,
            Self::Topology { .. } => RecordType::StreamsGroupTopology,
            Self::Unknown(_) => RecordType::Unknown,
        }
    }

    /// The group, if the key is decoded.
    #[must_use]
    pub const fn group(&self) -> Option<Name<'a>> {
        match self {
            Self::Commit { group, .. }
            | Self::Group { group }
            | Self::Epoch { group, .. }
            | Self::TargetEpoch { group, .. }
            | Self::Member(MemberKey { group, .. })
            | Self::Target(MemberKey { group, .. })
            | Self::Current(MemberKey { group, .. })
            | Self::Topics { group }
            | Self::StatePartitions { group }
            | Self::Expression { group, .. }
            | Self::Topology { group } => Some(*group),
            Self::Skipped(_) | Self::Unknown(_) => None,
        }
    }
}
