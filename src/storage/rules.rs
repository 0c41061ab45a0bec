//! The settings of storage.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::storage::expire::ExpiryPolicy;

/// The settings of storage.
#[derive(Clone, Copy, Debug)]
pub struct StorageRules {
    /// Number of commits kept per partition.
    pub intervals: NonZeroUsize,
    /// A commit with a smaller distance than this to its predecessor replaces it. Zero keeps all commits.
    pub min_distance: Duration,
    /// When groups expire, and from which age on commits are dropped.
    pub expire: ExpiryPolicy,
}
