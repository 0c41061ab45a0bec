//! The log: lines on standard error, with a level that can be changed while the program runs.

use std::io::Write;
use std::panic::{self, PanicHookInfo};

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, LoggingConfig};
use crate::model::Level;
use crate::model::LogLevelControl;
use crate::terminal::{EscapeForm, EscapingWriter};

/// Starts logging. Must be called only once per process.
#[must_use]
pub fn start(logging: &LoggingConfig) -> LogLevelControl {
    let (filter, handle) = reload::Layer::new(filter_of(logging.level));
    // Each event is one write. The formatter itself escapes only some control characters, and only in some fields.
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_ansi(false);
    // Without this, a closed standard error would cause a panic.
    let lines = lines.log_internal_errors(false);
    let lines = match logging.format {
        LogFormat::Text => lines.with_writer(|| EscapingWriter::new(EscapeForm::Text, std::io::stderr())).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_writer(|| EscapingWriter::new(EscapeForm::Json, std::io::stderr()))
            .boxed(),
    };
    // zookeeper_client warns on every attempt while an ensemble is down, and shows session passwords at debug level.
    // The modules log what an operator needs to know.
    let lines = lines.with_filter(filter_fn(|metadata| !metadata.target().starts_with("zookeeper_client")));
    tracing_subscriber::registry().with(filter).with(lines).init();
    let (told, first) = (handle.clone(), logging.level);
    LogLevelControl {
        get: Box::new(move || told.with_current(|filter| level(*filter)).unwrap_or(first)),
        set: Box::new(move |level| {
            if let Err(error) = handle.reload(filter_of(level)) {
                tracing::error!(%error, "the log's level cannot be changed");
            }
        }),
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
