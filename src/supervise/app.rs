//! The parts of a run: storage, the modules that fill it, and the exporter's own metrics.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::cluster;
use crate::config::{Config, ExpireGroup, StorageConfig as StorageSection};
use crate::consumer;
use crate::coordinator::{Coordinator, Module, stop_deadline};
use crate::evaluate::EvaluatorRules;
use crate::health::{ModuleHealth, ModuleKind};
use crate::metrics::exporter_metrics::ExporterMetrics;
use crate::model;
use crate::model::ModuleError;
use crate::storage::{ExpiryPolicy, Storage, StorageRules};
use crate::task::{self, FailureSender};

use super::RunError;

/// The parts of a run.
pub(super) struct App {
    pub(super) config: Config,
    pub(super) storage: Arc<Storage>,
    pub(super) evaluator: EvaluatorRules,
    pub(super) exporter_metrics: Arc<ExporterMetrics>,
    pub(super) stop: CancellationToken,
}

impl App {
    pub(super) fn new(config: Config, stop: CancellationToken) -> Self {
        let rules = rules(&config.storage);
        let storage = Storage::new(config.clusters.iter().map(|cluster| cluster.name.as_str()), rules);
        let clusters = config.clusters.iter().map(|cluster| (&cluster.name, ModuleKind::Cluster, &cluster.name));
        let clusters = clusters.map(|(cluster, kind, module)| ModuleHealth::new(cluster.clone(), kind, module.clone()));
        let consumers = config.consumers.iter().map(|section| {
            let health = ModuleHealth::new(section.cluster.clone(), ModuleKind::Consumer, section.name.clone());
            health.waiting_for(section.class.waits_for)
        });
        let own = Arc::new(ExporterMetrics::new(
            clusters.chain(consumers).map(Arc::new).collect(),
            &config.metrics,
            consumer::record_errors(),
        ));
        Self { evaluator: evaluator(&config), config, storage: Arc::new(storage), exporter_metrics: own, stop }
    }

    pub(super) fn configure(&self, failures: &FailureSender) -> Result<AllModules, RunError> {
        let mut clusters: Vec<Box<dyn Module>> = Vec::new();
        for section in &self.config.clusters {
            let metrics = self.module(ModuleKind::Cluster, &section.name);
            let storage = Arc::clone(&self.storage);
            let consumers = self.exporter_metrics.modules().iter();
            let consumers = consumers.filter(|one| one.kind == ModuleKind::Consumer && one.cluster == section.name);
            clusters.push(Box::new(cluster::ClusterModule::configure(
                section,
                storage,
                metrics,
                consumers.cloned().collect(),
                &self.stop,
                failures.clone(),
            )?));
        }
        let mut consumers: Vec<Box<dyn Module>> = Vec::new();
        for section in &self.config.consumers {
            // A section of a class that is not supported yet has been refused by `config_for_run` or `config_for_lag`.
            let Some(factory) = consumer::factory(section) else { continue };
            consumers.push(factory.configure(section, self.context(section, failures))?);
        }
        Ok(AllModules { clusters: Coordinator::new(clusters), consumers: Coordinator::new(consumers) })
    }

    #[expect(clippy::expect_used, reason = "a checked configuration, of which storage was made")]
    fn context(&self, section: &crate::config::ConsumerConfig, failures: &FailureSender) -> consumer::ModuleContext {
        let mut clusters = self.config.clusters.iter();
        let cluster = clusters.find(|cluster| cluster.name == section.cluster);
        let cluster = cluster.expect("invariant: a consumer names a cluster of the configuration");
        let stored = self.storage.cluster(&cluster.name).expect("invariant: storage has every cluster");
        consumer::ModuleContext {
            groups: [section.groups.clone(), self.config.storage.groups.clone()],
            topics: cluster.topics.clone(),
            offset_refresh: cluster.offset_refresh,
            cluster: stored,
            metrics: self.module(ModuleKind::Consumer, &section.name),
            failures: failures.clone(),
            stop: self.stop.clone(),
        }
    }

    #[expect(clippy::expect_used, reason = "`new` makes a record of every section")]
    fn module(&self, kind: ModuleKind, name: &str) -> crate::metrics::exporter_metrics::ModuleMetrics {
        let health = self.exporter_metrics.modules().iter().find(|health| health.kind == kind && health.module == name);
        self.exporter_metrics.module(health.expect("invariant: every section has a health record"))
    }
}

/// All modules of a run.
pub(super) struct AllModules {
    clusters: Coordinator,
    consumers: Coordinator,
}

impl AllModules {
    /// Starts all modules. If one fails, those that were started before it must still be stopped.
    pub(super) fn start(&mut self) -> Result<(), ModuleError> {
        self.clusters.start().and_then(|()| self.consumers.start())
    }

    /// Stops all modules. Returns when all of them have stopped, or when the grace period is over.
    pub(super) async fn stop(mut self) {
        let deadline = stop_deadline();
        let (ended, ending) = oneshot::channel();
        let stop = move || {
            self.consumers.stop(deadline);
            self.clusters.stop(deadline);
            // Fails if the run itself was aborted.
            let _ = ended.send(());
        };
        if let Err(refused) = task::start("stop", stop) {
            refused.work_here();
        }
        if ending.await.is_err() {
            error!("stopping the modules panicked");
        }
    }
}

fn rules(section: &StorageSection) -> StorageRules {
    StorageRules {
        intervals: section.intervals,
        min_distance: section.min_distance,
        expire: match section.expire_group {
            ExpireGroup::BySource => ExpiryPolicy::BY_SOURCE,
            ExpireGroup::After(Duration::ZERO) => ExpiryPolicy::NEVER,
            ExpireGroup::After(age) => ExpiryPolicy::after(age),
        },
    }
}

fn evaluator(config: &Config) -> EvaluatorRules {
    EvaluatorRules {
        intervals: config.storage.intervals,
        minimum_complete: config.evaluator.minimum_complete,
        allowed_lag: model::Lag(config.evaluator.allowed_lag),
    }
}
