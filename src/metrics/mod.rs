//! `/metrics`: the families of the name sets, and pages rendered from a view of storage.
//!
//! The families of groups and topics are written here, piece by piece. prometheus-client writes the exporter's own
//! metrics, which follow at the end of the page.

#[cfg(test)]
mod documented_tests;
#[cfg(feature = "daemon")]
pub mod exporter_metrics;
mod format;
mod metric_set;
#[cfg(test)]
#[cfg(feature = "daemon")]
mod named_tests;
mod owner_series;
mod page;
mod page_layout;
mod partition_samples;
mod sample_tail;
mod sample_value;
mod samples;
mod sets;
mod shared_values;

pub use format::Format;
pub use page::MetricsPage;
pub use page_layout::PageLayout;
pub use sets::names as name_sets;
