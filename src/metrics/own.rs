//! What the exporter tells about itself.

use std::time::Duration;

/// What a refresh asks for: the label `kind` of `warrener_refresh_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefreshKind {
    /// Log starts and log ends.
    Offsets,
    /// Brokers, topics, partitions.
    Topics,
}

/// One module's hand on the exporter's own metrics.
#[derive(Clone, Debug, Default)]
pub struct ModuleMetrics {}

impl ModuleMetrics {
    /// A server has answered just now: `warrener_up`.
    pub fn answered(&self) {}

    /// A refresh has succeeded: `warrener_refresh_seconds`, `warrener_last_refresh_timestamp_seconds`.
    pub fn refreshed(&self, _kind: RefreshKind, _took: Duration) {}

    /// A refresh has failed: `warrener_refresh_errors_total`. The reason is one of a closed set.
    pub fn refresh_failed(&self, _kind: RefreshKind, _reason: &'static str) {}
}
