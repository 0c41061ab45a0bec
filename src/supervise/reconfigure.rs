//! Changes a run from one configuration to another: exactly the modules that differ are configured, started and stopped.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use tracing::info;

use crate::clock;
use crate::config::{ClusterConfig, Config, ConfigDifference, ConsumerConfig, ConsumerFilters, ModuleChange};
use crate::coordinator::{Handover, stop_deadline};
use crate::health::{ModuleHealth, ModuleKind};
use crate::model::ModuleError;
use crate::storage::Cluster;

use super::app::{App, Settings, cluster_health, consumer_health, storage_rules};
use super::limits::storage_limits;
use super::modules::{ConfiguredModule, ModuleKey, Modules, PendingModule, RunningModule, SettingsSender};

/// A module that is started, before anything is changed.
struct FreshModule {
    key: ModuleKey,
    made: ConfiguredModule,
    health: Arc<ModuleHealth>,
    handover: Handover,
}

/// What happens to the modules.
#[derive(Default)]
struct ModulePlan {
    /// Modules that are started, and whether they replace a running one. `Some` says whether they read the same records.
    fresh: Vec<(ModuleKey, Option<bool>)>,
    removed: Vec<ModuleKey>,
    /// Modules that wait to replace another one, and are not wanted any more.
    dropped: Vec<ModuleKey>,
}

impl Modules {
    /// Applies another configuration. If a module cannot be made or started, nothing is changed.
    ///
    /// # Errors
    /// Why a module cannot be made or started.
    pub(super) fn reconfigure(&mut self, app: &App, config: Config) -> Result<(), ModuleError> {
        let (before, after) = (app.settings(), Arc::new(Settings::of(config)));
        let rules = storage_rules(&after.config.storage);
        let clusters: Vec<Arc<Cluster>> =
            after.config.clusters.iter().map(|section| app.storage.cluster_or_new(&section.name, rules)).collect();
        let plan = self.plan(&before.config, &after.config);
        let mut fresh = Vec::new();
        if let Err(error) = self.start_fresh(app, &after, &clusters, &plan, &mut fresh) {
            let is_new = |one: &&FreshModule| app.health(one.key.0, &one.key.1).is_none();
            fresh.iter().filter(is_new).for_each(|one| app.exporter_metrics.remove_series(&one.health));
            return Err(error);
        }
        // From here on nothing can fail.
        app.storage.set_limits(storage_limits(&after.config.limits));
        app.storage.reconfigure(clusters, rules);
        app.exporter_metrics.set_modules(self.shown_modules(app, &after.config, &fresh));
        app.set_settings(Arc::clone(&after));
        self.remove(app, &plan);
        for FreshModule { key, made: (module, sender), health, handover } in fresh {
            if handover.is_open() {
                self.add_started(key, module, RunningModule { settings: Arc::clone(&after), sender });
            } else {
                info!(module = module.name(), "reading beside the running module");
                let (since, reports) = (Instant::now(), 0);
                self.pending.push(PendingModule { key, module, sender, health, handover, since, reports });
            }
        }
        self.send_settings(&after);
        app.storage.expire(clock::expiry_time());
        Ok(())
    }

    /// Decides what happens to the modules.
    fn plan(&self, before: &Config, after: &Config) -> ModulePlan {
        let difference = ConfigDifference::between(before, after);
        let clusters = difference.clusters.iter().map(|(name, change)| ((ModuleKind::Cluster, name.clone()), *change));
        let consumers =
            difference.consumers.iter().map(|(name, change)| ((ModuleKind::Consumer, name.clone()), *change));
        let mut plan = ModulePlan::default();
        for (key, change) in clusters.chain(consumers) {
            let is_pending = self.pending.iter().any(|pending| pending.key == key);
            // What runs may be older than `before` when its replacement is still reading.
            let change = match self.running.get(&key).filter(|_| is_pending && change != ModuleChange::Updated) {
                Some(running) => change_of(&key, &running.settings.config, after),
                None => Some(change),
            };
            if is_pending && change != Some(ModuleChange::Updated) {
                plan.dropped.push(key.clone());
            }
            match change {
                Some(ModuleChange::Added) => plan.fresh.push((key, None)),
                Some(ModuleChange::Removed) => plan.removed.push(key),
                Some(ModuleChange::Replaced) if self.lost_its_cluster(&key, after) => {
                    plan.removed.push(key.clone());
                    plan.fresh.push((key, None));
                }
                Some(ModuleChange::Replaced) => {
                    let continues = self.reads_the_same(&key, after);
                    plan.fresh.push((key, Some(continues)));
                }
                Some(ModuleChange::Updated) | None => {}
            }
        }
        plan
    }

    /// Whether the cluster of a running consumer is gone, so that nothing can be shown of it meanwhile.
    fn lost_its_cluster(&self, key: &ModuleKey, after: &Config) -> bool {
        let running = self.running.get(key).filter(|_| key.0 == ModuleKind::Consumer);
        let section = running.and_then(|running| running.settings.config.consumer(&key.1));
        section.is_some_and(|section| after.cluster(&section.cluster).is_none())
    }

    /// Whether the new module of a consumer reads the same records as the running one: only filters or the client
    /// profile differ.
    fn reads_the_same(&self, key: &ModuleKey, after: &Config) -> bool {
        let old = self.running.get(key).and_then(|running| running.settings.config.consumer(&key.1));
        old.zip(after.consumer(&key.1)).is_some_and(|(old, new)| {
            let servers =
                |consumer: &ConsumerConfig| consumer.settings.connection().map(|connection| connection.servers.clone());
            old.cluster == new.cluster
                && old.class.name == new.class.name
                && old.settings.burrow_keys() == new.settings.burrow_keys()
                && servers(old) == servers(new)
        })
    }

    /// Configures and starts what is new. If one fails, those before it are stopped.
    fn start_fresh(
        &self,
        app: &App,
        after: &Settings,
        clusters: &[Arc<Cluster>],
        plan: &ModulePlan,
        fresh: &mut Vec<FreshModule>,
    ) -> Result<(), ModuleError> {
        for (key, replaces) in &plan.fresh {
            let handover = replaces.map_or_else(Handover::open, Handover::waiting);
            if let Some(one) = self.configure_fresh(app, after, clusters, key, handover)? {
                fresh.push(one);
            }
        }
        for place in 0..fresh.len() {
            let Some(FreshModule { made: (module, _), .. }) = fresh.get_mut(place) else { continue };
            info!(module = module.name(), "starting");
            if let Err(error) = module.start() {
                let deadline = stop_deadline();
                fresh.iter_mut().take(place).for_each(|one| one.made.0.stop(deadline));
                return Err(error);
            }
        }
        Ok(())
    }

    fn configure_fresh(
        &self,
        app: &App,
        after: &Settings,
        clusters: &[Arc<Cluster>],
        (kind, name): &ModuleKey,
        handover: Handover,
    ) -> Result<Option<FreshModule>, ModuleError> {
        let find = |cluster: &str| clusters.iter().find(|one| one.label().name().0 == cluster.as_bytes()).cloned();
        let config = &after.config;
        let (made, health) = match kind {
            ModuleKind::Cluster => {
                let section = config.cluster(name);
                let Some((section, cluster)) = section.and_then(|section| Some((section, find(name)?))) else {
                    return Ok(None);
                };
                let health = Arc::new(cluster_health(section).added_by_reload());
                (Some(self.cluster(app, section, cluster, Arc::clone(&health), handover.clone())?), health)
            }
            ModuleKind::Consumer => {
                let section = config.consumer(name);
                let Some((section, cluster)) = section.and_then(|section| Some((section, find(&section.cluster)?)))
                else {
                    return Ok(None);
                };
                let health = Arc::new(consumer_health(section).added_by_reload());
                (self.consumer(app, config, section, cluster, Arc::clone(&health), handover.clone())?, health)
            }
        };
        let key = (*kind, name.clone());
        Ok(made.map(|made| FreshModule { key, made, health, handover }))
    }

    /// The health of the modules that are shown from now on, in the order of the configuration.
    fn shown_modules(&self, app: &App, after: &Config, fresh: &[FreshModule]) -> Vec<Arc<ModuleHealth>> {
        let clusters = after.clusters.iter().map(|section| (ModuleKind::Cluster, section.name.clone()));
        let consumers = after.consumers.iter().map(|section| (ModuleKind::Consumer, section.name.clone()));
        let of = |key: &ModuleKey| {
            let added = fresh.iter().find(|one| one.key == *key && one.handover.is_open());
            added.map(|one| Arc::clone(&one.health)).or_else(|| app.health(key.0, &key.1))
        };
        clusters.chain(consumers).filter_map(|key| of(&key)).collect()
    }

    /// Stops what is not wanted any more, and removes what it has read.
    fn remove(&mut self, app: &App, plan: &ModulePlan) {
        let deadline = stop_deadline();
        let is_dropped = |pending: &mut PendingModule| plan.dropped.contains(&pending.key);
        for mut pending in self.pending.extract_if(.., is_dropped) {
            pending.module.stop(deadline);
        }
        for key in &plan.removed {
            let Some(mut module) = self.take(key) else { continue };
            module.stop(deadline);
            info!(module = module.name(), "stopped");
            let Some(running) = self.running.remove(key) else { continue };
            let Some(health) = health_of(key, &running.settings.config) else { continue };
            if key.0 == ModuleKind::Consumer
                && let Some(cluster) = app.storage.cluster(&health.cluster)
            {
                cluster.remove_module(&key.1);
            }
            // Its threads have made series until they ended.
            if app.health(key.0, &key.1).is_none_or(|shown| shown.cluster != health.cluster) {
                app.exporter_metrics.remove_series(&health);
            }
        }
    }

    /// Passes the settings on that act in running modules.
    fn send_settings(&mut self, after: &Arc<Settings>) {
        let config = &after.config;
        for pending in &self.pending {
            send(&pending.key, &pending.sender, config);
        }
        for (key, running) in &mut self.running {
            send(key, &running.sender, config);
            if self.pending.iter().all(|pending| pending.key != *key) {
                running.settings = Arc::clone(after);
            }
        }
    }
}

/// Passes the settings on that act in a running module, if they have changed.
fn send((_, name): &ModuleKey, sender: &SettingsSender, config: &Config) {
    match sender {
        SettingsSender::Cluster(sender) => {
            if let Some(section) = config.cluster(name) {
                // The connection is that of the running client.
                let connection = sender.borrow().connection.clone();
                replace_if_changed(sender, ClusterConfig { connection, ..section.clone() });
            }
        }
        SettingsSender::Consumer(sender) => {
            if let Some(section) = config.consumer(name) {
                replace_if_changed(sender, ConsumerFilters::of(config, section));
            }
        }
    }
}

fn replace_if_changed<T: PartialEq>(sender: &watch::Sender<Arc<T>>, wanted: T) {
    sender.send_if_modified(|held| {
        let changed = **held != wanted;
        if changed {
            *held = Arc::new(wanted);
        }
        changed
    });
}

/// What differs in one module.
fn change_of((kind, name): &ModuleKey, before: &Config, after: &Config) -> Option<ModuleChange> {
    let difference = ConfigDifference::between(before, after);
    match kind {
        ModuleKind::Cluster => difference.clusters.get(name).copied(),
        ModuleKind::Consumer => difference.consumers.get(name).copied(),
    }
}

/// A health record with the labels of a module.
fn health_of((kind, name): &ModuleKey, config: &Config) -> Option<ModuleHealth> {
    Some(match kind {
        ModuleKind::Cluster => cluster_health(config.cluster(name)?),
        ModuleKind::Consumer => consumer_health(config.consumer(name)?),
    })
}
