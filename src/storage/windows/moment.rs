//! Settles time lags: gives each commit that leaves records unread the append time of the oldest of them, once, as soon
//! as it is known well enough.
//!
//! From then on the time lag grows with the clock, and neither a thinned index nor a better answer makes it jump. Where
//! the append time is not known well enough, it returns what brokers have to be asked for.

use crate::model::{Lag, Offset, TimeLag, Timestamp};
use crate::time_lag::{Exactness, Span, waiting};

use crate::storage::topics::partition::PartitionState;
use crate::storage::topics::time_index::Dates;
use crate::storage::windows::since::Since;
use crate::storage::windows::slot::Slot;
use crate::storage::windows::standing::Standing;
use crate::storage::windows::time_lookup::WantedTime;

/// The inputs of all time lags of a cluster at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub now: Timestamp,
    pub exactness: Exactness,
    /// Whether the first time lookups are done. From then on rough values are shown, too.
    pub past_read: bool,
}

impl Moment {
    /// The age of the oldest record that is not committed. `None` while it is unknown.
    pub fn time_lag(self, slot: &Slot, standing: Standing, state: &PartitionState) -> Option<TimeLag> {
        state.bounds.end?;
        // For a share group this is the first unfinished record. Its lag may be 0 although records lie between that one
        // and the log end: members may have finished all of them.
        let committed = slot.window.newest().offset;
        if slot.source.is_share() && standing.lag(state.bounds) == Some(Lag(0)) {
            return Some(TimeLag::ZERO);
        }
        let Some(record) = state.oldest_unread(committed) else { return Some(TimeLag::ZERO) };
        if record == committed
            && let Some(since) = slot.waits_since()
        {
            return Some(since.time_lag(self.now));
        }
        let span = state.span(record, self.now)?;
        let told =
            self.exactness.is_close(&span, self.now) || self.past_read && self.exactness.is_rough(&span, self.now);
        told.then(|| waiting(span.estimate, self.now))
    }

    /// Settles the newest commit of a slot. Returns the record to look up if it cannot be settled.
    pub fn settle(
        self,
        slot: &mut Slot,
        state: &PartitionState,
        given_up: impl Fn(Offset) -> bool,
    ) -> Option<WantedTime> {
        let committed = slot.window.newest().offset;
        let oldest = state.oldest_unread(committed);
        if oldest.is_none() && state.bounds.end.is_some() {
            // A log that was truncated may grow again, with other records.
            slot.unsettle();
        }
        let record = oldest?;
        // If retention has deleted the committed record, the oldest unconsumed record changes with the log start. Then
        // its time is computed each time.
        let told = slot.waits_since().filter(|_| record == committed);
        if told.is_some_and(|told| told.settled) {
            return None;
        }
        let undated = state.dates() == Dates::Missing(state.bounds.start);
        let Some(span) = state.span(record, self.now) else {
            return (!undated).then_some(WantedTime { record, span: None });
        };
        let close = self.exactness.is_close(&span, self.now);
        let settled = self.exactness.stays_close(&span, self.now) || undated || given_up(record);
        let rough = self.past_read && self.exactness.is_rough(&span, self.now);
        if record == committed && (settled || rough && !close) {
            slot.settle(self.since(told, &span, settled));
        }
        (!settled && !close).then_some(WantedTime { record, span: Some(span) })
    }

    /// The append time to use from now on. The previous one is kept as long as it may be right.
    fn since(self, told: Option<Since>, span: &Span, settled: bool) -> Since {
        match told {
            Some(told) if !settled => told,
            Some(told) if self.exactness.stands_for(told.time, span, self.now) => Since { settled, ..told },
            Some(told) => Since { time: self.exactness.best(span, self.now), settled, least: told.time_lag(self.now) },
            None if settled => Since { time: self.exactness.best(span, self.now), settled, least: TimeLag::ZERO },
            None => Since { time: span.estimate, settled, least: TimeLag::ZERO },
        }
    }
}
