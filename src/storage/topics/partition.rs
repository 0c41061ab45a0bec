//! A partition of a topic: its log and its replicas.

use std::num::NonZeroUsize;

use crate::lag::OffsetBounds;
use crate::model::{BrokerId, Offset, Timestamp};
use crate::time_lag::AppendRange;

use crate::storage::topics::list_offsets::{LogBounds, TimeAnswer};
use crate::storage::topics::log_ends::LogEnds;
use crate::storage::topics::metadata::PartitionMetadata;
use crate::storage::topics::time_index::{TimeIndex, TimestampPresence};

/// Number of refreshes in a row without an answer after which a log end is unknown
/// (docs/src/reference/storage-rules.md, Log ends).
const FAILED_REFRESHES: u8 = 3;

/// A partition of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionState {
    /// Log start and log end, each if known.
    pub bounds: OffsetBounds,
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// The preferred leader: the first of the replicas.
    pub preferred: Option<BrokerId>,
    /// Number of replicas.
    pub replicas: usize,
    /// Number of replicas that are in sync.
    pub in_sync: usize,
    /// The first log end that was read. It determines the lag of commits that were read before it.
    first_end: Option<Offset>,
    /// The last reading of a log end. Kept when the log end becomes unknown.
    last: Option<LogEndReading>,
    ends: LogEnds,
    index: TimeIndex,
    failures: u8,
    start_failures: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LogEndReading {
    end: Offset,
    at: Timestamp,
    by_brokers: Timestamp,
}

/// A refresh of log ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogEndRefresh {
    /// The time, by the wall clock.
    pub at: Timestamp,
    /// The time, by the brokers' clock.
    pub by_brokers: Timestamp,
    /// Number of log ends to keep.
    pub keep: NonZeroUsize,
}

impl PartitionState {
    pub(crate) fn apply_metadata(&mut self, metadata: &PartitionMetadata) {
        self.leader = metadata.leader;
        self.preferred = metadata.replicas.first().copied();
        self.replicas = metadata.replicas.len();
        self.in_sync = metadata.in_sync;
    }

    /// The log ends of the last refreshes that read one, in no particular order.
    pub(crate) fn ends(&self) -> &[Offset] {
        self.ends.as_slice()
    }

    /// The first log end that was read.
    pub(crate) const fn first_end(&self) -> Option<Offset> {
        self.first_end
    }

    /// The oldest record that a commit leaves unread. `None` if there is none, or the log end is unknown.
    pub(crate) fn oldest_unread(&self, committed: Offset) -> Option<Offset> {
        let first = self.bounds.start.map_or(committed, |start| start.max(committed));
        (first < self.bounds.end?).then_some(first)
    }

    /// The time range in which a record was appended, if known.
    pub(crate) fn append_range(&self, record: Offset, now: Timestamp) -> Option<AppendRange> {
        self.index.append_range(record, self.bounds.end?, now)
    }

    /// Whether the records have timestamps that can be looked up.
    pub(crate) const fn timestamps(&self) -> TimestampPresence {
        self.index.timestamps()
    }

    /// The time of the last reading, by the brokers' clock, if the log end was higher then than in `found`.
    pub(crate) fn last_read_if_shrunk(&self, found: &LogBounds<'_>) -> Option<Timestamp> {
        let last = self.last?;
        (found.end? < last.end).then_some(last.by_brokers)
    }

    /// Forgets the readings of the log: the topic was created again under the same name.
    pub(crate) fn forget_log(&mut self) {
        (self.first_end, self.ends, self.index, self.last) = (None, LogEnds::default(), TimeIndex::default(), None);
    }

    pub(crate) fn apply_bounds(&mut self, found: &LogBounds<'_>, read: LogEndRefresh) {
        let Some(end) = found.end else {
            self.failures = self.failures.saturating_add(1);
            if self.failures >= FAILED_REFRESHES {
                self.bounds = OffsetBounds::default();
            }
            return;
        };
        self.failures = 0;
        self.start_failures = if found.start.is_some() { 0 } else { self.start_failures.saturating_add(1) };
        let held = self.bounds.start.filter(|_| self.start_failures < FAILED_REFRESHES);
        self.bounds = OffsetBounds { start: found.start.or(held), end: Some(end) };
        self.first_end = self.first_end.or(Some(end));
        if let Some(last) = self.last {
            self.record_move(last, end, read.at);
        }
        self.last = Some(LogEndReading { end, at: read.at, by_brokers: read.by_brokers });
        self.ends.push(end, read.keep);
    }

    fn record_move(&mut self, last: LogEndReading, end: Offset, now: Timestamp) {
        if end > last.end {
            self.index.add_move(last.at, last.end, now, end);
            self.index.thin_if_huge(self.bounds.start, now);
        } else if end < last.end {
            self.index.truncate(end);
        }
    }

    /// The memory that it takes beside its own size.
    pub(crate) const fn heap_bytes(&self) -> usize {
        self.ends.heap_bytes().saturating_add(self.index.heap_bytes())
    }

    /// Applies a broker's answer to a time lookup.
    pub(crate) fn apply_time_answer(&mut self, answer: &TimeAnswer, now: Timestamp) {
        match *answer {
            TimeAnswer::First(found) => self.index.add_first_record(found, self.bounds.start),
            TimeAnswer::From { asked, found, end } => self.index.add_answer(asked, found, end),
        }
        self.index.thin_if_huge(self.bounds.start, now);
    }

    /// Whether the time index is larger than it should be while no lookups go on.
    pub(crate) const fn is_index_full(&self) -> bool {
        self.index.is_full()
    }

    /// Thins the time index.
    pub(crate) fn thin(&mut self, now: Timestamp) {
        self.index.thin(self.bounds.start, now);
    }
}
