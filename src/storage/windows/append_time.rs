//! The append time of the oldest unconsumed record, in 8 bytes: a million of them may exist.

use crate::model::{TimeLag, Timestamp};
use crate::time_lag::age_of;

/// See the module documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AppendTime {
    /// The append time.
    pub time: Timestamp,
    /// Whether the append time is final. If not, a better one may follow.
    pub is_final: bool,
    /// The smallest time lag to show.
    ///
    /// It is the time lag that was shown before a better append time arrived. The shown time lag stands still until the
    /// clock has caught up with it, so that it never jumps back. In whole seconds, rounded up.
    pub min_time_lag: TimeLag,
}

impl AppendTime {
    /// The time lag at `now`.
    pub fn time_lag(self, now: Timestamp) -> TimeLag {
        age_of(self.time, now).max(self.min_time_lag)
    }
}

/// [`AppendTime`] in 64 bits: 42 bits of milliseconds, enough for this century; 20 bits of seconds, 12 days; two flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackedAppendTime(u64);

const TIME: u64 = (1 << 42) - 1;
const LEAST: u64 = (1 << 20) - 1;
const SETTLED: u64 = 1 << 62;
const THERE: u64 = 1 << 63;

impl PackedAppendTime {
    pub const NONE: Self = Self(0);

    pub fn of(since: AppendTime) -> Self {
        let time = u64::try_from(since.time.0).unwrap_or(0).min(TIME);
        // A `least` that does not fit is ignored.
        let least = Some(since.min_time_lag.0.div_ceil(1000)).filter(|least| *least <= LEAST).unwrap_or(0);
        Self(THERE | if since.is_final { SETTLED } else { 0 } | least << 42 | time)
    }

    pub fn get(self) -> Option<AppendTime> {
        let Self(bits) = self;
        let time = Timestamp(i64::try_from(bits & TIME).unwrap_or(0));
        let least = TimeLag((bits >> 42 & LEAST).saturating_mul(1000));
        (bits & THERE != 0).then_some(AppendTime { time, is_final: bits & SETTLED != 0, min_time_lag: least })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        assert_eq!(PackedAppendTime::NONE.get(), None);
        for settled in [false, true] {
            for (time, least) in [(0, 0), (1_700_000_000_123, 86_400_000), (4_102_444_800_000, 1_048_575_000)] {
                let since = AppendTime { time: Timestamp(time), is_final: settled, min_time_lag: TimeLag(least) };
                assert_eq!(PackedAppendTime::of(since).get(), Some(since));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let since = |time, least| AppendTime { time: Timestamp(time), is_final: true, min_time_lag: TimeLag(least) };
        assert_eq!(PackedAppendTime::of(since(-5, 1)).get(), Some(since(0, 1_000)));
        assert_eq!(PackedAppendTime::of(since(i64::MAX, u64::MAX)).get(), Some(since(4_398_046_511_103, 0)));
    }

    #[test]
    fn a_time_lag_stands_still_until_the_clock_has_made_up_for_what_was_told() {
        let since = AppendTime { time: Timestamp(10_000), is_final: true, min_time_lag: TimeLag(7_000) };
        let shown = [12_000, 16_999, 17_000, 18_000].map(|now| since.time_lag(Timestamp(now)).0);
        assert_eq!(shown, [7_000, 7_000, 7_000, 8_000]);
    }
}
