//! The partitions that a share group keeps state of: type 15.

use crate::model::{Name, TopicId};
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{ListItem, Partitions, RecordList};

/// The partitions that a share group keeps state of. The state itself is in [`crate::offsets::share_state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatePartitions<'a> {
    /// Partitions whose state is being created.
    pub initializing: RecordList<'a, StateTopic<'a>>,
    /// Partitions that have state.
    pub initialized: RecordList<'a, StateTopic<'a>>,
    /// Topics whose state is being deleted.
    pub deleting: RecordList<'a, DeletedTopic<'a>>,
}

/// Partitions of a topic that a share group keeps state of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateTopic<'a> {
    /// The topic's id.
    pub id: TopicId,
    /// The name of the topic.
    pub name: Name<'a>,
    /// The partitions.
    pub partitions: Partitions<'a>,
}

/// A topic whose state a share group deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletedTopic<'a> {
    /// The topic's id.
    pub id: TopicId,
    /// The name of the topic.
    pub name: Name<'a>,
}

/// Decodes the layout from 4.1 on. That of 4.0 (early access) has no `initializing_topics` and is an error, as it
/// is for a broker of 4.1.
pub(crate) fn state_partitions<'a>(cursor: &mut Cursor<'a>) -> Result<StatePartitions<'a>, DecodeError> {
    cursor.version(0)?;
    let partitions = StatePartitions {
        initializing: RecordList::read(cursor, "initializing_topics", FieldEncoding::Flexible)?,
        initialized: RecordList::read(cursor, "initialized_topics", FieldEncoding::Flexible)?,
        deleting: RecordList::read(cursor, "deleting_topics", FieldEncoding::Flexible)?,
    };
    cursor.skip_tags()?;
    Ok(partitions)
}

impl<'a> ListItem<'a> for StateTopic<'a> {
    const LEAST: usize = 16 + 1 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            id: TopicId(cursor.uuid("topic_id")?),
            name: cursor.text("topic_name")?,
            partitions: RecordList::read(cursor, "partitions", FieldEncoding::Flexible)?,
        };
        cursor.skip_tags()?;
        Ok(topic)
    }
}

impl<'a> ListItem<'a> for DeletedTopic<'a> {
    const LEAST: usize = 16 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = Self { id: TopicId(cursor.uuid("topic_id")?), name: cursor.text("topic_name")? };
        cursor.skip_tags()?;
        Ok(topic)
    }
}
