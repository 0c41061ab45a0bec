//! The output of `check` for the golden configuration is one of the golden files. The output of `lag` is two others.

use std::time::Duration;

use super::{ConfigSource, LagOptions, OutputFormat, RunOptions, check};
use crate::config::{Flags, Overrides};
use crate::golden_tests::{CONFIG, NOW, RULES, compare, storage};
use crate::supervise::LagReading;

#[test]
fn a_check_prints_its_golden_file() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let mut text = CONFIG.to_owned();
    for (name, pem) in [("ca.pem", &certificate), ("client.pem", &certificate), ("client.key", &key)] {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        text = text.replace(&format!("\"{name}\""), &format!("{path:?}"));
    }
    let path = folder.path().join("warrener.toml");
    std::fs::write(&path, text).unwrap();
    let exit = check(&RunOptions { source: ConfigSource::File(path), overrides: Overrides::default(), watch: false });
    let printed = format!("{}\nstandard error:\n{}\nexit code: {}\n", exit.stdout, exit.stderr, exit.code);
    let printed = printed.replace(&format!("{}/", folder.path().display()), "");
    compare(&[("check.txt".to_owned(), printed)]);
}

#[test]
fn lag_prints_its_golden_files() {
    let printed = |output, groups: &[&str]| {
        let run =
            RunOptions { source: ConfigSource::Flags(Flags::default()), overrides: Overrides::default(), watch: false };
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let lag = LagOptions { run, groups, output, timeout: Duration::from_secs(30) };
        let reading = LagReading { view: storage().view(NOW, &RULES), missing: Vec::new() };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        assert_eq!((lag.print(&reading, &mut stdout, &mut stderr), stderr.len()), (0, 0));
        String::from_utf8(stdout).unwrap()
    };
    compare(&[
        ("lag/table.txt".to_owned(), printed(OutputFormat::Table, &[])),
        ("lag/rows.json".to_owned(), printed(OutputFormat::Json, &[])),
    ]);
}
