//! What a run serves over HTTP, and what clients may ask of it.

use std::collections::TryReserveError;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::burrow::{self, BurrowApi};
use crate::config::HttpServerConfig;
use crate::health::ModuleHealth;
use crate::http::{
    AccessError, Endpoints, HashingQueue, LifecycleAction, LifecycleFn, ListenerAccess, PendingItem, Readiness,
};
use crate::log::LogControl;
use crate::metrics::MetricsPage;
use crate::storage::View;
use crate::{clock, host, model, status_page};

use super::RunError;
use super::app::{App, Settings};
use super::view_cache::ViewCache;

/// The parts of a run, with what is needed to show them over HTTP.
pub(super) struct ServedApp {
    pub(super) app: App,
    pub(super) log: LogControl,
    /// Name of this machine.
    host: String,
    view_cache: ViewCache,
    pub(super) lifecycle: Lifecycle,
    passwords: Arc<HashingQueue>,
    started: Instant,
}

/// A request to read the configuration again. The answer is all mistakes.
pub(super) type ReloadRequest = oneshot::Sender<Result<(), Vec<String>>>;

/// What clients and signals may ask of a run.
pub(super) struct Lifecycle {
    pub(super) reload: UnboundedSender<ReloadRequest>,
    pub(super) quit: UnboundedSender<()>,
}

impl ServedApp {
    pub(super) fn new(app: App, log: LogControl, lifecycle: Lifecycle) -> Self {
        let (view_cache, passwords) = (ViewCache::default(), HashingQueue::new());
        Self { app, log, host: host::name(), view_cache, lifecycle, passwords, started: Instant::now() }
    }

    pub(super) fn endpoints(
        self: &Arc<Self>,
        section: &HttpServerConfig,
        origin: Option<String>,
    ) -> Result<Endpoints, RunError> {
        let [scraped, asked, observed, called, looked, ended] = std::array::from_fn(|_| Arc::clone(self));
        let (ready_timeout, admin) = (section.ready_timeout, section.enable_admin);
        Ok(Endpoints {
            scrape: Arc::new(move |format, asked| {
                let settings = scraped.app.settings();
                let view = scraped.view(asked, &settings)?;
                let tail = scraped.app.exporter_metrics.render(&scraped.app.storage, &view, clock::tick(), format);
                Ok(Box::new(MetricsPage::new(view, Arc::clone(&settings.layout), format, tail)))
            }),
            ready: Arc::new(move || asked.readiness(ready_timeout, clock::tick())),
            observe: Arc::new(move |took| observed.app.exporter_metrics.observe_scrape(took)),
            burrow: Arc::new(move |verb, path, body| {
                let settings = called.app.settings();
                let asked = burrow::BurrowRequest { verb, path, body, admin, now: clock::now() };
                called.burrow_api(&settings).answer(&asked)
            }),
            status_page: Arc::new(move |call| {
                let settings = looked.app.settings();
                looked.status_page_data(&settings).answer(call, clock::now())
            }),
            lifecycle: section.enable_lifecycle.then(|| -> LifecycleFn {
                Arc::new(move |action| {
                    let shown = Arc::clone(&ended);
                    Box::pin(async move { shown.lifecycle(action).await })
                })
            }),
            origin,
            allowed_hosts: section.allowed_hosts.clone(),
            serves: section.serves.clone(),
            access: self.access(section)?,
        })
    }

    fn access(&self, section: &HttpServerConfig) -> Result<Arc<ListenerAccess>, AccessError> {
        let access = ListenerAccess::open(section, &self.passwords)?;
        access.show_expiry(self.app.exporter_metrics.listener_certificates(&section.name));
        Ok(access)
    }

    async fn lifecycle(&self, action: LifecycleAction) -> Result<(), Vec<String>> {
        match action {
            LifecycleAction::Reload => request_reload(&self.lifecycle.reload)
                .await
                .unwrap_or_else(|| Err(vec!["the program is stopping".to_owned()])),
            LifecycleAction::Quit => {
                // Fails if the run is ending already.
                let _ = self.lifecycle.quit.send(());
                Ok(())
            }
        }
    }

    /// Returns the view for a page that was requested at this instant.
    fn view(&self, asked: Instant, settings: &Settings) -> Result<Arc<View>, TryReserveError> {
        self.view_cache.view(asked, || self.app.storage.try_view(clock::now(), &settings.evaluator))
    }

    fn burrow_api<'a>(&'a self, settings: &'a Settings) -> BurrowApi<'a> {
        BurrowApi {
            config: &settings.config,
            storage: &self.app.storage,
            rules: &settings.evaluator,
            level: &self.log.level,
            host: &self.host,
        }
    }

    fn status_page_data<'a>(&'a self, settings: &'a Settings) -> status_page::StatusPageData<'a> {
        let App { storage, exporter_metrics: own, .. } = &self.app;
        let exporter = own.report(storage, (clock::now(), clock::tick()), self.started.elapsed());
        status_page::StatusPageData { storage, rules: &settings.evaluator, exporter }
    }

    fn readiness(&self, timeout: Duration, now: model::Tick) -> Readiness {
        let modules = self.app.exporter_metrics.modules();
        let awaited = modules.iter().filter(|health| health.is_awaited(now, self.started.elapsed(), timeout));
        Readiness { awaited: awaited.map(|health| awaited_module(health)).collect() }
    }
}

fn awaited_module(health: &ModuleHealth) -> PendingItem {
    let parts = health.parts();
    PendingItem {
        what: health.pending_work().to_owned(),
        cluster: Some(health.cluster.clone()),
        kind: Some(health.kind.name()),
        module: Some(health.module.clone()),
        done: parts.map(|(done, _)| done),
        total: parts.map(|(_, total)| total),
    }
}

/// Asks for a reload, and waits for its end. `None` if the run is ending.
async fn request_reload(requests: &UnboundedSender<ReloadRequest>) -> Option<Result<(), Vec<String>>> {
    let (answer, answered) = oneshot::channel();
    requests.send(answer).ok()?;
    answered.await.ok()
}
