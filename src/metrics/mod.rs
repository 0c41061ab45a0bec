//! `/metrics`: the families of the name sets, and pages rendered from a view of storage.
//!
//! The families of groups and topics are written here, piece by piece. prometheus-client writes the exporter's own
//! metrics, which follow at the end of the page.

mod catalogue;
#[cfg(test)]
mod documented_tests;
mod format;
mod layout;
#[cfg(test)]
#[cfg(feature = "daemon")]
mod named_tests;
mod numbered;
#[cfg(feature = "daemon")]
pub mod own;
mod owners;
mod page;
mod readings;
mod sets;
mod tail;
mod text;

pub use format::Format;
pub use layout::PageLayout;
pub use page::MetricsPage;
pub use sets::names as name_sets;
