//! The reason of a status in words, for an operator (docs/src/reference/status-rules.md, Reason texts).

use std::fmt;

use crate::model::Commit;
use crate::model::{Lag, Timestamp};

use super::{LogState, PartitionStatus, WindowFacts};

/// Returns the reason of a window's status, such as `stopped: no commit for 7m12s, lag 1,204`.
///
/// The arguments are those from which `status` was computed.
#[must_use]
pub fn reason<W>(status: PartitionStatus, window: W, log: &LogState<'_>, now: Timestamp) -> String
where
    W: DoubleEndedIterator<Item = Commit> + ExactSizeIterator + Clone,
{
    let (Some(first), Some(last)) = (window.clone().next(), window.clone().next_back()) else {
        return "ok: no commit".to_owned();
    };
    let lag = LagText(log.current_lag);
    let since = |commit: Commit| ShortDuration(now.whole_seconds().since(commit.timestamp));
    match status {
        PartitionStatus::Ok => format!("ok: {lag}"),
        PartitionStatus::Warn => {
            let commits = ThousandsSeparated(u64::try_from(window.len()).unwrap_or(u64::MAX));
            format!("warning: the lag has not shrunk in {commits} commits, {lag}")
        }
        PartitionStatus::Stop => format!("stopped: no commit for {}, {lag}", since(last)),
        PartitionStatus::Stall => {
            format!("stalled: at offset {} for {}, {lag}", SignedThousands(last.offset.0), since(first))
        }
        PartitionStatus::Rewind => match WindowFacts::of(first.offset, window, log).step_back {
            Some(back) => {
                format!(
                    "rewound: from offset {} to {}, {lag}",
                    SignedThousands(back.from.0),
                    SignedThousands(back.to.0)
                )
            }
            None => format!("rewound: {lag}"),
        },
    }
}

/// `lag 1,204`, `lag unknown`.
struct LagText(Option<Lag>);

impl fmt::Display for LagText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Lag(lag)) => write!(f, "lag {}", ThousandsSeparated(lag)),
            None => f.write_str("lag unknown"),
        }
    }
}

/// A number with separated thousands: `1,204`.
struct ThousandsSeparated(u64);

impl fmt::Display for ThousandsSeparated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = (self.0 / 1000, self.0 % 1000);
        if high > 0 { write!(f, "{},{low:03}", Self(high)) } else { write!(f, "{low}") }
    }
}

/// The same for numbers that may be negative.
struct SignedThousands(i64);

impl fmt::Display for SignedThousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", ThousandsSeparated(self.0.unsigned_abs()))
    }
}

/// A time in milliseconds, shown in its two largest units: `7m12s`, `2d`, `0s`. Negative times are shown as `0s`.
pub struct ShortDuration(pub i64);

impl fmt::Display for ShortDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = u64::try_from(self.0 / 1000).unwrap_or(0);
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        let ((large, unit), (small, part)) = match seconds {
            0..60 => return write!(f, "{seconds}s"),
            60..3_600 => ((minutes, "m"), (seconds % 60, "s")),
            3_600..86_400 => ((hours, "h"), (minutes % 60, "m")),
            86_400.. => ((hours / 24, "d"), (hours % 24, "h")),
        };
        write!(f, "{large}{unit}")?;
        if small > 0 { write!(f, "{small}{part}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CommitLag;
    use crate::model::{Offset, Order};

    fn told(status: PartitionStatus, commits: &[(i64, i64)], current: Option<u64>, now: i64) -> String {
        let window = commits.iter().map(|(offset, seconds)| Commit {
            order: Order(*seconds),
            offset: Offset(*offset),
            timestamp: Timestamp(seconds * 1000),
            lag: CommitLag::Unknown,
        });
        let log = LogState { current_lag: current.map(Lag), ..LogState::default() };
        reason(status, window, &log, Timestamp(now * 1000 + 999))
    }

    #[test]
    fn each_status_says_why() {
        use PartitionStatus::{Ok, Rewind, Stall, Stop, Warn};
        for (status, commits, current, now, text) in [
            (Stop, &[(10, 0), (20, 60)][..], Some(1_204), 492, "stopped: no commit for 7m12s, lag 1,204"),
            (Stop, &[(10, 0)], None, 3_600, "stopped: no commit for 1h, lag unknown"),
            (Stall, &[(1_234_567, 0), (1_234_567, 60)], Some(5), 90, "stalled: at offset 1,234,567 for 1m30s, lag 5"),
            (Rewind, &[(5_000, 0), (300, 60), (400, 70)], Some(9), 90, "rewound: from offset 5,000 to 300, lag 9"),
            (Warn, &[(1, 0), (2, 60), (3, 70)], Some(9), 90, "warning: the lag has not shrunk in 3 commits, lag 9"),
            (Ok, &[(1, 0)], Some(0), 90, "ok: lag 0"),
            (Ok, &[(1, 0)], None, 90, "ok: lag unknown"),
            (Ok, &[], None, 90, "ok: no commit"),
        ] {
            assert_eq!(told(status, commits, current, now), text);
        }
    }

    #[test]
    fn times_are_told_in_two_units_and_numbers_by_thousands() {
        let spans =
            [-5, 0, 59, 60, 61, 3_599, 3_600, 90_061, 172_800].map(|seconds| ShortDuration(seconds * 1000).to_string());
        assert_eq!(spans, ["0s", "0s", "59s", "1m", "1m1s", "59m59s", "1h", "1d1h", "2d"]);
        let numbers = [0, 999, 1_000, 1_000_007, u64::MAX].map(|number| ThousandsSeparated(number).to_string());
        assert_eq!(numbers, ["0", "999", "1,000", "1,000,007", "18,446,744,073,709,551,615"]);
        assert_eq!(SignedThousands(-1_001).to_string(), "-1,001");
    }
}
