//! The topics that a group of the type `consumer` knew: types 4 and 16.

use crate::model::{Name, Partition, Timestamp, TopicId};
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{ListItem, RecordList};

/// A topic that a group subscribes to. Brokers from 4.1 on write only tombstones of these records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscribedTopic<'a> {
    /// The topic id.
    pub id: TopicId,
    /// The name.
    pub name: Name<'a>,
    /// Number of partitions.
    pub partitions: i32,
    /// The racks of the replicas of its partitions, if the group asked for them.
    pub racks: RecordList<'a, PartitionRacks<'a>>,
}

/// The racks of the replicas of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRacks<'a> {
    /// The partition.
    pub partition: Partition,
    /// The racks.
    pub racks: RecordList<'a, Name<'a>>,
}

/// The topics that match a regular expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchedTopics<'a> {
    /// The names of the topics.
    pub topics: RecordList<'a, Name<'a>>,
    /// The offset in the cluster's metadata log that the topics were resolved at.
    pub version: i64,
    /// When they were resolved.
    pub timestamp: Timestamp,
}

pub(crate) fn topics<'a>(cursor: &mut Cursor<'a>) -> Result<RecordList<'a, SubscribedTopic<'a>>, DecodeError> {
    cursor.version(0)?;
    let topics = RecordList::read(cursor, "topics", FieldEncoding::Flexible)?;
    cursor.skip_tags()?;
    Ok(topics)
}

pub(crate) fn matched<'a>(cursor: &mut Cursor<'a>) -> Result<MatchedTopics<'a>, DecodeError> {
    cursor.version(0)?;
    let matched = MatchedTopics {
        topics: RecordList::read(cursor, "topics", FieldEncoding::Flexible)?,
        version: cursor.int64("version")?,
        timestamp: Timestamp(cursor.int64("timestamp")?),
    };
    cursor.skip_tags()?;
    Ok(matched)
}

impl<'a> ListItem<'a> for SubscribedTopic<'a> {
    const LEAST: usize = 16 + 1 + 4 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            id: TopicId(cursor.uuid("topic_id")?),
            name: cursor.text("topic_name")?,
            partitions: cursor.int32("num_partitions")?,
            racks: RecordList::read(cursor, "partition_metadata", FieldEncoding::Flexible)?,
        };
        cursor.skip_tags()?;
        Ok(topic)
    }
}

impl<'a> ListItem<'a> for PartitionRacks<'a> {
    const LEAST: usize = 4 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let partition = Partition::read(cursor)?;
        let racks = RecordList::read(cursor, "racks", FieldEncoding::Flexible)?;
        cursor.skip_tags()?;
        Ok(Self { partition, racks })
    }
}
