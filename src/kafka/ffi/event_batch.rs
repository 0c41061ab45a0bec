//! What a reader takes at once: records and events, as librdkafka's messages.

use std::ffi::c_void;

use super::topic_partition::{TopicIndex, TopicPartition};
use super::{ErrorCode, code_at, sys};
use crate::model::{Offset, Partition, Timestamp};

/// Messages and events taken at once. They are released to librdkafka on drop.
pub struct EventBatch<'a> {
    pub(super) messages: &'a [*mut sys::rd_kafka_message_t],
    /// The topic handles by index, as messages name them.
    pub(super) topics: Vec<*mut sys::rd_kafka_topic_t>,
}

/// A record, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// The topic and partition.
    pub log: TopicPartition,
    /// The offset of the record.
    pub offset: Offset,
    /// The timestamp, set by the producer or by the broker.
    pub time: Option<Timestamp>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; `None` for a tombstone.
    pub value: Option<&'a [u8]>,
}

/// An event of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderEvent<'a> {
    /// A record.
    Record(RawRecord<'a>),
    /// The last stable offset has been reached.
    End {
        /// The topic and partition.
        log: TopicPartition,
        /// The lowest offset that the next record can have.
        offset: Offset,
    },
    /// The position is not in the log, or no longer. Reading of the partition stops until it is started again.
    OutOfRange {
        /// The topic and partition.
        log: TopicPartition,
    },
    /// Another error. librdkafka keeps trying.
    Failed {
        /// The topic and partition, if the error is about one.
        log: Option<TopicPartition>,
        /// The error code.
        code: ErrorCode,
    },
}

impl EventBatch<'_> {
    /// The number of events.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are no events.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The events in the order of arrival. Within a partition they are in the order of their offsets.
    pub fn iter(&self) -> impl Iterator<Item = ReaderEvent<'_>> {
        // SAFETY: each pointer came from librdkafka and is destroyed when the batch is dropped.
        self.messages.iter().map(|&message| unsafe { event(&*message, &self.topics) })
    }
}

impl Drop for EventBatch<'_> {
    fn drop(&mut self) {
        for &message in self.messages {
            // SAFETY: taken once, given back once; the slots are not read again before they are filled again.
            unsafe { sys::rd_kafka_message_destroy(message) }
        }
    }
}

impl std::fmt::Debug for EventBatch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// # Safety
/// `message` must be one of librdkafka's, and not destroyed for `'a`.
unsafe fn event<'a>(message: &'a sys::rd_kafka_message_t, topics: &[*mut sys::rd_kafka_topic_t]) -> ReaderEvent<'a> {
    let partition = Partition(message.partition);
    // Messages carry the same handles that their partitions were started with.
    let topic = topics.iter().position(|topic| !topic.is_null() && *topic == message.rkt).map(TopicIndex);
    let log = topic.filter(|_| partition.0 >= 0).map(|topic| TopicPartition { topic, partition });
    // SAFETY: a field of the message.
    let code = unsafe { code_at(&raw const message.err) };
    let Some(log) = log else { return ReaderEvent::Failed { log, code } };
    match code {
        ErrorCode::NONE => ReaderEvent::Record(RawRecord {
            log,
            offset: Offset(message.offset),
            // SAFETY: the message is alive; the kind of timestamp may be left out.
            time: match unsafe { sys::rd_kafka_message_timestamp(message, std::ptr::null_mut()) } {
                -1 => None,
                time => Some(Timestamp(time)),
            },
            // SAFETY: pointers and lengths belong together and live as long as the message.
            key: unsafe { bytes(message.key, message.key_len) },
            // SAFETY: as above.
            value: unsafe { bytes(message.payload, message.len) },
        }),
        ErrorCode::PARTITION_EOF => ReaderEvent::End { log, offset: Offset(message.offset) },
        ErrorCode::AUTO_OFFSET_RESET => ReaderEvent::OutOfRange { log },
        code => ReaderEvent::Failed { log: Some(log), code },
    }
}

/// # Safety
/// `first` must be null or point to `len` bytes that live for `'a`.
const unsafe fn bytes<'a>(first: *const c_void, len: usize) -> Option<&'a [u8]> {
    if first.is_null() {
        None
    } else {
        // SAFETY: by contract.
        Some(unsafe { std::slice::from_raw_parts(first.cast(), len) })
    }
}
