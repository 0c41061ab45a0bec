//! The command line and the environment, parsed to a command or to an error.

use std::time::Duration;

use super::super::*;
use super::{file, flags, refused, run, typed};
use crate::model::Level;

#[test]
fn the_command_line_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn a_run_needs_no_subcommand() {
    let expected =
        RunOptions { source: ConfigSource::File("a.toml".into()), overrides: Overrides::default(), watch: false };
    assert_eq!(run("--config a.toml"), expected);
    assert_eq!(run("run --config a.toml"), expected);
    assert_eq!(run("run --config=a.toml"), expected);
}

#[test]
fn brokers_are_listed_repeated_or_named_as_in_kafka_exporter() {
    assert_eq!(run("--brokers a:1,b:2").source, ConfigSource::Flags(flags(&["a:1", "b:2"])));
    assert_eq!(run("--brokers a:1 --brokers b:2").source, ConfigSource::Flags(flags(&["a:1", "b:2"])));
    assert_eq!(run("--kafka.server=a:1 --kafka.server b:2").source, ConfigSource::Flags(flags(&["a:1", "b:2"])));
    assert_eq!(run("run --brokers a:1 --kafka.server b:2").source, ConfigSource::Flags(flags(&["a:1", "b:2"])));
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
    assert_eq!(run.source, ConfigSource::Flags(expected));
    assert_eq!(run.overrides.listen.as_deref(), Some(":9308"));
}

#[test]
fn each_flag_has_a_variable_that_it_overrides() {
    let env = [
        ("WARRENER_BROKERS", "a:1, b:2"),
        ("WARRENER_LISTEN", ":1"),
        ("WARRENER_LOG_LEVEL", "debug"),
        ("WARRENER_WEB_CONFIG_FILE", "web.yml"),
        ("WARRENER_CONFIG", ""),
    ];
    let web = |path: &str| Some(PathBuf::from(path));
    let overrides =
        Overrides { listen: Some(":1".to_owned()), web_config_file: web("web.yml"), log_level: Some(Level::Debug) };
    let expected = RunOptions { source: ConfigSource::Flags(flags(&["a:1", "b:2"])), overrides, watch: false };
    assert_eq!(typed("", &env), Ok(Command::Run(expected)));
    let overrides =
        Overrides { listen: Some(":2".to_owned()), web_config_file: web("b"), log_level: Some(Level::Warn) };
    let expected = RunOptions { source: ConfigSource::Flags(flags(&["c:3"])), overrides, watch: false };
    let line = "--brokers c:3 --listen :2 --log-level WARN --web.config.file b";
    assert_eq!(typed(line, &env), Ok(Command::Run(expected)));
    let expected =
        RunOptions { source: ConfigSource::File("b.toml".into()), overrides: Overrides::default(), watch: false };
    assert_eq!(typed("check", &[("WARRENER_CONFIG", "b.toml")]), Ok(Command::Check(expected)));
}

#[test]
fn demo_takes_what_overrides_a_configuration() {
    let overrides = Overrides {
        listen: Some("127.0.0.1:0".to_owned()),
        web_config_file: Some("web.yml".into()),
        log_level: Some(Level::Trace),
    };
    let line = "demo --listen 127.0.0.1:0 --log-level trace --web.config.file web.yml";
    assert_eq!(typed(line, &[]), Ok(Command::Demo(overrides)));
    assert_eq!(typed("demo", &[]), Ok(Command::Demo(Overrides::default())));
}

fn lag(line: &str, env: &[(&str, &str)]) -> LagOptions {
    match typed(line, env) {
        Ok(Command::Lag(lag)) => lag,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn lag_takes_a_configuration_groups_a_format_and_a_time() {
    let overrides = |log_level| Overrides { listen: None, web_config_file: None, log_level: Some(log_level) };
    let expected = LagOptions {
        run: RunOptions {
            source: ConfigSource::Flags(flags(&["a:1"])),
            overrides: overrides(Level::Warn),
            watch: false,
        },
        groups: Vec::new(),
        output: OutputFormat::Table,
        timeout: Duration::from_secs(30),
    };
    assert_eq!(lag("lag --brokers a:1", &[]), expected);
    let expected = LagOptions {
        run: RunOptions {
            source: ConfigSource::File("a.toml".into()),
            overrides: overrides(Level::Debug),
            watch: false,
        },
        groups: vec!["a,b".to_owned(), "c".to_owned()],
        output: OutputFormat::Json,
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
        "error: invalid value '0' for '--timeout <TIME>': expected a time from 100ms to 1d, as whole \
         seconds or as a string with units such as \"1m30s\""
    );
    assert!(refused("lag --brokers a:1 --output xml", &[]).starts_with("error: invalid value 'xml' for '--output"));
}

#[test]
fn lag_minds_only_what_it_reads_of_a_file_that_a_run_refuses() {
    let text = "[cluster.a]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n[consumer.a]\nclass-name = \"kafka\"\n\
                cluster = \"a\"\nservers = [\"a:1\"]\nshare-group = \"w\"\n[httpserver.default]\n\
                enable-lifecycle = true\n";
    let (_directory, run) = file("later.toml", text);
    assert!(config_for_run(run.load().unwrap()).is_err());
    assert!(config_for_lag(run.load().unwrap()).is_ok());
    let (_directory, run) = file(
        "zookeeper.toml",
        &text.replace("[consumer.a]\nclass-name = \"kafka\"", "[consumer.a]\nclass-name = \"kafka_admin\""),
    );
    let refused = config_for_lag(run.load().unwrap()).map(|_| ()).unwrap_err();
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
    let both = "error: --config cannot be used with --brokers: remove one of them";
    assert_eq!(refused("--config a --brokers b:1", &[]), both);
    assert_eq!(refused("run --config a --kafka.server b:1", &[]), both);
    assert_eq!(
        refused("--config a", &[("WARRENER_BROKERS", "b:1")]),
        "error: --config cannot be used with WARRENER_BROKERS: remove one of them"
    );
    assert_eq!(
        refused("--config a --group.exclude b", &[]),
        "error: --group.exclude cannot be used with --config: set group-denylist in the file instead"
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
