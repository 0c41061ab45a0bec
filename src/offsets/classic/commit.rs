//! Commits: types 0 and 1.

use crate::model::{Name, Offset, Partition, Timestamp, TopicId};
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::{DecodeError, FieldProblem};
use crate::offsets::bytes::oddities::Oddities;
use crate::offsets::records::record_type::RecordType;

/// A commit of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitRecord<'a> {
    /// The group.
    pub group: Name<'a>,
    /// The topic.
    pub topic: Name<'a>,
    /// The partition, not negative.
    pub partition: Partition,
    /// The offset of the next record to consume, not negative.
    pub offset: Offset,
    /// When the broker received the commit. Before 0.9 the time that the client gave.
    pub timestamp: Timestamp,
    /// The leader epoch of the last consumed record (KIP-320, from version 3), if the client sent it.
    pub leader_epoch: Option<i32>,
    /// When the commit expires, if the client asked for its own expiry (version 1).
    pub expire: Option<Timestamp>,
    /// Arbitrary bytes from the client; none if they are null.
    pub metadata: &'a [u8],
    /// The id of the topic, if the client committed by id (version 4).
    pub topic_id: Option<TopicId>,
}

// Inlined because nearly all records are commits.
#[inline]
pub(crate) fn commit<'a>(
    cursor: &mut Cursor<'a>,
    kind: RecordType,
    (group, topic, partition): (Name<'a>, Name<'a>, Partition),
    oddities: &mut Oddities,
) -> Result<CommitRecord<'a>, DecodeError> {
    // The legacy type has only version 0; a broker refuses to load any other.
    let highest = if kind == RecordType::LegacyOffsetCommit { 0 } else { 4 };
    let version = cursor.version(highest)?;
    let start = *cursor;
    let offset = cursor.int64("offset")?;
    if offset < 0 {
        return Err(start.error("offset", FieldProblem::Offset { found: offset }));
    }
    let leader_epoch = if version >= 3 { Some(cursor.int32("leader_epoch")?) } else { None };
    let form = if version >= 4 { FieldEncoding::Flexible } else { FieldEncoding::Plain };
    let metadata = cursor.nullable_string("metadata", form)?;
    oddities.null |= metadata.is_none();
    let timestamp = cursor.int64("commit_timestamp")?;
    let expire = if version == 1 { Some(cursor.int64("expire_timestamp")?) } else { None };
    let topic_id = if version >= 4 { topic_id(cursor)? } else { None };
    Ok(CommitRecord {
        group,
        topic,
        partition,
        offset: Offset(offset),
        timestamp: Timestamp(timestamp),
        leader_epoch: leader_epoch.filter(|epoch| *epoch >= 0),
        expire: expire.filter(|expire| *expire >= 0).map(Timestamp),
        metadata: metadata.unwrap_or_default(),
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
