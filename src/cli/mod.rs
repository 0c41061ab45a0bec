//! The command line: parses arguments into a [`Command`], or into an [`Exit`] with what to print.
//!
//! ```text
//! cli::parse(args, env) ──▶ Run ──RunOptions::load──▶ LoadedConfig ──config_for_run──▶ Config, warnings
//!                       ──▶ Check ──check──▶ Exit
//!                       ──▶ Lag ──RunOptions::load_for_lag──▶ LoadedConfig ──config_for_lag──▶ Config, warnings
//! ```

mod arguments;
mod check;
#[cfg(test)]
mod documented_tests;
#[cfg(test)]
mod golden_tests;
mod lag;
mod library_check;
mod listener_check;
mod load;
#[cfg(test)]
mod manual_tests;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
pub use clap_complete::Shell;

pub use check::check;
pub use lag::{LagOptions, OutputFormat};
pub use load::{config_for_lag, config_for_run, listener_warnings, system_access};

use crate::config::{Flags, Overrides};
use crate::terminal;
use arguments::{Arguments, Environment, Subcommand};

/// Exit code of success.
pub const DONE: u8 = 0;

/// Exit code of a failure.
pub const FAILED: u8 = 1;

/// Exit code of a wrong configuration or usage, `EX_USAGE` of sysexits.
pub const USAGE: u8 = 64;

/// A command with its options.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// `run`, or no subcommand.
    Run(RunOptions),
    /// `check`: takes the options of `run`, and prints what a run would do.
    Check(RunOptions),
    /// `demo`.
    Demo(Overrides),
    /// `lag`: reads once, and prints the state of the groups.
    Lag(LagOptions),
    /// `completion`: prints a script for a shell, see [`completion`].
    Completion(Shell),
}

/// The options of a run: the source of its configuration, and overrides.
#[derive(Clone, Debug, PartialEq)]
pub struct RunOptions {
    /// Source of the configuration.
    pub source: ConfigSource,
    /// Options that take precedence over the configuration.
    pub overrides: Overrides,
    /// Whether the configuration is read again whenever the file changes.
    pub watch: bool,
}

/// Source of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigSource {
    /// `--config`.
    File(PathBuf),
    /// `--brokers` and the filters.
    Flags(Flags),
}

/// An exit before anything was started: the output and the exit code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// [`DONE`], [`FAILED`] or [`USAGE`].
    pub code: u8,
    /// Text for standard output.
    pub stdout: String,
    /// Text for standard error.
    pub stderr: String,
}

impl Exit {
    /// Prints the output, with control characters escaped: errors and plans quote files, and libraries quote servers. A
    /// closed output is not a failure.
    #[must_use]
    pub fn print(&self) -> ExitCode {
        let _unread = std::io::stdout().write_all(self.stdout.as_bytes());
        let _unread = std::io::stderr().write_all(terminal::lines(&self.stderr).as_bytes());
        ExitCode::from(self.code)
    }

    fn usage(stderr: String) -> Self {
        Self { code: USAGE, stdout: String::new(), stderr }
    }

    fn mistakes(source: &ConfigSource, mistakes: impl IntoIterator<Item: ToString>) -> Self {
        let mistakes: Vec<String> = mistakes.into_iter().map(|mistake| mistake.to_string()).collect();
        let (count, lines) = (mistakes.len(), mistakes.join("\n"));
        let plural = if count == 1 { "" } else { "s" };
        match source {
            ConfigSource::File(path) => Self::usage(format!("{}: {count} mistake{plural}\n{lines}\n", path.display())),
            ConfigSource::Flags(_) => Self::usage(format!("{lines}\n")),
        }
    }
}

impl From<clap::Error> for Exit {
    fn from(error: clap::Error) -> Self {
        let text = error.render().to_string();
        if error.use_stderr() { Self::usage(text) } else { Self { stdout: text, ..Self::default() } }
    }
}

/// Parses the command line, whose first element is the name of the program, and the environment variables. A variable
/// that is set but empty is not set.
///
/// # Errors
/// What to print, and the exit code: [`DONE`] for `--help` and `--version`, [`USAGE`] for a mistake.
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
        Some(Subcommand::Lag(lag)) => Ok(Command::Lag(lag.resolve(&env)?)),
        Some(Subcommand::Completion { shell }) => Ok(Command::Completion(shell)),
    }
}

/// The completion script for a shell.
#[must_use]
pub fn completion(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "warrener", &mut script);
    Exit { stdout: String::from_utf8_lossy(&script).into_owned(), ..Exit::default() }
}
