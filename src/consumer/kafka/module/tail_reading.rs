//! What the readers do where the rest of a partition cannot be read.

use std::collections::BTreeMap;
use std::time::Instant;

use tracing::debug;

use crate::kafka::{TopicPartition, TopicReader};

use super::backfill::{Backfill, BackfillPartition};
use super::live_reader::LiveReader;
use super::partition_reading::{PartitionReading, ReadingStage};
use super::reading_rights::ReadingRights;
use super::unreadable_tails::{QUIET, UnreadableTail};

impl LiveReader {
    /// Ends the trials of topics whose first partition was answered without a record: nothing else may come of it.
    pub(super) fn end_silent_trials(&self, reader: &TopicReader, rights: &mut ReadingRights) {
        if !self.positions.has_unreadable_tails() {
            return;
        }
        for log in rights.trials().into_iter().filter(|log| reader.fetched_end(*log).is_some()) {
            self.record_access(log.topic, rights);
        }
    }

    /// Takes a partition as read up to an end, if the reader still stands where the tail begins and a broker has
    /// answered it with that end, without a record. The position stays, so that a record that comes after all is read.
    pub(super) fn accept_tail(
        &self,
        log: TopicPartition,
        tail: UnreadableTail,
        reader: &TopicReader,
        parts: &mut BTreeMap<TopicPartition, PartitionReading>,
    ) {
        let Some(part) = parts.get_mut(&log) else { return };
        let stands = part.position == tail.at && !matches!(part.stage, ReadingStage::Waiting);
        if !stands || reader.fetched_end(log).is_none_or(|end| end < tail.end) {
            return;
        }
        debug!(?log, at = tail.at.0, end = tail.end.0, "the rest of a partition cannot be read");
        self.positions.set_tail(log, tail);
        part.mark_read_completely();
        if self.publish_if_complete(log, parts) {
            self.positions.report_progress(&self.metrics);
        }
    }
}

impl Backfill {
    /// Whether the past of a partition has been read, as far as it can be.
    pub(super) fn is_read(
        &self,
        log: TopicPartition,
        piece: &BackfillPartition,
        reader: &TopicReader,
        now: Instant,
    ) -> bool {
        if piece.part.position >= piece.end {
            return true;
        }
        // The end of the past does not move, so that only its silence counts.
        self.positions.has_unreadable_tails()
            && now.saturating_duration_since(piece.last_arrival) >= QUIET
            && reader.fetched_end(log).is_some_and(|end| end >= piece.end)
    }
}
