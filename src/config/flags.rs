//! A configuration from command line flags, without a file.

use std::path::PathBuf;
use std::time::Duration;

use super::ClientProfile;
use super::ClusterConfig;
use super::Config;
use super::ConnectionConfig;
use super::EvaluatorConfig;
use super::Filter;
use super::GeneralConfig;
use super::HttpServerConfig;
use super::LimitsConfig;
use super::LoggingConfig;
use super::MetricsConfig;
use super::Registry;
use super::StorageConfig;
use super::SystemAccess;
use super::file::values;
use crate::config::file::bounds::SERVERS;
use crate::config::file::findings::{Findings, KeyPath, Mistakes, quote};
use crate::config::sections::cluster::REFRESHES;
use crate::config::sections::consumer::default_consumer;
use crate::model::Level;

/// The flags about Kafka: brokers, and kafka_exporter's filters, which are unanchored regexes as there. An empty filter
/// is the same as none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--brokers`, each as `host:port`.
    pub brokers: Vec<String>,
    /// `--topic.filter`: topics that are kept.
    pub topic_filter: Option<String>,
    /// `--topic.exclude`: topics that are not kept.
    pub topic_exclude: Option<String>,
    /// `--group.filter`: groups that are kept.
    pub group_filter: Option<String>,
    /// `--group.exclude`: groups that are not kept.
    pub group_exclude: Option<String>,
}

/// Flags that take precedence over any configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--listen`: an address that [`parse_address`](super::parse_address) has checked.
    pub listen: Option<String>,
    /// `--web.config.file`: takes the place of `tls` and `web-config-file` of every listener.
    pub web_config_file: Option<PathBuf>,
    /// `--log-level`.
    pub log_level: Option<Level>,
}

impl Overrides {
    /// Applies the flags that are set to a configuration.
    pub fn apply(&self, config: &mut Config) {
        if let Some(address) = &self.listen {
            config.http = vec![HttpServerConfig::with_address(address.clone())];
        }
        if let Some(path) = &self.web_config_file {
            for server in &mut config.http {
                (server.tls, server.web_config_file) = (None, Some(path.clone()));
            }
        }
        if let Some(level) = self.log_level {
            config.logging.level = level;
        }
    }
}

/// Makes the configuration of `--brokers`: one cluster and one consumer, both named `default`, and defaults for the
/// rest.
///
/// # Errors
/// All mistakes of the flags.
pub fn from_flags(flags: &Flags, registry: &Registry, overrides: &Overrides) -> Result<Config, Mistakes> {
    let outside = SystemAccess::none();
    let mut findings = Findings::new(&outside);
    if flags.brokers.is_empty() {
        findings.add_mistake(KeyPath::named("--brokers"), format!("expected {}, found none", values::SERVER));
    }
    findings.check_count(KeyPath::named("--brokers"), "servers", flags.brokers.len(), &SERVERS);
    for broker in flags.brokers.iter().filter(|broker| !values::is_server(broker)) {
        let problem = format!("expected {}, found {}", values::SERVER, quote(broker));
        findings.add_mistake(KeyPath::named("--brokers"), problem);
    }
    let topics = filter(
        ("--topic.filter", flags.topic_filter.as_deref()),
        ("--topic.exclude", flags.topic_exclude.as_deref()),
        &mut findings,
    );
    let groups = filter(
        ("--group.filter", flags.group_filter.as_deref()),
        ("--group.exclude", flags.group_exclude.as_deref()),
        &mut findings,
    );
    findings.finish()?;
    let mut config = Config::of_brokers(flags.brokers.clone(), registry, topics, groups);
    overrides.apply(&mut config);
    Ok(config)
}

impl Config {
    /// A configuration with one cluster and one consumer, both named `default`, and defaults for the rest. Nothing is
    /// checked.
    #[must_use]
    pub fn of_brokers(servers: Vec<String>, registry: &Registry, topics: Filter, groups: Filter) -> Self {
        let [offset_refresh, topic_refresh] = REFRESHES.map(Duration::from_secs);
        let cluster = ClusterConfig {
            name: "default".to_owned(),
            connection: ConnectionConfig { servers, client: ClientProfile::default() },
            offset_refresh,
            topic_refresh,
            topics,
        };
        Self {
            consumers: vec![default_consumer("default".to_owned(), &cluster, groups, registry)],
            clusters: vec![cluster],
            storage: StorageConfig::default(),
            limits: LimitsConfig::default(),
            evaluator: EvaluatorConfig::default(),
            http: vec![HttpServerConfig::default()],
            metrics: MetricsConfig::default(),
            logging: LoggingConfig::default(),
            general: GeneralConfig::default(),
        }
    }
}

fn filter(allow: (&str, Option<&str>), deny: (&str, Option<&str>), findings: &mut Findings<'_>) -> Filter {
    let mut compile = |(flag, text): (&str, Option<&str>)| {
        let text = text.filter(|text| !text.is_empty())?;
        let regex = values::compile_regex(text);
        regex
            .map_err(|why| {
                let problem = format!("expected a regular expression, found {}: {why}", quote(text));
                findings.add_mistake(KeyPath::named(flag), problem);
            })
            .ok()
    };
    Filter::new(compile(allow), compile(deny))
}
