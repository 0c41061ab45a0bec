//! Metrics.
pub mod format;
#[cfg(feature = "daemon")]
pub mod own;

pub use format::Format;
