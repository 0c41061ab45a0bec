//! A run of the program: starts its parts in order, decides what ends it, and waits for all parts to end.

mod app;
mod cgroup;
mod limits;
mod listeners;
mod modules;
mod reconfigure;
mod reloader;
mod replacement;
mod served_app;
mod signals;
mod single_reading;
mod view_cache;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{interval, interval_at, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::http::{AccessError, BindError, ConnectionLimit};
use crate::log::LogControl;
use crate::model::ModuleError;
use crate::storage::Storage;
use crate::task::{self, EndReason, TaskFailure};
use crate::{clock, crash, log, shortage};

use app::App;
use listeners::Listeners;
use modules::Modules;
use reloader::Reloader;
use served_app::{Lifecycle, ServedApp};
use signals::{SignalAction, Signals};

pub use reloader::ConfigReader;
pub use single_reading::{LagReading, MissingCluster, read_once};

/// Interval of checks for expired groups.
const EXPIRY: Duration = Duration::from_secs(30);
/// How long a reload may go on while the program stops.
const RELOAD_GRACE: Duration = Duration::from_secs(1);
/// Interval of checks whether lines of the log were repeated.
const REPEATED: Duration = Duration::from_secs(1);
/// Interval in which free memory is returned to the system.
const TRIM: Duration = Duration::from_secs(10);

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A section cannot be configured, or its module cannot be started.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The protection of a listener cannot be read.
    #[error(transparent)]
    Access(#[from] AccessError),
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

impl From<TaskFailure> for RunError {
    fn from(TaskFailure { task, why }: TaskFailure) -> Self {
        match why {
            EndReason::Failed(error) => Self::Module(error),
            EndReason::Panicked(words) => Self::Panicked(task, words),
            EndReason::Returned => Self::Ended(task),
        }
    }
}

/// What a run is made of.
pub struct RunInputs {
    /// The configuration.
    pub config: Config,
    /// How it is read again. `None` if it did not come from a file.
    pub reader: Option<ConfigReader>,
    /// Changes the log.
    pub log: LogControl,
    /// Ends the run when it is cancelled.
    pub stop: CancellationToken,
}

/// Runs until a signal or `stop` ends it. Returns when every part has ended.
///
/// `listening` is called with the URLs of the listeners once they are bound.
///
/// # Errors
/// A failure that waiting cannot repair, at the start or later.
pub async fn run(inputs: RunInputs, listening: impl FnOnce(&[String])) -> Result<(), RunError> {
    let RunInputs { config, reader, log, stop } = inputs;
    // First, so that a signal that arrives while the modules start also ends the run.
    let signals = Signals::new()?;
    let (reload, requests) = unbounded_channel();
    let (ask_to_quit, quit) = unbounded_channel();
    let lifecycle = Lifecycle { reload, quit: ask_to_quit };
    let shown = Arc::new(ServedApp::new(App::new(config, stop), log, lifecycle));
    let app = &shown.app;
    let (failures, failed) = unbounded_channel();
    let (server_failures, failed_servers) = unbounded_channel();
    let mut modules = Modules::configure(app, &failures)?;
    let mut listeners = Listeners::new(connection_limit(), server_failures);
    listeners.bind(&shown, &app.settings().config)?;
    listening(&listeners.bound_urls());
    listeners.serve_bound();
    let mut tasks = JoinSet::new();
    tasks.spawn(expire_groups(Arc::clone(&app.storage), app.stop.clone()));
    tasks.spawn(limits::report_refused_groups(Arc::clone(&app.storage), app.stop.clone()));
    tasks.spawn(return_free_memory(app.stop.clone()));
    tasks.spawn(report_repeated_lines(app.stop.clone()));

    let started = modules.start();
    let reloader = Reloader { shown: Arc::clone(&shown), modules, listeners, reader: reader.map(Arc::new), requests };
    let reloads_ended = CancellationToken::new();
    let guard = reloads_ended.clone().drop_guard();
    let reloader = tokio::spawn(async move {
        let _guard = guard;
        reloader.run().await
    });
    let reason = match started {
        Ok(()) => {
            shown
                .wait_for_end(EndSources { signals, failed, failed_servers, quit, reloads_ended, tasks: &mut tasks })
                .await
        }
        Err(error) => Err(error.into()),
    };
    app.stop.cancel();
    // The servers continue while the modules stop, to complete answers in flight and to report that the program is
    // stopping.
    match timeout(RELOAD_GRACE, reloader).await {
        Ok(Ok((modules, listeners))) => {
            tokio::join!(modules.stop(), listeners.stop());
        }
        Ok(Err(error)) => warn!(%error, "the modules did not end well"),
        Err(_) => warn!("a reload did not end in time and is cut off"),
    }
    app.tokens.stop().await;
    while let Some(ended) = tasks.join_next().await {
        if let Ok(Err(error)) = ended {
            warn!(%error, "a task did not end well");
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

async fn report_repeated_lines(stop: CancellationToken) -> Result<(), RunError> {
    let mut tick = interval(REPEATED);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        log::report_repeated(clock::tick());
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

/// What may end a run.
struct EndSources<'a> {
    signals: Signals,
    failed: UnboundedReceiver<TaskFailure>,
    failed_servers: UnboundedReceiver<RunError>,
    quit: UnboundedReceiver<()>,
    /// Cancelled when no reload is possible any more, because one has panicked.
    reloads_ended: CancellationToken,
    tasks: &'a mut JoinSet<Result<(), RunError>>,
}

impl ServedApp {
    /// Waits until something ends the run.
    async fn wait_for_end(&self, sources: EndSources<'_>) -> Result<(), RunError> {
        let EndSources { mut signals, mut failed, mut failed_servers, mut quit, reloads_ended, tasks } = sources;
        loop {
            tokio::select! {
                biased;
                () = self.app.stop.cancelled() => return Ok(()),
                asked = signals.next() => match asked {
                    SignalAction::End => break,
                    // The answer is in the log. Fails if the run is ending anyway.
                    SignalAction::Reload => drop(self.lifecycle.reload.send(oneshot::channel().0)),
                },
                () = reloads_ended.cancelled() => return Err(RunError::Ended("a reload".to_owned())),
                Some(()) = quit.recv() => break,
                Some(failure) = failed.recv() => return Err(failure.into()),
                Some(error) = failed_servers.recv() => return Err(error),
                Some(ended) = tasks.join_next() => match ended {
                    Ok(Ok(())) => return Err(RunError::Ended("a task".to_owned())),
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
            log::report_all_repeated();
            std::process::exit(1);
        });
        Ok(())
    }
}

/// The text of an error and of all its causes.
#[must_use]
pub fn error_text(error: &dyn std::error::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
