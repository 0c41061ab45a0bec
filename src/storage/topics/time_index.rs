//! When the records of one partition were appended (docs/src/reference/status-rules.md, Time index).
//!
//! The index is a list of *entries*. An entry is a time and an offset: the records below the offset existed at that
//! time, and the others came no earlier. A log end that was read is an entry, and the records before and after it are
//! the two points that docs/src/reference/status-rules.md, Time index, describes. A record with its own timestamp is an
//! entry before it and an entry after it. The append time of a record lies between the last entry before it and the
//! first entry after it.
//!
//! Times never decrease along the log: where producers' clocks run backwards, the append time of a record is the
//! greatest timestamp up to and including it.

use crate::invariant::broken;
use crate::model::{Offset, Timestamp};
use crate::storage::lists::allocation;
use crate::time_lag::AppendRange;

/// The largest number of entries of a partition, and the number that is left after thinning.
const MOST: usize = 60;
const LEFT: usize = 48;
/// The largest number of entries while lookups go on, since all answers are kept until then.
const BOUND: usize = 1024;

/// See the module documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeIndex {
    /// Sorted by offset and time. There are at most two entries with the same offset.
    entries: Vec<TimeIndexEntry>,
    timestamps: TimestampPresence,
}

/// Whether the records of a log have timestamps. A lookup of timestamp 0 answers it: it returns the first record that
/// has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampPresence {
    /// The lookup has not been made.
    #[default]
    Unknown,
    /// There is a record with a timestamp.
    Present,
    /// No record has a timestamp. Valid as long as the log start is the one given here.
    Missing(Option<Offset>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimeIndexEntry {
    time: Timestamp,
    offset: Offset,
}

/// A broker's answer to a time lookup: the first record at or after a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    /// The offset of the record.
    pub offset: Offset,
    /// The timestamp of the record.
    pub time: Timestamp,
}

impl TimeIndex {
    /// Adds a move of the log end from `from`, as read at `before`, to `to`, as read at `now`.
    pub fn add_move(&mut self, before: Timestamp, from: Offset, now: Timestamp, to: Offset) {
        if now < before {
            // The wall clock was set back, so later times that it gave are wrong.
            self.entries.retain(|cut| cut.time <= now);
        }
        self.insert(before.min(now), from);
        self.insert(now, to);
    }

    /// Adds the answer to a lookup of the time `asked`. `end` is a log end that was read before the lookup.
    pub fn add_answer(&mut self, asked: Timestamp, found: Option<TimestampOffset>, end: Offset) {
        match found {
            Some(TimestampOffset { offset, time }) => {
                self.insert(asked, offset);
                self.insert(time, offset);
                self.insert(time, offset.next());
            }
            None => self.insert(asked, end),
        }
    }

    /// Adds the answer to the lookup of timestamp 0. `start` is the log start known at that time.
    pub fn add_first_record(&mut self, found: Option<TimestampOffset>, start: Option<Offset>) {
        let Some(TimestampOffset { offset, time }) = found else {
            self.timestamps = TimestampPresence::Missing(start);
            return;
        };
        self.timestamps = TimestampPresence::Present;
        self.insert(time, start.map_or(offset, |start| start.min(offset)));
        self.insert(time, offset.next());
    }

    /// The memory that it takes beside its own size.
    pub const fn heap_bytes(&self) -> usize {
        allocation::list::<TimeIndexEntry>(self.entries.capacity())
    }

    /// Whether the records have timestamps.
    pub const fn timestamps(&self) -> TimestampPresence {
        self.timestamps
    }

    /// Removes what lies beyond `end`: the log is shorter than before.
    pub fn truncate(&mut self, end: Offset) {
        self.entries.retain(|cut| cut.offset <= end);
    }

    /// The append time of a record below `end`. `None` when the record is older than all known entries.
    pub fn append_range(&self, record: Offset, end: Offset, now: Timestamp) -> Option<AppendRange> {
        let behind = self.entries.partition_point(|cut| cut.offset <= record);
        let before = self.entries.get(behind.checked_sub(1)?)?;
        let after =
            self.entries.get(behind).copied().unwrap_or(TimeIndexEntry { time: now, offset: end.max(record.next()) });
        let (earliest, latest) = (before.time, after.time.max(before.time));
        let steps = i128::from(after.offset.0) - i128::from(before.offset.0) - 1;
        let step = i128::from(record.0) - i128::from(before.offset.0);
        let width = i128::from(latest.since(earliest));
        let part = (width * step).checked_div(steps).unwrap_or(width / 2);
        let estimate = Timestamp(earliest.0.saturating_add(i64::try_from(part).unwrap_or(0)));
        Some(AppendRange { earliest, latest, estimate })
    }

    /// Inserts an entry. If it contradicts known entries, its time is moved as far as needed.
    fn insert(&mut self, time: Timestamp, offset: Offset) {
        let from = self.entries.partition_point(|cut| cut.offset < offset);
        let to = self.entries.partition_point(|cut| cut.offset <= offset);
        let floor =
            from.checked_sub(1).and_then(|last| self.entries.get(last)).map_or(Timestamp(i64::MIN), |cut| cut.time);
        let ceiling = self.entries.get(to).map_or(Timestamp(i64::MAX), |cut| cut.time);
        let cut = TimeIndexEntry { time: time.max(floor).min(ceiling), offset };
        match self.entries.get_mut(from..to).unwrap_or_default() {
            [] => self.entries.insert(from, cut),
            [one] if one.time == cut.time => {}
            [one] => {
                let place = if cut.time < one.time { from } else { to };
                self.entries.insert(place, cut);
            }
            [first, .., last] => {
                first.time = first.time.min(cut.time);
                last.time = last.time.max(cut.time);
            }
        }
    }

    /// Whether it holds more entries than are kept in the long run.
    pub const fn is_full(&self) -> bool {
        self.entries.len() > MOST
    }

    /// Thins the index if it is too large even while lookups go on.
    pub fn thin_if_huge(&mut self, start: Option<Offset>, now: Timestamp) {
        if self.entries.len() > BOUND {
            self.thin(start, now);
        }
    }

    /// Thins the index if it is full, so that the entries are further apart the older they are. Below the log start it
    /// keeps only the last entry.
    pub fn thin(&mut self, start: Option<Offset>, now: Timestamp) {
        if !self.is_full() {
            return;
        }
        if let Some(start) = start {
            let below = self.entries.partition_point(|cut| cut.offset <= start);
            self.entries.drain(..below.saturating_sub(1));
        }
        while self.entries.len() > LEFT {
            let gaps = self.entries.windows(3).map(|three| gap(three, now));
            let Some((place, _)) = (1..).zip(gaps).min_by(|(_, a), (_, b)| a.total_cmp(b)) else {
                return broken("of more cuts than are left, one lies between two others");
            };
            self.entries.remove(place);
        }
        self.entries.shrink_to(MOST);
    }
}

/// The gap that the middle one of three entries would leave, as a share of its age.
fn gap(three: &[TimeIndexEntry], now: Timestamp) -> f64 {
    let [before, cut, after] = three else { return f64::INFINITY };
    let width = crate::model::to_f64(after.time.since(before.time));
    width / crate::model::to_f64(now.since(cut.time).max(1))
}

#[cfg(test)]
#[path = "time_index_tests.rs"]
mod tests;
