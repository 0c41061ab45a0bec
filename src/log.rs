//! The log: lines on standard error, with a level that can be changed while the program runs. Lines that are repeated
//! are folded.

mod folded;

use std::io::Write;
use std::panic::{self, PanicHookInfo};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock;
use crate::config::{LogFormat, LoggingConfig};
use crate::model::LogLevelControl;
use crate::model::{Level, Tick};
use crate::terminal::{EscapeForm, EscapingWriter};

use folded::{FoldedLines, RepeatedLine};

/// The lines that were shown within the last seconds. A process has one log.
static FOLDED: LazyLock<Mutex<FoldedLines>> = LazyLock::new(Mutex::default);

/// Leaves out what is not for operators, and lines that are repeated.
struct LineFilter;

impl<S> Filter<S> for LineFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // It warns on every attempt while an ensemble is down, and shows session passwords at debug level. The modules
        // log what an operator needs to know.
        !metadata.target().starts_with("zookeeper_client")
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            // Who looks for a fault wants every line.
            tracing::Level::DEBUG | tracing::Level::TRACE => return true,
        };
        if event.metadata().target() == module_path!() {
            return true;
        }
        let mut folded = folded();
        let line = folded.hash(event);
        folded.take_in(line, level, event, clock::tick())
    }
}

fn folded() -> MutexGuard<'static, FoldedLines> {
    FOLDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows the lines that have been repeated for long enough. Called every second.
pub fn report_repeated(now: Tick) {
    let due = folded().take_due(now);
    due.iter().for_each(report);
}

/// Shows all lines that have been repeated. Called before the program ends.
pub fn report_all_repeated() {
    let all = folded().take_all(clock::tick());
    all.iter().for_each(report);
}

fn report(line: &RepeatedLine) {
    let RepeatedLine { level, message: of, fields, repeated, seconds } = line;
    match level {
        Level::Error => tracing::error!(repeated, seconds, of, fields, "message repeated"),
        Level::Warn => tracing::warn!(repeated, seconds, of, fields, "message repeated"),
        Level::Info | Level::Debug | Level::Trace => {
            tracing::info!(repeated, seconds, of, fields, "message repeated");
        }
    }
}

/// Changes the log while the program runs.
pub struct LogControl {
    /// Reads and changes the level.
    pub level: LogLevelControl,
    /// Changes the format of the lines.
    pub set_format: Box<dyn Fn(LogFormat) + Send + Sync>,
}

/// Starts logging. Must be called only once per process.
#[must_use]
pub fn start(logging: &LoggingConfig) -> LogControl {
    let (filter, handle) = reload::Layer::new(filter_of(logging.level));
    let (lines, format) = reload::Layer::new(lines_of(logging.format));
    tracing_subscriber::registry().with(filter).with(lines.with_filter(LineFilter)).init();
    let (told, first) = (handle.clone(), logging.level);
    let level = LogLevelControl {
        get: Box::new(move || told.with_current(|filter| level(*filter)).unwrap_or(first)),
        set: Box::new(move |level| {
            if let Err(error) = handle.reload(filter_of(level)) {
                tracing::error!(%error, "the log's level cannot be changed");
            }
        }),
    };
    let set_format = move |wanted| {
        if let Err(error) = format.reload(lines_of(wanted)) {
            tracing::error!(%error, "the log's format cannot be changed");
        }
    };
    LogControl { level, set_format: Box::new(set_format) }
}

/// Writes events as lines of a format.
fn lines_of<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    // Each event is one write. The formatter itself escapes only some control characters, and only in some fields.
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_ansi(false);
    // Without this, a closed standard error would cause a panic.
    let lines = lines.log_internal_errors(false);
    match format {
        LogFormat::Text => lines.with_writer(|| EscapingWriter::new(EscapeForm::Text, std::io::stderr())).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_writer(|| EscapingWriter::new(EscapeForm::Json, std::io::stderr()))
            .boxed(),
    }
}

/// Installs a hook that reports each panic in one line, with the version: in the log, or on standard error before the
/// log is started.
///
/// A panic does not always end the program: a misbehaving server may cause a panic in the client of one session, which
/// ends only that session.
pub fn report_panics() {
    panic::set_hook(Box::new(report_panic));
}

fn report_panic(panic: &PanicHookInfo<'_>) {
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("WARRENER_REVISION"));
    let (thread, at) = (std::thread::current(), panic.location().map(ToString::to_string).unwrap_or_default());
    let (thread, why) = (thread.name().unwrap_or("-"), panic.payload_as_str().unwrap_or("it gave no reason"));
    if tracing::dispatcher::has_been_set() {
        tracing::error!(thread, at, why, version, revision, "a thread panicked");
    } else {
        let line = format!("warrener {version} (revision {revision}): thread {thread} panicked at {at}: {why:?}\n");
        // There is no other place to report to.
        drop(std::io::stderr().write_all(line.as_bytes()));
    }
}

const fn filter_of(level: Level) -> LevelFilter {
    match level {
        Level::Trace => LevelFilter::TRACE,
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    }
}

fn level(filter: LevelFilter) -> Level {
    let all = [Level::Trace, Level::Debug, Level::Info, Level::Warn];
    all.into_iter().find(|level| filter_of(*level) == filter).unwrap_or(Level::Error)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use tracing::{debug, info, subscriber, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of lines of which some are repeated, without their times.
    fn written(json: bool) -> Vec<String> {
        let (written, lines) = (Written::default(), tracing_subscriber::fmt::layer().with_target(false).without_time());
        let (lines, to) = (lines.with_ansi(false), written.clone());
        let lines = if json {
            lines.json().flatten_event(true).with_writer(move || to.clone()).boxed()
        } else {
            lines.with_writer(move || to.clone()).boxed()
        };
        subscriber::with_default(tracing_subscriber::registry().with(lines.with_filter(LineFilter)), || {
            for number in 0..4 {
                warn!(cluster = "a", json, "no answer");
                info!(number, json, "another line each time");
                debug!(json, "looked for");
            }
            report_all_repeated();
            report_all_repeated();
        });
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn repeated_lines_are_folded_in_both_formats_and_none_is_lost_at_the_end() {
        let text = written(false);
        assert_eq!(text.iter().filter(|line| line.contains("no answer")).count(), 2, "{text:#?}");
        assert_eq!(text.iter().filter(|line| line.contains("another line")).count(), 4);
        assert_eq!(text.iter().filter(|line| line.contains("looked for")).count(), 4);
        let repeated = "WARN message repeated repeated=3 seconds=";
        let last = text.last().unwrap();
        assert!(last.starts_with(repeated) && last.contains("of=\"no answer\""), "{last}");
        assert!(last.contains("cluster=") && last.contains("json=false"), "{last}");
        let json = written(true);
        let last: serde_json::Value = serde_json::from_str(json.last().unwrap()).unwrap();
        let told = [&last["level"], &last["message"], &last["of"]].map(|value| value.as_str().unwrap().to_owned());
        assert_eq!(told, ["WARN", "message repeated", "no answer"]);
        assert_eq!((&last["repeated"], last["seconds"].as_u64().is_some()), (&serde_json::json!(3), true));
    }
}
