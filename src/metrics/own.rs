//! The exporter's own metrics.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tracing::info;

use crate::clock;
use crate::config::{Metrics, NameSet};
use crate::model::Tick;
use crate::offsets::{DecodeError, RecordType};
use crate::storage::{Storage, View};

use super::Format;
use super::{own_text, process};
use crate::health::{Health, ModuleKind};

#[cfg(test)]
pub(super) mod documented_tests;
mod report;

/// The kind of a refresh: the label `kind` of `warrener_refresh_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefreshKind {
    /// A refresh of log starts and log ends.
    Offsets,
    /// A refresh of the metadata: brokers, topics, partitions.
    Topics,
}

impl RefreshKind {
    const ALL: [Self; 2] = [Self::Offsets, Self::Topics];

    const fn name(self) -> &'static str {
        match self {
            Self::Offsets => "offsets",
            Self::Topics => "topics",
        }
    }
}

type Float = Gauge<f64, AtomicU64>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModuleLabels {
    cluster: String,
    kind: &'static str,
    module: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TypeLabels {
    cluster: String,
    module: String,
    r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    cluster: String,
    module: String,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartitionLabels {
    cluster: String,
    module: String,
    partition: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefreshLabels {
    cluster: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefreshErrorLabels {
    cluster: String,
    kind: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    cluster: String,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GroupLabels {
    cluster: String,
    r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OwnLabels {
    cluster: String,
    module: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClusterLabels {
    cluster: String,
}

/// The exporter's own metrics.
#[derive(Debug)]
pub struct Own {
    registry: Registry,
    families: Families,
    modules: Vec<Arc<Health>>,
    record_errors: Vec<&'static str>,
    /// Held while a page is made: families that mirror a state are filled for each page, one page at a time.
    filling: Mutex<()>,
}

#[derive(Clone, Debug)]
struct Families {
    up: Family<ModuleLabels, Gauge>,
    ready: Family<ModuleLabels, Gauge>,
    records: Family<TypeLabels, Counter>,
    record_errors: Family<ReasonLabels, Counter>,
    topic_lag: Family<PartitionLabels, Gauge>,
    reader_restarts: Family<OwnLabels, Counter>,
    refresh: Histograms<RefreshLabels>,
    refresh_errors: Family<RefreshErrorLabels, Counter>,
    last_refresh: Family<RefreshLabels, Float>,
    groups: Family<GroupLabels, Gauge>,
    group_partitions: Family<ClusterLabels, Gauge>,
    dropped: Family<DroppedLabels, Counter>,
    cut_topics: Family<ClusterLabels, Counter>,
    zookeeper_nodes: Family<OwnLabels, Gauge>,
    zookeeper_sessions: Family<OwnLabels, Counter>,
    scrape: Histogram,
}

impl Default for Families {
    fn default() -> Self {
        let histogram: fn() -> Histogram = seconds;
        Self {
            up: Family::default(),
            ready: Family::default(),
            records: Family::default(),
            record_errors: Family::default(),
            topic_lag: Family::default(),
            reader_restarts: Family::default(),
            refresh: Family::new_with_constructor(histogram),
            refresh_errors: Family::default(),
            last_refresh: Family::default(),
            groups: Family::default(),
            group_partitions: Family::default(),
            dropped: Family::default(),
            cut_topics: Family::default(),
            zookeeper_nodes: Family::default(),
            zookeeper_sessions: Family::default(),
            scrape: seconds(),
        }
    }
}

/// A histogram with buckets from 1 ms to 8.192 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 14))
}

impl Own {
    /// Creates the metrics of a program with these modules. The configuration counts as read now. `record_errors` are the
    /// reasons for which the classes of consumers count records that they could not read.
    #[must_use]
    pub fn new(modules: Vec<Arc<Health>>, metrics: &Metrics, record_errors: Vec<&'static str>) -> Self {
        let families = Families::default();
        let labels = metrics.labels.iter().map(|(name, value)| (Cow::from(name.clone()), Cow::from(value.clone())));
        let mut registry = Registry::with_labels(labels);
        families.register(&mut registry);
        build_info(&mut registry, metrics.names.contains(&NameSet::DEFAULT));
        let (reloaded, at): (Gauge, Float) = Default::default();
        reloaded.set(1);
        at.set(clock::now().seconds());
        let help = "Whether the last reading of the configuration was successful";
        registry.register("warrener_config_last_reload_successful", help, reloaded);
        let help = "Unix time of the last successful reading of the configuration";
        registry.register("warrener_config_last_reload_success_timestamp_seconds", help, at);
        registry.register_collector(Box::new(process::Process));
        Self { registry, families, modules, record_errors, filling: Mutex::default() }
    }

    /// The health of the modules.
    #[must_use]
    pub fn modules(&self) -> &[Arc<Health>] {
        &self.modules
    }

    /// The metrics of one module.
    #[must_use]
    pub fn module(&self, health: &Arc<Health>) -> ModuleMetrics {
        ModuleMetrics { health: Arc::clone(health), families: self.families.clone() }
    }

    /// Records a completed page (`warrener_scrape_seconds`).
    pub fn scraped(&self, took: Duration) {
        self.families.scrape.observe(took.as_secs_f64());
    }

    /// Renders these metrics as the end of a page.
    #[must_use]
    pub fn render(&self, storage: &Storage, view: &View, now: Tick, format: Format) -> Vec<u8> {
        let _one = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        self.fill(storage, view, now);
        let mut page = String::new();
        // Writing into a string cannot fail, and the collectors return no errors.
        let written = text::encode(&mut page, &self.registry);
        debug_assert!(written.is_ok(), "{written:?}");
        own_text::written(&page, format).into_bytes()
    }

    fn fill(&self, storage: &Storage, view: &View, now: Tick) {
        let families = &self.families;
        families.topic_lag.clear();
        for health in &self.modules {
            let labels = module_labels(health);
            families.up.get_or_create(&labels).set(health.is_up(now).into());
            families.ready.get_or_create(&labels).set(health.is_ready().into());
            for (partition, lag) in health.behind() {
                let (cluster, module) = (health.cluster.clone(), health.module.clone());
                families.topic_lag.get_or_create(&PartitionLabels { cluster, module, partition }).set(lag);
            }
        }
        for cluster in storage.clusters() {
            for (why, count) in cluster.dropped() {
                let labels = DroppedLabels { cluster: cluster.label().name().to_string(), reason: why.name() };
                let counter = families.dropped.get_or_create(&labels);
                counter.inner().store(count, Ordering::Relaxed);
            }
            let labels = ClusterLabels { cluster: cluster.label().name().to_string() };
            let counter = families.cut_topics.get_or_create(&labels);
            counter.inner().store(cluster.cut_topics(), Ordering::Relaxed);
        }
        families.groups.clear();
        for cluster in &view.clusters {
            let name = cluster.label.name().to_string();
            for group in &cluster.groups {
                let labels = GroupLabels { cluster: name.clone(), r#type: group.kind.name() };
                families.groups.get_or_create(&labels).inc();
            }
            let partitions: usize = cluster.group_topics.iter().map(crate::storage::GroupTopicView::len).sum();
            let gauge = families.group_partitions.get_or_create(&ClusterLabels { cluster: name });
            gauge.set(i64::try_from(partitions).unwrap_or(i64::MAX));
        }
    }
}

fn module_labels(health: &Health) -> ModuleLabels {
    ModuleLabels { cluster: health.cluster.clone(), kind: health.kind.name(), module: health.module.clone() }
}

impl Families {
    fn register(&self, to: &mut Registry) {
        let help = "Whether the module's servers have answered within 10 s";
        to.register("warrener_up", help, self.up.clone());
        to.register("warrener_ready", "Whether the module has read all once", self.ready.clone());
        to.register("warrener_records", "Records of the offsets topic, by type", self.records.clone());
        let help = "Records of the offsets topic and nodes of ZooKeeper that could not be read, by reason";
        to.register("warrener_record_errors", help, self.record_errors.clone());
        let help = "Records of the offsets topic up to its high watermark that have not been read";
        to.register("warrener_offsets_topic_lag", help, self.topic_lag.clone());
        let help = "Partitions whose reading was started again because nothing came of them";
        to.register("warrener_reader_restarts", help, self.reader_restarts.clone());
        to.register("warrener_refresh_seconds", "Time that a refresh took", self.refresh.clone());
        to.register("warrener_refresh_errors", "Refreshes that failed, by reason", self.refresh_errors.clone());
        let help = "Unix time of the last successful refresh";
        to.register("warrener_last_refresh_timestamp_seconds", help, self.last_refresh.clone());
        to.register("warrener_groups", "Groups that are shown, by type", self.groups.clone());
        let help = "Partitions with a commit, over all groups that are shown";
        to.register("warrener_group_partitions", help, self.group_partitions.clone());
        let help = "Commits that were not taken in, by reason";
        to.register("warrener_dropped_commits", help, self.dropped.clone());
        let help = "Topics of assignments that were not kept: more than 10,000 of one that the metadata does not name";
        to.register("warrener_dropped_assigned_topics", help, self.cut_topics.clone());
        let help = "Nodes of ZooKeeper that are followed";
        to.register("warrener_zookeeper_nodes", help, self.zookeeper_nodes.clone());
        let help = "Sessions with ZooKeeper that were opened";
        to.register("warrener_zookeeper_sessions", help, self.zookeeper_sessions.clone());
        to.register("warrener_scrape_seconds", "Time from a scrape's request to its last byte", self.scrape.clone());
    }
}

/// Registers `warrener_build_info` and, with the set `kafka_exporter`, `kafka_exporter_build_info`, from which
/// dashboards take their variables.
fn build_info(registry: &mut Registry, kafka_exporter: bool) {
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("WARRENER_REVISION"));
    let ours = Family::<[(&str, &str); 3], Gauge>::default();
    let labels = [("version", version), ("revision", revision), ("rustc", env!("WARRENER_RUSTC"))];
    ours.get_or_create(&labels).set(1);
    registry.register("warrener_build_info", "The version that runs, always 1", ours);
    if !kafka_exporter {
        return;
    }
    let theirs = Family::<[(&str, &str); 2], Gauge>::default();
    theirs.get_or_create(&[("version", version), ("revision", revision)]).set(1);
    registry.register("kafka_exporter_build_info", "The version that runs, for dashboards made for it", theirs);
}

/// The exporter's own metrics of one module.
#[derive(Clone, Debug)]
pub struct ModuleMetrics {
    health: Arc<Health>,
    families: Families,
}

impl ModuleMetrics {
    /// Metrics that are not shown, for tests of modules.
    #[must_use]
    pub fn detached(cluster: &str, kind: ModuleKind, module: &str) -> Self {
        let health = Arc::new(Health::new(cluster.to_owned(), kind, module.to_owned()));
        Self { health, families: Families::default() }
    }

    /// The health of the module.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Sets how many parts of the module are done, and how many there are (`warrener_ready`).
    pub fn progress(&self, done: u64, parts: u64) {
        let Health { cluster, kind, module, .. } = &*self.health;
        if self.health.progress(done, parts) {
            info!(cluster, kind = kind.name(), module, parts, "caught up");
        }
    }

    /// Records that a server has just answered (`warrener_up`).
    pub fn answered(&self) {
        self.health.answer(clock::tick());
    }

    /// Records a successful refresh (`warrener_refresh_seconds`, `warrener_last_refresh_timestamp_seconds`).
    pub fn refreshed(&self, kind: RefreshKind, took: Duration) {
        let labels = RefreshLabels { cluster: self.health.cluster.clone(), kind: kind.name() };
        self.families.refresh.get_or_create(&labels).observe(took.as_secs_f64());
        self.families.last_refresh.get_or_create(&labels).set(clock::now().seconds());
    }

    /// Records a failed refresh (`warrener_refresh_errors_total`). The reason is from a closed set.
    pub fn refresh_failed(&self, kind: RefreshKind, reason: &'static str) {
        let (cluster, kind) = (self.health.cluster.clone(), kind.name());
        self.families.refresh_errors.get_or_create(&RefreshErrorLabels { cluster, kind, reason }).inc();
    }

    /// Sets how many records the reader of a partition of the offsets topic is behind (`warrener_offsets_topic_lag`).
    /// `None` if it is unknown or the partition is no longer read.
    pub fn topic_lag(&self, partition: i32, lag: Option<i64>) {
        self.health.lags(partition, lag);
    }

    /// Records that a partition is read again because nothing came of it (`warrener_reader_restarts_total`).
    pub fn reader_restarted(&self) {
        self.families.reader_restarts.get_or_create(&self.own_labels()).inc();
    }

    /// Sets how many nodes of ZooKeeper are followed (`warrener_zookeeper_nodes`).
    pub fn zookeeper_nodes(&self, nodes: usize) {
        let gauge = self.families.zookeeper_nodes.get_or_create(&self.own_labels()).clone();
        gauge.set(i64::try_from(nodes).unwrap_or(i64::MAX));
    }

    /// Records a new session with an ensemble (`warrener_zookeeper_sessions_total`).
    pub fn zookeeper_session(&self) {
        self.families.zookeeper_sessions.get_or_create(&self.own_labels()).inc();
    }

    fn own_labels(&self) -> OwnLabels {
        OwnLabels { cluster: self.health.cluster.clone(), module: self.health.module.clone() }
    }

    /// The counters of `warrener_record_errors_total` of this module, resolved once.
    #[must_use]
    pub fn errors(&self, reasons: &[&'static str]) -> ErrorCounters {
        let (cluster, module) = (self.health.cluster.clone(), self.health.module.clone());
        let reasons = reasons.iter().map(|reason| {
            let labels = ReasonLabels { cluster: cluster.clone(), module: module.clone(), reason };
            (*reason, self.families.record_errors.get_or_create(&labels).clone())
        });
        ErrorCounters { reasons: reasons.collect() }
    }

    /// The counters of a reader of the offsets topic, resolved once.
    #[must_use]
    pub fn records(&self) -> RecordCounters {
        // Exists from the start, so that the first restart is an increase.
        drop(self.families.reader_restarts.get_or_create(&self.own_labels()));
        let (cluster, module) = (self.health.cluster.clone(), self.health.module.clone());
        let types = RecordType::ALL.iter().map(|kind| {
            let labels = TypeLabels { cluster: cluster.clone(), module: module.clone(), r#type: kind.name() };
            (*kind, self.families.records.get_or_create(&labels).clone())
        });
        RecordCounters { types: types.collect(), errors: self.errors(&DecodeError::REASONS) }
    }
}

/// Counters of one reader of the offsets topic.
#[derive(Clone, Debug)]
pub struct RecordCounters {
    types: Vec<(RecordType, Counter)>,
    errors: ErrorCounters,
}

/// Counters of records and nodes that one module cannot read.
#[derive(Clone, Debug)]
pub struct ErrorCounters {
    reasons: Vec<(&'static str, Counter)>,
}

impl ErrorCounters {
    /// Counts records or nodes that could not be read.
    pub fn failed(&self, reason: &str, count: usize) {
        for (_, counter) in self.reasons.iter().filter(|(held, _)| *held == reason) {
            counter.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }
}

impl RecordCounters {
    /// Counts records of a type.
    pub fn read(&self, kind: RecordType, count: u64) {
        for (_, counter) in self.types.iter().filter(|(held, _)| *held == kind) {
            counter.inc_by(count);
        }
    }

    /// Counts a record that could not be decoded.
    pub fn failed(&self, reason: &str) {
        self.errors.failed(reason, 1);
    }
}
