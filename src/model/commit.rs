//! A commit as windows hold it and as the status rules read it.

use super::{Lag, Offset, Order, Timestamp};

/// A commit, as a window holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its place among the facts of its source.
    pub order: Order,
    /// What was committed.
    pub offset: Offset,
    /// When, by the broker's clock.
    pub timestamp: Timestamp,
    /// The lag at that time.
    pub lag: LagThen,
}

/// The lag of a commit at the time it was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LagThen {
    /// Against the log end known then.
    Known(Lag),
    /// No log end was known yet: the first one that is settles it.
    Pending,
    /// The commit came in behind newer ones: nobody knows.
    Unknown,
}
