//! The cluster module as a module of the coordinator.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::config::ClusterConfig;
use crate::coordinator;
use crate::health::ModuleHealth;
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::ModuleError;
use crate::storage::Storage;
use crate::task::{FailureSender, Tasks};

use super::ConfiguredCluster;

/// The module of a `[cluster.*]` section.
#[derive(Debug)]
pub struct ClusterModule {
    name: String,
    kafka: ConfiguredCluster,
    storage: Arc<Storage>,
    metrics: ModuleMetrics,
    consumers: Vec<Arc<ModuleHealth>>,
    tasks: Tasks,
    stop: CancellationToken,
}

impl ClusterModule {
    /// Checks the section as far as possible without a connection. `consumers` are the modules that read groups of
    /// this cluster: time lookups start once those groups are known. Cancelling `stop` also stops the module.
    ///
    /// # Errors
    /// Settings that librdkafka refuses.
    pub fn configure(
        section: &ClusterConfig,
        storage: Arc<Storage>,
        metrics: ModuleMetrics,
        consumers: Vec<Arc<ModuleHealth>>,
        stop: &CancellationToken,
        failures: FailureSender,
    ) -> Result<Self, ModuleError> {
        let mut kafka = ConfiguredCluster::configure(section)?;
        kafka.context = kafka.context.showing(metrics.certificates());
        let context = kafka.context.clone();
        metrics.health().set_cause(move || context.cause().map(|cause| cause.to_string()));
        let (stop, name) = (stop.child_token(), format!("cluster.{}", section.name));
        Ok(Self { name, kafka, storage, metrics, consumers, tasks: Tasks::new(&stop, failures), stop })
    }
}

impl coordinator::Module for ClusterModule {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self) -> Result<(), ModuleError> {
        let (metrics, consumers) = (self.metrics.clone(), self.consumers.clone());
        let running = self.kafka.clone().start(&self.storage, metrics, consumers, self.stop.clone())?;
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
