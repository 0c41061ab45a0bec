//! The command line: what was typed becomes a [`Command`], or an [`Exit`] with what to print.
//!
//! ```text
//! cli::parse(args, env) ──▶ Run ──Run::load──▶ Loaded ──startable──▶ Config, warnings
//!                       ──▶ Check ──check──▶ Exit
//! ```

mod edge;
mod plan;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
pub use clap_complete::Shell;

pub use edge::{outside, startable};
pub use plan::check;

use crate::config::{Flags, Level, Mistakes, Overrides, parse_address, parse_level};

/// Exit code of bad configuration or usage, `EX_USAGE` of sysexits.
pub const USAGE: u8 = 64;

/// What the program was asked to do.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// `run`, or no subcommand.
    Run(Run),
    /// `check`: takes what `run` takes, and tells what it would do.
    Check(Run),
    /// `demo`.
    Demo(Overrides),
    /// `completion`: prints a script, see [`completion`].
    Completion(Shell),
}

/// A run: where its configuration comes from, and what overrides it.
#[derive(Debug, PartialEq)]
pub struct Run {
    /// Where the configuration comes from.
    pub source: Source,
    /// What the command line says over it.
    pub overrides: Overrides,
}

/// Where a configuration comes from.
#[derive(Debug, PartialEq)]
pub enum Source {
    /// `--config`.
    File(PathBuf),
    /// `--brokers` and what goes with it.
    Flags(Flags),
}

/// An end of the program before anything was started: what to print where, and its code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// 0, or [`USAGE`].
    pub code: u8,
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
}

impl Exit {
    /// Prints what there is to print. That nobody reads it is no reason to fail.
    #[must_use]
    pub fn print(&self) -> ExitCode {
        let _unread = std::io::stdout().write_all(self.stdout.as_bytes());
        let _unread = std::io::stderr().write_all(self.stderr.as_bytes());
        ExitCode::from(self.code)
    }

    fn usage(stderr: String) -> Self {
        Self { code: USAGE, stdout: String::new(), stderr }
    }

    fn mistakes(source: &Source, mistakes: &Mistakes) -> Self {
        let count = mistakes.iter().count();
        let plural = if count == 1 { "" } else { "s" };
        match source {
            Source::File(path) => Self::usage(format!("{}: {count} mistake{plural}\n{mistakes}\n", path.display())),
            Source::Flags(_) => Self::usage(format!("{mistakes}\n")),
        }
    }
}

impl From<clap::Error> for Exit {
    fn from(error: clap::Error) -> Self {
        let text = error.render().to_string();
        if error.use_stderr() { Self::usage(text) } else { Self { stdout: text, ..Self::default() } }
    }
}

/// Shows where Kafka consumer groups stand, to Prometheus.
#[derive(Debug, Parser)]
#[command(name = "warrener", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Subcommand>,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Run; the same as with no subcommand
    Run(RunArguments),
    /// Check the configuration and tell what a run would do
    Check(RunArguments),
    /// Run on an embedded Kafka with make-believe groups: nothing to install
    Demo(OverrideArguments),
    /// Print a script for a shell's completion
    Completion {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, clap::Args)]
struct RunArguments {
    /// Configuration file [env: WARRENER_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Brokers, in place of a file: one cluster, named "default" [env: WARRENER_BROKERS]
    #[arg(long, visible_alias = "kafka.server", value_name = "HOST:PORT", value_delimiter = ',')]
    brokers: Vec<String>,
    /// Keep topics that this regex matches; with --brokers
    #[arg(long = "topic.filter", value_name = "REGEX")]
    topic_filter: Option<String>,
    /// Leave out topics that this regex matches; with --brokers
    #[arg(long = "topic.exclude", value_name = "REGEX")]
    topic_exclude: Option<String>,
    /// Keep groups that this regex matches; with --brokers
    #[arg(long = "group.filter", value_name = "REGEX")]
    group_filter: Option<String>,
    /// Leave out groups that this regex matches; with --brokers
    #[arg(long = "group.exclude", value_name = "REGEX")]
    group_exclude: Option<String>,
    #[command(flatten)]
    overrides: OverrideArguments,
}

#[derive(Debug, clap::Args)]
struct OverrideArguments {
    /// Serve at this address alone, HOST:PORT or :PORT [env: WARRENER_LISTEN]
    #[arg(long, visible_alias = "web.listen-address", value_name = "ADDRESS", value_parser = parse_address)]
    listen: Option<String>,
    /// Log from this level on: trace, debug, info, warn, error [env: WARRENER_LOG_LEVEL]
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    log_level: Option<Level>,
}

/// Reads the command line, the program's name first, and what the environment says in its place. A variable that
/// is set but empty is not set.
///
/// # Errors
/// Gives what to print, and the code to exit with: 0 for `--help` and `--version`, [`USAGE`] for a mistake.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Command, Exit> {
    let arguments = Arguments::try_parse_from(args)?;
    let env = Environment(env);
    match arguments.command {
        None => Ok(Command::Run(arguments.run.resolve(&env)?)),
        Some(Subcommand::Run(run)) => Ok(Command::Run(run.resolve(&env)?)),
        Some(Subcommand::Check(run)) => Ok(Command::Check(run.resolve(&env)?)),
        Some(Subcommand::Demo(overrides)) => Ok(Command::Demo(overrides.resolve(&env)?)),
        Some(Subcommand::Completion { shell }) => Ok(Command::Completion(shell)),
    }
}

/// The script that completes this command line in a shell.
#[must_use]
pub fn completion(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "warrener", &mut script);
    Exit { stdout: String::from_utf8_lossy(&script).into_owned(), ..Exit::default() }
}

struct Environment<'e>(&'e dyn Fn(&str) -> Option<OsString>);

impl Environment<'_> {
    fn get(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn parse<T>(&self, name: &str, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>, Exit> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let value = value.to_string_lossy();
        let parsed = parse(&value).map_err(|expected| mistaken(&format!("{name}: {expected}, found {value:?}")))?;
        Ok(Some(parsed))
    }
}

fn mistaken(message: &str) -> Exit {
    Arguments::command().error(ErrorKind::ValueValidation, message).into()
}

impl RunArguments {
    fn resolve(self, env: &Environment<'_>) -> Result<Run, Exit> {
        let mut brokers = self.brokers;
        let config = match self.config {
            Some(path) => Some((path, "--config")),
            None => env.get("WARRENER_CONFIG").map(|path| (PathBuf::from(path), "WARRENER_CONFIG")),
        };
        let mut from = "--brokers";
        if brokers.is_empty()
            && let Some(listed) = env.parse("WARRENER_BROKERS", |list| Ok(list.to_owned()))?
        {
            brokers = listed.split(',').map(str::to_owned).collect();
            from = "WARRENER_BROKERS";
        }
        let filtered = [
            ("--topic.filter", self.topic_filter.is_some(), "topic-allowlist"),
            ("--topic.exclude", self.topic_exclude.is_some(), "topic-denylist"),
            ("--group.filter", self.group_filter.is_some(), "group-allowlist"),
            ("--group.exclude", self.group_exclude.is_some(), "group-denylist"),
        ];
        let overrides = self.overrides.resolve(env)?;
        let source = match (config, brokers.is_empty()) {
            (Some((_, config)), false) => {
                let message = format!("{config} cannot be used with {from}: a run has one configuration");
                return Err(Arguments::command().error(ErrorKind::ArgumentConflict, message).into());
            }
            (None, true) => {
                let message = "expected --config FILE or --brokers HOST:PORT[,HOST:PORT...], found neither";
                return Err(Arguments::command().error(ErrorKind::MissingRequiredArgument, message).into());
            }
            (Some((path, config)), true) => {
                if let Some((flag, _, key)) = filtered.iter().find(|(_, set, _)| *set) {
                    let message = format!("{flag} cannot be used with {config}: in the file, {key} takes its place");
                    return Err(Arguments::command().error(ErrorKind::ArgumentConflict, message).into());
                }
                Source::File(path)
            }
            (None, false) => Source::Flags(Flags {
                brokers: brokers.iter().map(|broker| broker.trim().to_owned()).collect(),
                topic_filter: self.topic_filter,
                topic_exclude: self.topic_exclude,
                group_filter: self.group_filter,
                group_exclude: self.group_exclude,
            }),
        };
        Ok(Run { source, overrides })
    }
}

impl OverrideArguments {
    fn resolve(self, env: &Environment<'_>) -> Result<Overrides, Exit> {
        let listen = match self.listen {
            Some(address) => Some(address),
            None => env.parse("WARRENER_LISTEN", parse_address)?,
        };
        let log_level = match self.log_level {
            Some(level) => Some(level),
            None => env.parse("WARRENER_LOG_LEVEL", parse_level)?,
        };
        Ok(Overrides { listen, log_level })
    }
}
