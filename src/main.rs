//! The `warrener` program: arguments, logging, configuration, a run, an exit code.

use std::process::ExitCode;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use warrener::cli::{self, Command, Exit, Run};
use warrener::config::{Config, Level, LogFormat, Logging};
use warrener::supervise;

/// What blocking work in flight may take when all else has ended.
const LINGER: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    match cli::parse(std::env::args_os(), &|name| std::env::var_os(name)) {
        Ok(Command::Run(run)) => start(&run).unwrap_or_else(|exit| exit.print()),
        Ok(Command::Check(run)) => cli::check(&run).print(),
        Ok(Command::Demo(_)) => ExitCode::FAILURE,
        Ok(Command::Completion(shell)) => cli::completion(shell).print(),
        Err(exit) => exit.print(),
    }
}

fn start(run: &Run) -> Result<ExitCode, Exit> {
    let (config, warnings) = cli::startable(run.load()?)?;
    log_to_stderr(&config.logging);
    for warning in warnings {
        warn!("{warning}");
    }
    Ok(serve(config))
}

fn serve(config: Config) -> ExitCode {
    info!(version = env!("CARGO_PKG_VERSION"), revision = env!("WARRENER_REVISION"), "starting");
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!(%error, "the system gives no threads");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(supervise::run(config, CancellationToken::new()));
    runtime.shutdown_timeout(LINGER);
    match result {
        Ok(()) => {
            info!("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr(logging: &Logging) {
    let level = match logging.level {
        Level::Trace => tracing::Level::TRACE,
        Level::Debug => tracing::Level::DEBUG,
        Level::Info => tracing::Level::INFO,
        Level::Warn => tracing::Level::WARN,
        Level::Error => tracing::Level::ERROR,
    };
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    match logging.format {
        LogFormat::Text => lines.with_ansi(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
