//! Defines lag, purged records and retention used (docs/src/reference/status-rules.md, Lag). No other module computes
//! them.

use std::cmp::Ordering;

use crate::model::{Lag, Offset};

/// Log start (earliest offset) and log end (high watermark) of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OffsetBounds {
    /// The log start, if known.
    pub start: Option<Offset>,
    /// The log end, if known.
    pub end: Option<Offset>,
}

/// Records that a group has yet to consume: `max(end - max(committed, start), 0)`.
///
/// Records that retention deleted are not counted. `None` while the log end is unknown. An unknown log start counts as
/// 0.
///
/// `done` is the number of records after `committed` that are acknowledged or archived. It is 0 for all groups but
/// share groups, whose members finish records out of order (KIP-1226). Brokers before 4.2 do not write it: then it is
/// `None`, and so is the lag, unless no record lies between `committed` and the log end.
#[must_use]
pub fn lag(committed: Offset, done: Option<u32>, bounds: OffsetBounds) -> Option<Lag> {
    let from = bounds.start.map_or(committed, |start| start.max(committed));
    let there = bounds.end?.lag_behind(from);
    if there == Lag(0) {
        return Some(there);
    }
    // Retention may have deleted some of the finished records, so the lag is at most the number of records that exist.
    let Lag(after) = bounds.end?.lag_behind(committed);
    Some(there.min(Lag(after.saturating_sub(done?.into()))))
}

/// Records that retention deleted before the group read them: `max(start - committed, 0)`.
///
/// `None` while the log start is unknown.
#[must_use]
pub fn purged(committed: Offset, bounds: OffsetBounds) -> Option<Lag> {
    Some(bounds.start?.lag_behind(committed))
}

/// The share of the retained log that a group has not read: `(end - committed) / (end - start)`, 0 to 1.
///
/// 0 for an empty log. Stored as two integers: a view compares a million of these and shows few.
#[derive(Clone, Copy, Debug)]
pub struct RetentionUsed {
    unread: u64,
    /// At least 1.
    retained: u64,
}

impl RetentionUsed {
    /// Nothing is unread.
    pub const NONE: Self = Self { unread: 0, retained: 1 };

    /// The share that a commit leaves unread. `None` while the log start or the log end is unknown.
    #[must_use]
    pub fn by(committed: Offset, bounds: OffsetBounds) -> Option<Self> {
        let (start, end) = (bounds.start?, bounds.end?);
        let (Lag(unread), Lag(kept)) = (end.lag_behind(committed), end.lag_behind(start));
        Some(Self { unread: unread.min(kept), retained: kept.max(1) })
    }

    /// The share as a number, 0 to 1.
    #[must_use]
    pub fn ratio(self) -> f64 {
        Lag(self.unread).ratio(Lag(self.retained))
    }
}

impl Ord for RetentionUsed {
    fn cmp(&self, other: &Self) -> Ordering {
        let product = |a: u64, b: u64| u128::from(a).saturating_mul(b.into());
        product(self.unread, other.retained).cmp(&product(other.unread, self.retained))
    }
}

impl PartialOrd for RetentionUsed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RetentionUsed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for RetentionUsed {}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(start: i64, end: i64) -> OffsetBounds {
        OffsetBounds { start: Some(Offset(start)), end: Some(Offset(end)) }
    }

    #[test]
    fn lag_counts_what_is_there_to_be_read() {
        let lag = |committed, bounds| lag(Offset(committed), Some(0), bounds);
        assert_eq!(lag(40, bounds(10, 100)), Some(Lag(60)));
        assert_eq!(lag(5, bounds(10, 100)), Some(Lag(90)));
        assert_eq!(lag(101, bounds(10, 100)), Some(Lag(0)));
        assert_eq!(lag(40, OffsetBounds { end: None, ..bounds(10, 0) }), None);
        assert_eq!(lag(40, OffsetBounds { start: None, ..bounds(0, 100) }), Some(Lag(60)));
    }

    #[test]
    fn what_a_share_group_is_done_with_is_not_lag() {
        assert_eq!(lag(Offset(40), Some(7), bounds(10, 100)), Some(Lag(53)));
        assert_eq!(lag(Offset(40), Some(90), bounds(10, 100)), Some(Lag(0)));
        // From 5 to 100 there are 95 records, 20 of them finished. 90 still exist, and at most 75 are left to read.
        assert_eq!(lag(Offset(5), Some(20), bounds(10, 100)), Some(Lag(75)));
        assert_eq!(lag(Offset(5), Some(2), bounds(10, 100)), Some(Lag(90)));
        assert_eq!(lag(Offset(40), None, bounds(10, 100)), None);
        assert_eq!(lag(Offset(100), None, bounds(10, 100)), Some(Lag(0)));
    }

    #[test]
    fn what_retention_deleted_is_purged_not_lag() {
        assert_eq!(purged(Offset(4), bounds(10, 100)), Some(Lag(6)));
        assert_eq!(purged(Offset(40), bounds(10, 100)), Some(Lag(0)));
        assert_eq!(purged(Offset(40), OffsetBounds::default()), None);
    }

    #[test]
    fn the_ratio_of_retention_stays_between_0_and_1() {
        let used = |committed, bounds| RetentionUsed::by(Offset(committed), bounds).map(RetentionUsed::ratio);
        assert_eq!(used(75, bounds(50, 100)), Some(0.5));
        assert_eq!(used(10, bounds(50, 100)), Some(1.0));
        assert_eq!(used(120, bounds(50, 100)), Some(0.0));
        assert_eq!(used(7, bounds(100, 100)), Some(0.0));
        assert_eq!(used(7, OffsetBounds { start: None, ..bounds(0, 100) }), None);
    }

    #[test]
    fn of_two_the_one_of_the_greater_ratio_is_the_greater() {
        let used = |committed, end| RetentionUsed::by(Offset(committed), bounds(0, end)).unwrap();
        assert!(used(9, 10) < used(80, 100) && used(80, 100) < used(7, 10));
        assert_eq!(used(8, 10), used(80, 100));
        assert!(used(1, i64::MAX) < used(0, i64::MAX));
        assert!(RetentionUsed::NONE < used(i64::MAX - 1, i64::MAX));
        assert_eq!(RetentionUsed::NONE, used(10, 10));
    }
}
