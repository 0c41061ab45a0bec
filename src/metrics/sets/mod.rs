//! The name sets (docs/src/reference/metrics.md, Name sets), one per file.

mod burrow;
mod kafka_exporter;
mod kafka_lag_exporter;
mod kminion;
#[cfg(test)]
pub mod tests;

pub use kafka_exporter::status_suffix;

use crate::config::NameSet;

use super::metric_set::MetricSet;

/// All name sets.
const SETS: [&MetricSet; 4] = [&kafka_exporter::SET, &burrow::SET, &kafka_lag_exporter::SET, &kminion::SET];

/// The names of all sets.
#[must_use]
pub fn names() -> Vec<NameSet> {
    SETS.iter().map(|set| set.name).collect()
}

/// The families and label names of a set.
///
/// # Panics
/// If the name is not one of [`names`]. A checked configuration has no other.
#[must_use]
#[expect(clippy::expect_used, reason = "a checked configuration, of the names of this table")]
pub fn metric_set(name: NameSet) -> &'static MetricSet {
    SETS.into_iter().find(|set| set.name == name).expect("invariant: a name set of the table")
}
