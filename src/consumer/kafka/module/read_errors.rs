//! Errors of partitions that are read, each logged once per change.

use std::collections::BTreeMap;

use tracing::warn;

use crate::kafka::{ErrorCode, TopicPartition};

use super::source_topics::SourceTopics;

/// Errors of partitions. Each is logged once per change.
#[derive(Debug, Default)]
pub struct ReadErrors {
    /// By partition; `None` for errors that concern no partition.
    logged: BTreeMap<Option<TopicPartition>, ErrorCode>,
}

impl ReadErrors {
    /// Logs an error, unless it is the last one of this partition.
    pub fn log_change(&mut self, module: &str, topics: &SourceTopics, log: Option<TopicPartition>, code: ErrorCode) {
        if self.logged.insert(log, code) != Some(code) {
            let (topic, partition) = (log.map(|log| topics.name(log.topic)), log.map(|log| log.partition.0));
            warn!(module, topic, partition, %code, "reading fails");
        }
    }

    /// Records that a partition is read: its next error is logged again.
    pub fn clear(&mut self, log: TopicPartition) {
        if !self.logged.is_empty() {
            self.logged.remove(&Some(log));
            self.logged.remove(&None);
        }
    }
}
