//! The value of a sample.

use crate::model::TimeLag;

/// The value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SampleValue {
    /// An integer.
    Int(i64),
    /// A count.
    Count(u64),
    /// A time or a ratio.
    Float(f64),
    /// Milliseconds, written as seconds.
    Millis(u64),
}

impl From<TimeLag> for SampleValue {
    fn from(TimeLag(millis): TimeLag) -> Self {
        Self::Millis(millis)
    }
}
