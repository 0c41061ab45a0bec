use std::path::Path;
use std::time::Duration;

use super::*;
use crate::model::Level;

fn typed(line: &str, env: &[(&str, &str)]) -> Result<Command, Exit> {
    let args = std::iter::once("warrener").chain(line.split_whitespace()).map(OsString::from);
    let lookup = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value));
    parse(args, &lookup)
}

fn run(line: &str) -> Run {
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

fn file(name: &str, text: &str) -> (tempfile::TempDir, Run) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    (directory, Run { source: Source::File(path), overrides: Overrides::default() })
}

#[test]
fn the_command_line_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn a_run_needs_no_subcommand() {
    let expected = Run { source: Source::File("a.toml".into()), overrides: Overrides::default() };
    assert_eq!(run("--config a.toml"), expected);
    assert_eq!(run("run --config a.toml"), expected);
    assert_eq!(run("run --config=a.toml"), expected);
}

#[test]
fn brokers_are_listed_repeated_or_named_as_in_kafka_exporter() {
    assert_eq!(run("--brokers a:1,b:2").source, Source::Flags(flags(&["a:1", "b:2"])));
    assert_eq!(run("--brokers a:1 --brokers b:2").source, Source::Flags(flags(&["a:1", "b:2"])));
    assert_eq!(run("--kafka.server=a:1 --kafka.server b:2").source, Source::Flags(flags(&["a:1", "b:2"])));
    assert_eq!(run("run --brokers a:1 --kafka.server b:2").source, Source::Flags(flags(&["a:1", "b:2"])));
}

#[test]
fn kafka_exporters_flags_mean_what_they_mean_there() {
    let run = run("--kafka.server=a:1 --web.listen-address=:9308 --topic.filter=^t --topic.exclude=x$ \
                   --group.filter=^g --group.exclude ^$");
    let expected = Flags {
        topic_filter: Some("^t".to_owned()),
        topic_exclude: Some("x$".to_owned()),
        group_filter: Some("^g".to_owned()),
        group_exclude: Some("^$".to_owned()),
        ..flags(&["a:1"])
    };
    assert_eq!(run.source, Source::Flags(expected));
    assert_eq!(run.overrides.listen.as_deref(), Some(":9308"));
}

#[test]
fn each_flag_has_a_variable_that_it_overrides() {
    let env = [
        ("WARRENER_BROKERS", "a:1, b:2"),
        ("WARRENER_LISTEN", ":1"),
        ("WARRENER_LOG_LEVEL", "debug"),
        ("WARRENER_CONFIG", ""),
    ];
    let overrides = Overrides { listen: Some(":1".to_owned()), log_level: Some(Level::Debug) };
    let expected = Run { source: Source::Flags(flags(&["a:1", "b:2"])), overrides };
    assert_eq!(typed("", &env), Ok(Command::Run(expected)));
    let overrides = Overrides { listen: Some(":2".to_owned()), log_level: Some(Level::Warn) };
    let expected = Run { source: Source::Flags(flags(&["c:3"])), overrides };
    assert_eq!(typed("--brokers c:3 --listen :2 --log-level WARN", &env), Ok(Command::Run(expected)));
    let expected = Run { source: Source::File("b.toml".into()), overrides: Overrides::default() };
    assert_eq!(typed("check", &[("WARRENER_CONFIG", "b.toml")]), Ok(Command::Check(expected)));
}

#[test]
fn demo_takes_what_overrides_a_configuration() {
    let overrides = Overrides { listen: Some("127.0.0.1:0".to_owned()), log_level: Some(Level::Trace) };
    assert_eq!(typed("demo --listen 127.0.0.1:0 --log-level trace", &[]), Ok(Command::Demo(overrides)));
    assert_eq!(typed("demo", &[]), Ok(Command::Demo(Overrides::default())));
}

fn lag(line: &str, env: &[(&str, &str)]) -> Lag {
    match typed(line, env) {
        Ok(Command::Lag(lag)) => lag,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn lag_takes_a_configuration_groups_a_format_and_a_time() {
    let overrides = |log_level| Overrides { listen: None, log_level: Some(log_level) };
    let expected = Lag {
        run: Run { source: Source::Flags(flags(&["a:1"])), overrides: overrides(Level::Warn) },
        groups: Vec::new(),
        output: Output::Table,
        timeout: Duration::from_secs(30),
    };
    assert_eq!(lag("lag --brokers a:1", &[]), expected);
    let expected = Lag {
        run: Run { source: Source::File("a.toml".into()), overrides: overrides(Level::Debug) },
        groups: vec!["a,b".to_owned(), "c".to_owned()],
        output: Output::Json,
        timeout: Duration::from_secs(90),
    };
    let line = "lag --group a,b --group c --output json --timeout 1m30s";
    let env = [("WARRENER_CONFIG", "a.toml"), ("WARRENER_LOG_LEVEL", "debug"), ("WARRENER_LISTEN", "nonsense")];
    assert_eq!(lag(line, &env), expected);
    assert_eq!(lag("lag --timeout 90", &env).timeout, expected.timeout);
}

#[test]
fn lag_opens_no_address_and_takes_none() {
    assert_eq!(refused("lag --brokers a:1 --listen :1", &[]), "error: unexpected argument '--listen' found");
    assert_eq!(
        refused("lag", &[]),
        "error: expected --config FILE or --brokers HOST:PORT[,HOST:PORT...], found neither"
    );
    assert_eq!(
        refused("lag --brokers a:1 --timeout 0", &[]),
        "error: invalid value '0' for '--timeout <TIME>': expected a time from 100ms to 1d, as seconds or with a \
         unit such as \"1m30s\""
    );
    assert!(refused("lag --brokers a:1 --output xml", &[]).starts_with("error: invalid value 'xml' for '--output"));
}

#[test]
fn lag_minds_only_what_it_reads_of_a_file_that_a_run_refuses() {
    let text = "[cluster.a]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n[consumer.a]\nclass-name = \"kafka\"\n\
                cluster = \"a\"\nservers = [\"a:1\"]\nshare-group = \"w\"\n[httpserver.default]\n\
                enable-lifecycle = true\n";
    let (_directory, run) = file("later.toml", text);
    assert!(startable(run.load().unwrap()).is_err());
    assert!(readable(run.load().unwrap()).is_ok());
    let (_directory, run) = file(
        "zookeeper.toml",
        &text.replace("[consumer.a]\nclass-name = \"kafka\"", "[consumer.a]\nclass-name = \"kafka_admin\""),
    );
    let refused = readable(run.load().unwrap()).map(|_| ()).unwrap_err();
    let expected = (64, "consumer.a.class-name: kafka_admin: not supported yet\n");
    assert_eq!((refused.code, refused.stderr.as_str()), expected);
}

#[test]
fn usage_errors_say_what_is_wrong_and_exit_with_64() {
    let neither = "error: expected --config FILE or --brokers HOST:PORT[,HOST:PORT...], found neither";
    assert_eq!(refused("", &[]), neither);
    assert_eq!(refused("run", &[]), neither);
    assert_eq!(refused("check", &[]), neither);
    assert_eq!(refused("--topic.filter x", &[]), neither);
    let both = "error: --config cannot be used with --brokers: a run has one configuration";
    assert_eq!(refused("--config a --brokers b:1", &[]), both);
    assert_eq!(refused("run --config a --kafka.server b:1", &[]), both);
    assert_eq!(
        refused("--config a", &[("WARRENER_BROKERS", "b:1")]),
        "error: --config cannot be used with WARRENER_BROKERS: a run has one configuration"
    );
    assert_eq!(
        refused("--config a --group.exclude b", &[]),
        "error: --group.exclude cannot be used with --config: in the file, group-denylist takes its place"
    );
    assert_eq!(
        refused("--brokers a:1 --listen 9308", &[]),
        "error: invalid value '9308' for '--listen <ADDRESS>': expected HOST:PORT or :PORT, with a port from 0 to \
         65535"
    );
    assert_eq!(
        refused("demo", &[("WARRENER_LISTEN", "9308")]),
        "error: WARRENER_LISTEN: expected HOST:PORT or :PORT, with a port from 0 to 65535, found \"9308\""
    );
    assert_eq!(
        refused("demo", &[("WARRENER_LOG_LEVEL", "loud")]),
        "error: WARRENER_LOG_LEVEL: expected trace, debug, info, warn or error, found \"loud\""
    );
    assert_eq!(refused("--confg a", &[]), "error: unexpected argument '--confg' found");
    assert_eq!(refused("chek --config a", &[]), "error: unrecognized subcommand 'chek'");
    assert!(refused("completion tcsh", &[]).starts_with("error: invalid value 'tcsh' for '<SHELL>'"));
    assert!(refused("--config", &[]).starts_with("error: a value is required for '--config <FILE>'"));
    assert!(refused("--config a check", &[]).starts_with("error: "));
}

#[test]
fn help_and_version_are_no_errors() {
    for line in ["--help", "-h", "help", "run --help", "--version", "-V"] {
        let exit = typed(line, &[]).unwrap_err();
        assert_eq!((exit.code, exit.stderr.as_str()), (0, ""), "{line}");
        assert!(!exit.stdout.is_empty(), "{line}");
    }
    assert_eq!(typed("--version", &[]).unwrap_err().stdout, format!("warrener {}\n", env!("CARGO_PKG_VERSION")));
    let help = typed("--help", &[]).unwrap_err().stdout;
    for word in ["WARRENER_CONFIG", "WARRENER_BROKERS", "WARRENER_LISTEN", "WARRENER_LOG_LEVEL", "kafka.server", "demo"]
    {
        assert!(help.contains(word), "{word} is not in {help}");
    }
}

#[test]
fn every_shell_has_a_completion() {
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        let exit = completion(shell);
        assert!(exit.code == 0 && exit.stdout.contains("brokers"), "{shell}");
    }
}

const BURROW: &str = include_str!("../../tests/fixtures/config/burrow.toml");

#[test]
fn mistakes_are_listed_under_the_files_name() {
    let (_directory, run) = file("bad.toml", "[cluster.a]\nclass-name = \"kafka\"\nservers = []\nfoo = 1\n");
    let exit = run.load().map(|_| ()).unwrap_err();
    let Source::File(path) = &run.source else { panic!() };
    let expected = format!(
        "{}: 2 mistakes\n\
         cluster.a.foo: expected a known key, found \"foo\"; nearest is \"servers\"\n\
         cluster.a.servers: expected a list of host:port, found an empty one\n",
        path.display()
    );
    assert_eq!(exit, Exit { code: 64, stdout: String::new(), stderr: expected });
    assert_eq!(check(&run).code, 64);
}

#[test]
fn a_file_that_is_none_is_a_mistake() {
    let error = |run: &Run| run.load().map(|_| ()).unwrap_err().stderr;
    let (directory, mut run) = file("binary.toml", "");
    let Source::File(path) = run.source else { panic!() };
    std::fs::write(&path, b"[a]\n\xff").unwrap();
    run.source = Source::File(path);
    assert!(error(&run).ends_with("expected a configuration file, found bytes that are not UTF-8 in line 2\n"));
    run.source = Source::File(directory.path().join("none.toml"));
    assert!(error(&run).contains("expected a configuration file, found none: No such file"), "{}", error(&run));
    run.source = Source::File(directory.path().to_owned());
    assert!(error(&run).contains("found none: Is a directory"), "{}", error(&run));
    run.source = Source::File("/dev/zero".into());
    assert!(error(&run).contains("found none: more than 4194304 bytes"), "{}", error(&run));
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
    let (config, warnings) = startable(run.load().unwrap()).unwrap();
    assert_eq!(config.clusters.len(), 1);
    assert_eq!(warnings.len(), exit.stderr.lines().count());
}

#[test]
fn a_check_warns_of_what_a_run_refuses() {
    let text = "[cluster.a]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n[httpserver.default]\n\
                enable-lifecycle = true\n[consumer.b]\nclass-name = \"kafka_admin\"\ncluster = \"a\"\nservers = [\"a:1\"]\n";
    let (_directory, run) = file("later.toml", text);
    let exit = check(&run);
    let expected = "warning: consumer.b.class-name: kafka_admin: not supported yet\n\
                    warning: httpserver.default.enable-lifecycle: not supported yet\n";
    assert_eq!((exit.code, exit.stderr.as_str()), (0, expected));
    assert!(exit.stdout.contains(": no mistakes, but a run would refuse it\n"), "{}", exit.stdout);
    let refused = startable(run.load().unwrap()).map(|_| ()).unwrap_err();
    let expected = "consumer.b.class-name: kafka_admin: not supported yet\nhttpserver.default.enable-lifecycle: not supported yet\n";
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
  window        10 commits a partition
  expires       by tombstones; groups from ZooKeeper after 7days
  groups        all
evaluator
  complete      0 at least
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
  hosts         lag.example.com, [::1]
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
    let outside = outside();
    assert_eq!((outside.readable)(Path::new("/")), Err("not a regular file".to_owned()));
    assert_eq!((outside.read)(Path::new("/dev/zero")), Err("more than 4194304 bytes".to_owned()));
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
