//! The program's own log: lines on standard error, of a level that can change while it runs.

use std::panic::{self, PanicHookInfo};

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use crate::burrow::LogLevel;
use crate::config::{Level, LogFormat, Logging};
use crate::terminal::{Form, Harmless};

/// Begins to log, once a process.
#[must_use]
pub fn start(logging: &Logging) -> LogLevel {
    let (filter, handle) = reload::Layer::new(filter_of(logging.level));
    // An event is written at once. The formatter escapes some of what a terminal obeys, and of some fields alone.
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_ansi(false);
    // Standard error that is gone is no reason to panic.
    let lines = lines.log_internal_errors(false);
    let lines = match logging.format {
        LogFormat::Text => lines.with_writer(|| Harmless::new(Form::Text, std::io::stderr())).boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_writer(|| Harmless::new(Form::Json, std::io::stderr())).boxed()
        }
    };
    // It warns once a try while an ensemble is down, and shows the passwords of its sessions to whoever debugs; what an
    // operator needs to know of it we tell ourselves.
    let lines = lines.with_filter(filter_fn(|metadata| !metadata.target().starts_with("zookeeper_client")));
    tracing_subscriber::registry().with(filter).with(lines).init();
    panic::set_hook(Box::new(tell_of_panic));
    let (told, first) = (handle.clone(), logging.level);
    LogLevel {
        get: Box::new(move || told.with_current(|filter| level(*filter)).unwrap_or(first)),
        set: Box::new(move |level| {
            if let Err(error) = handle.reload(filter_of(level)) {
                tracing::error!(%error, "the log's level cannot be changed");
            }
        }),
    }
}

/// One line like any other: a session with a server that lies may panic in its client, which costs that session alone.
fn tell_of_panic(panic: &PanicHookInfo<'_>) {
    let (thread, at) = (std::thread::current(), panic.location().map(ToString::to_string));
    tracing::error!(thread = thread.name(), at, why = panic.payload_as_str(), "a thread panicked");
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
