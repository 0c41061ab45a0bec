//! Metrics.
#[cfg(feature = "daemon")]
pub mod own;
