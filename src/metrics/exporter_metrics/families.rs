//! The families of the exporter's own metrics, with their labels and help texts.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::health::{ModuleHealth, ModuleKind};
use crate::model::FailureReason;
use crate::offsets::{Oddities, RecordType};
use crate::storage::DropReason;

/// The kind of a refresh: the label `kind` of `warrener_refresh_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefreshKind {
    /// A refresh of log starts and log ends.
    Offsets,
    /// A refresh of the metadata: brokers, topics, partitions.
    Topics,
    /// Reading of the offsets topic and of the share groups' state, which only fails.
    Commits,
}

impl RefreshKind {
    /// All kinds.
    const ALL: [Self; 3] = [Self::Offsets, Self::Topics, Self::Commits];
    /// The refreshes of a cluster module.
    pub(super) const OF_CLUSTER: [Self; 2] = [Self::Offsets, Self::Topics];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Offsets => "offsets",
            Self::Topics => "topics",
            Self::Commits => "commits",
        }
    }
}

pub(super) type FloatGauge = Gauge<f64, AtomicU64>;
pub(super) type HistogramFamily<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ModuleLabels {
    pub(super) cluster: String,
    pub(super) kind: &'static str,
    pub(super) module: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TypeLabels {
    pub(super) cluster: String,
    pub(super) module: String,
    pub(super) r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReasonLabels {
    pub(super) cluster: String,
    pub(super) module: String,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PartitionLabels {
    pub(super) cluster: String,
    pub(super) module: String,
    pub(super) partition: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RefreshLabels {
    pub(super) cluster: String,
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RefreshErrorLabels {
    pub(super) cluster: String,
    pub(super) kind: &'static str,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DroppedLabels {
    pub(super) cluster: String,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct GroupLabels {
    pub(super) cluster: String,
    pub(super) r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ConsumerLabels {
    pub(super) cluster: String,
    pub(super) module: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ClusterLabels {
    pub(super) cluster: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CertificateLabels {
    pub(super) cluster: String,
    pub(super) kind: &'static str,
    pub(super) module: String,
    pub(super) certificate: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LimitLabels {
    pub(super) limit: &'static str,
}

#[derive(Clone, Debug)]
pub(super) struct Families {
    pub(super) up: Family<ModuleLabels, Gauge>,
    pub(super) ready: Family<ModuleLabels, Gauge>,
    pub(super) records: Family<TypeLabels, Counter>,
    pub(super) record_errors: Family<ReasonLabels, Counter>,
    pub(super) record_oddities: Family<ReasonLabels, Counter>,
    pub(super) topic_lag: Family<PartitionLabels, Gauge>,
    pub(super) reader_restarts: Family<ConsumerLabels, Counter>,
    pub(super) refresh: HistogramFamily<RefreshLabels>,
    pub(super) refresh_errors: Family<RefreshErrorLabels, Counter>,
    pub(super) last_refresh: Family<RefreshLabels, FloatGauge>,
    pub(super) groups: Family<GroupLabels, Gauge>,
    pub(super) group_partitions: Family<ClusterLabels, Gauge>,
    pub(super) limited_groups: Family<ClusterLabels, Gauge>,
    pub(super) incomplete_groups: Family<ClusterLabels, Gauge>,
    pub(super) storage_bytes: Gauge,
    pub(super) limits: Family<LimitLabels, Gauge>,
    pub(super) dropped: Family<DroppedLabels, Counter>,
    pub(super) dropped_topics: Family<ClusterLabels, Counter>,
    pub(super) zookeeper_nodes: Family<ConsumerLabels, Gauge>,
    pub(super) zookeeper_sessions: Family<ConsumerLabels, Counter>,
    pub(super) certificate_expiry: Family<CertificateLabels, FloatGauge>,
    pub(super) scrape: Histogram,
    pub(super) reload_successful: Gauge,
    pub(super) reloaded_at: FloatGauge,
}

impl Default for Families {
    fn default() -> Self {
        let histogram: fn() -> Histogram = seconds;
        Self {
            up: Family::default(),
            ready: Family::default(),
            records: Family::default(),
            record_errors: Family::default(),
            record_oddities: Family::default(),
            topic_lag: Family::default(),
            reader_restarts: Family::default(),
            refresh: Family::new_with_constructor(histogram),
            refresh_errors: Family::default(),
            last_refresh: Family::default(),
            groups: Family::default(),
            group_partitions: Family::default(),
            limited_groups: Family::default(),
            incomplete_groups: Family::default(),
            storage_bytes: Gauge::default(),
            limits: Family::default(),
            dropped: Family::default(),
            dropped_topics: Family::default(),
            zookeeper_nodes: Family::default(),
            zookeeper_sessions: Family::default(),
            certificate_expiry: Family::default(),
            scrape: seconds(),
            reload_successful: Gauge::default(),
            reloaded_at: FloatGauge::default(),
        }
    }
}

/// A histogram with buckets from 1 ms to 8.192 s.
pub(super) fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 14))
}

pub(super) fn module_labels(health: &ModuleHealth) -> ModuleLabels {
    ModuleLabels { cluster: health.cluster.clone(), kind: health.kind.name(), module: health.module.clone() }
}

impl Families {
    pub(super) fn register(&self, to: &mut Registry) {
        let help = "Whether a server of the module has answered within the last 10 seconds";
        to.register("warrener_up", help, self.up.clone());
        to.register("warrener_ready", "Whether the module has read everything once", self.ready.clone());
        to.register("warrener_records", "Records of the offsets topic, by type", self.records.clone());
        let help = "Records of the offsets topic and nodes of ZooKeeper that could not be read, by reason";
        to.register("warrener_record_errors", help, self.record_errors.clone());
        let help = "Records of the offsets topic that were read although something about them is odd, by reason";
        to.register("warrener_record_oddities", help, self.record_oddities.clone());
        let help = "Records of the offsets topic up to its high watermark that have not been read";
        to.register("warrener_offsets_topic_lag", help, self.topic_lag.clone());
        let help = "Partitions that were read again from their position because nothing had arrived";
        to.register("warrener_reader_restarts", help, self.reader_restarts.clone());
        to.register("warrener_refresh_seconds", "Duration of refreshes in seconds", self.refresh.clone());
        to.register("warrener_refresh_errors", "Refreshes that failed, by reason", self.refresh_errors.clone());
        let help = "Unix time of the last successful refresh";
        to.register("warrener_last_refresh_timestamp_seconds", help, self.last_refresh.clone());
        to.register("warrener_groups", "Groups, by type", self.groups.clone());
        let help = "Partitions with a commit, summed over all groups";
        to.register("warrener_group_partitions", help, self.group_partitions.clone());
        let help = "Groups that are refused because a limit of [limits] is or was reached";
        to.register("warrener_limited_groups", help, self.limited_groups.clone());
        let help = "Groups that were refused before, and of which not everything has been read again";
        to.register("warrener_incomplete_groups", help, self.incomplete_groups.clone());
        let help = "Memory of groups and topics in bytes, as warrener counts it";
        to.register("warrener_storage_bytes", help, self.storage_bytes.clone());
        let help = "Limits of [limits] that are set, over all clusters";
        to.register("warrener_storage_limit", help, self.limits.clone());
        let help = "Commits that were not stored, by reason";
        to.register("warrener_dropped_commits", help, self.dropped.clone());
        let help = "Topics that only an assignment names and that were not stored: more than 10,000 in one assignment";
        to.register("warrener_dropped_assigned_topics", help, self.dropped_topics.clone());
        let help = "ZooKeeper nodes that are followed";
        to.register("warrener_zookeeper_nodes", help, self.zookeeper_nodes.clone());
        let help = "ZooKeeper sessions that were opened";
        to.register("warrener_zookeeper_sessions", help, self.zookeeper_sessions.clone());
        let help = "Unix time at which the first of the certificates expires, by what they are for";
        to.register("warrener_certificate_expiry_timestamp_seconds", help, self.certificate_expiry.clone());
        to.register(
            "warrener_scrape_seconds",
            "Time from the request of a scrape to its last byte in seconds",
            self.scrape.clone(),
        );
    }
}

impl Families {
    /// Registers what says how the last reading of the configuration ended.
    pub(super) fn register_reloads(&self, to: &mut Registry) {
        let help = "Whether the last reading of the configuration was successful";
        to.register("warrener_config_last_reload_successful", help, self.reload_successful.clone());
        let help = "Unix time of the last successful reading of the configuration";
        to.register("warrener_config_last_reload_success_timestamp_seconds", help, self.reloaded_at.clone());
    }

    /// Removes the series of a module that is gone. `record_errors` are the reasons of `warrener_record_errors_total`.
    pub(super) fn remove_module(&self, health: &ModuleHealth, record_errors: &[&'static str]) {
        let (cluster, module) = (&health.cluster, &health.module);
        self.up.remove(&module_labels(health));
        self.ready.remove(&module_labels(health));
        match health.kind {
            ModuleKind::Cluster => self.remove_cluster(cluster),
            ModuleKind::Consumer => {
                for reason in record_errors {
                    let labels = ReasonLabels { cluster: cluster.clone(), module: module.clone(), reason };
                    self.record_errors.remove(&labels);
                }
                self.remove_topic_reader(health);
                self.remove_zookeeper(health);
            }
        }
    }

    /// Removes the series of a reader of the offsets topic.
    pub(super) fn remove_topic_reader(&self, health: &ModuleHealth) {
        let (cluster, module) = (&health.cluster, &health.module);
        for kind in RecordType::ALL {
            let labels = TypeLabels { cluster: cluster.clone(), module: module.clone(), r#type: kind.name() };
            self.records.remove(&labels);
        }
        for reason in Oddities::REASONS {
            self.record_oddities.remove(&ReasonLabels { cluster: cluster.clone(), module: module.clone(), reason });
        }
        self.reader_restarts.remove(&ConsumerLabels { cluster: cluster.clone(), module: module.clone() });
    }

    /// Removes the series of a module that follows ZooKeeper.
    pub(super) fn remove_zookeeper(&self, health: &ModuleHealth) {
        let labels = ConsumerLabels { cluster: health.cluster.clone(), module: health.module.clone() };
        self.zookeeper_nodes.remove(&labels);
        self.zookeeper_sessions.remove(&labels);
    }

    fn remove_cluster(&self, cluster: &str) {
        for kind in RefreshKind::ALL.map(RefreshKind::name) {
            let labels = RefreshLabels { cluster: cluster.to_owned(), kind };
            self.refresh.remove(&labels);
            self.last_refresh.remove(&labels);
            for reason in FailureReason::ALL {
                let reason = reason.name();
                self.refresh_errors.remove(&RefreshErrorLabels { cluster: cluster.to_owned(), kind, reason });
            }
        }
        for reason in DropReason::ALL {
            self.dropped.remove(&DroppedLabels { cluster: cluster.to_owned(), reason: reason.name() });
        }
        let labels = ClusterLabels { cluster: cluster.to_owned() };
        self.dropped_topics.remove(&labels);
        self.group_partitions.remove(&labels);
    }
}

/// Registers `warrener_build_info` and, with the set `kafka_exporter`, `kafka_exporter_build_info`, from which
/// dashboards take their variables.
pub(super) fn register_build_info(registry: &mut Registry, kafka_exporter: bool) {
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("WARRENER_REVISION"));
    let ours = Family::<[(&str, &str); 3], Gauge>::default();
    let labels = [("version", version), ("revision", revision), ("rustc", env!("WARRENER_RUSTC"))];
    ours.get_or_create(&labels).set(1);
    registry.register("warrener_build_info", "A metric with the constant value 1 and the version as labels", ours);
    if !kafka_exporter {
        return;
    }
    let theirs = Family::<[(&str, &str); 2], Gauge>::default();
    theirs.get_or_create(&[("version", version), ("revision", revision)]).set(1);
    registry.register(
        "kafka_exporter_build_info",
        "A metric with the constant value 1 and the version as labels, for dashboards of kafka_exporter",
        theirs,
    );
}
