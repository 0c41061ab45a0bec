//! When records of one partition were appended: what refreshes have seen of its log end, and what brokers have
//! answered about times (docs/src/reference/status-rules.md, Time index).
//!
//! The index is a list of *cuts*. A cut says: the records below its offset were there by its time, and the others
//! came no earlier. A log end that was read is a cut as it stands, and the two neighbours of a cut are the two points
//! of docs/src/reference/status-rules.md, Time index. A record with its own timestamp is a cut before it
//! and a cut behind it. The time of a record lies between the last cut before it and the first one behind it.
//!
//! Times never decrease along the log: where producers' clocks run backwards, the time of a record is the greatest
//! timestamp up to and including it.

use crate::model::{Offset, Timestamp};
use crate::time_lag::Span;

/// So many cuts are kept of a partition, and when there are more, so many are left.
const MOST: usize = 60;
const LEFT: usize = 48;
/// Answers about times are kept while somebody asks: then there may be so many.
const BOUND: usize = 1024;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeIndex {
    /// By offset and time; there are at most two of one offset.
    cuts: Vec<Cut>,
    dates: Dates,
}

/// Whether the log's records have timestamps: asked with the timestamp 0, which the first record answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// Nobody has asked.
    #[default]
    Unasked,
    /// They have.
    There,
    /// No record had one when the log began at this offset.
    Missing(Option<Offset>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    time: Timestamp,
    offset: Offset,
}

/// What a broker said about a time: the first record at or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The record.
    pub offset: Offset,
    /// Its own timestamp.
    pub time: Timestamp,
}

impl TimeIndex {
    /// A refresh found that the log end had moved; the one before had found it at `from`.
    pub fn moved(&mut self, before: Timestamp, from: Offset, now: Timestamp, to: Offset) {
        if now < before {
            // Our clock was set back: what it said before is not so.
            self.cuts.retain(|cut| cut.time <= now);
        }
        self.insert(before.min(now), from);
        self.insert(now, to);
    }

    /// A question about a time was answered. `end` is a log end that was read before it was asked.
    pub fn answered(&mut self, asked: Timestamp, found: Option<Dated>, end: Offset) {
        match found {
            Some(Dated { offset, time }) => {
                self.insert(asked, offset);
                self.insert(time, offset);
                self.insert(time, offset.next());
            }
            None => self.insert(asked, end),
        }
    }

    /// The question about the first record of all was answered. `start` is the log start known then.
    pub fn began(&mut self, found: Option<Dated>, start: Option<Offset>) {
        let Some(Dated { offset, time }) = found else {
            self.dates = Dates::Missing(start);
            return;
        };
        self.dates = Dates::There;
        self.insert(time, start.map_or(offset, |start| start.min(offset)));
        self.insert(time, offset.next());
    }

    /// Whether the log's records have timestamps.
    pub const fn dates(&self) -> Dates {
        self.dates
    }

    /// The log is shorter than it was.
    pub fn cut_off(&mut self, end: Offset) {
        self.cuts.retain(|cut| cut.offset <= end);
    }

    /// When a record was appended that lies below `end`; `None` when it is older than all that is known.
    pub fn span(&self, record: Offset, end: Offset, now: Timestamp) -> Option<Span> {
        let behind = self.cuts.partition_point(|cut| cut.offset <= record);
        let before = self.cuts.get(behind.checked_sub(1)?)?;
        let after = self.cuts.get(behind).copied().unwrap_or(Cut { time: now, offset: end.max(record.next()) });
        let (earliest, latest) = (before.time, after.time.max(before.time));
        let steps = i128::from(after.offset.0) - i128::from(before.offset.0) - 1;
        let step = i128::from(record.0) - i128::from(before.offset.0);
        let width = i128::from(latest.since(earliest));
        let part = (width * step).checked_div(steps).unwrap_or(width / 2);
        let estimate = Timestamp(earliest.0.saturating_add(i64::try_from(part).unwrap_or(0)));
        Some(Span { earliest, latest, estimate })
    }

    /// Where it contradicts what is known, a cut gives way as far as it must.
    fn insert(&mut self, time: Timestamp, offset: Offset) {
        let from = self.cuts.partition_point(|cut| cut.offset < offset);
        let to = self.cuts.partition_point(|cut| cut.offset <= offset);
        let floor =
            from.checked_sub(1).and_then(|last| self.cuts.get(last)).map_or(Timestamp(i64::MIN), |cut| cut.time);
        let ceiling = self.cuts.get(to).map_or(Timestamp(i64::MAX), |cut| cut.time);
        let cut = Cut { time: time.max(floor).min(ceiling), offset };
        match self.cuts.get_mut(from..to).unwrap_or_default() {
            [] => self.cuts.insert(from, cut),
            [one] if one.time == cut.time => {}
            [one] => {
                let place = if cut.time < one.time { from } else { to };
                self.cuts.insert(place, cut);
            }
            [first, .., last] => {
                first.time = first.time.min(cut.time);
                last.time = last.time.max(cut.time);
            }
        }
    }

    /// Whether it holds more than is to be kept.
    pub const fn is_full(&self) -> bool {
        self.cuts.len() > MOST
    }

    /// Thins what has grown beyond all bounds.
    pub fn bound(&mut self, start: Option<Offset>, now: Timestamp) {
        if self.cuts.len() > BOUND {
            self.thin(start, now);
        }
    }

    /// Leaves out what the least is lost with, when it is full: the older, the further apart. Of what lies below the
    /// log start the last cut is enough.
    pub fn thin(&mut self, start: Option<Offset>, now: Timestamp) {
        if !self.is_full() {
            return;
        }
        if let Some(start) = start {
            let below = self.cuts.partition_point(|cut| cut.offset <= start);
            self.cuts.drain(..below.saturating_sub(1));
        }
        while self.cuts.len() > LEFT {
            let gaps = self.cuts.windows(3).map(|three| gap(three, now));
            let Some((place, _)) = (1..).zip(gaps).min_by(|(_, a), (_, b)| a.total_cmp(b)) else { return };
            self.cuts.remove(place);
        }
        self.cuts.shrink_to(MOST);
    }
}

/// How wide the gap is that the middle one of three cuts leaves, as a share of its age.
fn gap(three: &[Cut], now: Timestamp) -> f64 {
    let [before, cut, after] = three else { return f64::INFINITY };
    let width = crate::model::wide(after.time.since(before.time));
    width / crate::model::wide(now.since(cut.time).max(1))
}

#[cfg(test)]
#[path = "time_index_tests.rs"]
mod tests;
