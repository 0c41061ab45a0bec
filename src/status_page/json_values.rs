//! Whole numbers and trails in JSON.

use serde::{Serialize, Serializer};

use crate::model::{Lag, Offset, Timestamp};
use crate::storage::LagPoint;

/// The largest integer up to which a browser represents all integers exactly: 2^53 - 1.
const EXACT: u64 = (1 << 53) - 1;

/// A whole number. One that a browser would round is written as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JsonInteger(i128);

impl Serialize for JsonInteger {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(number) if number.unsigned_abs() <= EXACT => to.serialize_i64(number),
            Ok(_) | Err(_) => to.collect_str(&self.0),
        }
    }
}

impl From<Offset> for JsonInteger {
    fn from(Offset(offset): Offset) -> Self {
        Self(offset.into())
    }
}

impl From<Lag> for JsonInteger {
    fn from(Lag(lag): Lag) -> Self {
        Self(lag.into())
    }
}

/// The course of a lag: pairs of seconds ago and lag, oldest first.
#[derive(Debug, Serialize)]
pub(super) struct Sparkline(Vec<(i64, JsonInteger)>);

impl Sparkline {
    /// Returns `None` if there are no points.
    pub fn of(points: &[LagPoint], now: Timestamp) -> Option<Self> {
        let ago = |time: Timestamp| (now.since(time) / 1000).max(0);
        let points: Vec<_> = points.iter().map(|(time, lag)| (ago(*time), JsonInteger::from(*lag))).collect();
        (!points.is_empty()).then_some(Self(points))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_a_browser_would_round_is_text() {
        let json = |number: JsonInteger| serde_json::to_string(&number).unwrap();
        assert_eq!(json(Offset(-5).into()), "-5");
        assert_eq!(json(Offset(9_007_199_254_740_991).into()), "9007199254740991");
        assert_eq!(json(Offset(i64::MAX).into()), "\"9223372036854775807\"");
        assert_eq!(json(Offset(i64::MIN).into()), "\"-9223372036854775808\"");
        assert_eq!(json(Lag(u64::MAX).into()), "\"18446744073709551615\"");
    }
}
