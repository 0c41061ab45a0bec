//! The parts of a run that its pages read: settings, storage, and the exporter's own metrics.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::config::{ClusterConfig, Config, ConsumerConfig, ExpireGroup, StorageConfig};
use crate::consumer;
use crate::evaluate::EvaluatorRules;
use crate::health::{ModuleHealth, ModuleKind};
use crate::metrics::PageLayout;
use crate::metrics::exporter_metrics::ExporterMetrics;
use crate::model;
use crate::storage::{ExpiryPolicy, Storage, StorageRules};
use crate::token::TokenProviders;

use super::limits::storage_limits;

/// The parts of a run.
pub(super) struct App {
    settings: RwLock<Arc<Settings>>,
    pub(super) storage: Arc<Storage>,
    pub(super) exporter_metrics: Arc<ExporterMetrics>,
    pub(super) stop: CancellationToken,
    pub(super) tokens: TokenProviders,
}

/// The configuration, and what follows from it. A reload replaces all of it at once.
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) evaluator: EvaluatorRules,
    pub(super) layout: Arc<PageLayout>,
}

impl App {
    /// Creates the parts of a run. Must be called in a runtime.
    pub(super) fn new(config: Config, stop: CancellationToken) -> Self {
        let rules = storage_rules(&config.storage);
        let storage = Storage::new(config.clusters.iter().map(|cluster| cluster.name.as_str()), rules);
        storage.set_limits(storage_limits(&config.limits));
        let clusters = config.clusters.iter().map(cluster_health);
        let modules = clusters.chain(config.consumers.iter().map(consumer_health)).map(Arc::new).collect();
        let own = ExporterMetrics::new(modules, &config.metrics, consumer::record_errors());
        let settings = RwLock::new(Arc::new(Settings::of(config)));
        let tokens = TokenProviders::new(Handle::current(), &stop);
        Self { settings, storage: Arc::new(storage), exporter_metrics: Arc::new(own), stop, tokens }
    }

    /// The settings at this moment.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the settings.
    pub(super) fn set_settings(&self, settings: Arc<Settings>) {
        self.exporter_metrics.set_config(&settings.config.metrics);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// The health of a module that is shown.
    pub(super) fn health(&self, kind: ModuleKind, name: &str) -> Option<Arc<ModuleHealth>> {
        self.exporter_metrics.modules().iter().find(|health| health.kind == kind && health.module == name).cloned()
    }
}

impl Settings {
    pub(super) fn of(config: Config) -> Self {
        let evaluator = EvaluatorRules {
            intervals: config.storage.intervals,
            minimum_complete: config.evaluator.minimum_complete,
            allowed_lag: model::Lag(config.evaluator.allowed_lag),
        };
        let layout = Arc::new(PageLayout::new(&config.metrics));
        Self { config, evaluator, layout }
    }
}

pub(super) fn cluster_health(section: &ClusterConfig) -> ModuleHealth {
    ModuleHealth::new(section.name.clone(), ModuleKind::Cluster, section.name.clone())
}

pub(super) fn consumer_health(section: &ConsumerConfig) -> ModuleHealth {
    let health = ModuleHealth::new(section.cluster.clone(), ModuleKind::Consumer, section.name.clone());
    health.waiting_for(section.class.waits_for)
}

pub(super) fn storage_rules(section: &StorageConfig) -> StorageRules {
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
