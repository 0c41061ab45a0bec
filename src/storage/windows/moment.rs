//! Settles time lags: gives each commit that leaves records unread the append time of the oldest of them, once, as soon
//! as it is known well enough.
//!
//! From then on the time lag grows with the clock, and neither a thinned index nor a better answer makes it jump. Where
//! the append time is not known well enough, it returns what brokers have to be asked for.

use crate::model::{Lag, Offset, TimeLag, Timestamp};
use crate::time_lag::{Accuracy, AppendRange, age_of};

use crate::storage::topics::partition::PartitionState;
use crate::storage::topics::time_index::TimestampPresence;
use crate::storage::windows::append_time::AppendTime;
use crate::storage::windows::group_partition::GroupPartition;
use crate::storage::windows::standing::CommittedPosition;
use crate::storage::windows::time_lookup::WantedTime;

/// The inputs of all time lags of a cluster at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLagInputs {
    pub now: Timestamp,
    pub accuracy: Accuracy,
    /// Whether the first time lookups are done. From then on rough values are shown, too.
    pub first_lookups_done: bool,
}

impl TimeLagInputs {
    /// The age of the oldest record that is not committed. `None` while it is unknown.
    pub fn time_lag(
        self,
        slot: &GroupPartition,
        standing: CommittedPosition,
        state: &PartitionState,
    ) -> Option<TimeLag> {
        state.bounds.end?;
        // For a share group this is the first unfinished record. Its lag may be 0 although records lie between that one
        // and the log end: members may have finished all of them.
        let committed = slot.window.newest().offset;
        if slot.source.is_share() && standing.lag(state.bounds) == Some(Lag(0)) {
            return Some(TimeLag::ZERO);
        }
        let Some(record) = state.oldest_unread(committed) else { return Some(TimeLag::ZERO) };
        if record == committed
            && let Some(since) = slot.append_time()
        {
            return Some(since.time_lag(self.now));
        }
        let span = state.append_range(record, self.now)?;
        let told = self.accuracy.is_accurate(&span, self.now)
            || self.first_lookups_done && self.accuracy.is_roughly_accurate(&span, self.now);
        told.then(|| age_of(span.estimate, self.now))
    }

    /// Settles the newest commit of a slot. Returns the record to look up if it cannot be settled.
    #[inline]
    pub fn settle_slot(
        self,
        slot: &mut GroupPartition,
        state: &PartitionState,
        given_up: impl Fn(Offset) -> bool,
    ) -> Option<WantedTime> {
        let committed = slot.window.newest().offset;
        let oldest = state.oldest_unread(committed);
        if oldest.is_none() && state.bounds.end.is_some() {
            // A log that was truncated may grow again, with other records.
            slot.clear_append_time();
        }
        let record = oldest?;
        // If retention has deleted the committed record, the oldest unconsumed record changes with the log start. Then
        // its time is computed each time.
        let told = slot.append_time().filter(|_| record == committed);
        if told.is_some_and(|told| told.is_final) {
            return None;
        }
        let undated = state.timestamps() == TimestampPresence::Missing(state.bounds.start);
        let Some(span) = state.append_range(record, self.now) else {
            return (!undated).then_some(WantedTime { record, range: None });
        };
        let close = self.accuracy.is_accurate(&span, self.now);
        let settled = self.accuracy.stays_accurate(&span, self.now) || undated || given_up(record);
        let rough = self.first_lookups_done && self.accuracy.is_roughly_accurate(&span, self.now);
        if record == committed && (settled || rough && !close) {
            slot.set_append_time(self.choose_append_time(told, &span, settled));
        }
        (!settled && !close).then_some(WantedTime { record, range: Some(span) })
    }

    /// The append time to use from now on. The previous one is kept as long as it may be right.
    fn choose_append_time(self, told: Option<AppendTime>, span: &AppendRange, settled: bool) -> AppendTime {
        match told {
            Some(told) if !settled => told,
            Some(told) if self.accuracy.is_within_error(told.time, span, self.now) => {
                AppendTime { is_final: settled, ..told }
            }
            Some(told) => AppendTime {
                time: self.accuracy.best_estimate(span, self.now),
                is_final: settled,
                min_time_lag: told.time_lag(self.now),
            },
            None if settled => AppendTime {
                time: self.accuracy.best_estimate(span, self.now),
                is_final: settled,
                min_time_lag: TimeLag::ZERO,
            },
            None => AppendTime { time: span.estimate, is_final: settled, min_time_lag: TimeLag::ZERO },
        }
    }
}
