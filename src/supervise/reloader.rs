//! Reads the configuration again and applies it, one reading after the other.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use crate::config::{Config, ConfigWarning};
use crate::task;

use super::error_text;
use super::listeners::Listeners;
use super::modules::Modules;
use super::served_app::{ReloadRequest, ServedApp};

/// Interval of checks whether modules can be replaced.
const LOOK: Duration = Duration::from_millis(100);
/// Interval in which the content of the configuration file is compared.
const WATCH: Duration = Duration::from_secs(10);

/// Reads and checks a configuration. The error is all mistakes.
pub type ReadConfigFn = Box<dyn Fn() -> Result<(Config, Vec<ConfigWarning>), Vec<String>> + Send + Sync>;

/// How the configuration is read again while the program runs.
pub struct ConfigReader {
    /// Reads and checks the configuration.
    pub read: ReadConfigFn,
    /// Returns the content of the configuration file; `None` if it cannot be read. Set to read the configuration again
    /// whenever it changes.
    pub watched: Option<Box<dyn Fn() -> Option<Vec<u8>> + Send + Sync>>,
}

/// Owns the modules and the listeners of a run, and changes them.
pub(super) struct Reloader {
    pub(super) shown: Arc<ServedApp>,
    pub(super) modules: Modules,
    pub(super) listeners: Listeners,
    pub(super) reader: Option<Arc<ConfigReader>>,
    pub(super) requests: UnboundedReceiver<ReloadRequest>,
}

impl Reloader {
    /// Serves requests until the run ends. Returns the modules and the listeners, which are then to be stopped.
    pub(super) async fn run(mut self) -> (Modules, Listeners) {
        let (mut look, mut watch) = (interval(LOOK), interval(WATCH));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.shown.app.stop.clone();
        let watches = self.reader.as_ref().is_some_and(|reader| reader.watched.is_some());
        let mut content = None;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return (self.modules, self.listeners),
                Some(answer) = self.requests.recv() => {
                    let done;
                    (self, done) = self.reload().await;
                    // Fails if nobody waits for the answer any more.
                    let _ = answer.send(done);
                }
                _ = look.tick() => if self.modules.can_replace() {
                    self = self.replace().await;
                },
                _ = watch.tick(), if watches => {
                    let before = content;
                    (self, content) = self.content().await;
                    if before.is_some() && content.is_some() && before != content {
                        info!("the configuration file has changed");
                        (self, _) = self.reload().await;
                    }
                }
            }
        }
    }

    /// Reads the configuration and applies it. Logs all mistakes.
    async fn reload(self) -> (Self, Result<(), Vec<String>>) {
        let Some(reader) = self.reader.clone() else {
            warn!("the configuration is not read again: it came from the command line");
            let why = "the configuration came from the command line, so it cannot be read again";
            return (self, Err(vec![why.to_owned()]));
        };
        let (mut this, result) = on_thread(self, move |this| this.read_and_apply(&reader)).await;
        this.shown.app.exporter_metrics.record_reload(result.is_ok());
        match &result {
            Ok(()) => {
                this.listeners.serve_bound();
                info!("the configuration was read again");
            }
            Err(mistakes) => {
                for mistake in mistakes {
                    error!(mistake, "the configuration has a mistake");
                }
                error!(mistakes = mistakes.len(), "the configuration was not applied: everything goes on as before");
            }
        }
        (this, result)
    }

    fn read_and_apply(&mut self, reader: &ConfigReader) -> Result<(), Vec<String>> {
        let (config, warnings) = (reader.read)()?;
        for warning in warnings {
            warn!("{warning}");
        }
        let logging = (self.shown.app.settings().config.logging.clone(), config.logging.clone());
        self.listeners.bind(&self.shown, &config).map_err(|error| vec![error_text(&error)])?;
        if let Err(error) = self.modules.reconfigure(&self.shown.app, config) {
            self.listeners.drop_bound();
            return Err(vec![error_text(&error)]);
        }
        let (before, after) = logging;
        if before.level != after.level {
            (self.shown.log.level.set)(after.level);
        }
        if before.format != after.format {
            (self.shown.log.set_format)(after.format);
        }
        self.listeners.reread_access();
        Ok(())
    }

    async fn replace(self) -> Self {
        let shown = Arc::clone(&self.shown);
        on_thread(self, move |this| this.modules.replace(&shown.app)).await.0
    }

    /// A hash of the content of the configuration file; `None` if it cannot be read.
    async fn content(self) -> (Self, Option<u64>) {
        let Some(reader) = self.reader.clone() else { return (self, None) };
        let hash = move |_: &mut Self| {
            let content = reader.watched.as_ref().and_then(|watched| watched())?;
            let mut hasher = DefaultHasher::new();
            content.hash(&mut hasher);
            Some(hasher.finish())
        };
        on_thread(self, hash).await
    }
}

/// Works on a thread of its own, because it may block. It is not one of the runtime's threads for blocking work: where
/// the system has no thread left, the runtime panics.
#[expect(clippy::expect_used, reason = "the work returns what it was given, or it has panicked")]
async fn on_thread<T: Send + 'static, R: Send + 'static>(
    mut value: T,
    work: impl FnOnce(&mut T) -> R + Send + 'static,
) -> (T, R) {
    let (send, done) = oneshot::channel();
    let run = move || {
        let result = work(&mut value);
        // Fails if the run itself was aborted.
        let _ = send.send((value, result));
    };
    if let Err(refused) = task::start("reload", run) {
        refused.work_here();
    }
    done.await.expect("invariant: a reload does not panic")
}
