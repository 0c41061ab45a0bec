//! A commit, as windows hold it and the status rules read it.

use super::{Lag, Offset, Order, Timestamp};

/// A commit of one group and partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The position in its source.
    pub order: Order,
    /// The committed offset.
    pub offset: Offset,
    /// When it was committed, by the broker's clock.
    pub timestamp: Timestamp,
    /// The lag that it left.
    pub lag: CommitLag,
}

/// The lag that a commit left when it was taken in (docs/src/reference/status-rules.md, Commit lag).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitLag {
    /// Computed from the log end known at that time.
    Known(Lag),
    /// No log end was known yet. The first one that is read determines the lag.
    Pending,
    /// The commit arrived behind a newer one, so its lag cannot be known.
    Unknown,
}
