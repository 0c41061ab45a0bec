//! The position of a group in a partition, from which its lag is computed.

use crate::lag::{self, Bounds};
use crate::model::{Lag, Offset};

use crate::storage::windows::progress::Progress;

/// The position of a group in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The committed offset. Of a share group the start offset.
    pub committed: Offset,
    /// The number of records after it that are acknowledged or archived. 0 for all groups but share groups, for which
    /// it may be unknown.
    pub done: Option<u32>,
}

impl Standing {
    pub const fn of(progress: &Progress) -> Self {
        Self { committed: progress.start, done: progress.done }
    }

    pub fn lag(self, bounds: Bounds) -> Option<Lag> {
        lag::lag(self.committed, self.done, bounds)
    }
}
