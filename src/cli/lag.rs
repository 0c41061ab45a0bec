//! The output of `lag`.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::time::Duration;

use super::{DONE, FAILED, RunOptions};
use crate::lag_table::{LagRow, LagTable, rows, unknown_groups};
use crate::supervise::LagReading;
use crate::terminal;

/// The options of `lag`.
#[derive(Debug, PartialEq)]
pub struct LagOptions {
    /// Source of the configuration.
    pub run: RunOptions,
    /// Names of the groups to print. Empty for all groups.
    pub groups: Vec<String>,
    /// Output format.
    pub output: OutputFormat,
    /// How long to wait for clusters.
    pub timeout: Duration,
}

/// Output format of `lag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// A table.
    Table,
    /// An array of objects, one per line.
    Json,
}

impl LagOptions {
    /// Prints a reading on `stdout`, and what is missing from it on `stderr`. Returns the exit code, which is
    /// [`FAILED`] if something is missing or could not be printed.
    ///
    /// A closed pipe is not a failure: `warrener lag | head` has what it needs.
    pub fn print(&self, reading: &LagReading, stdout: impl Write, mut stderr: impl Write) -> u8 {
        let rows = rows(&reading.view, &self.groups);
        let mut complaints: Vec<String> = reading.missing.iter().map(ToString::to_string).collect();
        let none = unknown_groups(&reading.view, &self.groups);
        complaints.extend(none.into_iter().map(|group| format!("group {group:?} was not found")));
        match self.output.write(&rows, stdout) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                complaints.push(format!("cannot write to standard output: {error}"));
            }
            Ok(()) | Err(_) => {}
        }
        for complaint in &complaints {
            // There is no place left to report a failure of standard error.
            let _unread = writeln!(stderr, "{}", terminal::line(complaint));
        }
        if complaints.is_empty() { DONE } else { FAILED }
    }
}

impl OutputFormat {
    fn write(self, rows: &[LagRow<'_>], to: impl Write) -> io::Result<()> {
        let mut to = BufWriter::new(to);
        match self {
            Self::Table => write!(to, "{}", LagTable(rows))?,
            Self::Json => {
                let mut before = "[";
                for row in rows {
                    to.write_all(before.as_bytes())?;
                    to.write_all(terminal::json(&serde_json::to_string(row)?).as_bytes())?;
                    before = ",\n";
                }
                to.write_all(if rows.is_empty() { b"[]\n" } else { b"]\n" })?;
            }
        }
        to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigSource;
    use super::*;
    use crate::config::{Flags, Overrides};
    use crate::storage::View;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::new(self.0, "it fails"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lag(output: OutputFormat, groups: &[&str]) -> LagOptions {
        let run =
            RunOptions { source: ConfigSource::Flags(Flags::default()), overrides: Overrides::default(), watch: false };
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        LagOptions { run, groups, output, timeout: Duration::from_secs(30) }
    }

    fn nothing() -> LagReading {
        LagReading { view: View::default(), missing: Vec::new() }
    }

    /// Returns the exit code and both outputs.
    fn printed(lag: &LagOptions) -> (u8, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let code = lag.print(&nothing(), &mut stdout, &mut stderr);
        (code, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    #[test]
    fn nothing_is_an_empty_table_or_an_empty_array() {
        let (code, table, complaints) = printed(&lag(OutputFormat::Table, &[]));
        assert_eq!((code, table.lines().count(), complaints.as_str()), (0, 1, ""));
        assert_eq!(printed(&lag(OutputFormat::Json, &[])), (0, "[]\n".to_owned(), String::new()));
    }

    #[test]
    fn a_group_that_is_not_there_is_told_of_and_fails() {
        let expected = "group \"a\" was not found\ngroup \"\\u{1b}\" was not found\n";
        assert_eq!(printed(&lag(OutputFormat::Json, &["a", "\u{1b}"])), (1, "[]\n".to_owned(), expected.to_owned()));
    }

    #[test]
    fn nobody_who_reads_on_is_no_error_and_a_full_disk_is() {
        let ended = |kind| {
            let mut stderr = Vec::new();
            let code = lag(OutputFormat::Table, &[]).print(&nothing(), Failing(kind), &mut stderr);
            (code, String::from_utf8(stderr).unwrap())
        };
        assert_eq!(ended(ErrorKind::BrokenPipe), (0, String::new()));
        assert_eq!(ended(ErrorKind::StorageFull), (1, "cannot write to standard output: it fails\n".to_owned()));
    }
}
