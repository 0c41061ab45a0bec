//! The name sets (docs/src/reference/metrics.md, Name sets), one per file.

mod burrow;
mod kafka_exporter;
mod kafka_lag_exporter;
mod kminion;
#[cfg(test)]
pub mod tests;

pub use kafka_exporter::trouble;

use crate::config::NameSet;

use super::catalogue::Set;

/// The families and label names of a set.
#[must_use]
pub const fn table(names: NameSet) -> &'static Set {
    match names {
        NameSet::KafkaExporter => &kafka_exporter::SET,
        NameSet::Burrow => &burrow::SET,
        NameSet::KafkaLagExporter => &kafka_lag_exporter::SET,
        NameSet::Kminion => &kminion::SET,
    }
}
