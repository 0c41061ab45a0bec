//! Loading a configuration file, and the output of `check`.

use std::path::Path;

use super::super::*;
use super::{file, run};

const BURROW: &str = include_str!("../../../tests/fixtures/config/burrow.toml");

#[test]
fn mistakes_are_listed_under_the_files_name() {
    let (_directory, run) = file("bad.toml", "[cluster.a]\nclass-name = \"kafka\"\nservers = []\nfoo = 1\n");
    let exit = run.load().map(|_| ()).unwrap_err();
    let ConfigSource::File(path) = &run.source else { panic!() };
    let expected = format!(
        "{}: 2 mistakes\n\
         cluster.a.foo: expected a known key, found \"foo\"; nearest is \"servers\"\n\
         cluster.a.servers: expected a list of host:port, found an empty list\n",
        path.display()
    );
    assert_eq!(exit, Exit { code: 64, stdout: String::new(), stderr: expected });
    assert_eq!(check(&run).code, 64);
}

#[test]
fn a_file_that_is_none_is_a_mistake() {
    let error = |run: &RunOptions| run.load().map(|_| ()).unwrap_err().stderr;
    let (directory, mut run) = file("binary.toml", "");
    let ConfigSource::File(path) = run.source else { panic!() };
    std::fs::write(&path, b"[a]\n\xff").unwrap();
    run.source = ConfigSource::File(path);
    assert!(error(&run).ends_with("expected UTF-8 text, found other bytes in line 2\n"));
    run.source = ConfigSource::File(directory.path().join("none.toml"));
    assert!(error(&run).contains("cannot read the configuration file: No such file"), "{}", error(&run));
    run.source = ConfigSource::File(directory.path().to_owned());
    assert!(error(&run).contains("cannot read the configuration file: Is a directory"), "{}", error(&run));
    run.source = ConfigSource::File("/dev/zero".into());
    assert!(error(&run).contains("cannot read the configuration file: more than 4194304 bytes"), "{}", error(&run));
}

#[test]
fn a_burrow_file_starts_and_its_check_shows_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let mut text = BURROW.to_owned();
    let own = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    for (name, pem) in [("ca.pem", &certificate), ("client.pem", &certificate), ("client.key", &key)] {
        let path = directory.path().join(name);
        std::fs::write(&path, pem).unwrap();
        text = text.replace(&format!("\"{name}\""), &format!("{path:?}"));
    }
    let (_directory, run) = file("burrow.toml", &text);
    let exit = check(&run);
    assert_eq!(exit.code, 0, "{}", exit.stderr);
    assert!(exit.stderr.lines().count() > 15 && exit.stderr.lines().all(|line| line.starts_with("warning: ")));
    assert!(!exit.stdout.contains("hush") && !exit.stderr.contains("hush"), "{exit:?}");
    let (config, warnings) = config_for_run(run.load().unwrap()).unwrap();
    assert_eq!(config.clusters.len(), 1);
    assert_eq!(warnings.len(), exit.stderr.lines().count());
}

#[test]
fn a_check_warns_of_what_a_run_refuses() {
    let text = "[cluster.a]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n[consumer.a]\nclass-name = \"kafka\"\n\
                cluster = \"a\"\nservers = [\"a:1\"]\nshare-group = \"w\"\n[consumer.b]\nclass-name = \"kafka_admin\"\ncluster = \"a\"\nservers = [\"a:1\"]\n";
    let (_directory, run) = file("later.toml", text);
    let exit = check(&run);
    let expected = "warning: consumer.a.share-group: not supported yet\n\
                    warning: consumer.b.class-name: kafka_admin: not supported yet\n";
    assert_eq!((exit.code, exit.stderr.as_str()), (0, expected));
    assert!(
        exit.stdout.contains(": no mistakes, but a run refuses settings that are not supported yet\n"),
        "{}",
        exit.stdout
    );
    let refused = config_for_run(run.load().unwrap()).map(|_| ()).unwrap_err();
    let expected = "consumer.a.share-group: not supported yet\nconsumer.b.class-name: kafka_admin: not supported yet\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (64, expected));
}

#[test]
fn a_check_of_flags_tells_what_a_run_would_do() {
    let exit = check(&run("--brokers a:1,b:2 --group.filter ^pay --topic.exclude tmp --listen :1 --log-level warn"));
    let expected = "flags: no mistakes\n
cluster \"default\"
  servers       a:1, b:2
  profile       default
  client id     \"warrener\"
  tls           none
  sasl          none
  log ends      every 10s
  metadata      every 1m
  topics        all but \"tmp\"
consumer \"default\"
  cluster       \"default\"
  servers       a:1, b:2
  profile       default
  client id     \"warrener\"
  tls           none
  sasl          none
  reads         __consumer_offsets from its beginning
  groups        \"^pay\"
storage
  window        10 commits per partition
  expires       by tombstones; groups from ZooKeeper after 7days
  groups        all
evaluator
  complete      at least 0
  allowed lag   0
httpserver \"default\"
  address       :1
  tls           none
  ready         after 5m at the latest
metrics
  names         kafka_exporter
  granularity   partition
  owners        not shown
logging
  level         warn
  format        text
";
    assert_eq!(exit, Exit { code: 0, stdout: expected.to_owned(), stderr: String::new() });
}

#[test]
fn a_check_tells_who_may_use_the_api_for_what() {
    let text = "[cluster.a]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n[httpserver.inside]\naddress = \":1\"\n\
                enable-admin = true\nallowed-hosts = [\"Lag.example.com\", \"[::1]\"]\n[general]\naccess-control-allow-origin = \"https://lag.example.com\"\n";
    let (_directory, run) = file("admin.toml", text);
    let exit = check(&run);
    let expected = "httpserver \"inside\"
  address       :1
  tls           none
  admin         enabled
  allowed hosts lag.example.com, [::1]
  ready         after 5m at the latest
general
  allow origin  https://lag.example.com
metrics
";
    assert!(exit.stdout.contains(expected), "{}", exit.stdout);
    assert_eq!((exit.code, exit.stderr.as_str()), (0, ""));
}

#[test]
fn bad_flags_are_told_all_at_once() {
    let exit = check(&run("--brokers a,b:0 --group.filter ("));
    assert_eq!((exit.code, exit.stderr.lines().count()), (64, 3), "{}", exit.stderr);
}

#[test]
fn a_directory_is_no_key_and_a_file_without_end_no_password() {
    let outside = system_access();
    assert_eq!((outside.check_readable)(Path::new("/")), Err("not a regular file".to_owned()));
    assert_eq!((outside.read)(Path::new("/dev/zero")), Err("not a regular file".to_owned()));
}

#[test]
fn nothing_that_check_prints_can_harm_a_terminal() {
    let text = "[cluster.\"a\\u001b]0;owned\\u0007\\u202e\"]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n\
                topic-allowlist = \"\\u009b2J|\\u2028\"\n";
    let (_directory, run) = file("harmful.toml", text);
    let found = check(&run);
    assert_eq!((found.code, found.stderr.as_str()), (0, ""));
    for part in ["owned", r"\u{9b}2J|\u{2028}"] {
        assert!(found.stdout.contains(part), "{}", found.stdout);
    }
    assert!(!found.stdout.contains(|c: char| c != '\n' && c.is_control() || ['\u{202e}', '\u{2028}'].contains(&c)));
}
