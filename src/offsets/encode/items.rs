//! Encodes lists item by item.

use super::EncodeError;
use super::writer::ByteWriter;
use crate::model::{Name, Partition};
use crate::offsets::assigned::member::{ClassicProtocol, KeyValue};
use crate::offsets::assigned::member_assignment::{Owned, SubtopologyTasks, TopicPartitions};
use crate::offsets::assigned::topics::{PartitionRacks, SubscribedTopic};
use crate::offsets::assigned::topology::{CopartitionGroup, InternalTopic, Subtopology};
use crate::offsets::bytes::cursor::FieldEncoding;
use crate::offsets::bytes::list::{ListItem, RecordList};
use crate::offsets::shares::share::{DeletedTopic, StateTopic};
use crate::offsets::shares::share_state::StateBatch;

/// The encoded items of a list. A [`RecordList`] that is to be encoded borrows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedItems {
    bytes: Vec<u8>,
    count: usize,
}

/// Encodes items one after the other.
///
/// # Errors
/// A text of more than 32,767 bytes, or more items than an `int32` can count.
pub fn items<T: EncodeItem>(items: &[T]) -> Result<EncodedItems, EncodeError> {
    let mut out = ByteWriter::empty(FieldEncoding::Flexible);
    for item in items {
        item.write(&mut out)?;
    }
    Ok(EncodedItems { bytes: out.bytes, count: items.len() })
}

impl EncodedItems {
    /// The list of these items. `T` must be the type that was encoded.
    #[must_use]
    pub fn list<'a, T: ListItem<'a>>(&'a self) -> RecordList<'a, T> {
        RecordList::of(&self.bytes, self.count)
    }
}

/// An item that a list can be encoded from.
pub trait EncodeItem {
    /// Encodes one item.
    ///
    /// # Errors
    /// See [`items`].
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError>;
}

impl EncodeItem for Name<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.string("name", Some(self.0))
    }
}

impl EncodeItem for Partition {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.int32(self.0);
        Ok(())
    }
}

impl EncodeItem for i32 {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.int32(*self);
        Ok(())
    }
}

impl EncodeItem for i16 {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.int16(*self);
        Ok(())
    }
}

impl EncodeItem for TopicPartitions<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.uuid(self.topic);
        out.list("partitions", &self.partitions)?;
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for SubtopologyTasks<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.string("subtopology_id", Some(self.subtopology.0))?;
        out.list("partitions", &self.partitions)?;
        out.no_tags();
        Ok(())
    }
}

impl<T: EncodeItem> EncodeItem for Owned<'_, T> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        self.item.write(out)?;
        let Some(epochs) = &self.epochs else { return Ok(()) };
        let mut value = ByteWriter::empty(FieldEncoding::Flexible);
        value.list("assignment_epochs", epochs)?;
        // The item has ended with no tagged fields: a 0, which their count takes the place of.
        out.bytes.pop();
        out.tag(0, Some(&value.bytes));
        Ok(())
    }
}

impl EncodeItem for ClassicProtocol<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.string("name", Some(self.name.0))?;
        out.length("metadata", self.metadata.len())?;
        out.bytes.extend(self.metadata);
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for KeyValue<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.string("key", Some(self.key.0))?;
        out.string("value", Some(self.value.0))?;
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for SubscribedTopic<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.uuid(self.id);
        out.string("topic_name", Some(self.name.0))?;
        out.int32(self.partitions);
        out.list("partition_metadata", &self.racks)?;
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for PartitionRacks<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.int32(self.partition.0);
        out.list("racks", &self.racks)?;
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for StateTopic<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.uuid(self.id);
        out.string("topic_name", Some(self.name.0))?;
        out.list("partitions", &self.partitions)?;
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for DeletedTopic<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.uuid(self.id);
        out.string("topic_name", Some(self.name.0))?;
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for Subtopology<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
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

impl EncodeItem for InternalTopic<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.string("name", Some(self.name.0))?;
        out.int32(self.partitions);
        out.int16(self.replication_factor);
        out.list("topic_configs", &self.configs)?;
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for CopartitionGroup<'_> {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.list("source_topics", &self.source_topics)?;
        out.list("source_topic_regex", &self.source_topic_regex)?;
        out.list("repartition_source_topics", &self.repartition_source_topics)?;
        out.no_tags();
        Ok(())
    }
}

impl EncodeItem for StateBatch {
    fn write(&self, out: &mut ByteWriter) -> Result<(), EncodeError> {
        out.int64(self.first.0);
        out.int64(self.last.0);
        out.int8(self.state.number());
        out.int16(self.deliveries);
        out.no_tags();
        Ok(())
    }
}
