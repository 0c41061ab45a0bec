//! The command line: what was typed becomes a [`Command`], or an [`Exit`] with what to print.
//!
//! ```text
//! cli::parse(args, env) ──▶ Run ──Run::load──▶ Loaded ──startable──▶ Config, warnings
//!                       ──▶ Check ──check──▶ Exit
//!                       ──▶ Lag ──Run::load──▶ Loaded ──readable──▶ Config, warnings
//! ```

mod arguments;
#[cfg(test)]
mod documented_tests;
mod edge;
#[cfg(test)]
mod golden_tests;
mod lag;
#[cfg(test)]
mod manual_tests;
mod plan;
#[cfg(test)]
mod tests;
mod trial;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
pub use clap_complete::Shell;

pub use edge::{outside, readable, startable};
pub use lag::{Lag, Output};
pub use plan::check;

use crate::config::{Flags, Overrides};
use crate::terminal;
use arguments::{Arguments, Environment, Subcommand};

/// Exit code of a program that has done what it was asked to.
pub const DONE: u8 = 0;

/// Exit code of a failure.
pub const FAILED: u8 = 1;

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
    /// `lag`: reads once, and prints where groups stand.
    Lag(Lag),
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
    /// [`DONE`], [`FAILED`] or [`USAGE`].
    pub code: u8,
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
}

impl Exit {
    /// Prints what there is to print: errors and plans quote files, and libraries that quote servers. That nobody reads
    /// it is no reason to fail.
    #[must_use]
    pub fn print(&self) -> ExitCode {
        let _unread = std::io::stdout().write_all(self.stdout.as_bytes());
        let _unread = std::io::stderr().write_all(terminal::lines(&self.stderr).as_bytes());
        ExitCode::from(self.code)
    }

    fn usage(stderr: String) -> Self {
        Self { code: USAGE, stdout: String::new(), stderr }
    }

    fn mistakes(source: &Source, mistakes: impl IntoIterator<Item: ToString>) -> Self {
        let mistakes: Vec<String> = mistakes.into_iter().map(|mistake| mistake.to_string()).collect();
        let (count, lines) = (mistakes.len(), mistakes.join("\n"));
        let plural = if count == 1 { "" } else { "s" };
        match source {
            Source::File(path) => Self::usage(format!("{}: {count} mistake{plural}\n{lines}\n", path.display())),
            Source::Flags(_) => Self::usage(format!("{lines}\n")),
        }
    }
}

impl From<clap::Error> for Exit {
    fn from(error: clap::Error) -> Self {
        let text = error.render().to_string();
        if error.use_stderr() { Self::usage(text) } else { Self { stdout: text, ..Self::default() } }
    }
}

/// Reads the command line, the program's name first, and what the environment says in its place. A variable that
/// is set but empty is not set.
///
/// # Errors
/// Gives what to print, and the code to exit with: [`DONE`] for `--help` and `--version`, [`USAGE`] for a mistake.
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

/// The script that completes this command line in a shell.
#[must_use]
pub fn completion(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "warrener", &mut script);
    Exit { stdout: String::from_utf8_lossy(&script).into_owned(), ..Exit::default() }
}
