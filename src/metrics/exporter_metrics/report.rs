//! The exporter's state for the status page, with the same values as on `/metrics`.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::health::{ModuleHealth, ModuleKind};
use crate::model::FailureReason;
use crate::model::{Tick, Timestamp};
use crate::offsets::RecordType;
use crate::status_page::{
    ExporterReport, ModuleReport, NamedCount, ReaderReport, RefreshReport, RightReport, StorageReport,
};
use crate::storage::{Cluster, Storage};

use super::ExporterMetrics;
use super::families::{ReasonLabels, RefreshErrorLabels, RefreshKind, RefreshLabels, TypeLabels};

impl ExporterMetrics {
    /// The state at the wall clock time `now`, which is `tick` on the monotonic clock. `running` is the time since the
    /// start.
    #[must_use]
    pub fn report(&self, storage: &Storage, (now, tick): (Timestamp, Tick), running: Duration) -> ExporterReport {
        ExporterReport {
            now: now.0,
            version: env!("CARGO_PKG_VERSION"),
            running: u64::try_from(running.as_millis()).unwrap_or(u64::MAX),
            modules: self.modules().iter().map(|health| self.module_report(health, storage, tick)).collect(),
            storage: storage_report(storage),
        }
    }

    fn module_report(&self, health: &ModuleHealth, storage: &Storage, now: Tick) -> ModuleReport {
        let (ready, parts) = (health.is_ready(), health.parts());
        let is_cluster = health.kind == ModuleKind::Cluster;
        let cluster = storage.cluster(&health.cluster).filter(|_| is_cluster);
        let kinds = RefreshKind::OF_CLUSTER.into_iter().filter(|_| is_cluster);
        ModuleReport {
            cluster: health.cluster.clone(),
            kind: health.kind.name(),
            module: health.module.clone(),
            up: health.is_up(now),
            trouble: (!health.is_up(now)).then(|| health.cause()).flatten(),
            ready,
            awaited: (!ready).then(|| health.pending_work()),
            done: parts.map(|(done, _)| done),
            total: parts.map(|(_, total)| total),
            refreshes: kinds.map(|kind| self.refresh_report(&health.cluster, kind)).collect(),
            reader: (!is_cluster).then(|| self.reader_report(health)),
            missing_rights: health.missing_rights().iter().map(RightReport::of).collect(),
            refused: cluster.as_deref().map(Cluster::refused_groups),
            incomplete: cluster.as_deref().map(Cluster::incomplete_groups),
            dropped: cluster.as_deref().map(dropped).unwrap_or_default(),
        }
    }

    fn refresh_report(&self, cluster: &str, kind: RefreshKind) -> RefreshReport {
        let labels = RefreshLabels { cluster: cluster.to_owned(), kind: kind.name() };
        let seconds = self.families.last_refresh.get(&labels).map(|gauge| gauge.get());
        let errors = FailureReason::ALL.iter().map(|reason| {
            let (cluster, kind, reason) = (cluster.to_owned(), kind.name(), reason.name());
            nonzero_count(&self.families.refresh_errors, reason, &RefreshErrorLabels { cluster, kind, reason })
        });
        RefreshReport { kind: kind.name(), last: seconds.map(millis), errors: errors.flatten().collect() }
    }

    fn reader_report(&self, health: &ModuleHealth) -> ReaderReport {
        let (cluster, module) = (&health.cluster, &health.module);
        let records = RecordType::ALL.iter().map(|kind| {
            let labels = TypeLabels { cluster: cluster.clone(), module: module.clone(), r#type: kind.name() };
            nonzero_count(&self.families.records, kind.name(), &labels)
        });
        let errors = self.record_errors.iter().map(|reason| {
            let labels = ReasonLabels { cluster: cluster.clone(), module: module.clone(), reason };
            nonzero_count(&self.families.record_errors, reason, &labels)
        });
        ReaderReport {
            behind: health.topic_lag(),
            records: records.flatten().collect(),
            errors: errors.flatten().collect(),
        }
    }
}

/// The count of a counter. `None` if it is 0.
fn nonzero_count<L>(family: &Family<L, Counter>, name: &'static str, labels: &L) -> Option<NamedCount>
where
    L: Clone + std::hash::Hash + Eq,
{
    let count = family.get(labels).map_or(0, |counter| counter.get());
    (count > 0).then_some(NamedCount { name, count })
}

fn storage_report(storage: &Storage) -> Vec<StorageReport> {
    let (usage, limits) = (storage.usage(), storage.limits());
    vec![
        StorageReport { name: "groups", held: usage.groups, limit: limits.groups },
        StorageReport { name: "group-partitions", held: usage.group_partitions, limit: limits.group_partitions },
        StorageReport { name: "memory", held: usage.memory, limit: limits.memory },
    ]
}

fn dropped(cluster: &Cluster) -> Vec<NamedCount> {
    let counts = cluster.dropped().map(|(why, count)| NamedCount { name: why.name(), count });
    counts.filter(|dropped| dropped.count > 0).collect()
}

/// Converts seconds since the epoch to milliseconds.
fn millis(seconds: f64) -> i64 {
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
