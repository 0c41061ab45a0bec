//! Modules that read beside those that they replace.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::later;
use crate::config::Config;
use crate::consumer::kafka_zk;
use crate::health::ModuleKind;

use super::app::App;
use super::modules::{ModuleKey, Modules, PendingModule, RunningModule};

/// How long a replaced module may take to stop.
const STOPPING: Duration = Duration::from_secs(10);
/// How long a module may take to show what it has read.
const SHOWING: Duration = Duration::from_secs(10);
/// Interval of checks whether it does.
const LOOK: Duration = Duration::from_millis(5);
/// How often the log says that a module is still reading.
const REPORT: Duration = Duration::from_secs(300);

impl Modules {
    /// Whether all modules of a cluster that wait have read everything.
    pub(super) fn can_replace(&mut self) -> bool {
        self.report_waiting();
        self.complete_cluster().is_some()
    }

    /// Replaces the modules of one cluster, all together: no page shows the commits of one and the log ends of another.
    pub(super) fn replace(&mut self, app: &App) {
        let Some(cluster) = self.complete_cluster() else { return };
        let of_cluster = |pending: &mut PendingModule| pending.health.cluster == cluster;
        let mut pending: Vec<PendingModule> = self.pending.extract_if(.., of_cluster).collect();
        // Consumers stop first and start last, as in a run.
        pending.sort_by_key(|pending| pending.key.0 == ModuleKind::Consumer);
        let mut before = Vec::new();
        for pending in pending.iter().rev() {
            if let Some(mut module) = self.take(&pending.key) {
                module.stop(later(Instant::now(), STOPPING));
            }
            before.push(app.health(pending.key.0, &pending.key.1));
        }
        pending.iter().for_each(|pending| pending.handover.let_show());
        pending.iter().for_each(|pending| wait_until_shown(pending, &app.stop));
        for pending in &pending {
            let old = before.iter().flatten().find(|old| (old.kind, &old.module) == (pending.key.0, &pending.key.1));
            let moved = old.filter(|old| old.cluster != pending.health.cluster);
            if let Some(cluster) = moved.and_then(|old| app.storage.cluster(&old.cluster)) {
                cluster.remove_module(&pending.key.1);
            }
        }
        let shown = app.exporter_metrics.modules();
        let shown = shown.iter().map(|health| {
            let new = pending.iter().find(|new| (new.key.0, &new.key.1) == (health.kind, &health.module));
            Arc::clone(new.map_or(health, |new| &new.health))
        });
        app.exporter_metrics.set_modules(shown.collect());
        let settings = app.settings();
        for pending in &pending {
            if let Some(class) = self.former_class(&pending.key, &settings.config) {
                app.exporter_metrics.remove_class_series(&pending.health, class == kafka_zk::NAME);
            }
        }
        for PendingModule { key, module, sender, since, .. } in pending {
            info!(module = module.name(), seconds = since.elapsed().as_secs_f64(), "replaced the running module");
            self.add_started(key, module, RunningModule { settings: Arc::clone(&settings), sender });
        }
    }

    /// The class of a running consumer that is replaced by one of another class.
    fn former_class(&self, key: &ModuleKey, after: &Config) -> Option<&'static str> {
        let class = |config: &Config| {
            config.consumer(&key.1).filter(|_| key.0 == ModuleKind::Consumer).map(|section| section.class.name)
        };
        self.running
            .get(key)
            .and_then(|running| class(&running.settings.config))
            .filter(|old| Some(*old) != class(after))
    }

    /// A cluster all of whose waiting modules have read everything.
    fn complete_cluster(&self) -> Option<String> {
        let complete = |cluster: &str| {
            let mut of_cluster = self.pending.iter().filter(|pending| pending.health.cluster == cluster);
            of_cluster.all(|pending| pending.handover.is_complete())
        };
        self.pending.iter().map(|pending| &pending.health.cluster).find(|cluster| complete(cluster)).cloned()
    }

    fn report_waiting(&mut self) {
        for pending in self.pending.iter_mut().filter(|pending| !pending.handover.is_complete()) {
            if pending.since.elapsed() >= REPORT.saturating_mul(pending.reports.saturating_add(1)) {
                pending.reports = pending.reports.saturating_add(1);
                let (module, seconds, cause) =
                    (pending.module.name(), pending.since.elapsed().as_secs(), pending.health.cause());
                let cause = cause.unwrap_or_else(|| "it has not read everything yet".to_owned());
                warn!(module, seconds, cause, "the running module goes on, because its replacement is not ready");
            }
        }
    }
}

/// Waits until a module shows what it has read, which takes a moment.
fn wait_until_shown(pending: &PendingModule, stop: &CancellationToken) {
    let end = later(Instant::now(), SHOWING);
    while !pending.health.is_ready() && Instant::now() < end && !stop.is_cancelled() {
        thread::sleep(LOOK);
    }
}
