//! Finds jumps of the wall clock, so that nothing expires because somebody sets it
//! (docs/src/reference/storage-rules.md, Wall clock jumps).
//!
//! The wall clock is compared with the monotonic clock. On Linux the monotonic clock stands still while the machine is
//! suspended, so a suspend looks like a jump. That is wanted: commits made during that time have to be read before
//! anything expires.

use crate::model::{Tick, Timestamp};

/// The largest difference between the two clocks over [`SPAN`], in milliseconds.
const DRIFT: i64 = 60_000;
/// How long the clocks are compared with the same reading, in milliseconds. So a clock that is moved in many small
/// steps counts as jumped, too.
const SPAN: i64 = 30_000;
/// How long after a jump nothing expires, in milliseconds.
const DOUBT: i64 = 600_000;

/// The time by which things expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryTime {
    /// The wall clock's time.
    pub time: Timestamp,
    /// Whether anything may expire by it.
    pub trusted: bool,
}

impl From<Timestamp> for ExpiryTime {
    /// A time by which things may expire.
    fn from(time: Timestamp) -> Self {
        Self { time, trusted: true }
    }
}

/// What a comparison of the clocks found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChange {
    /// The clock has jumped by this many milliseconds, back if negative. From now on nothing expires.
    Jumped(i64),
    /// The clock has not jumped for long enough: things expire by it again.
    Trusted,
}

/// The state that is kept between two comparisons of the clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock {
    compared: Option<(Timestamp, Tick)>,
    doubted_since: Option<Tick>,
}

impl WallClock {
    /// The state before the first comparison, which finds no jump.
    #[must_use]
    pub const fn new() -> Self {
        Self { compared: None, doubted_since: None }
    }

    /// Compares the clocks, which are read at the same moment.
    ///
    /// Returns the time to expire by, and what has changed since the last call.
    pub fn compare_clocks(&mut self, time: Timestamp, tick: Tick) -> (ExpiryTime, Option<ClockChange>) {
        let change = self.compare(time, tick);
        (ExpiryTime { time, trusted: self.doubted_since.is_none() }, change)
    }

    fn compare(&mut self, time: Timestamp, tick: Tick) -> Option<ClockChange> {
        let (before, then) = *self.compared.get_or_insert((time, tick));
        let went = tick.since(then);
        let jump = time.since(before).saturating_sub(went);
        if jump.saturating_abs() > DRIFT {
            (self.compared, self.doubted_since) = (Some((time, tick)), Some(tick));
            return Some(ClockChange::Jumped(jump));
        }
        if went >= SPAN {
            self.compared = Some((time, tick));
        }
        self.doubted_since.take_if(|since| tick.since(*since) >= DOUBT).map(|_| ClockChange::Trusted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_700_000_000_000;
    const SECOND: i64 = 1_000;
    const DAY: i64 = 86_400 * SECOND;

    /// Compares the clocks at each of these seconds, while the wall clock is ahead by `ahead` milliseconds. Returns the
    /// changes and their seconds.
    fn looks(ahead: impl Fn(i64) -> i64, seconds: impl IntoIterator<Item = i64>) -> Vec<(i64, bool, ClockChange)> {
        let mut clock = WallClock::new();
        let look = |second: i64| {
            let (as_of, change) =
                clock.compare_clocks(Timestamp(NOON + second * SECOND + ahead(second)), Tick(second * SECOND));
            change.map(|change| (second, as_of.trusted, change))
        };
        seconds.into_iter().filter_map(look).collect()
    }

    #[test]
    fn a_clock_that_goes_on_evenly_is_believed() {
        assert_eq!(looks(|_| 0, 0..3_000), []);
        // One second in ten minutes, and half a minute at once.
        assert_eq!(looks(|second| second * 2, 0..100_000), []);
        assert_eq!(looks(|second| if second < 500 { 0 } else { 30 * SECOND }, 0..3_000), []);
        // A process that was stopped for a day.
        assert_eq!(looks(|_| 0, (0..10).chain(86_400..86_410)), []);
    }

    #[test]
    fn after_a_jump_in_either_direction_nothing_expires_for_ten_minutes() {
        for jump in [10 * DAY, -3_600 * SECOND, 60 * SECOND + 1, -60 * SECOND - 1] {
            let found = looks(|second| if second < 100 { 0 } else { jump }, 0..3_000);
            assert_eq!(found, [(100, false, ClockChange::Jumped(jump)), (700, true, ClockChange::Trusted)]);
        }
    }

    #[test]
    fn the_way_back_is_a_jump_of_its_own() {
        let found = looks(|second| if (100..135).contains(&second) { 10 * DAY } else { 0 }, 0..3_000);
        let expected = [
            (100, false, ClockChange::Jumped(10 * DAY)),
            (135, false, ClockChange::Jumped(-10 * DAY)),
            (735, true, ClockChange::Trusted),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn between_two_looks_however_far_apart_a_jump_is_seen() {
        let found = looks(|second| if second < 100 { 0 } else { -DAY }, (0..100_000).step_by(3_600));
        assert_eq!(found, [(3_600, false, ClockChange::Jumped(-DAY)), (7_200, true, ClockChange::Trusted)]);
    }

    #[test]
    fn a_clock_that_is_moved_step_by_step_has_jumped() {
        // Ten seconds per second, compared each second.
        let found = looks(|second| second.clamp(100, 200) * 10 * SECOND, 0..3_000);
        assert!(
            matches!(found[..], [(_, false, ClockChange::Jumped(_)), .., (_, true, ClockChange::Trusted)]),
            "{found:?}"
        );
    }

    #[test]
    fn the_ends_of_time_are_jumps_like_others() {
        let mut clock = WallClock::new();
        for (time, tick) in [(i64::MIN, 0), (i64::MAX, 1), (0, i64::MAX), (i64::MIN, i64::MAX)] {
            let (as_of, _) = clock.compare_clocks(Timestamp(time), Tick(tick));
            assert_eq!(as_of.time, Timestamp(time));
        }
    }
}
