//! The cluster module as a module of the coordinator.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::ClusterConfig;
use crate::coordinator::{self, Handover};
use crate::health::ModuleHealth;
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::ModuleError;
use crate::storage::Cluster;
use crate::task::{FailureSender, Tasks};
use crate::token::TokenProvider;

use super::ConfiguredCluster;

/// What the module receives in addition to its section.
#[derive(Debug)]
pub struct ClusterContext {
    /// The cluster in storage that the module updates.
    pub storage: Arc<Cluster>,
    /// The module's own metrics.
    pub metrics: ModuleMetrics,
    /// The modules that read groups of this cluster: time lookups start once those groups are known.
    pub consumers: Vec<Arc<ModuleHealth>>,
    /// Where its clients get tokens. `None` if they need none.
    pub tokens: Option<Arc<TokenProvider>>,
    /// When the module may update storage.
    pub handover: Handover,
    /// Cancelled when the program stops.
    pub stop: CancellationToken,
    /// Where the module reports that it cannot continue.
    pub failures: FailureSender,
}

/// The module of a `[cluster.*]` section.
#[derive(Debug)]
pub struct ClusterModule {
    name: String,
    kafka: ConfiguredCluster,
    storage: Arc<Cluster>,
    metrics: ModuleMetrics,
    consumers: Vec<Arc<ModuleHealth>>,
    handover: Handover,
    tasks: Tasks,
    stop: CancellationToken,
}

impl ClusterModule {
    /// Checks the section as far as possible without a connection. A reload may change what `section` holds, but not the
    /// connection.
    ///
    /// # Errors
    /// Settings that librdkafka refuses.
    pub fn configure(
        section: watch::Receiver<Arc<ClusterConfig>>,
        context: ClusterContext,
    ) -> Result<Self, ModuleError> {
        let ClusterContext { storage, metrics, consumers, tokens, handover, stop, failures } = context;
        let mut kafka = ConfiguredCluster::configure(section, tokens)?;
        kafka.context = kafka.context.showing(metrics.certificates());
        let context = kafka.context.clone();
        metrics.health().set_cause(move || context.cause().map(|cause| cause.to_string()));
        let (stop, name) = (stop.child_token(), format!("cluster.{}", kafka.name()));
        Ok(Self { name, kafka, storage, metrics, consumers, handover, tasks: Tasks::new(&stop, failures), stop })
    }
}

impl coordinator::Module for ClusterModule {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self) -> Result<(), ModuleError> {
        let (metrics, consumers) = (self.metrics.clone(), self.consumers.clone());
        let handover = self.handover.clone();
        let running =
            self.kafka.clone().start(Arc::clone(&self.storage), metrics, consumers, handover, self.stop.clone())?;
        self.tasks.spawn(self.name.clone(), move |_| {
            running.run();
            Ok(())
        })
    }

    fn stop(&mut self, deadline: Instant) {
        self.stop.cancel();
        self.tasks.stop(deadline);
    }
}
