//! The definition of the command line, and its combination with the environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::{ConfigSource, Exit, LagOptions, OutputFormat, RunOptions, Shell};
use crate::config::{Flags, Overrides, parse_address, parse_level, parse_timeout};
use crate::model::Level;

/// Default of `--timeout`.
const LAG_TIMEOUT: &str = "30s";

/// Prometheus exporter for the lag and status of Kafka consumer groups.
#[derive(Debug, Parser)]
#[command(name = "warrener", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Subcommand>,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    /// Run the exporter; the default without a command
    Run(RunArguments),
    /// Check the configuration and print what a run would do
    Check(RunArguments),
    /// Run the exporter on an embedded Kafka cluster with simulated groups
    Demo(OverrideArguments),
    /// Read everything once, print lag and status of the groups, worst first, and exit
    Lag(LagArguments),
    /// Print a completion script for a shell
    Completion {
        /// Shell that runs the script
        shell: Shell,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Read the configuration file again whenever its content changes; only with --config
    #[arg(long)]
    watch_config: bool,
    #[command(flatten)]
    overrides: OverrideArguments,
}

/// Where the configuration comes from.
#[derive(Debug, clap::Args)]
pub(super) struct SourceArguments {
    /// Configuration file [env: WARRENER_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Brokers of a cluster named "default", instead of a configuration file [env: WARRENER_BROKERS]
    #[arg(long, visible_alias = "kafka.server", value_name = "HOST:PORT", value_delimiter = ',')]
    brokers: Vec<String>,
    /// Include only topics that match this regex; only with --brokers
    #[arg(long = "topic.filter", value_name = "REGEX")]
    topic_filter: Option<String>,
    /// Exclude topics that match this regex; only with --brokers
    #[arg(long = "topic.exclude", value_name = "REGEX")]
    topic_exclude: Option<String>,
    /// Include only groups that match this regex; only with --brokers
    #[arg(long = "group.filter", value_name = "REGEX")]
    group_filter: Option<String>,
    /// Exclude groups that match this regex; only with --brokers
    #[arg(long = "group.exclude", value_name = "REGEX")]
    group_exclude: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct OverrideArguments {
    /// Listen only on this address, HOST:PORT or :PORT [env: WARRENER_LISTEN]
    #[arg(long, visible_alias = "web.listen-address", value_name = "ADDRESS", value_parser = parse_address)]
    listen: Option<String>,
    /// Web configuration (TLS, passwords) of every listener, a file of Prometheus' exporter toolkit [env:
    /// WARRENER_WEB_CONFIG_FILE]
    #[arg(long = "web.config.file", value_name = "FILE")]
    web_config_file: Option<PathBuf>,
    #[command(flatten)]
    log: LogArguments,
}

#[derive(Debug, clap::Args)]
pub(super) struct LogArguments {
    /// Lowest level to log: trace, debug, info, warn or error [env: WARRENER_LOG_LEVEL]
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    log_level: Option<Level>,
}

#[derive(Debug, clap::Args)]
pub(super) struct LagArguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Print only the group with exactly this name; may be repeated
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<String>,
    /// Output format: table or json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Table, hide_possible_values = true)]
    output: OutputFormat,
    /// Time to wait for clusters: seconds, or a time with units such as 1m30s
    #[arg(long, value_name = "TIME", value_parser = parse_timeout, default_value = LAG_TIMEOUT)]
    timeout: Duration,
    #[command(flatten)]
    log: LogArguments,
}

pub(super) struct Environment<'e>(pub(super) &'e dyn Fn(&str) -> Option<OsString>);

impl Environment<'_> {
    fn get(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn parse<T>(&self, name: &str, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>, Exit> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let value = value.to_string_lossy();
        let parsed = parse(&value).map_err(|expected| usage_error(&format!("{name}: {expected}, found {value:?}")))?;
        Ok(Some(parsed))
    }
}

fn usage_error(message: &str) -> Exit {
    Arguments::command().error(ErrorKind::ValueValidation, message).into()
}

impl RunArguments {
    pub(super) fn resolve(self, env: &Environment<'_>) -> Result<RunOptions, Exit> {
        let overrides = self.overrides.resolve(env)?;
        let source = self.source.resolve(env)?;
        if self.watch_config && matches!(source, ConfigSource::Flags(_)) {
            let message = "--watch-config needs a configuration file: use --config, or remove it";
            return Err(Arguments::command().error(ErrorKind::ArgumentConflict, message).into());
        }
        Ok(RunOptions { source, overrides, watch: self.watch_config })
    }
}

impl SourceArguments {
    pub(super) fn resolve(self, env: &Environment<'_>) -> Result<ConfigSource, Exit> {
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
        match (config, brokers.is_empty()) {
            (Some((_, config)), false) => {
                let message = format!("{config} cannot be used with {from}: remove one of them");
                Err(Arguments::command().error(ErrorKind::ArgumentConflict, message).into())
            }
            (None, true) => {
                let message = "expected --config FILE or --brokers HOST:PORT[,HOST:PORT...], found neither";
                Err(Arguments::command().error(ErrorKind::MissingRequiredArgument, message).into())
            }
            (Some((path, config)), true) => {
                if let Some((flag, _, key)) = filtered.iter().find(|(_, set, _)| *set) {
                    let message = format!("{flag} cannot be used with {config}: set {key} in the file instead");
                    return Err(Arguments::command().error(ErrorKind::ArgumentConflict, message).into());
                }
                Ok(ConfigSource::File(path))
            }
            (None, false) => Ok(ConfigSource::Flags(Flags {
                brokers: brokers.iter().map(|broker| broker.trim().to_owned()).collect(),
                topic_filter: self.topic_filter,
                topic_exclude: self.topic_exclude,
                group_filter: self.group_filter,
                group_exclude: self.group_exclude,
            })),
        }
    }
}

impl OverrideArguments {
    pub(super) fn resolve(self, env: &Environment<'_>) -> Result<Overrides, Exit> {
        let listen = match self.listen {
            Some(address) => Some(address),
            None => env.parse("WARRENER_LISTEN", parse_address)?,
        };
        let web_config_file = self.web_config_file.or_else(|| env.get("WARRENER_WEB_CONFIG_FILE").map(PathBuf::from));
        Ok(Overrides { listen, web_config_file, log_level: self.log.resolve(env)? })
    }
}

impl LogArguments {
    pub(super) fn resolve(self, env: &Environment<'_>) -> Result<Option<Level>, Exit> {
        match self.log_level {
            Some(level) => Ok(Some(level)),
            None => env.parse("WARRENER_LOG_LEVEL", parse_level),
        }
    }
}

impl LagArguments {
    /// The level of the file is for a running exporter. Here only warnings and errors are shown unless a level is
    /// requested.
    pub(super) fn resolve(self, env: &Environment<'_>) -> Result<LagOptions, Exit> {
        let log_level = Some(self.log.resolve(env)?.unwrap_or(Level::Warn));
        let overrides = Overrides { log_level, ..Overrides::default() };
        let run = RunOptions { source: self.source.resolve(env)?, overrides, watch: false };
        Ok(LagOptions { run, groups: self.groups, output: self.output, timeout: self.timeout })
    }
}
