//! The cluster module: brokers, topics, partitions, log starts and log ends.
//!
//! Two threads share one client. One requests metadata, which blocks. The other keeps ListOffsets requests to all
//! leaders in flight and applies each answer to storage as it arrives, so a broker that does not answer affects
//! only its own partitions and delays nothing else. In between it runs the time lookups for the time lags.
//!
//! | file | contains |
//! |---|---|
//! | `module` | the module of a `[cluster.*]` section |
//! | `metadata_thread` | the thread that requests metadata, topic ids and racks |
//! | `layout` | a metadata answer, as storage and the refresh plan need it |
//! | `retry_schedule` | when metadata is requested |
//! | `offsets_thread` | the thread that requests log starts and log ends |
//! | `refresh_plan` | which leaders are asked for them, and when; its `requests` cuts their partitions into requests |
//! | `time_lookup_runner`, `lookup_requests` | applies the answers of time lookups to storage; sends the lookups |
//! | `lookup_schedule` | which time lookups are needed, and when |
//! | `liveness` | whether the cluster answers |
//!
//! `layout`, `retry_schedule`, `refresh_plan` and `lookup_schedule` are pure: they use neither a client nor the clock.

mod layout;
mod liveness;
mod lookup_requests;
mod lookup_schedule;
mod metadata_thread;
mod module;
mod offsets_thread;
mod refresh_plan;
mod retry_schedule;
mod time_lookup_runner;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::ClusterConfig;
use crate::health::ModuleHealth;
use crate::kafka::{Client, ClientRole, ClientSupervisor, KafkaContext, Lookups};
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::ModuleError;
use crate::storage::{self, Storage};
use crate::task;
use liveness::ClusterLiveness;

pub use module::ClusterModule;

/// How long a thread may take to notice that it has to stop.
const NOTICE: Duration = Duration::from_millis(100);

/// A cluster module that is checked but not started.
#[derive(Clone, Debug)]
pub struct ConfiguredCluster {
    cluster: ClusterConfig,
    context: KafkaContext,
}

impl ConfiguredCluster {
    /// Checks the settings. Opens no socket.
    ///
    /// # Errors
    /// A property that librdkafka refuses, a mechanism that is not built in, or a file that cannot be read.
    pub fn configure(cluster: &ClusterConfig) -> Result<Self, ModuleError> {
        Client::check(&cluster.connection, ClientRole::Cluster)?;
        let context = KafkaContext::new(&cluster.name, "cluster", &cluster.name);
        Ok(Self { cluster: cluster.clone(), context })
    }

    /// Creates the client, which connects in the background. A server that does not answer is no error.
    ///
    /// # Errors
    /// Only what waiting cannot repair: key material or credentials that librdkafka does not accept.
    ///
    /// # Panics
    /// `storage` lacks the cluster of this section.
    #[expect(clippy::expect_used, reason = "storage is made from the same configuration")]
    pub fn start(
        self,
        storage: &Storage,
        metrics: ModuleMetrics,
        consumers: Vec<Arc<ModuleHealth>>,
        stop: CancellationToken,
    ) -> Result<RunningCluster, ModuleError> {
        let storage = storage.cluster(&self.cluster.name).expect("invariant: storage has every cluster");
        let client = Arc::new(Client::new(&self.cluster.connection, ClientRole::Cluster, self.context)?);
        let pulse = Arc::new(ClusterLiveness::new(Arc::clone(&client), metrics));
        Ok(RunningCluster { cluster: Arc::new(self.cluster), client, pulse, storage, consumers, stop })
    }
}

/// A started cluster module, to be run on a blocking thread.
pub struct RunningCluster {
    cluster: Arc<ClusterConfig>,
    client: Arc<Client>,
    pulse: Arc<ClusterLiveness>,
    /// The cluster in storage that the module updates.
    storage: Arc<storage::Cluster>,
    /// Health of the consumer modules that read groups of this cluster.
    consumers: Vec<Arc<ModuleHealth>>,
    stop: CancellationToken,
}

impl RunningCluster {
    /// The client. Its context knows why the cluster does not answer.
    #[must_use]
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Runs until the module is stopped, and returns soon after. A metadata request that a broker leaves unanswered
    /// ends by itself some seconds later.
    pub fn run(mut self) {
        let mut keeper = ClientSupervisor::new(Arc::clone(&self.client));
        while let Some(client) = self.run_with_client(&mut keeper) {
            self.pulse = Arc::new(self.pulse.with_client(Arc::clone(&client)));
            self.client = client;
        }
    }

    /// Works with one client until it has to be replaced, and returns the replacement. `None` when the module is
    /// stopped.
    fn run_with_client(&self, keeper: &mut ClientSupervisor) -> Option<Arc<Client>> {
        let (shapes, new_shapes) = mpsc::channel();
        let (hurry, hurried) = mpsc::channel();
        let ending = self.stop.child_token();
        let lookups = || task::create_when_possible("a queue", || Lookups::new(Arc::clone(&self.client)), &self.stop);
        let offsets = offsets_thread::OffsetsThread::new(self, lookups()?, new_shapes, hurry);
        let topics = metadata_thread::MetadataThread::new(self, lookups()?, ending.clone(), shapes, hurried);
        let thread = task::start_when_possible("cluster-topics", move || topics.run(), &self.stop);
        let replacement = offsets.run(keeper);
        ending.cancel();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(cluster = self.cluster.name, "the metadata thread panicked");
        }
        replacement
    }
}

#[cfg(test)]
mod tests;
