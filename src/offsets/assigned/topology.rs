//! The topology of a streams group: type 23.

use crate::model::Name;
use crate::offsets::assigned::member::KeyValue;
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{ListItem, RecordList};

/// The topology of a streams group. It maps a task to partitions of topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topology<'a> {
    /// Increased by each change of the application's topology.
    pub epoch: i32,
    /// The parts, which run independently of each other.
    pub subtopologies: RecordList<'a, Subtopology<'a>>,
}

/// A part of a topology. Its tasks read [`Self::source_topics`] and [`Self::repartition_source_topics`], partition
/// by partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtopology<'a> {
    /// The id.
    pub id: Name<'a>,
    /// The topics that it reads.
    pub source_topics: RecordList<'a, Name<'a>>,
    /// Regular expressions of further topics that it reads.
    pub source_topic_regex: RecordList<'a, Name<'a>>,
    /// The topics with the changelog of its state.
    pub changelog_topics: RecordList<'a, InternalTopic<'a>>,
    /// The topics that it writes for other subtopologies.
    pub repartition_sink_topics: RecordList<'a, Name<'a>>,
    /// The topics that it reads and other subtopologies write.
    pub repartition_source_topics: RecordList<'a, InternalTopic<'a>>,
    /// Source topics that must have the same number of partitions.
    pub copartition_groups: RecordList<'a, CopartitionGroup<'a>>,
}

/// A topic that the application creates for its own use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InternalTopic<'a> {
    /// The name.
    pub name: Name<'a>,
    /// Number of partitions; 0 if the topology does not specify it.
    pub partitions: i32,
    /// Number of replicas; 0 if the topology does not specify it.
    pub replication_factor: i16,
    /// The configuration of the topic.
    pub configs: RecordList<'a, KeyValue<'a>>,
}

/// Topics that must have the same number of partitions, as indexes in the lists of the subtopology.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopartitionGroup<'a> {
    /// In [`Subtopology::source_topics`].
    pub source_topics: RecordList<'a, i16>,
    /// In [`Subtopology::source_topic_regex`].
    pub source_topic_regex: RecordList<'a, i16>,
    /// In [`Subtopology::repartition_source_topics`].
    pub repartition_source_topics: RecordList<'a, i16>,
}

pub(crate) fn topology<'a>(cursor: &mut Cursor<'a>) -> Result<Topology<'a>, DecodeError> {
    cursor.version(0)?;
    let epoch = cursor.int32("epoch")?;
    let subtopologies = RecordList::read(cursor, "subtopologies", FieldEncoding::Flexible)?;
    cursor.skip_tags()?;
    Ok(Topology { epoch, subtopologies })
}

impl<'a> ListItem<'a> for Subtopology<'a> {
    const LEAST: usize = 8;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let subtopology = Self {
            id: cursor.text("subtopology_id")?,
            source_topics: RecordList::read(cursor, "source_topics", FieldEncoding::Flexible)?,
            source_topic_regex: RecordList::read(cursor, "source_topic_regex", FieldEncoding::Flexible)?,
            changelog_topics: RecordList::read(cursor, "state_changelog_topics", FieldEncoding::Flexible)?,
            repartition_sink_topics: RecordList::read(cursor, "repartition_sink_topics", FieldEncoding::Flexible)?,
            repartition_source_topics: RecordList::read(cursor, "repartition_source_topics", FieldEncoding::Flexible)?,
            copartition_groups: RecordList::read(cursor, "copartition_groups", FieldEncoding::Flexible)?,
        };
        cursor.skip_tags()?;
        Ok(subtopology)
    }
}

impl<'a> ListItem<'a> for InternalTopic<'a> {
    const LEAST: usize = 1 + 4 + 2 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: cursor.text("name")?,
            partitions: cursor.int32("partitions")?,
            replication_factor: cursor.int16("replication_factor")?,
            configs: RecordList::read(cursor, "topic_configs", FieldEncoding::Flexible)?,
        };
        cursor.skip_tags()?;
        Ok(topic)
    }
}

impl<'a> ListItem<'a> for CopartitionGroup<'a> {
    const LEAST: usize = 4;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let group = Self {
            source_topics: RecordList::read(cursor, "source_topics", FieldEncoding::Flexible)?,
            source_topic_regex: RecordList::read(cursor, "source_topic_regex", FieldEncoding::Flexible)?,
            repartition_source_topics: RecordList::read(cursor, "repartition_source_topics", FieldEncoding::Flexible)?,
        };
        cursor.skip_tags()?;
        Ok(group)
    }
}
