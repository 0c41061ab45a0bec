//! What is known, in memory.

mod update;

pub use update::{Broker, LogBounds, Metadata, PartitionMetadata, TopicMetadata};

/// All clusters.
#[derive(Debug, Default)]
pub struct Storage {}

impl Storage {
    /// Takes in one full metadata answer of a cluster. `at` is when it was asked for.
    pub fn apply_metadata(&self, _cluster: &str, _metadata: Metadata, _at: crate::model::Timestamp) {}

    /// Takes in what a refresh found out about logs, a part of a cluster's partitions at a time.
    pub fn apply_bounds(&self, _cluster: &str, _bounds: &[LogBounds<'_>], _at: crate::model::Timestamp) {}
}
