//! `/metrics`: the families of the name sets, and pages rendered from a view of storage.
//!
//! The families of groups and topics are written here, piece by piece. prometheus-client writes the exporter's own
//! metrics, which follow at the end of the page.

mod metric_set;
#[cfg(test)]
mod documented_tests;
mod format;
mod page_layout;
#[cfg(test)]
#[cfg(feature = "daemon")]
mod named_tests;
mod partition_samples;
#[cfg(feature = "daemon")]
pub mod exporter_metrics;
mod owner_series;
mod page;
mod shared_values;
mod sets;
mod sample_tail;
mod samples;

pub use format::Format;
pub use page_layout::PageLayout;
pub use page::MetricsPage;
pub use sets::names as name_sets;
