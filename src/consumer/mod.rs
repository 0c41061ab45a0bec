//! Where group offsets come from: a module a source, each feeding storage with updates.

pub mod kafka;
pub mod kafka_zk;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::Filter;
pub use crate::coordinator::Coordinator;
use crate::metrics::own::ModuleMetrics;
use crate::storage::Cluster;
use crate::task::Failures;

/// What a module gets beside its own section.
#[derive(Debug)]
pub struct Surroundings {
    /// The groups that storage keeps.
    pub groups: Filter,
    /// The topics that the cluster keeps.
    pub topics: Filter,
    /// How often log ends are asked for.
    pub offset_refresh: Duration,
    /// Where it feeds.
    pub cluster: Arc<Cluster>,
    /// Its hand on the exporter's own metrics.
    pub metrics: ModuleMetrics,
    /// Where it tells that it cannot go on.
    pub failures: Failures,
    /// Cancelled when the program stops.
    pub stop: CancellationToken,
}
