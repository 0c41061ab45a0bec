//! When a token is fetched again. Pure: the time is an argument.

use std::time::Duration;

use crate::model::Timestamp;

/// The shortest time between two attempts.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// When a token that was got at `now` is fetched again: after 80 % of its life.
pub(super) fn refresh_time(now: Timestamp, expires: Timestamp) -> Timestamp {
    let life = expires.0.saturating_sub(now.0).max(0);
    let share = life.saturating_sub(life / 5);
    Timestamp(now.0.saturating_add(share.max(millis(SHORTEST))))
}

/// The pause before the next attempt after so many failures in a row, the last one included.
pub(super) fn pause(failures: u32) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    SHORTEST.saturating_mul(doubled).min(LONGEST_PAUSE)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_fetched_again_after_four_fifths_of_its_life() {
        let refresh = |life: i64| refresh_time(Timestamp(1_000), Timestamp(1_000 + life)).0 - 1_000;
        assert_eq!([300_000, 10_000, 1_250, 1_000, 1, 0].map(refresh), [240_000, 8_000, 1_000, 1_000, 1_000, 1_000]);
        assert_eq!(refresh(-5), 1_000);
        assert_eq!(refresh_time(Timestamp(i64::MAX), Timestamp(i64::MAX)), Timestamp(i64::MAX));
    }

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let pauses = [0, 1, 2, 3, 4, 5, 6, 7, 32, 33, u32::MAX].map(|failures| pause(failures).as_secs());
        assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
    }
}
