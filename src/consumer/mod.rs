//! Consumer modules: each reads commits and members of groups from its servers and updates storage.

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

/// What a module receives in addition to its own section.
#[derive(Debug)]
pub struct ModuleContext {
    /// The groups that the storage section keeps.
    pub groups: Filter,
    /// The topics that the cluster section keeps.
    pub topics: Filter,
    /// How often log ends are requested.
    pub offset_refresh: Duration,
    /// The cluster in storage that the module updates.
    pub cluster: Arc<Cluster>,
    /// The module's own metrics.
    pub metrics: ModuleMetrics,
    /// Where the module reports that it cannot continue.
    pub failures: Failures,
    /// Cancelled when the program stops.
    pub stop: CancellationToken,
}
