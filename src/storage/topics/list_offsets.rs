//! Answers to ListOffsets: log starts and log ends, and records by time.

use std::sync::Arc;

use crate::model::{Offset, Partition, Timestamp, TopicId};

use crate::storage::topics::names::TopicName;
use crate::storage::topics::time_index::TimestampOffset;

/// Log start and log end of one partition, as one refresh read them. Entries of one topic have to stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBounds<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: Partition,
    /// The log start (earliest offset). `None` when this refresh did not get it.
    pub start: Option<Offset>,
    /// The log end (high watermark). `None` when this refresh did not get it. After three of these in a row the log end
    /// is unknown (docs/src/reference/storage-rules.md, Log ends).
    pub end: Option<Offset>,
}

/// A broker's answer to a time lookup in one partition.
#[derive(Clone, Debug)]
pub struct TimeLookupAnswer {
    /// The topic.
    pub topic: Arc<TopicName>,
    /// The topic's id at the time of the lookup.
    pub id: Option<TopicId>,
    /// The partition.
    pub partition: Partition,
    /// The answer.
    pub answer: TimeAnswer,
}

/// An answer to a time lookup (ListOffsets by timestamp): the first record at or after the time, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeAnswer {
    /// To timestamp 0: the first record that has a timestamp.
    First(Option<TimestampOffset>),
    /// To any other time.
    From {
        /// The time that was asked for.
        asked: Timestamp,
        /// The record.
        found: Option<TimestampOffset>,
        /// A log end that was read before the lookup.
        end: Offset,
    },
}
