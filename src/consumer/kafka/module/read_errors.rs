//! Errors of partitions that are read, each logged once per change.

use std::collections::BTreeMap;

use tracing::warn;

use crate::kafka::{Code, Log};

use super::topics::Topics;

/// Errors of partitions. Each is logged once per change.
#[derive(Debug, Default)]
pub struct ReadErrors {
    /// By partition; `None` for errors that concern no partition.
    logged: BTreeMap<Option<Log>, Code>,
}

impl ReadErrors {
    /// Logs an error, unless it is the last one of this partition.
    pub fn log_change(&mut self, module: &str, topics: &Topics, log: Option<Log>, code: Code) {
        if self.logged.insert(log, code) != Some(code) {
            let (topic, partition) = (log.map(|log| topics.name(log.topic)), log.map(|log| log.partition.0));
            warn!(module, topic, partition, %code, "reading fails");
        }
    }

    /// Records that a partition is read: its next error is logged again.
    pub fn clear(&mut self, log: Log) {
        if !self.logged.is_empty() {
            self.logged.remove(&Some(log));
            self.logged.remove(&None);
        }
    }
}
