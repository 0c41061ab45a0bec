//! The `warrener` program: arguments, logging, configuration, run, exit code.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use warrener::cli::{self, Command, Exit, LagOptions, RunOptions};
use warrener::config::{Config, ConfigWarning, Overrides};
use warrener::demo::Demo;
use warrener::log::{self, LogControl};
use warrener::supervise::{self, LagReading, RunError, RunInputs, error_text};
use warrener::{crash, shortage};

#[global_allocator]
static ALLOCATOR: crash::ReportingAllocator = crash::ReportingAllocator;

/// Time for blocking work in flight after everything else has ended.
const LINGER: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    crash::limit_kept_memory();
    log::report_panics();
    if let Err(error) = crash::install_handlers() {
        eprintln!("warrener: cannot install the fault handlers: {error}");
    }
    match cli::parse(std::env::args_os(), &|name| std::env::var_os(name)) {
        Ok(Command::Run(run)) => start(&run).unwrap_or_else(|exit| exit.print()),
        Ok(Command::Check(run)) => cli::check(&run).print(),
        Ok(Command::Demo(overrides)) => demo(&overrides).unwrap_or_else(|exit| exit.print()),
        Ok(Command::Lag(lag)) => read_once(&lag).unwrap_or_else(|exit| exit.print()),
        Ok(Command::Completion(shell)) => cli::completion(shell).print(),
        Err(exit) => exit.print(),
    }
}

fn start(run: &RunOptions) -> Result<ExitCode, Exit> {
    let (config, log) = start_log(cli::config_for_run(run.load()?)?);
    let inputs = RunInputs { config, reader: run.reader(), log, stop: CancellationToken::new() };
    Ok(within_runtime(async { supervise::run(inputs, |_| ()).await.map(|()| ExitCode::SUCCESS) }))
}

fn read_once(lag: &LagOptions) -> Result<ExitCode, Exit> {
    let (config, _) = start_log(cli::config_for_lag(lag.run.load_for_lag()?)?);
    let print = |reading: &LagReading| lag.print(reading, std::io::stdout(), std::io::stderr());
    Ok(within_runtime(async { supervise::read_once(config, lag.timeout, print).await.map(ExitCode::from) }))
}

/// Starts the log and logs the warnings about the configuration.
fn start_log((config, warnings): (Config, Vec<ConfigWarning>)) -> (Config, LogControl) {
    let log = log::start(&config.logging);
    for warning in warnings {
        warn!("{warning}");
    }
    (config, log)
}

/// Runs the demo. Its default log level is `warn`, so that the log does not hide the printed address.
fn demo(overrides: &Overrides) -> Result<ExitCode, Exit> {
    let demo = match Demo::start() {
        Ok(demo) => demo,
        Err(error) => return Err(Exit { code: cli::FAILED, stderr: format!("{error}\n"), ..Exit::default() }),
    };
    let config = demo.config(overrides);
    let warnings = cli::listener_warnings(&config)?;
    let (config, log) = start_log((config, warnings));
    Ok(within_runtime(async move {
        let (stop, ending) = (CancellationToken::new(), CancellationToken::new());
        let play = tokio::spawn(demo.run(ending.clone()));
        let result = supervise::run(RunInputs { config, reader: None, log, stop }, announce).await;
        ending.cancel();
        match play.await {
            Ok(Err(error)) => warn!(%error, "the demo's cluster did not end well"),
            Err(error) => warn!(%error, "the demo's cluster did not end well"),
            Ok(Ok(())) => {}
        }
        result.map(|()| ExitCode::SUCCESS)
    }))
}

fn announce(urls: &[String]) {
    for url in urls {
        // A closed standard output is not a failure.
        let _unread = writeln!(std::io::stdout(), "warrener demo: open {url}  (Ctrl-C stops it)");
    }
}

/// Runs to the end, and reports the result in the log and in the exit code.
fn within_runtime(run: impl Future<Output = Result<ExitCode, RunError>>) -> ExitCode {
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("WARRENER_REVISION"));
    info!(version, revision, "starting");
    if let Err(error) = shortage::raise_descriptor_limit() {
        warn!(%error, "the number of file descriptors cannot be raised to what the system allows");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!(version, revision, %error, "the system gives no threads");
            return ExitCode::from(cli::FAILED);
        }
    };
    let result = runtime.block_on(run);
    runtime.shutdown_timeout(LINGER);
    log::report_all_repeated();
    match result {
        Ok(code) => {
            info!("stopped");
            code
        }
        Err(error) => {
            error!(version, revision, "{}", error_text(&error));
            ExitCode::from(cli::FAILED)
        }
    }
}
