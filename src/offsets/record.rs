//! Keys, commits, and what a record says.

use super::cursor::{Cursor, Form};
use super::error::{DecodeError, Problem};
use super::group::{self, GroupMetadata};
use super::record_type::RecordType;
use crate::model::{Name, Offset, Partition, Timestamp, TopicId};

/// A record's key: what the record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// A group's commit of one partition.
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
    /// A classic group's generation and members.
    Group {
        /// The group.
        group: Name<'a>,
    },
    /// The epoch of a group that is not a classic one: what tells its type.
    Epoch {
        /// [`RecordType::ConsumerGroupMetadata`], [`RecordType::ShareGroupMetadata`] or
        /// [`RecordType::StreamsGroupMetadata`].
        kind: RecordType,
        /// The group.
        group: Name<'a>,
    },
    /// A type that is known and not decoded.
    Skipped(RecordType),
    /// A type that is not known: its number.
    Unknown(i16),
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A group that is not a classic one has an epoch; the value is not decoded.
    Epoch {
        /// As in [`Key::Epoch`].
        kind: RecordType,
        /// The group.
        group: Name<'a>,
    },
    /// A group of that type is gone, or was converted to another type.
    EpochTombstone {
        /// As in [`Key::Epoch`].
        kind: RecordType,
        /// The group.
        group: Name<'a>,
    },
    /// A record that is not decoded.
    Skipped(RecordType),
}

/// A commit of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit<'a> {
    /// The group.
    pub group: Name<'a>,
    /// The topic.
    pub topic: Name<'a>,
    /// The partition, not negative.
    pub partition: Partition,
    /// The next record to be consumed, not negative.
    pub offset: Offset,
    /// When the broker took the commit; before 0.9 when the client said it did.
    pub timestamp: Timestamp,
    /// The leader epoch of the last record consumed (KIP-320, from version 3), if the client told it.
    pub leader_epoch: Option<i32>,
    /// When the commit expires, if an expiry of its own was asked for (version 1).
    pub expire: Option<Timestamp>,
    /// What the client added, any bytes.
    pub metadata: &'a [u8],
    /// The topic's id, if the client committed by it (version 4).
    pub topic_id: Option<TopicId>,
}

/// Reads the key alone.
///
/// # Errors
/// A key of type 0, 1 or 2 that is not laid out as such; no bytes at all. See the module's text.
#[inline]
pub fn key(bytes: &[u8]) -> Result<Key<'_>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::no_key());
    }
    let mut cursor = Cursor::new(bytes);
    let number = cursor.int16("type")?;
    let key = match RecordType::of(number) {
        kind @ (RecordType::LegacyOffsetCommit | RecordType::OffsetCommit) => commit_key(&mut cursor, kind)?,
        RecordType::GroupMetadata => Key::Group { group: Name(cursor.name("group")?) },
        RecordType::Unknown => return Ok(Key::Unknown(number)),
        kind @ (RecordType::ConsumerGroupMetadata
        | RecordType::ShareGroupMetadata
        | RecordType::StreamsGroupMetadata) => Key::Epoch { kind, group: Name(cursor.name("group")?) },
        kind @ (RecordType::ConsumerGroupPartitionMetadata
        | RecordType::ConsumerGroupMemberMetadata
        | RecordType::ConsumerGroupTargetAssignmentMetadata
        | RecordType::ConsumerGroupTargetAssignmentMember
        | RecordType::ConsumerGroupCurrentMemberAssignment
        | RecordType::ShareGroupPartitionMetadata
        | RecordType::ShareGroupMemberMetadata
        | RecordType::ShareGroupTargetAssignmentMetadata
        | RecordType::ShareGroupTargetAssignmentMember
        | RecordType::ShareGroupCurrentMemberAssignment
        | RecordType::ShareGroupStatePartitionMetadata
        | RecordType::ConsumerGroupRegularExpression
        | RecordType::StreamsGroupPartitionMetadata
        | RecordType::StreamsGroupMemberMetadata
        | RecordType::StreamsGroupTargetAssignmentMetadata
        | RecordType::StreamsGroupTargetAssignmentMember
        | RecordType::StreamsGroupCurrentMemberAssignment
        | RecordType::StreamsGroupTopology) => return Ok(Key::Skipped(kind)),
    };
    cursor.end("key")?;
    Ok(key)
}

fn commit_key<'a>(cursor: &mut Cursor<'a>, kind: RecordType) -> Result<Key<'a>, DecodeError> {
    let group = Name(cursor.name("group")?);
    let topic = Name(cursor.name("topic")?);
    let start = *cursor;
    let partition = cursor.int32("partition")?;
    if partition < 0 {
        return Err(start.error("partition", Problem::Partition { found: partition }));
    }
    Ok(Key::Commit { kind, group, topic, partition: Partition(partition) })
}

impl<'a> Key<'a> {
    /// The record's type.
    #[must_use]
    pub const fn record_type(&self) -> RecordType {
        match self {
            Self::Commit { kind, .. } | Self::Epoch { kind, .. } | Self::Skipped(kind) => *kind,
            Self::Group { .. } => RecordType::GroupMetadata,
            Self::Unknown(_) => RecordType::Unknown,
        }
    }

    /// The group, where the key is decoded.
    #[must_use]
    pub const fn group(&self) -> Option<Name<'a>> {
        match self {
            Self::Commit { group, .. } | Self::Group { group } | Self::Epoch { group, .. } => Some(*group),
            Self::Skipped(_) | Self::Unknown(_) => None,
        }
    }

    /// Reads the value that came with this key; none is a tombstone. A value of a type that is not decoded is not
    /// looked at.
    ///
    /// # Errors
    /// A value that is not laid out as its version says. See the module's text.
    #[inline]
    pub fn value(self, value: Option<&'a [u8]>) -> Result<Record<'a>, DecodeError> {
        match (self, value) {
            (Self::Commit { kind, group, topic, partition }, Some(bytes)) => {
                commit(bytes, kind, (group, topic, partition)).map(Record::Commit)
            }
            (Self::Commit { group, topic, partition, .. }, None) => {
                Ok(Record::CommitTombstone { group, topic, partition })
            }
            (Self::Group { group }, Some(bytes)) => group::group(bytes, group).map(Record::Group),
            (Self::Group { group }, None) => Ok(Record::GroupTombstone { group }),
            (Self::Epoch { kind, group }, Some(_)) => Ok(Record::Epoch { kind, group }),
            (Self::Epoch { kind, group }, None) => Ok(Record::EpochTombstone { kind, group }),
            (Self::Skipped(_) | Self::Unknown(_), _) => Ok(Record::Skipped(self.record_type())),
        }
    }
}

fn commit<'a>(
    bytes: &'a [u8],
    kind: RecordType,
    (group, topic, partition): (Name<'a>, Name<'a>, Partition),
) -> Result<Commit<'a>, DecodeError> {
    // The legacy type has one version; a broker refuses to load another.
    let highest = if kind == RecordType::LegacyOffsetCommit { 0 } else { 4 };
    let mut cursor = Cursor::new(bytes);
    let version = version(&mut cursor, highest)?;
    let start = cursor;
    let offset = cursor.int64("offset")?;
    if offset < 0 {
        return Err(start.error("offset", Problem::Offset { found: offset }));
    }
    let leader_epoch = if version >= 3 { Some(cursor.int32("leader_epoch")?) } else { None };
    let form = if version >= 4 { Form::Flexible } else { Form::Plain };
    let metadata = cursor.string("metadata", form)?;
    let timestamp = cursor.int64("commit_timestamp")?;
    let expire = if version == 1 { Some(cursor.int64("expire_timestamp")?) } else { None };
    let topic_id = if version >= 4 { topic_id(&mut cursor)? } else { None };
    cursor.end("value")?;
    Ok(Commit {
        group,
        topic,
        partition,
        offset: Offset(offset),
        timestamp: Timestamp(timestamp),
        leader_epoch: leader_epoch.filter(|epoch| *epoch >= 0),
        expire: expire.filter(|expire| *expire >= 0).map(Timestamp),
        metadata,
        topic_id,
    })
}

fn topic_id(cursor: &mut Cursor<'_>) -> Result<Option<TopicId>, DecodeError> {
    let mut found = None;
    cursor.tags(|tag, value| {
        if tag == 0 {
            let id = value.uuid("topic_id")?;
            found = (id != 0).then_some(TopicId(id));
        }
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn version(cursor: &mut Cursor<'_>, highest: i16) -> Result<i16, DecodeError> {
    let start = *cursor;
    let found = cursor.int16("version")?;
    if (0..=highest).contains(&found) {
        Ok(found)
    } else {
        Err(start.error("version", Problem::Version { found, highest }))
    }
}
