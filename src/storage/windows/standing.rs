//! The position of a group in a partition, from which its lag is computed.

use crate::lag::{self, OffsetBounds};
use crate::model::{Lag, Offset};

use crate::storage::windows::share_progress::ShareProgress;

/// The position of a group in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CommittedPosition {
    /// The committed offset. Of a share group the start offset.
    pub committed: Offset,
    /// The number of records after it that are acknowledged or archived. 0 for all groups but share groups, for which
    /// it may be unknown.
    pub done: Option<u32>,
}

impl CommittedPosition {
    #[inline]
    pub const fn of(progress: &ShareProgress) -> Self {
        Self { committed: progress.start, done: progress.done }
    }

    #[inline]
    pub fn lag(self, bounds: OffsetBounds) -> Option<Lag> {
        lag::lag(self.committed, self.done, bounds)
    }
}
