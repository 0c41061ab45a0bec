//! The records of the share groups' own topic (`__share_group_state`): how far each of them has come.
//!
//! A group's start offset of a partition is the first record that is not done with, and
//! `lag = end - start - delivery complete` (KIP-1226). A snapshot is everything, an update what changed since. What
//! is taken for what is told in the module above; and:
//! - Records of 4.0 (early access) have another layout under the same version and are errors, as they are for a
//!   broker of 4.1.
//! - A start offset of -1 says that there is none, or that it did not change; one below that is an error (`offset`).
//! - A count of completed deliveries below 0, or none, as before 4.2, is none.

use crate::model::{Name, Offset, Partition, Timestamp, TopicId};
use crate::offsets::bytes::cursor::{Cursor, Form};
use crate::offsets::bytes::error::{DecodeError, Problem};
use crate::offsets::bytes::list::{Item, List};

/// A partition that a share group reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharePartition<'a> {
    /// The group.
    pub group: Name<'a>,
    /// The topic, which is told by its id alone.
    pub topic: TopicId,
    /// The partition, not negative.
    pub partition: Partition,
}

/// A record's key: what the record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// 0: the whole state of a partition.
    Snapshot(SharePartition<'a>),
    /// 1: what changed since.
    Update(SharePartition<'a>),
    /// A type that is not known: its number.
    Unknown(i16),
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// The whole state of a partition; `None`: the group has none any more.
    Snapshot {
        /// The partition.
        of: SharePartition<'a>,
        /// Its state.
        snapshot: Option<Snapshot<'a>>,
    },
    /// What changed since; `None` is a tombstone, though brokers write those as snapshots alone.
    Update {
        /// The partition.
        of: SharePartition<'a>,
        /// What changed.
        update: Option<Update<'a>>,
    },
    /// A record of a type that is not known.
    Unknown(i16),
}

/// The whole state of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot<'a> {
    /// Raised by each snapshot; the updates that belong to it carry the same.
    pub snapshot_epoch: i32,
    /// Raised by each time that the state was set anew.
    pub state_epoch: i32,
    /// The leader epoch of the partition.
    pub leader_epoch: i32,
    /// The first record that is not done with, once there is one.
    pub start: Option<Offset>,
    /// How many records from there on are done with (KIP-1226), where the broker tells it.
    pub delivery_complete: Option<u32>,
    /// When the state was made.
    pub created: Timestamp,
    /// When the state was written or rewritten.
    pub written: Timestamp,
    /// The records from there on that have a state.
    pub batches: List<'a, StateBatch>,
}

/// What changed in the state of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update<'a> {
    /// The snapshot that it is based on.
    pub snapshot_epoch: i32,
    /// The leader epoch of the partition.
    pub leader_epoch: i32,
    /// The first record that is not done with, if that changed.
    pub start: Option<Offset>,
    /// As in [`Snapshot::delivery_complete`].
    pub delivery_complete: Option<u32>,
    /// The records whose state changed.
    pub batches: List<'a, StateBatch>,
}

/// Records that are in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateBatch {
    /// The first.
    pub first: Offset,
    /// The last, which belongs to it.
    pub last: Offset,
    /// The state.
    pub state: DeliveryState,
    /// How often they were delivered.
    pub deliveries: i16,
}

/// What has become of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// 0: to be delivered, again maybe.
    Available,
    /// 2: done with.
    Acknowledged,
    /// 4: given up.
    Archived,
    /// A state that brokers don't write.
    Other(i8),
}

impl DeliveryState {
    const fn of(number: i8) -> Self {
        match number {
            0 => Self::Available,
            2 => Self::Acknowledged,
            4 => Self::Archived,
            other => Self::Other(other),
        }
    }

    pub(crate) const fn number(self) -> i8 {
        match self {
            Self::Available => 0,
            Self::Acknowledged => 2,
            Self::Archived => 4,
            Self::Other(number) => number,
        }
    }
}

/// Reads a record, key and value.
///
/// # Errors
/// See [`key`] and [`Key::value`].
pub fn decode<'a>(key_bytes: &'a [u8], value: Option<&'a [u8]>) -> Result<Record<'a>, DecodeError> {
    key(key_bytes)?.value(value)
}

/// Reads the key alone, so that a group can be filtered before its value is touched.
///
/// # Errors
/// A key that is not laid out as its type says; no bytes at all; a partition below 0.
pub fn key(bytes: &[u8]) -> Result<Key<'_>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::no_key());
    }
    let mut cursor = Cursor::new(bytes);
    let key = match cursor.int16("type")? {
        0 => Key::Snapshot(partition(&mut cursor)?),
        1 => Key::Update(partition(&mut cursor)?),
        number => return Ok(Key::Unknown(number)),
    };
    cursor.end("key")?;
    Ok(key)
}

fn partition<'a>(cursor: &mut Cursor<'a>) -> Result<SharePartition<'a>, DecodeError> {
    Ok(SharePartition {
        group: Name(cursor.name("group")?),
        topic: TopicId(cursor.uuid("topic_id")?),
        partition: Partition::read(cursor)?,
    })
}

impl<'a> Key<'a> {
    /// The group, where the key is known.
    #[must_use]
    pub const fn group(&self) -> Option<Name<'a>> {
        match self {
            Self::Snapshot(of) | Self::Update(of) => Some(of.group),
            Self::Unknown(_) => None,
        }
    }

    /// Reads the value that came with this key; none is a tombstone.
    ///
    /// # Errors
    /// A value that is not laid out as its version says.
    pub fn value(self, value: Option<&'a [u8]>) -> Result<Record<'a>, DecodeError> {
        Ok(match self {
            Self::Snapshot(of) => Record::Snapshot { of, snapshot: value.map(snapshot).transpose()? },
            Self::Update(of) => Record::Update { of, update: value.map(update).transpose()? },
            Self::Unknown(number) => Record::Unknown(number),
        })
    }
}

fn snapshot(bytes: &[u8]) -> Result<Snapshot<'_>, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let read = Snapshot {
        snapshot_epoch: cursor.int32("snapshot_epoch")?,
        state_epoch: cursor.int32("state_epoch")?,
        leader_epoch: cursor.int32("leader_epoch")?,
        start: start(&mut cursor)?,
        created: Timestamp(cursor.int64("create_timestamp")?),
        written: Timestamp(cursor.int64("write_timestamp")?),
        batches: List::read(&mut cursor, "state_batches", Form::Flexible)?,
        delivery_complete: delivery_complete(&mut cursor)?,
    };
    cursor.end("value")?;
    Ok(read)
}

fn update(bytes: &[u8]) -> Result<Update<'_>, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let read = Update {
        snapshot_epoch: cursor.int32("snapshot_epoch")?,
        leader_epoch: cursor.int32("leader_epoch")?,
        start: start(&mut cursor)?,
        batches: List::read(&mut cursor, "state_batches", Form::Flexible)?,
        delivery_complete: delivery_complete(&mut cursor)?,
    };
    cursor.end("value")?;
    Ok(read)
}

fn start(cursor: &mut Cursor<'_>) -> Result<Option<Offset>, DecodeError> {
    let start = *cursor;
    let found = cursor.int64("start_offset")?;
    if found < -1 {
        return Err(start.error("start_offset", Problem::Offset { found }));
    }
    Ok((found >= 0).then_some(Offset(found)))
}

/// The tags at the end.
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

impl<'a> Item<'a> for StateBatch {
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
