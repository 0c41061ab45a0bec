//! A run of the program: starts its parts in order, decides what ends it, and waits for all parts to end.

mod app;
mod signals;
mod single_reading;
mod view_cache;

use std::collections::TryReserveError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{interval, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::burrow::{self, BurrowApi};
use crate::config::{Config, HttpServerConfig};
use crate::health::ModuleHealth;
use crate::http::{BindError, ConnectionLimit, Endpoints, PendingItem, Readiness, Server};
use crate::metrics::{MetricsPage, PageLayout};
use crate::model::LogLevelControl;
use crate::model::ModuleError;
use crate::status_page;
use crate::storage::{Storage, View};
use crate::task::{self, EndReason, TaskFailure};
use crate::{clock, crash, host, model, shortage};

use app::App;
use signals::{SignalAction, Signals};
use view_cache::ViewCache;

pub use single_reading::{LagReading, MissingCluster, read_once};

/// Interval of checks for expired groups.
const EXPIRY: Duration = Duration::from_secs(30);
/// Interval in which free memory is returned to the system.
const TRIM: Duration = Duration::from_secs(10);

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A section cannot be configured, or its module cannot be started.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A task ended unexpectedly.
    #[error("{0} ended unexpectedly")]
    Ended(String),
    /// A task panicked.
    #[error("{0} panicked: {1}")]
    Panicked(String, String),
    /// Signals cannot be registered, or a listener failed.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

/// The parts of a run, with what is needed to show them over HTTP.
struct ServedApp {
    app: App,
    level: LogLevelControl,
    /// Name of this machine.
    host: String,
    layout: Arc<PageLayout>,
    view_cache: ViewCache,
    started: Instant,
}

impl From<TaskFailure> for RunError {
    fn from(TaskFailure { task, why }: TaskFailure) -> Self {
        match why {
            EndReason::Failed(error) => Self::Module(error),
            EndReason::Panicked(words) => Self::Panicked(task, words),
            EndReason::Returned => Self::Ended(task),
        }
    }
}

/// Runs until a signal or `stop` ends it. Returns when every part has ended.
///
/// `level` reads and changes the log level. `listening` is called with the addresses once they are bound.
///
/// # Errors
/// A failure that waiting cannot repair, at the start or later.
pub async fn run(
    config: Config,
    level: LogLevelControl,
    stop: CancellationToken,
    listening: impl FnOnce(&[SocketAddr]),
) -> Result<(), RunError> {
    // First, so that a signal that arrives while the modules start also ends the run.
    let signals = Signals::new()?;
    let shown = Arc::new(ServedApp::new(App::new(config, stop), level));
    let app = &shown.app;
    let (failures, failed) = unbounded_channel();
    let mut modules = app.configure(&failures)?;
    let servers = shown.bind()?;
    listening(&servers.iter().map(Server::local_addr).collect::<Vec<_>>());
    let mut tasks = JoinSet::new();
    // The servers continue while the modules stop, to complete answers in flight and to report that the program is
    // stopping.
    let closing = CancellationToken::new();
    for server in servers {
        info!(address = %server.local_addr(), "listening");
        let stop = closing.clone();
        tasks.spawn(async move { server.serve(stop).await.map_err(RunError::from) });
    }
    tasks.spawn(expire_groups(Arc::clone(&app.storage), app.stop.clone()));
    tasks.spawn(return_free_memory(app.stop.clone()));

    let reason = match modules.start() {
        Ok(()) => shown.wait_for_end(signals, failed, &mut tasks).await,
        Err(error) => Err(error.into()),
    };
    app.stop.cancel();
    closing.cancel();
    modules.stop().await;
    while let Some(ended) = tasks.join_next().await {
        if let Ok(Err(error)) = ended {
            warn!(%error, "a server did not end well");
        }
    }
    reason
}

/// The limit of connections, from the number of file descriptors.
fn connection_limit() -> Arc<ConnectionLimit> {
    let descriptors = shortage::descriptor_limit().unwrap_or(u64::MAX);
    let crowd = ConnectionLimit::for_descriptors(descriptors);
    if crowd.is_restricted() {
        let connections = crowd.max_connections();
        warn!(descriptors, connections, "few file descriptors: fewer clients than usual may be connected");
    }
    crowd
}

async fn expire_groups(storage: Arc<Storage>, stop: CancellationToken) -> Result<(), RunError> {
    let mut tick = interval(EXPIRY);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        storage.expire(clock::expiry_time());
    }
    Ok(())
}

/// A large answer of a broker leaves free memory between blocks that live on.
///
/// A thread of its own returns it, because other threads may wait for it meanwhile. It is not one of the runtime's
/// threads for blocking work: where the system has no thread left, the runtime panics. Here the next tick tries again.
async fn return_free_memory(stop: CancellationToken) -> Result<(), RunError> {
    let mut tick = interval_at((Instant::now() + TRIM).into(), TRIM);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        drop(task::start("memory", crash::return_free_memory));
    }
    Ok(())
}

impl ServedApp {
    fn new(app: App, level: LogLevelControl) -> Self {
        let layout = Arc::new(PageLayout::new(&app.config.metrics));
        let view_cache = ViewCache::default();
        Self { app, level, host: host::name(), layout, view_cache, started: Instant::now() }
    }

    fn bind(self: &Arc<Self>) -> Result<Vec<Server>, BindError> {
        let crowd = connection_limit();
        let bind = |section: &HttpServerConfig| Server::bind(&section.address, self.site(section), &crowd);
        self.app.config.http.iter().map(bind).collect()
    }

    fn site(self: &Arc<Self>, section: &HttpServerConfig) -> Endpoints {
        let [scraped, asked, observed, called, looked] = std::array::from_fn(|_| Arc::clone(self));
        let (ready_timeout, admin) = (section.ready_timeout, section.enable_admin);
        Endpoints {
            scrape: Arc::new(move |format, asked| {
                let view = scraped.view(asked)?;
                let tail = scraped.app.exporter_metrics.render(&scraped.app.storage, &view, clock::tick(), format);
                Ok(Box::new(MetricsPage::new(view, Arc::clone(&scraped.layout), format, tail)))
            }),
            ready: Arc::new(move || asked.readiness(ready_timeout, clock::tick())),
            observe: Arc::new(move |took| observed.app.exporter_metrics.observe_scrape(took)),
            burrow: Arc::new(move |verb, path, body| {
                called.burrow_api().answer(&burrow::BurrowRequest { verb, path, body, admin, now: clock::now() })
            }),
            status_page: Arc::new(move |call| looked.status_page_data().answer(call, clock::now())),
            origin: self.app.config.general.access_control_allow_origin.clone(),
            allowed_hosts: section.allowed_hosts.clone(),
        }
    }

    /// Returns the view for a page that was requested at this instant.
    fn view(&self, asked: Instant) -> Result<Arc<View>, TryReserveError> {
        self.view_cache.view(asked, || self.app.storage.try_view(clock::now(), &self.app.evaluator))
    }

    fn burrow_api(&self) -> BurrowApi<'_> {
        BurrowApi {
            config: &self.app.config,
            storage: &self.app.storage,
            rules: &self.app.evaluator,
            level: &self.level,
            host: &self.host,
        }
    }

    fn status_page_data(&self) -> status_page::StatusPageData<'_> {
        let App { storage, exporter_metrics: own, .. } = &self.app;
        let exporter = own.report(storage, (clock::now(), clock::tick()), self.started.elapsed());
        status_page::StatusPageData { storage, rules: &self.app.evaluator, exporter }
    }

    fn readiness(&self, timeout: Duration, now: model::Tick) -> Readiness {
        let awaited = self
            .app
            .exporter_metrics
            .modules()
            .iter()
            .filter(|health| health.is_awaited(now, self.started.elapsed(), timeout));
        Readiness { awaited: awaited.map(|health| awaited_module(health)).collect() }
    }

    /// Waits until something ends the run.
    async fn wait_for_end(
        &self,
        mut signals: Signals,
        mut failed: UnboundedReceiver<TaskFailure>,
        tasks: &mut JoinSet<Result<(), RunError>>,
    ) -> Result<(), RunError> {
        loop {
            tokio::select! {
                biased;
                () = self.app.stop.cancelled() => return Ok(()),
                asked = signals.next() => match asked {
                    SignalAction::End => break,
                    SignalAction::Reload => warn!("SIGHUP is ignored: reloading is not supported yet"),
                },
                Some(failure) = failed.recv() => return Err(failure.into()),
                Some(ended) = tasks.join_next() => match ended {
                    Ok(Ok(())) => return Err(RunError::Ended("a server".to_owned())),
                    Ok(Err(error)) => return Err(error),
                    Err(panicked) => return Err(RunError::Ended(panicked.to_string())),
                },
            }
        }
        info!("stopping");
        // A second signal ends the program immediately.
        tokio::spawn(async move {
            while matches!(signals.next().await, SignalAction::Reload) {}
            warn!("stopped at once");
            std::process::exit(1);
        });
        Ok(())
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
