//! A single reading without a server, for `warrener lag`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::clock;
use crate::config::{Config, LimitsConfig};
use crate::health::ModuleHealth;
use crate::log;
use crate::storage::View;
use crate::task::TaskFailure;

use super::RunError;
use super::app::App;
use super::modules::Modules;
use super::signals::Signals;

/// Interval of checks whether everything has been read.
const LOOK: Duration = Duration::from_millis(10);

/// The result of a reading.
#[derive(Debug)]
pub struct LagReading {
    /// Everything that is known.
    pub view: View,
    /// The clusters that were not read completely, by name.
    pub missing: Vec<MissingCluster>,
}

/// A cluster that was not read completely. Shown as `cluster "a" did not answer within 30s: why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCluster {
    cluster: String,
    answered: bool,
    end: ReadEnd,
    why: Vec<String>,
}

/// What ended the reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadEnd {
    Ready,
    TimedOut(Duration),
    BrokenOff,
}

impl fmt::Display for MissingCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.answered { "was not read completely" } else { "did not answer" };
        write!(f, "cluster {:?} {what} ", self.cluster)?;
        match self.end {
            ReadEnd::TimedOut(timeout) => write!(f, "within {}", humantime::format_duration(timeout))?,
            ReadEnd::Ready | ReadEnd::BrokenOff => f.write_str("before the reading was interrupted")?,
        }
        write!(f, ": {}", self.why.join("; "))
    }
}

/// Reads until every module is ready, until `timeout`, or until a signal, and passes what is known then to `show`. A
/// later signal ends the program immediately. Returns when every module has stopped.
///
/// # Errors
/// A failure that waiting cannot repair. If it occurs during the reading, `show` has still been called with what was
/// known.
pub async fn read_once<T>(
    mut config: Config,
    timeout: Duration,
    show: impl FnOnce(&LagReading) -> T,
) -> Result<T, RunError> {
    let mut signals = Signals::new()?;
    config.consumers.iter_mut().for_each(|consumer| consumer.settings.read_once());
    // A list that lacks groups would be wrong.
    config.limits = LimitsConfig::default();
    let app = App::new(config, CancellationToken::new());
    let (failures, mut failed) = unbounded_channel();
    let mut modules = Modules::configure(&app, &failures)?;
    let shown = match modules.start() {
        Ok(()) => {
            let end = app.wait_until_ready(&mut signals, &mut failed, timeout).await;
            tokio::spawn(async move {
                signals.next().await;
                warn!("stopped at once");
                log::report_all_repeated();
                std::process::exit(1);
            });
            let shown = show(&app.lag_reading(end.as_ref().map_or(ReadEnd::BrokenOff, |end| *end)));
            end.map(|_| shown)
        }
        Err(error) => Err(error.into()),
    };
    app.stop.cancel();
    modules.stop().await;
    app.tokens.stop().await;
    shown
}

impl App {
    async fn wait_until_ready(
        &self,
        signals: &mut Signals,
        failed: &mut UnboundedReceiver<TaskFailure>,
        timeout: Duration,
    ) -> Result<ReadEnd, RunError> {
        let ready = async {
            let mut look = tokio::time::interval(LOOK);
            while !self.exporter_metrics.modules().iter().all(|health| health.is_ready()) {
                look.tick().await;
            }
        };
        tokio::select! {
            biased;
            Some(failure) = failed.recv() => Err(failure.into()),
            () = ready => Ok(ReadEnd::Ready),
            _ = signals.next() => Ok(ReadEnd::BrokenOff),
            () = tokio::time::sleep(timeout) => Ok(ReadEnd::TimedOut(timeout)),
        }
    }

    fn lag_reading(&self, end: ReadEnd) -> LagReading {
        let tick = clock::tick();
        let mut missing: BTreeMap<&str, MissingCluster> = BTreeMap::new();
        let modules = self.exporter_metrics.modules();
        for health in modules.iter().filter(|health| !health.is_ready()) {
            let cluster = missing.entry(&health.cluster).or_insert_with(|| MissingCluster {
                cluster: health.cluster.clone(),
                answered: false,
                end,
                why: Vec::new(),
            });
            cluster.answered |= health.is_up(tick);
            let why = Self::unready_reason(health);
            if !cluster.why.contains(&why) {
                cluster.why.push(why);
            }
        }
        LagReading {
            view: self.storage.view(clock::now(), &self.settings().evaluator),
            missing: missing.into_values().collect(),
        }
    }

    /// Why a module is not ready, or how far it has read.
    fn unready_reason(health: &ModuleHealth) -> String {
        health.cause().unwrap_or_else(|| {
            let progress = health.parts().map(|(done, total)| format!(" ({done} of {total})"));
            format!("still {}{}", health.pending_work(), progress.unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_with_its_cause() {
        let missing = |answered, end| {
            let why =
                ["a:1: connect failed", "still reading the offsets topic to its end (3 of 50)"].map(str::to_owned);
            MissingCluster { cluster: "c".to_owned(), answered, end, why: why.into() }.to_string()
        };
        let why = "a:1: connect failed; still reading the offsets topic to its end (3 of 50)";
        let expected = format!("cluster \"c\" did not answer within 1m 30s: {why}");
        assert_eq!(missing(false, ReadEnd::TimedOut(Duration::from_secs(90))), expected);
        let expected = format!("cluster \"c\" was not read completely before the reading was interrupted: {why}");
        assert_eq!(missing(true, ReadEnd::BrokenOff), expected);
    }
}
