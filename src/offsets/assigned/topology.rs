//! A streams group's topology: type 23.

use crate::model::Name;
use crate::offsets::assigned::member::KeyValue;
use crate::offsets::bytes::cursor::{Cursor, Form};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{Item, List};

/// What a streams group does with which topics. It turns a task into partitions of topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topology<'a> {
    /// Raised by each change of the application's topology.
    pub epoch: i32,
    /// Its parts, each of which can run by itself.
    pub subtopologies: List<'a, Subtopology<'a>>,
}

/// A part of a topology. Its tasks read [`Self::source_topics`] and [`Self::repartition_source_topics`], partition
/// by partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtopology<'a> {
    /// Its id.
    pub id: Name<'a>,
    /// The topics it reads.
    pub source_topics: List<'a, Name<'a>>,
    /// Expressions of topics it reads besides.
    pub source_topic_regex: List<'a, Name<'a>>,
    /// The topics that keep the changes of its state.
    pub changelog_topics: List<'a, InternalTopic<'a>>,
    /// The topics it writes for other subtopologies.
    pub repartition_sink_topics: List<'a, Name<'a>>,
    /// The topics it reads that other subtopologies write.
    pub repartition_source_topics: List<'a, InternalTopic<'a>>,
    /// Source topics that must have equally many partitions.
    pub copartition_groups: List<'a, CopartitionGroup<'a>>,
}

/// A topic that the application makes for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InternalTopic<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// How many partitions it must have; 0 where the topology leaves it open.
    pub partitions: i32,
    /// How many replicas it must have; 0 where the topology leaves it open.
    pub replication_factor: i16,
    /// How it is to be configured.
    pub configs: List<'a, KeyValue<'a>>,
}

/// Topics that must have equally many partitions, by their places in the lists of the subtopology.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopartitionGroup<'a> {
    /// In [`Subtopology::source_topics`].
    pub source_topics: List<'a, i16>,
    /// In [`Subtopology::source_topic_regex`].
    pub source_topic_regex: List<'a, i16>,
    /// In [`Subtopology::repartition_source_topics`].
    pub repartition_source_topics: List<'a, i16>,
}

pub(crate) fn topology(bytes: &[u8]) -> Result<Topology<'_>, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let epoch = cursor.int32("epoch")?;
    let subtopologies = List::read(&mut cursor, "subtopologies", Form::Flexible)?;
    cursor.skip_tags()?;
    cursor.end("value")?;
    Ok(Topology { epoch, subtopologies })
}

impl<'a> Item<'a> for Subtopology<'a> {
    const LEAST: usize = 8;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let subtopology = Self {
            id: cursor.text("subtopology_id")?,
            source_topics: List::read(cursor, "source_topics", Form::Flexible)?,
            source_topic_regex: List::read(cursor, "source_topic_regex", Form::Flexible)?,
            changelog_topics: List::read(cursor, "state_changelog_topics", Form::Flexible)?,
            repartition_sink_topics: List::read(cursor, "repartition_sink_topics", Form::Flexible)?,
            repartition_source_topics: List::read(cursor, "repartition_source_topics", Form::Flexible)?,
            copartition_groups: List::read(cursor, "copartition_groups", Form::Flexible)?,
        };
        cursor.skip_tags()?;
        Ok(subtopology)
    }
}

impl<'a> Item<'a> for InternalTopic<'a> {
    const LEAST: usize = 1 + 4 + 2 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: cursor.text("name")?,
            partitions: cursor.int32("partitions")?,
            replication_factor: cursor.int16("replication_factor")?,
            configs: List::read(cursor, "topic_configs", Form::Flexible)?,
        };
        cursor.skip_tags()?;
        Ok(topic)
    }
}

impl<'a> Item<'a> for CopartitionGroup<'a> {
    const LEAST: usize = 4;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let group = Self {
            source_topics: List::read(cursor, "source_topics", Form::Flexible)?,
            source_topic_regex: List::read(cursor, "source_topic_regex", Form::Flexible)?,
            repartition_source_topics: List::read(cursor, "repartition_source_topics", Form::Flexible)?,
        };
        cursor.skip_tags()?;
        Ok(group)
    }
}
