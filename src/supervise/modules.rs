//! The modules of a run: made, started, changed and stopped.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{oneshot, watch};
use tracing::error;

use crate::cluster::{ClusterContext, ClusterModule};
use crate::config::{ClusterConfig, Config, ConsumerConfig, ConsumerFilters};
use crate::consumer::{self, ModuleContext};
use crate::coordinator::{Coordinator, Handover, Module, stop_deadline};
use crate::health::{ModuleHealth, ModuleKind};
use crate::model::ModuleError;
use crate::storage::Cluster;
use crate::task::{self, FailureSender};

use super::RunError;
use super::app::{App, Settings};

/// A module by its kind and the name of its section.
pub(super) type ModuleKey = (ModuleKind, String);

/// All modules of a run.
pub(super) struct Modules {
    pub(super) clusters: Coordinator,
    pub(super) consumers: Coordinator,
    /// What can be changed in the running modules, and the settings that they were made from.
    pub(super) running: HashMap<ModuleKey, RunningModule>,
    /// Modules that read beside those that they will replace.
    pub(super) pending: Vec<PendingModule>,
    pub(super) failures: FailureSender,
}

/// A module that is shown.
pub(super) struct RunningModule {
    pub(super) settings: Arc<Settings>,
    pub(super) sender: SettingsSender,
}

/// A module that waits until it may replace another one.
pub(super) struct PendingModule {
    pub(super) key: ModuleKey,
    pub(super) module: Box<dyn Module>,
    pub(super) sender: SettingsSender,
    pub(super) health: Arc<ModuleHealth>,
    pub(super) handover: Handover,
    /// Since when it has been reading.
    pub(super) since: Instant,
    /// How often the log has said that it is still reading.
    pub(super) reports: u32,
}

/// Changes the settings of a running module.
pub(super) enum SettingsSender {
    Cluster(watch::Sender<Arc<ClusterConfig>>),
    Consumer(watch::Sender<Arc<ConsumerFilters>>),
}

/// A module that is configured, with what can be changed in it.
pub(super) type ConfiguredModule = (Box<dyn Module>, SettingsSender);

impl Modules {
    /// Configures the modules of all sections.
    pub(super) fn configure(app: &App, failures: &FailureSender) -> Result<Self, RunError> {
        let settings = app.settings();
        let mut all = Self {
            clusters: Coordinator::new(Vec::new()),
            consumers: Coordinator::new(Vec::new()),
            running: HashMap::new(),
            pending: Vec::new(),
            failures: failures.clone(),
        };
        let mut made: [Vec<Box<dyn Module>>; 2] = Default::default();
        let [clusters, consumers] = &mut made;
        for section in &settings.config.clusters {
            let key = (ModuleKind::Cluster, section.name.clone());
            let (cluster, health) = (app.cluster(&section.name, &settings), app.shown_health(&key));
            let (module, sender) = all.cluster(app, section, cluster, health, Handover::open())?;
            clusters.push(module);
            all.running.insert(key, RunningModule { settings: Arc::clone(&settings), sender });
        }
        for section in &settings.config.consumers {
            let key = (ModuleKind::Consumer, section.name.clone());
            let (cluster, health) = (app.cluster(&section.cluster, &settings), app.shown_health(&key));
            // A class that is not supported yet has been refused by `config_for_run` or `config_for_lag`.
            let made = all.consumer(app, &settings.config, section, cluster, health, Handover::open())?;
            let Some((module, sender)) = made else { continue };
            consumers.push(module);
            all.running.insert(key, RunningModule { settings: Arc::clone(&settings), sender });
        }
        let [clusters, consumers] = made;
        (all.clusters, all.consumers) = (Coordinator::new(clusters), Coordinator::new(consumers));
        Ok(all)
    }

    /// Configures the module of a `[cluster.*]` section.
    pub(super) fn cluster(
        &self,
        app: &App,
        section: &ClusterConfig,
        cluster: Arc<Cluster>,
        health: Arc<ModuleHealth>,
        handover: Handover,
    ) -> Result<ConfiguredModule, ModuleError> {
        let (sender, settings) = watch::channel(Arc::new(section.clone()));
        let consumers = app.exporter_metrics.modules();
        let consumers = consumers.iter().filter(|one| one.kind == ModuleKind::Consumer && one.cluster == section.name);
        let context = ClusterContext {
            storage: cluster,
            metrics: app.exporter_metrics.module(&health),
            consumers: consumers.cloned().collect(),
            tokens: app.tokens.provider(&section.connection),
            handover,
            stop: app.stop.clone(),
            failures: self.failures.clone(),
        };
        Ok((Box::new(ClusterModule::configure(settings, context)?), SettingsSender::Cluster(sender)))
    }

    /// Configures the module of a `[consumer.*]` section. `None` for a class that is not supported.
    pub(super) fn consumer(
        &self,
        app: &App,
        config: &Config,
        section: &ConsumerConfig,
        cluster: Arc<Cluster>,
        health: Arc<ModuleHealth>,
        handover: Handover,
    ) -> Result<Option<ConfiguredModule>, ModuleError> {
        let Some(factory) = consumer::factory(section) else { return Ok(None) };
        let (sender, filters) = watch::channel(Arc::new(ConsumerFilters::of(config, section)));
        let of_cluster = config.cluster(&section.cluster);
        let context = ModuleContext {
            filters,
            handover,
            offset_refresh: of_cluster.map(|cluster| cluster.offset_refresh).unwrap_or_default(),
            cluster,
            metrics: app.exporter_metrics.module(&health),
            failures: self.failures.clone(),
            tokens: app.tokens.clone(),
            stop: app.stop.clone(),
        };
        Ok(Some((factory.configure(section, context)?, SettingsSender::Consumer(sender))))
    }

    /// Starts all modules. If one fails, those that were started before it must still be stopped.
    pub(super) fn start(&mut self) -> Result<(), ModuleError> {
        self.clusters.start().and_then(|()| self.consumers.start())
    }

    /// The running module of this key, which is given up.
    pub(super) fn take(&mut self, (kind, name): &ModuleKey) -> Option<Box<dyn Module>> {
        match kind {
            ModuleKind::Cluster => self.clusters.take(&format!("cluster.{name}")),
            ModuleKind::Consumer => self.consumers.take(&format!("consumer.{name}")),
        }
    }

    /// Takes in a started module.
    pub(super) fn add_started(&mut self, key: ModuleKey, module: Box<dyn Module>, running: RunningModule) {
        match key.0 {
            ModuleKind::Cluster => self.clusters.add_started(module),
            ModuleKind::Consumer => self.consumers.add_started(module),
        }
        self.running.insert(key, running);
    }

    /// Stops all modules. Returns when all of them have stopped, or when the grace period is over.
    pub(super) async fn stop(mut self) {
        let deadline = stop_deadline();
        let (ended, ending) = oneshot::channel();
        let stop = move || {
            self.pending.iter_mut().for_each(|pending| pending.module.stop(deadline));
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

impl App {
    fn cluster(&self, name: &str, settings: &Settings) -> Arc<Cluster> {
        self.storage.cluster_or_new(name, super::app::storage_rules(&settings.config.storage))
    }

    #[expect(clippy::expect_used, reason = "`App::new` makes a health record of every section")]
    fn shown_health(&self, (kind, name): &ModuleKey) -> Arc<ModuleHealth> {
        self.health(*kind, name).expect("invariant: every section has a health record")
    }
}
