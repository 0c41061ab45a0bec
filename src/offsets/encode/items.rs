//! Encodes lists item by item.

use super::EncodeError;
use super::writer::Writer;
use crate::model::{Name, Partition};
use crate::offsets::assigned::member::{ClassicProtocol, KeyValue};
use crate::offsets::assigned::member_assignment::{Task, TopicPartitions};
use crate::offsets::assigned::topics::{PartitionRacks, Topic};
use crate::offsets::assigned::topology::{CopartitionGroup, InternalTopic, Subtopology};
use crate::offsets::bytes::cursor::Form;
use crate::offsets::bytes::list::{Item, List};
use crate::offsets::shares::share::{DeletedTopic, StateTopic};
use crate::offsets::shares::share_state::StateBatch;

/// The encoded items of a list. A [`List`] that is to be encoded borrows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items {
    bytes: Vec<u8>,
    count: usize,
}

/// Encodes items one after the other.
///
/// # Errors
/// A text of more than 32,767 bytes, or more items than an `int32` can count.
pub fn items<T: Write>(items: &[T]) -> Result<Items, EncodeError> {
    let mut out = Writer::empty(Form::Flexible);
    for item in items {
        item.write(&mut out)?;
    }
    Ok(Items { bytes: out.bytes, count: items.len() })
}

impl Items {
    /// The list of these items. `T` must be the type that was encoded.
    #[must_use]
    pub fn list<'a, T: Item<'a>>(&'a self) -> List<'a, T> {
        List::of(&self.bytes, self.count)
    }
}

/// An item that a list can be encoded from.
pub trait Write {
    /// Encodes one item.
    ///
    /// # Errors
    /// See [`items`].
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError>;
}

impl Write for Name<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.string("name", Some(self.0))
    }
}

impl Write for Partition {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.int32(self.0);
        Ok(())
    }
}

impl Write for i16 {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.int16(*self);
        Ok(())
    }
}

impl Write for TopicPartitions<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.uuid(self.topic);
        out.list("partitions", &self.partitions)?;
        out.no_tags();
        Ok(())
    }
}

impl Write for Task<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.string("subtopology_id", Some(self.subtopology.0))?;
        out.list("partitions", &self.partitions)?;
        out.no_tags();
        Ok(())
    }
}

impl Write for ClassicProtocol<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.string("name", Some(self.name.0))?;
        out.length("metadata", self.metadata.len())?;
        out.bytes.extend(self.metadata);
        out.no_tags();
        Ok(())
    }
}

impl Write for KeyValue<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.string("key", Some(self.key.0))?;
        out.string("value", Some(self.value.0))?;
        out.no_tags();
        Ok(())
    }
}

impl Write for Topic<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.uuid(self.id);
        out.string("topic_name", Some(self.name.0))?;
        out.int32(self.partitions);
        out.list("partition_metadata", &self.racks)?;
        out.no_tags();
        Ok(())
    }
}

impl Write for PartitionRacks<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.int32(self.partition.0);
        out.list("racks", &self.racks)?;
        out.no_tags();
        Ok(())
    }
}

impl Write for StateTopic<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.uuid(self.id);
        out.string("topic_name", Some(self.name.0))?;
        out.list("partitions", &self.partitions)?;
        out.no_tags();
        Ok(())
    }
}

impl Write for DeletedTopic<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.uuid(self.id);
        out.string("topic_name", Some(self.name.0))?;
        out.no_tags();
        Ok(())
    }
}

impl Write for Subtopology<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.string("subtopology_id", Some(self.id.0))?;
        out.list("source_topics", &self.source_topics)?;
        out.list("source_topic_regex", &self.source_topic_regex)?;
        out.list("state_changelog_topics", &self.changelog_topics)?;
        out.list("repartition_sink_topics", &self.repartition_sink_topics)?;
        out.list("repartition_source_topics", &self.repartition_source_topics)?;
        out.list("copartition_groups", &self.copartition_groups)?;
        out.no_tags();
        Ok(())
    }
}

impl Write for InternalTopic<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.string("name", Some(self.name.0))?;
        out.int32(self.partitions);
        out.int16(self.replication_factor);
        out.list("topic_configs", &self.configs)?;
        out.no_tags();
        Ok(())
    }
}

impl Write for CopartitionGroup<'_> {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.list("source_topics", &self.source_topics)?;
        out.list("source_topic_regex", &self.source_topic_regex)?;
        out.list("repartition_source_topics", &self.repartition_source_topics)?;
        out.no_tags();
        Ok(())
    }
}

impl Write for StateBatch {
    fn write(&self, out: &mut Writer) -> Result<(), EncodeError> {
        out.int64(self.first.0);
        out.int64(self.last.0);
        out.int8(self.state.number());
        out.int16(self.deliveries);
        out.no_tags();
        Ok(())
    }
}
