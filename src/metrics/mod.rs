//! `/metrics`: the catalogue of families, and pages rendered from a view of storage.
//!
//! The families of groups and topics are written here, piece by piece; the exporter's own metrics are
//! prometheus-client's and follow at the end of the page.

pub mod catalogue;
mod format;
#[cfg(feature = "daemon")]
pub mod health;
#[cfg(feature = "daemon")]
pub mod own;
#[cfg(feature = "daemon")]
mod own_text;
mod page;
#[cfg(feature = "daemon")]
mod process;
mod text;

pub use format::Format;
pub use page::{Layout, Page};
