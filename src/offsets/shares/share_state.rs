//! The records of `__share_group_state`: the progress of share groups.
//!
//! The start offset of a group in a partition is the first record that is not finished, and `lag = end - start -
//! delivery complete` (KIP-1226). A snapshot is the complete state, an update is a change since the snapshot. The
//! rules of [`crate::offsets`] apply, and:
//! - Records of 4.0 (early access) have another layout under the same version and are errors, as they are for a
//!   broker of 4.1.
//! - A start offset of -1 means that there is none, or that it did not change. A lower one is an error (`offset`).
//! - A count of completed deliveries that is negative or absent (before 4.2) is `None`.

use crate::model::{Name, Offset, Partition, Timestamp, TopicId};
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::{DecodeError, FieldProblem};
use crate::offsets::bytes::list::{ListItem, RecordList};
use crate::offsets::bytes::oddities::Oddities;

/// A partition that a share group reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharePartition<'a> {
    /// The group.
    pub group: Name<'a>,
    /// The topic, which is named only by its id.
    pub topic: TopicId,
    /// The partition, not negative.
    pub partition: Partition,
}

/// The key of a record: what the record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareStateKey<'a> {
    /// Type 0: the complete state of a partition.
    Snapshot(SharePartition<'a>),
    /// Type 1: a change since the snapshot.
    Update(SharePartition<'a>),
    /// The number of an unknown type.
    Unknown(i16),
}

/// A decoded record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareStateRecord<'a> {
    /// The complete state of a partition; `None` is the tombstone.
    Snapshot {
        /// The partition.
        of: SharePartition<'a>,
        /// The state.
        snapshot: Option<ShareStateSnapshot<'a>>,
    },
    /// A change since the snapshot; `None` is a tombstone, although brokers write only snapshots as tombstones.
    Update {
        /// The partition.
        of: SharePartition<'a>,
        /// The change.
        update: Option<ShareStateUpdate<'a>>,
    },
    /// The number of an unknown type.
    Unknown(i16),
}

/// The complete state of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareStateSnapshot<'a> {
    /// Increased by each snapshot. The updates of a snapshot carry the same number.
    pub snapshot_epoch: i32,
    /// Increased each time that the state is reset.
    pub state_epoch: i32,
    /// The leader epoch of the partition.
    pub leader_epoch: i32,
    /// The first record that is not finished; `None` if there is none.
    pub start: Option<Offset>,
    /// How many records from there on are finished (KIP-1226); `None` if the broker does not write it.
    pub delivery_complete: Option<u32>,
    /// When the state was created.
    pub created: Timestamp,
    /// When the state was written or rewritten.
    pub written: Timestamp,
    /// The records from there on that have a state.
    pub batches: RecordList<'a, StateBatch>,
}

/// A change of the state of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareStateUpdate<'a> {
    /// The epoch of the snapshot that it is based on.
    pub snapshot_epoch: i32,
    /// The leader epoch of the partition.
    pub leader_epoch: i32,
    /// The first record that is not finished, if it changed.
    pub start: Option<Offset>,
    /// See [`ShareStateSnapshot::delivery_complete`].
    pub delivery_complete: Option<u32>,
    /// The records whose state changed.
    pub batches: RecordList<'a, StateBatch>,
}

/// Consecutive records in the same state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateBatch {
    /// The first offset.
    pub first: Offset,
    /// The last offset, inclusive.
    pub last: Offset,
    /// The state.
    pub state: DeliveryState,
    /// Number of deliveries.
    pub deliveries: i16,
}

/// The state of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// 0: to be delivered, possibly again.
    Available,
    /// 2: finished, because it was acknowledged.
    Acknowledged,
    /// 3: on its way to the topic for records that cannot be delivered (KIP-1191, from 4.4). Not finished: brokers
    /// count it as complete once it is archived (`SharePartition.isStateTerminal`).
    Archiving,
    /// 4: finished without an acknowledgement.
    Archived,
    /// A state that brokers do not write.
    Other(i8),
}

impl DeliveryState {
    const fn of(number: i8) -> Self {
        match number {
            0 => Self::Available,
            2 => Self::Acknowledged,
            3 => Self::Archiving,
            4 => Self::Archived,
            other => Self::Other(other),
        }
    }

    pub(crate) const fn number(self) -> i8 {
        match self {
            Self::Available => 0,
            Self::Acknowledged => 2,
            Self::Archiving => 3,
            Self::Archived => 4,
            Self::Other(number) => number,
        }
    }
}

/// Decodes a record, key and value.
///
/// # Errors
/// See [`key`] and [`ShareStateKey::value`].
pub fn decode<'a>(key_bytes: &'a [u8], value: Option<&'a [u8]>) -> Result<ShareStateRecord<'a>, DecodeError> {
    key(key_bytes)?.value(value)
}

/// Decodes the key only, so that a group can be filtered before its value is read.
///
/// # Errors
/// No bytes, a key that does not have the layout of its type, or a negative partition.
pub fn key(bytes: &[u8]) -> Result<ShareStateKey<'_>, DecodeError> {
    key_noting(bytes, &mut Oddities::default())
}

/// Decodes the key only, and notes what is odd about it.
///
/// # Errors
/// Those of [`key`].
pub fn key_noting<'a>(bytes: &'a [u8], oddities: &mut Oddities) -> Result<ShareStateKey<'a>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::no_key());
    }
    let mut cursor = Cursor::new(bytes);
    let key = match cursor.int16("type")? {
        0 => ShareStateKey::Snapshot(partition(&mut cursor)?),
        1 => ShareStateKey::Update(partition(&mut cursor)?),
        number => return Ok(ShareStateKey::Unknown(number)),
    };
    oddities.trailing |= !cursor.is_at_end();
    Ok(key)
}

fn partition<'a>(cursor: &mut Cursor<'a>) -> Result<SharePartition<'a>, DecodeError> {
    Ok(SharePartition {
        group: Name(cursor.name("group")?),
        topic: TopicId(cursor.uuid("topic_id")?),
        partition: Partition::read(cursor)?,
    })
}

impl<'a> ShareStateKey<'a> {
    /// The group, if the type is known.
    #[must_use]
    pub const fn group(&self) -> Option<Name<'a>> {
        match self {
            Self::Snapshot(of) | Self::Update(of) => Some(of.group),
            Self::Unknown(_) => None,
        }
    }

    /// Decodes the value that belongs to this key; `None` is a tombstone.
    ///
    /// # Errors
    /// A value that does not have the layout of its version.
    pub fn value(self, value: Option<&'a [u8]>) -> Result<ShareStateRecord<'a>, DecodeError> {
        self.value_noting(value, &mut Oddities::default())
    }

    /// Decodes the value that belongs to this key, and notes what is odd about it.
    ///
    /// # Errors
    /// Those of [`ShareStateKey::value`].
    pub fn value_noting(
        self,
        value: Option<&'a [u8]>,
        oddities: &mut Oddities,
    ) -> Result<ShareStateRecord<'a>, DecodeError> {
        let mut cursor = value.map(Cursor::new);
        let record = match self {
            Self::Snapshot(of) => {
                ShareStateRecord::Snapshot { of, snapshot: cursor.as_mut().map(snapshot).transpose()? }
            }
            Self::Update(of) => ShareStateRecord::Update { of, update: cursor.as_mut().map(update).transpose()? },
            Self::Unknown(number) => return Ok(ShareStateRecord::Unknown(number)),
        };
        oddities.trailing |= cursor.is_some_and(|cursor| !cursor.is_at_end());
        Ok(record)
    }
}

fn snapshot<'a>(cursor: &mut Cursor<'a>) -> Result<ShareStateSnapshot<'a>, DecodeError> {
    cursor.version(0)?;
    Ok(ShareStateSnapshot {
        snapshot_epoch: cursor.int32("snapshot_epoch")?,
        state_epoch: cursor.int32("state_epoch")?,
        leader_epoch: cursor.int32("leader_epoch")?,
        start: start(cursor)?,
        created: Timestamp(cursor.int64("create_timestamp")?),
        written: Timestamp(cursor.int64("write_timestamp")?),
        batches: RecordList::read(cursor, "state_batches", FieldEncoding::Flexible)?,
        delivery_complete: delivery_complete(cursor)?,
    })
}

fn update<'a>(cursor: &mut Cursor<'a>) -> Result<ShareStateUpdate<'a>, DecodeError> {
    cursor.version(0)?;
    Ok(ShareStateUpdate {
        snapshot_epoch: cursor.int32("snapshot_epoch")?,
        leader_epoch: cursor.int32("leader_epoch")?,
        start: start(cursor)?,
        batches: RecordList::read(cursor, "state_batches", FieldEncoding::Flexible)?,
        delivery_complete: delivery_complete(cursor)?,
    })
}

fn start(cursor: &mut Cursor<'_>) -> Result<Option<Offset>, DecodeError> {
    let start = *cursor;
    let found = cursor.int64("start_offset")?;
    if found < -1 {
        return Err(start.error("start_offset", FieldProblem::Offset { found }));
    }
    Ok((found >= 0).then_some(Offset(found)))
}

/// Reads the tagged fields at the end.
fn delivery_complete(cursor: &mut Cursor<'_>) -> Result<Option<u32>, DecodeError> {
    let mut found = None;
    cursor.tags(|tag, value| {
        if tag == 0 {
            found = u32::try_from(value.int32("delivery_complete_count")?).ok();
        }
        Ok(())
    })?;
    Ok(found)
}

impl<'a> ListItem<'a> for StateBatch {
    const LEAST: usize = 8 + 8 + 1 + 2 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let batch = Self {
            first: Offset(cursor.int64("first_offset")?),
            last: Offset(cursor.int64("last_offset")?),
            state: DeliveryState::of(cursor.int8("delivery_state")?),
            deliveries: cursor.int16("delivery_count")?,
        };
        cursor.skip_tags()?;
        Ok(batch)
    }
}
