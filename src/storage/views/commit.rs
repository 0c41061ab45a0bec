//! A commit in a view, and its copy.

use crate::evaluate::PartitionStatus;
use crate::lag::{self, OffsetBounds};
use crate::model::{Lag, Offset, Partition, TimeLag};

/// A partition that a group has committed, with the state of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitView {
    /// The partition.
    pub partition: Partition,
    /// The committed offset.
    pub committed: Offset,
    /// The number of records after it that are acknowledged or archived. 0 for all groups but share groups, for which
    /// it may be unknown.
    pub done: Option<u32>,
    /// Log start and log end.
    pub bounds: OffsetBounds,
    /// The age of the oldest record that is not committed. 0 if there is no such record, `None` while it is unknown.
    pub time_lag: Option<TimeLag>,
    /// The status of the group on it.
    pub status: PartitionStatus,
}

/// The copy of a commit. A view may hold a million of them, and several views may exist at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitCopy {
    pub committed: Offset,
    /// Milliseconds; [`u64::MAX`] while it is unknown.
    pub time_lag: u64,
    pub partition: Partition,
    pub status: PartitionStatus,
}

impl CommitView {
    /// The lag. `None` while it is unknown.
    #[must_use]
    #[inline]
    pub fn lag(&self) -> Option<Lag> {
        lag::lag(self.committed, self.done, self.bounds)
    }
}

impl CommitCopy {
    #[inline]
    pub fn of(commit: &CommitView) -> Self {
        let CommitView { partition, committed, time_lag, status, .. } = *commit;
        Self { committed, time_lag: time_lag.map_or(u64::MAX, |TimeLag(time_lag)| time_lag), partition, status }
    }
}
