//! What brokers have to be asked for: records whose append times are wanted, by partition.

use std::sync::Arc;

use crate::model::{Offset, Partition, Timestamp, TopicId};
use crate::time_lag::AppendRange;

use crate::storage::topics::Topic;
use crate::storage::topics::names::TopicName;
use crate::storage::topics::partition::PartitionState;
use crate::storage::topics::time_index::TimestampPresence;

/// Number of records of one partition that are listed one by one: as many as may be looked up. Above it, one record
/// stands for all that lie between the same cuts, up to [`MOST_AIMS`].
const AIMS: usize = 64;
const MOST_AIMS: usize = 128;

/// A partition with commits whose time lag is not known well enough.
#[derive(Clone, Debug)]
pub struct TimeLookup {
    /// The topic.
    pub topic: Arc<TopicName>,
    /// The topic's id.
    pub id: Option<TopicId>,
    /// The partition.
    pub partition: Partition,
    /// The log start.
    pub start: Option<Offset>,
    /// The log end.
    pub end: Offset,
    /// Whether its records have timestamps.
    pub timestamps: TimestampPresence,
    /// The oldest unconsumed record of each of these commits, without repetitions.
    pub wanted: Vec<WantedTime>,
}

/// A record whose append time is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedTime {
    /// The offset of the record.
    pub record: Offset,
    /// The known range of its append time. `None` if it is older than all that is known.
    pub range: Option<AppendRange>,
}

impl WantedTime {
    fn range_ends(&self) -> Option<(Timestamp, Timestamp)> {
        self.range.map(|span| (span.earliest, span.latest))
    }
}

impl TimeLookup {
    pub(crate) fn of(topic: &Topic, partition: Partition, state: &PartitionState, end: Offset) -> Self {
        Self {
            topic: Arc::clone(&topic.name),
            id: topic.id,
            partition,
            start: state.bounds.start,
            end,
            timestamps: state.timestamps(),
            wanted: Vec::new(),
        }
    }

    /// Adds a record whose append time is wanted.
    pub(crate) fn add_wanted(&mut self, aim: WantedTime) {
        let stood_for =
            |other: &WantedTime| *other == aim || self.wanted.len() >= AIMS && other.range_ends() == aim.range_ends();
        if self.wanted.len() < MOST_AIMS && !self.wanted.iter().any(stood_for) {
            self.wanted.push(aim);
        }
    }
}
