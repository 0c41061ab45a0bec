//! Tests of the command line as a user types it.

mod arguments;
mod check;

use super::*;

fn typed(line: &str, env: &[(&str, &str)]) -> Result<Command, Exit> {
    let args = std::iter::once("warrener").chain(line.split_whitespace()).map(OsString::from);
    let lookup = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value));
    parse(args, &lookup)
}

fn run(line: &str) -> RunOptions {
    match typed(line, &[]) {
        Ok(Command::Run(run)) => run,
        other => panic!("{line}: {other:?}"),
    }
}

/// The first line of a usage error.
fn refused(line: &str, env: &[(&str, &str)]) -> String {
    let exit = typed(line, env).unwrap_err();
    assert_eq!((exit.code, exit.stdout.as_str()), (USAGE, ""), "{line}");
    exit.stderr.lines().next().unwrap_or_default().to_owned()
}

fn flags(brokers: &[&str]) -> Flags {
    Flags { brokers: brokers.iter().map(|&broker| broker.to_owned()).collect(), ..Flags::default() }
}

fn file(name: &str, text: &str) -> (tempfile::TempDir, RunOptions) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    (directory, RunOptions { source: ConfigSource::File(path), overrides: Overrides::default(), watch: false })
}
