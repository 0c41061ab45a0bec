//! How far the partitions of the topics have been read. The readers write it, the partition monitor reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::kafka::{TopicIndex, TopicPartition};
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::{Offset, Operation};

use super::source_topics::OFFSETS;
use super::unreadable_tails::{Arrivals, UnreadableTail};

/// A partition whose log start and log end are known, so that it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadablePartition {
    /// The partition.
    pub log: TopicPartition,
    /// The log start.
    pub start: Offset,
    /// The last stable offset. The partition has caught up when it has been read up to here.
    pub end: Offset,
    /// Whether it appeared while the others were already being read, so that all its records are new.
    pub late: bool,
}

/// A message from the partition monitor to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderMessage {
    /// A partition can be read.
    Begin(ReadablePartition),
    /// The current end of the log, for a partition that has been read up to an earlier end.
    End {
        /// The partition.
        log: TopicPartition,
        /// The last stable offset.
        end: Offset,
    },
    /// A partition brings no records although there are more to read and its leader answers.
    Stuck {
        /// The partition.
        log: TopicPartition,
        /// The offset where it stands still.
        at: Offset,
    },
    /// The rest of a partition cannot be read, as far as its ends tell.
    Tail {
        /// The partition.
        log: TopicPartition,
        /// What cannot be read of it.
        tail: UnreadableTail,
    },
}

/// The progress of the readers.
#[derive(Debug, Default)]
pub struct ReaderProgress {
    state: Mutex<ProgressState>,
}

#[derive(Debug, Default)]
struct ProgressState {
    /// The number of partitions of each topic.
    partitions: BTreeMap<TopicIndex, usize>,
    /// Topics that readiness does not wait for.
    excluded: BTreeSet<TopicIndex>,
    /// What may not be done with the topics.
    refused: BTreeSet<(TopicIndex, Operation)>,
    /// Whether there is a share group.
    has_share_groups: bool,
    positions: BTreeMap<TopicPartition, Offset>,
    caught_up: BTreeSet<TopicPartition>,
    rereads: BTreeSet<TopicPartition>,
    end_requests: BTreeSet<TopicPartition>,
    /// Partitions whose past is no longer needed, because they are read again as a whole.
    past_unneeded: BTreeSet<TopicPartition>,
    /// Partitions whose past has been read, until the live reader takes them.
    past_read: BTreeSet<TopicPartition>,
    /// Whether the cluster may have partitions whose tails cannot be read.
    has_unreadable_tails: bool,
    /// The tails that cannot be read. Each holds as long as the reader stands where it begins.
    tails: BTreeMap<TopicPartition, UnreadableTail>,
    /// How many records, events and errors have arrived of each partition.
    arrivals: BTreeMap<TopicPartition, u64>,
    /// How many errors have arrived that concern no partition.
    errors: u64,
}

impl ProgressState {
    fn count_arrival(&mut self, log: Option<TopicPartition>) {
        let count = match log {
            Some(log) => self.arrivals.entry(log).or_default(),
            None => &mut self.errors,
        };
        *count = count.wrapping_add(1);
    }
}

impl ReaderProgress {
    /// Sets the number of partitions of a topic.
    pub fn set_partition_count(&self, topic: TopicIndex, partitions: usize) {
        self.state().partitions.insert(topic, partitions);
    }

    /// The number of partitions of a topic; 0 if it is unknown.
    pub fn partition_count(&self, topic: TopicIndex) -> usize {
        self.state().partitions.get(&topic).copied().unwrap_or(0)
    }

    /// Excludes a topic that may not be read, so that nothing waits for it.
    pub fn exclude_topic(&self, topic: TopicIndex) {
        self.state().excluded.insert(topic);
    }

    /// Sets whether the user may not do something with a topic.
    pub fn set_refused(&self, topic: TopicIndex, operation: Operation, is_refused: bool) {
        let mut state = self.state();
        if is_refused {
            state.refused.insert((topic, operation));
        } else {
            state.refused.remove(&(topic, operation));
        }
    }

    /// Whether the user may not do something with a topic, as far as is known.
    pub fn is_refused(&self, topic: TopicIndex, operation: Operation) -> bool {
        self.state().refused.contains(&(topic, operation))
    }

    /// Records that there is a share group, so that the topic with its progress is needed.
    pub fn record_share_group(&self) {
        self.state().has_share_groups = true;
    }

    /// Whether there has been a share group.
    pub fn has_share_groups(&self) -> bool {
        self.state().has_share_groups
    }

    /// Sets the offset up to which a partition has been read.
    pub fn set_position(&self, log: TopicPartition, position: Offset) {
        self.state().positions.insert(log, position);
    }

    /// Records that an event without a new position or an error has arrived: of one partition, or of the client.
    pub fn record_arrival(&self, log: Option<TopicPartition>) {
        self.state().count_arrival(log);
    }

    /// Records that records or an event of a partition have arrived, after which the reader stands here.
    pub fn record_position(&self, log: TopicPartition, position: Offset) {
        let mut state = self.state();
        state.count_arrival(Some(log));
        state.positions.insert(log, position);
    }

    /// What has arrived of a partition. `None` while its position is not known.
    pub fn arrivals(&self, log: TopicPartition) -> Option<Arrivals> {
        let state = self.state();
        let position = state.positions.get(&log).copied()?;
        let own = state.arrivals.get(&log).copied().unwrap_or(0);
        Some(Arrivals { position, count: own.wrapping_add(state.errors) })
    }

    /// Sets whether the cluster may have partitions whose tails cannot be read.
    pub fn set_unreadable_tails(&self, may_be: bool) {
        self.state().has_unreadable_tails = may_be;
    }

    /// Whether the cluster may have partitions whose tails cannot be read.
    pub fn has_unreadable_tails(&self) -> bool {
        self.state().has_unreadable_tails
    }

    /// Sets the tail of a partition that cannot be read.
    pub fn set_tail(&self, log: TopicPartition, tail: UnreadableTail) {
        self.state().tails.insert(log, tail);
    }

    /// The tail of a partition that cannot be read, while the reader stands before it.
    pub fn tail(&self, log: TopicPartition) -> Option<UnreadableTail> {
        let state = self.state();
        let tail = state.tails.get(&log).copied()?;
        (state.positions.get(&log) == Some(&tail.at)).then_some(tail)
    }

    /// The offset up to which a partition has been read as far as it can be, if known.
    pub fn readable_position(&self, log: TopicPartition) -> Option<Offset> {
        self.tail(log).map(|tail| tail.end).or_else(|| self.position(log))
    }

    /// Marks a partition as caught up.
    pub fn mark_caught_up(&self, log: TopicPartition) {
        let mut state = self.state();
        state.excluded.remove(&log.topic);
        state.caught_up.insert(log);
    }

    /// Marks the past of a partition as read.
    pub fn mark_past_read(&self, log: TopicPartition) {
        let mut state = self.state();
        state.past_read.insert(log);
        state.caught_up.insert(log);
    }

    /// Takes the partitions whose past was read since the last call.
    pub fn take_past_read(&self) -> BTreeSet<TopicPartition> {
        std::mem::take(&mut self.state().past_read)
    }

    /// Requests the current end of a partition that has been read up to its earlier end.
    pub fn request_end(&self, log: TopicPartition) {
        self.state().end_requests.insert(log);
    }

    /// Takes the partitions whose current end is requested.
    pub fn take_end_requests(&self) -> BTreeSet<TopicPartition> {
        std::mem::take(&mut self.state().end_requests)
    }

    /// Marks the past of a partition as no longer needed.
    pub fn mark_past_unneeded(&self, log: TopicPartition) {
        self.state().past_unneeded.insert(log);
    }

    /// Takes the partitions whose past is no longer needed.
    pub fn take_past_unneeded(&self) -> BTreeSet<TopicPartition> {
        std::mem::take(&mut self.state().past_unneeded)
    }

    /// Marks a partition to be read again: its bounds are requested again.
    pub fn request_reread(&self, log: TopicPartition) {
        let mut state = self.state();
        state.positions.remove(&log);
        state.rereads.insert(log);
    }

    /// Takes the partitions that have to be read again.
    pub fn take_rereads(&self) -> BTreeSet<TopicPartition> {
        std::mem::take(&mut self.state().rereads)
    }

    /// The offset up to which a partition has been read, if known.
    pub fn position(&self, log: TopicPartition) -> Option<Offset> {
        self.state().positions.get(&log).copied()
    }

    /// Updates the readiness of the module.
    pub fn report_progress(&self, metrics: &ModuleMetrics) {
        if let Some((done, all)) = self.progress() {
            metrics.set_progress(done, all);
        }
    }

    /// The number of partitions that count for readiness. `None` before the offsets topic was counted.
    pub fn part_count(&self) -> Option<usize> {
        self.progress().and_then(|(_, all)| usize::try_from(all).ok())
    }

    /// Whether a partition counts for readiness.
    pub fn counts(&self, log: TopicPartition) -> bool {
        !self.state().excluded.contains(&log.topic)
    }

    /// The number of partitions that have caught up, and of all partitions. `None` before the offsets topic was
    /// counted.
    fn progress(&self) -> Option<(u64, u64)> {
        let state = self.state();
        state.partitions.get(&OFFSETS)?;
        let counts = |topic: &TopicIndex| !state.excluded.contains(topic);
        let done = state.caught_up.iter().filter(|log| counts(&log.topic)).count();
        let all: usize = state.partitions.iter().filter(|(topic, _)| counts(topic)).map(|(_, count)| *count).sum();
        Some((u64::try_from(done).unwrap_or(u64::MAX), u64::try_from(all).unwrap_or(u64::MAX)))
    }

    fn state(&self) -> MutexGuard<'_, ProgressState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::source_topics::SHARE_STATE;
    use super::*;
    use crate::model::Partition;

    const fn log(topic: TopicIndex, partition: i32) -> TopicPartition {
        TopicPartition { topic, partition: Partition(partition) }
    }

    #[test]
    fn progress_is_unknown_until_the_partitions_are_counted() {
        let positions = ReaderProgress::default();
        positions.mark_caught_up(log(OFFSETS, 0));
        positions.set_partition_count(SHARE_STATE, 1);
        assert_eq!(positions.progress(), None);
        positions.set_partition_count(OFFSETS, 2);
        assert_eq!(positions.progress(), Some((1, 3)));
    }

    #[test]
    fn a_topic_that_may_not_be_read_is_not_waited_for_until_it_can_be_read() {
        let positions = ReaderProgress::default();
        positions.set_partition_count(OFFSETS, 1);
        positions.set_partition_count(SHARE_STATE, 2);
        positions.exclude_topic(SHARE_STATE);
        assert_eq!(positions.progress(), Some((0, 1)));
        positions.mark_caught_up(log(SHARE_STATE, 1));
        assert_eq!(positions.progress(), Some((1, 3)));
    }

    #[test]
    fn a_tail_holds_while_the_reader_stands_before_it() {
        let (positions, log) = (ReaderProgress::default(), log(OFFSETS, 3));
        let tail = UnreadableTail { at: Offset(9), end: Offset(12) };
        positions.set_tail(log, tail);
        assert_eq!((positions.tail(log), positions.readable_position(log)), (None, None));
        positions.set_position(log, Offset(9));
        assert_eq!((positions.tail(log), positions.readable_position(log)), (Some(tail), Some(Offset(12))));
        positions.set_position(log, Offset(10));
        assert_eq!((positions.tail(log), positions.readable_position(log)), (None, Some(Offset(10))));
    }

    #[test]
    fn an_error_that_concerns_no_partition_arrives_of_all() {
        let positions = ReaderProgress::default();
        let [own, other] = [3, 4].map(|partition| log(OFFSETS, partition));
        let counts = || [own, other].map(|log| positions.arrivals(log).map(|arrivals| arrivals.count));
        assert_eq!(counts(), [None, None]);
        positions.set_position(own, Offset(9));
        positions.set_position(other, Offset(9));
        positions.record_arrival(Some(own));
        assert_eq!(counts(), [Some(1), Some(0)]);
        positions.record_arrival(None);
        assert_eq!(counts(), [Some(2), Some(1)]);
    }

    #[test]
    fn a_partition_that_is_read_again_has_no_position_meanwhile() {
        let positions = ReaderProgress::default();
        positions.set_position(log(OFFSETS, 3), Offset(9));
        positions.request_reread(log(OFFSETS, 3));
        assert_eq!((positions.position(log(OFFSETS, 3)), positions.take_rereads().len()), (None, 1));
        assert!(positions.take_rereads().is_empty());
    }
}
