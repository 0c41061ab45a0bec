//! The one definition of lag (METRICS.md, rule 3).

use crate::model::{Lag, Offset};

/// What is known of a partition's log: log start (earliest offset) and log end (high watermark).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The log start, if known.
    pub start: Option<Offset>,
    /// The log end, if known.
    pub end: Option<Offset>,
}

/// Records that a group has yet to consume: `max(end - max(committed, start), 0)`. What retention deleted
/// is not among them. Unknown without a log end; a log start that is not known holds nothing back.
///
/// `done` is how many records after the commit are done with: 0 but for share groups, whose members take records out
/// of their order (KIP-1226). Unknown there before brokers of 4.2, and so then is the lag, unless there is none.
#[must_use]
pub fn lag(committed: Offset, done: Option<u32>, bounds: Bounds) -> Option<Lag> {
    let from = bounds.start.map_or(committed, |start| start.max(committed));
    let there = bounds.end?.lag_behind(from);
    if there == Lag(0) {
        return Some(there);
    }
    // Some of those that are done with may be deleted by now: no more are left than are there.
    let Lag(after) = bounds.end?.lag_behind(committed);
    Some(there.min(Lag(after.saturating_sub(done?.into()))))
}

/// Records that were deleted before the group had read them: `max(start - committed, 0)`.
#[must_use]
pub fn purged(committed: Offset, bounds: Bounds) -> Option<Lag> {
    Some(bounds.start?.lag_behind(committed))
}

/// How much of what retention keeps the group has yet to read, `(end - committed) / (end - start)`,
/// 0 to 1; 0 for an empty log.
#[must_use]
pub fn retention_used(committed: Offset, bounds: Bounds) -> Option<f64> {
    let (start, end) = (bounds.start?, bounds.end?);
    let (unread, kept) = (end.lag_behind(committed), end.lag_behind(start));
    Some(if kept == Lag(0) { 0.0 } else { (unread.ratio(kept)).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(start: i64, end: i64) -> Bounds {
        Bounds { start: Some(Offset(start)), end: Some(Offset(end)) }
    }

    #[test]
    fn lag_counts_what_is_there_to_be_read() {
        let lag = |committed, bounds| lag(Offset(committed), Some(0), bounds);
        assert_eq!(lag(40, bounds(10, 100)), Some(Lag(60)));
        assert_eq!(lag(5, bounds(10, 100)), Some(Lag(90)));
        assert_eq!(lag(101, bounds(10, 100)), Some(Lag(0)));
        assert_eq!(lag(40, Bounds { end: None, ..bounds(10, 0) }), None);
        assert_eq!(lag(40, Bounds { start: None, ..bounds(0, 100) }), Some(Lag(60)));
    }

    #[test]
    fn what_a_share_group_is_done_with_is_not_lag() {
        assert_eq!(lag(Offset(40), Some(7), bounds(10, 100)), Some(Lag(53)));
        assert_eq!(lag(Offset(40), Some(90), bounds(10, 100)), Some(Lag(0)));
        // From 5 to 100 there are 95, 20 of them done with; 90 are still there, at most 75 of them are left.
        assert_eq!(lag(Offset(5), Some(20), bounds(10, 100)), Some(Lag(75)));
        assert_eq!(lag(Offset(5), Some(2), bounds(10, 100)), Some(Lag(90)));
        assert_eq!(lag(Offset(40), None, bounds(10, 100)), None);
        assert_eq!(lag(Offset(100), None, bounds(10, 100)), Some(Lag(0)));
    }

    #[test]
    fn what_retention_deleted_is_purged_not_lag() {
        assert_eq!(purged(Offset(4), bounds(10, 100)), Some(Lag(6)));
        assert_eq!(purged(Offset(40), bounds(10, 100)), Some(Lag(0)));
        assert_eq!(purged(Offset(40), Bounds::default()), None);
    }

    #[test]
    fn the_ratio_of_retention_stays_between_0_and_1() {
        assert_eq!(retention_used(Offset(75), bounds(50, 100)), Some(0.5));
        assert_eq!(retention_used(Offset(10), bounds(50, 100)), Some(1.0));
        assert_eq!(retention_used(Offset(120), bounds(50, 100)), Some(0.0));
        assert_eq!(retention_used(Offset(7), bounds(100, 100)), Some(0.0));
    }
}
