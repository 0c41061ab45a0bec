//! The cluster module as a module of the coordinator.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::config::Cluster;
use crate::coordinator;
use crate::health::Health;
use crate::metrics::own::ModuleMetrics;
use crate::model::ModuleError;
use crate::storage::Storage;
use crate::task::{Failures, Tasks};

use super::Kafka;

/// The module of a `[cluster.*]` section.
#[derive(Debug)]
pub struct Module {
    name: String,
    kafka: Kafka,
    storage: Arc<Storage>,
    metrics: ModuleMetrics,
    consumers: Vec<Arc<Health>>,
    tasks: Tasks,
    stop: CancellationToken,
}

impl Module {
    /// Checks the section as far as possible without a connection. `consumers` are the modules that read groups of
    /// this cluster: time lookups start once those groups are known. Cancelling `stop` also stops the module.
    ///
    /// # Errors
    /// Settings that librdkafka refuses.
    pub fn configure(
        section: &Cluster,
        storage: Arc<Storage>,
        metrics: ModuleMetrics,
        consumers: Vec<Arc<Health>>,
        stop: &CancellationToken,
        failures: Failures,
    ) -> Result<Self, ModuleError> {
        let kafka = Kafka::configure(section)?;
        let context = kafka.context.clone();
        metrics.health().set_cause(move || context.cause().map(|cause| cause.to_string()));
        let (stop, name) = (stop.child_token(), format!("cluster.{}", section.name));
        Ok(Self { name, kafka, storage, metrics, consumers, tasks: Tasks::new(&stop, failures), stop })
    }
}

impl coordinator::Module for Module {
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
