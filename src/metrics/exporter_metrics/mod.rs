//! The exporter's own metrics.

mod certificates;
mod counters;
#[cfg(test)]
pub(super) mod documented_tests;
mod families;
mod module;
mod process;
mod report;
mod text;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use prometheus_client::encoding;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::clock;
use crate::config::{MetricsConfig, NameSet};
use crate::health::ModuleHealth;
use crate::model::Tick;
use crate::storage::{ClusterView, GroupTopicView, Storage, View};

use super::Format;
use certificates::Certificates;
use families::{
    ClusterLabels, DroppedLabels, Families, GroupLabels, LimitLabels, PartitionLabels, module_labels,
    register_build_info,
};

pub use certificates::{CertificateExpiry, CertificateUse};
pub use counters::{ReasonCounters, RecordCounters};
pub use families::RefreshKind;
pub use module::ModuleMetrics;

/// The exporter's own metrics.
#[derive(Debug)]
pub struct ExporterMetrics {
    /// Held while a page is made: families that mirror a state are filled for each page, one page at a time.
    registry: Mutex<Registry>,
    families: Families,
    certificates: Certificates,
    modules: RwLock<Arc<[Arc<ModuleHealth>]>>,
    record_errors: Vec<&'static str>,
}

impl ExporterMetrics {
    /// Creates the metrics of a program with these modules. The configuration counts as read now. `record_errors` are
    /// the reasons for which the classes of consumers count records that they could not read.
    #[must_use]
    pub fn new(modules: Vec<Arc<ModuleHealth>>, metrics: &MetricsConfig, record_errors: Vec<&'static str>) -> Self {
        let families = Families::default();
        let registry = Mutex::new(registry(&families, metrics));
        let certificates = Certificates::default();
        let own = Self { registry, families, certificates, modules: RwLock::new(modules.into()), record_errors };
        own.record_reload(true);
        own
    }

    /// The health of the modules.
    #[must_use]
    pub fn modules(&self) -> Arc<[Arc<ModuleHealth>]> {
        Arc::clone(&self.modules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows other modules from now on. Series of modules that are not among them are removed.
    pub fn set_modules(&self, modules: Vec<Arc<ModuleHealth>>) {
        let before = {
            let mut held = self.modules.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, modules.into())
        };
        let after = self.modules();
        let labels: HashSet<_> = after.iter().map(|health| module_labels(health)).collect();
        let gone = before.iter().filter(|health| !labels.contains(&module_labels(health)));
        gone.for_each(|health| self.remove_series(health));
    }

    /// Removes the series of a module. One that has not ended may make them again.
    pub fn remove_series(&self, health: &ModuleHealth) {
        self.families.remove_module(health, &self.record_errors);
    }

    /// Removes the series that only the former class of a module has: that of ZooKeeper's, or the other one.
    pub fn remove_class_series(&self, health: &ModuleHealth, of_zookeeper: bool) {
        if of_zookeeper { self.families.remove_zookeeper(health) } else { self.families.remove_topic_reader(health) }
    }

    /// Writes other labels from now on, and the families that the name sets want.
    pub fn set_config(&self, metrics: &MetricsConfig) {
        *self.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry(&self.families, metrics);
    }

    /// Records whether a reading of the configuration was successful.
    pub fn record_reload(&self, successful: bool) {
        self.families.reload_successful.set(successful.into());
        if successful {
            self.families.reloaded_at.set(clock::now().seconds());
        }
    }

    /// The metrics of one module.
    #[must_use]
    pub fn module(&self, health: &Arc<ModuleHealth>) -> ModuleMetrics {
        let certificates = self.certificates.clone();
        ModuleMetrics { health: Arc::clone(health), families: self.families.clone(), certificates }
    }

    /// Where the listener of the section `[httpserver.NAME]` says when its certificates expire
    /// (`warrener_certificate_expiry_timestamp_seconds`). They are shown until the value is dropped.
    #[must_use]
    pub fn listener_certificates(&self, name: &str) -> Arc<CertificateExpiry> {
        self.certificates.add_listener(name)
    }

    /// Records a completed page (`warrener_scrape_seconds`).
    pub fn observe_scrape(&self, took: Duration) {
        self.families.scrape.observe(took.as_secs_f64());
    }

    /// Renders these metrics as the end of a page.
    #[must_use]
    pub fn render(&self, storage: &Storage, view: &View, now: Tick, format: Format) -> Vec<u8> {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        self.fill(storage, view, now);
        let mut page = String::new();
        // Writing into a string cannot fail, and the collectors return no errors.
        let written = encoding::text::encode(&mut page, &registry);
        debug_assert!(written.is_ok(), "{written:?}");
        text::convert(&page, format).into_bytes()
    }

    fn fill(&self, storage: &Storage, view: &View, now: Tick) {
        let families = &self.families;
        self.certificates.fill(&families.certificate_expiry);
        families.topic_lag.clear();
        for health in self.modules().iter() {
            let labels = module_labels(health);
            families.up.get_or_create(&labels).set(health.is_up(now).into());
            families.ready.get_or_create(&labels).set(health.is_ready().into());
            for (partition, lag) in health.topic_lag() {
                let (cluster, module) = (health.cluster.clone(), health.module.clone());
                families.topic_lag.get_or_create(&PartitionLabels { cluster, module, partition }).set(lag);
            }
        }
        for cluster in storage.clusters().iter() {
            for (why, count) in cluster.dropped() {
                let labels = DroppedLabels { cluster: cluster.label().name().to_string(), reason: why.name() };
                let counter = families.dropped.get_or_create(&labels);
                counter.inner().store(count, Ordering::Relaxed);
            }
            let labels = ClusterLabels { cluster: cluster.label().name().to_string() };
            let counter = families.dropped_topics.get_or_create(&labels);
            counter.inner().store(cluster.dropped_topics(), Ordering::Relaxed);
        }
        self.fill_limits(storage);
        families.groups.clear();
        families.group_partitions.clear();
        families.limited_groups.clear();
        families.incomplete_groups.clear();
        for cluster in &view.clusters {
            self.fill_groups(cluster);
        }
    }

    fn fill_limits(&self, storage: &Storage) {
        let (usage, limits) = (storage.usage(), storage.limits());
        self.families.storage_bytes.set(i64::try_from(usage.memory).unwrap_or(i64::MAX));
        self.families.limits.clear();
        let all = [("groups", limits.groups), ("group-partitions", limits.group_partitions), ("memory", limits.memory)];
        for (limit, most) in all {
            if let Some(most) = most {
                let gauge = self.families.limits.get_or_create(&LimitLabels { limit }).clone();
                gauge.set(i64::try_from(most).unwrap_or(i64::MAX));
            }
        }
    }

    fn fill_groups(&self, cluster: &ClusterView) {
        let (families, name) = (&self.families, cluster.label.name().to_string());
        let labels = ClusterLabels { cluster: name.clone() };
        let incomplete = cluster.groups.iter().filter(|group| group.lost.any()).count();
        let set = |family: &Family<ClusterLabels, Gauge>, count: usize| {
            let gauge = family.get_or_create(&labels).clone();
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        };
        set(&families.limited_groups, cluster.refused);
        set(&families.incomplete_groups, incomplete);
        // These are sums over all groups.
        if cluster.refused > 0 || incomplete > 0 {
            return;
        }
        for group in &cluster.groups {
            let labels = GroupLabels { cluster: name.clone(), r#type: group.kind.name() };
            families.groups.get_or_create(&labels).inc();
        }
        set(&families.group_partitions, cluster.group_topics.iter().map(GroupTopicView::len).sum());
    }
}

/// What a page is written from: all families, with the labels of the configuration.
fn registry(families: &Families, metrics: &MetricsConfig) -> Registry {
    let labels = metrics.labels.iter().map(|(name, value)| (Cow::from(name.clone()), Cow::from(value.clone())));
    let mut registry = Registry::with_labels(labels);
    families.register(&mut registry);
    register_build_info(&mut registry, metrics.names.contains(&NameSet::DEFAULT));
    families.register_reloads(&mut registry);
    registry.register_collector(Box::new(process::ProcessCollector));
    registry
}
