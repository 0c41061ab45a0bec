//! Commits: types 0 and 1.

use crate::model::{Name, Offset, Partition, Timestamp, TopicId};
use crate::offsets::bytes::cursor::{Cursor, Form};
use crate::offsets::bytes::error::{DecodeError, Problem};
use crate::offsets::records::record_type::RecordType;

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

// Nearly all records are commits.
#[inline]
pub(crate) fn commit<'a>(
    bytes: &'a [u8],
    kind: RecordType,
    (group, topic, partition): (Name<'a>, Name<'a>, Partition),
) -> Result<Commit<'a>, DecodeError> {
    // The legacy type has one version; a broker refuses to load another.
    let highest = if kind == RecordType::LegacyOffsetCommit { 0 } else { 4 };
    let mut cursor = Cursor::new(bytes);
    let version = cursor.version(highest)?;
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
