//! The exporter's own metrics of one module.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tracing::{info, warn};

use crate::clock;
use crate::health::{ModuleHealth, ModuleKind};
use crate::model::{FailureReason, Right};
use crate::offsets::{DecodeError, Oddities, RecordType};

use super::certificates::{CertificateExpiry, Certificates};
use super::counters::{ReasonCounters, RecordCounters};
use super::families::{
    ConsumerLabels, Families, ReasonLabels, RefreshErrorLabels, RefreshKind, RefreshLabels, TypeLabels, module_labels,
};

/// The exporter's own metrics of one module.
#[derive(Clone, Debug)]
pub struct ModuleMetrics {
    pub(super) health: Arc<ModuleHealth>,
    pub(super) families: Families,
    pub(super) certificates: Certificates,
}

impl ModuleMetrics {
    /// Metrics that are not shown, for tests of modules.
    #[must_use]
    pub fn detached(cluster: &str, kind: ModuleKind, module: &str) -> Self {
        let health = Arc::new(ModuleHealth::new(cluster.to_owned(), kind, module.to_owned()));
        Self { health, families: Families::default(), certificates: Certificates::default() }
    }

    /// The health of the module.
    #[must_use]
    pub fn health(&self) -> &ModuleHealth {
        &self.health
    }

    /// Where the module says when its certificates expire (`warrener_certificate_expiry_timestamp_seconds`). They are
    /// shown until the value is dropped.
    #[must_use]
    pub fn certificates(&self) -> Arc<CertificateExpiry> {
        self.certificates.add_module(module_labels(&self.health))
    }

    /// Sets how many parts of the module are done, and how many there are (`warrener_ready`).
    pub fn set_progress(&self, done: u64, parts: u64) {
        let ModuleHealth { cluster, kind, module, .. } = &*self.health;
        if self.health.set_progress(done, parts) {
            info!(cluster, kind = kind.name(), module, parts, "caught up");
        }
    }

    /// Records that a server has just answered (`warrener_up`).
    pub fn record_answer(&self) {
        self.health.record_answer(clock::tick());
    }

    /// Records a successful refresh (`warrener_refresh_seconds`, `warrener_last_refresh_timestamp_seconds`).
    pub fn record_refresh(&self, kind: RefreshKind, took: Duration) {
        let labels = RefreshLabels { cluster: self.health.cluster.clone(), kind: kind.name() };
        self.families.refresh.get_or_create(&labels).observe(took.as_secs_f64());
        self.families.last_refresh.get_or_create(&labels).set(clock::now().seconds());
    }

    /// Records a failed refresh (`warrener_refresh_errors_total`). The reason is from a closed set.
    pub fn record_refresh_error(&self, kind: RefreshKind, reason: &'static str) {
        let (cluster, kind) = (self.health.cluster.clone(), kind.name());
        self.families.refresh_errors.get_or_create(&RefreshErrorLabels { cluster, kind, reason }).inc();
    }

    /// Records that a server refuses a right: counts the failure (`warrener_refresh_errors_total`), and logs the right
    /// if that is news.
    pub fn record_refusal(&self, kind: RefreshKind, right: Right) {
        self.record_refresh_error(kind, FailureReason::Authorization.name());
        self.record_missing_right(right);
    }

    /// Records that a server refuses a right. The log says so once per change.
    pub fn record_missing_right(&self, right: Right) {
        let ModuleHealth { cluster, kind, module, .. } = &*self.health;
        if self.health.record_missing_right(right.clone()) {
            let (kind, operation, resource) = (kind.name(), right.operation.name(), right.resource.to_string());
            warn!(cluster, kind, module, operation, resource, "the server refuses access: a right is missing");
        }
    }

    /// Records that a right is not refused. The log says so if it was missing.
    pub fn record_granted_right(&self, right: &Right) {
        let ModuleHealth { cluster, kind, module, .. } = &*self.health;
        if self.health.remove_missing_right(right) {
            let (kind, operation, resource) = (kind.name(), right.operation.name(), right.resource.to_string());
            info!(cluster, kind, module, operation, resource, "a right is no longer missing, or no longer needed");
        }
    }

    /// Sets how many records the reader of a partition of the offsets topic is behind (`warrener_offsets_topic_lag`).
    /// `None` if it is unknown or the partition is no longer read.
    pub fn set_topic_lag(&self, partition: i32, lag: Option<i64>) {
        self.health.set_topic_lag(partition, lag);
    }

    /// Records that a partition is read again because nothing came of it (`warrener_reader_restarts_total`).
    pub fn count_reader_restart(&self) {
        self.families.reader_restarts.get_or_create(&self.own_labels()).inc();
    }

    /// Sets how many nodes of ZooKeeper are followed (`warrener_zookeeper_nodes`).
    pub fn set_zookeeper_nodes(&self, nodes: usize) {
        let gauge = self.families.zookeeper_nodes.get_or_create(&self.own_labels()).clone();
        gauge.set(i64::try_from(nodes).unwrap_or(i64::MAX));
    }

    /// Records a new session with an ensemble (`warrener_zookeeper_sessions_total`).
    pub fn count_zookeeper_session(&self) {
        self.families.zookeeper_sessions.get_or_create(&self.own_labels()).inc();
    }

    fn own_labels(&self) -> ConsumerLabels {
        ConsumerLabels { cluster: self.health.cluster.clone(), module: self.health.module.clone() }
    }

    /// The counters of `warrener_record_errors_total` of this module, resolved once.
    #[must_use]
    pub fn error_counters(&self, reasons: &[&'static str]) -> ReasonCounters {
        self.reason_counters(&self.families.record_errors, reasons)
    }

    fn reason_counters(&self, family: &Family<ReasonLabels, Counter>, reasons: &[&'static str]) -> ReasonCounters {
        let (cluster, module) = (self.health.cluster.clone(), self.health.module.clone());
        let reasons = reasons.iter().map(|reason| {
            let labels = ReasonLabels { cluster: cluster.clone(), module: module.clone(), reason };
            (*reason, family.get_or_create(&labels).clone())
        });
        ReasonCounters { reasons: reasons.collect() }
    }

    /// The counters of a reader of the offsets topic, resolved once.
    #[must_use]
    pub fn record_counters(&self) -> RecordCounters {
        // Exists from the start, so that the first restart is an increase.
        drop(self.families.reader_restarts.get_or_create(&self.own_labels()));
        let (cluster, module) = (self.health.cluster.clone(), self.health.module.clone());
        let types = RecordType::ALL.iter().map(|kind| {
            let labels = TypeLabels { cluster: cluster.clone(), module: module.clone(), r#type: kind.name() };
            (*kind, self.families.records.get_or_create(&labels).clone())
        });
        RecordCounters {
            types: types.collect(),
            errors: self.error_counters(&DecodeError::REASONS),
            oddities: self.reason_counters(&self.families.record_oddities, &Oddities::REASONS),
        }
    }
}
