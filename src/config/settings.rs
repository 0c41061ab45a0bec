//! The checked configuration. All references are resolved and all values are in range.

use crate::model::Level;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use regex::bytes::Regex;

use super::{ConnectionConfig, ConsumerConfig, Filter, HostName, TlsConfig};

/// The configuration of a run. Lists are sorted by the name of the section.
#[derive(Debug)]
pub struct Config {
    /// `[cluster.*]`, at least one.
    pub clusters: Vec<ClusterConfig>,
    /// `[consumer.*]`, and one of class `kafka` for each cluster that has none, named after the cluster.
    pub consumers: Vec<ConsumerConfig>,
    /// `[storage.*]`, or the defaults.
    pub storage: StorageConfig,
    /// `[limits]`.
    pub limits: LimitsConfig,
    /// `[evaluator.*]`, or the defaults.
    pub evaluator: EvaluatorConfig,
    /// `[httpserver.*]`, or one with the default address.
    pub http: Vec<HttpServerConfig>,
    /// `[metrics]`.
    pub metrics: MetricsConfig,
    /// `[logging]`.
    pub logging: LoggingConfig,
    /// `[general]`.
    pub general: GeneralConfig,
}

impl Config {
    /// The `[cluster.*]` section of this name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&ClusterConfig> {
        self.clusters.iter().find(|section| section.name == name)
    }

    /// The `[consumer.*]` section of this name.
    #[must_use]
    pub fn consumer(&self, name: &str) -> Option<&ConsumerConfig> {
        self.consumers.iter().find(|section| section.name == name)
    }
}

/// A `[cluster.*]` section: where topics, log starts and log ends come from.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterConfig {
    /// Name of the section, the value of the label `cluster`.
    pub name: String,
    /// Servers and client profile.
    pub connection: ConnectionConfig,
    /// Interval of refreshes of log starts and log ends.
    pub offset_refresh: Duration,
    /// Interval of refreshes of the metadata.
    pub topic_refresh: Duration,
    /// Topics that are kept.
    pub topics: Filter,
}

/// A `[storage.*]` section.
#[derive(Clone, Debug, PartialEq)]
pub struct StorageConfig {
    /// Name of the section. `default` if there is none.
    pub name: String,
    /// Commits kept per partition.
    pub intervals: NonZeroUsize,
    /// A commit that follows its predecessor within this time replaces it. Zero keeps all commits.
    pub min_distance: Duration,
    /// When a group without new commits is removed.
    pub expire_group: ExpireGroup,
    /// Groups that are kept.
    pub groups: Filter,
}

/// When a group without new commits is removed (docs/src/reference/storage-rules.md, Expiry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpireGroup {
    /// `expire-group` is not set: groups from Kafka never expire, groups from ZooKeeper after 604,800 s.
    BySource,
    /// `expire-group` is set: applies to groups of every source. Zero means never.
    After(Duration),
}

/// The `[limits]` section: what storage may hold of all clusters together. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Number of groups.
    pub groups: Option<u64>,
    /// Number of partitions with a commit, summed over all groups.
    pub group_partitions: Option<u64>,
    /// Memory of storage.
    pub memory: MemoryLimit,
}

/// A limit of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryLimit {
    /// No limit.
    #[default]
    Off,
    /// A number of bytes.
    Bytes(u64),
    /// 70 % of the memory that the cgroup may use. No limit if it has none.
    Auto,
}

/// A `[evaluator.*]` section.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluatorConfig {
    /// Name of the section. `default` if there is none.
    pub name: String,
    /// Share of its window that a partition must have filled to be other than OK, 0 to 1.
    pub minimum_complete: f64,
    /// In records.
    pub allowed_lag: u64,
}

/// A `[httpserver.*]` section.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpServerConfig {
    /// Name of the section.
    pub name: String,
    /// `HOST:PORT`. An empty host means all addresses.
    pub address: String,
    /// The `[tls.*]` section with its certificate. `None` for no TLS, or for that of `web_config_file`.
    pub tls: Option<TlsConfig>,
    /// Web configuration of Prometheus' exporter-toolkit. `None` if there is a `tls`.
    pub web_config_file: Option<PathBuf>,
    /// Whether the paths of health are answered without a password.
    pub unprotected_health: bool,
    /// What is served, sorted, at least one part.
    pub serves: Vec<ServedPart>,
    /// Whether `POST /-/reload` and `POST /-/quit` are enabled.
    pub enable_lifecycle: bool,
    /// Whether `DELETE` and `POST` of Burrow's API are enabled.
    pub enable_admin: bool,
    /// Hosts by which the server may be addressed, with any port. Empty allows any.
    pub allowed_hosts: Vec<HostName>,
    /// How long readiness waits for modules that make no progress.
    pub ready_timeout: Duration,
}

/// A part of what a server can serve (docs/src/reference/configuration.md, HTTP server).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServedPart {
    /// `/-/healthy`, `/-/ready`, and Burrow's `/burrow/admin` and `/burrow/admin/ready`.
    Health,
    /// `/metrics`.
    Metrics,
    /// Burrow's API, `/v3`.
    Burrow,
    /// The status page, its files and its data.
    StatusPage,
    /// `/-/reload` and `/-/quit`.
    Lifecycle,
}

impl ServedPart {
    /// All parts, sorted.
    pub const ALL: [Self; 5] = [Self::Health, Self::Metrics, Self::Burrow, Self::StatusPage, Self::Lifecycle];

    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Metrics => "metrics",
            Self::Burrow => "burrow",
            Self::StatusPage => "status-page",
            Self::Lifecycle => "lifecycle",
        }
    }
}

/// The `[metrics]` section.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsConfig {
    /// Name sets in the order of the file, at least one.
    pub names: Vec<NameSet>,
    /// How far down series go.
    pub granularity: Granularity,
    /// Whether owners are shown.
    pub owners: bool,
    /// Labels of every series, sorted by name.
    pub labels: BTreeMap<String, String>,
    /// Limits of the time lag. The first match applies.
    pub limits: Vec<LagLimit>,
}

/// A name set (docs/src/reference/metrics.md, Name sets), by its name in the configuration. `metrics::sets` has its
/// table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameSet(pub &'static str);

impl NameSet {
    /// The default set, that of kafka_exporter.
    pub const DEFAULT: Self = Self("kafka_exporter");

    /// The name of the set in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// How far down series go: partition, topic or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// Series per partition.
    Partition,
    /// Series per topic.
    Topic,
    /// Series per group.
    Group,
}

/// A limit of the time lag for the groups that a regex matches.
#[derive(Clone, Debug)]
pub struct LagLimit {
    /// Unanchored regex of the groups.
    pub group: Regex,
    /// In seconds.
    pub lag_seconds: f64,
}

impl PartialEq for LagLimit {
    fn eq(&self, other: &Self) -> bool {
        (self.group.as_str(), self.lag_seconds) == (other.group.as_str(), other.lag_seconds)
    }
}

/// The `[logging]` section.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggingConfig {
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: Level,
    /// Format of a log line.
    pub format: LogFormat,
}

/// The `[general]` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeneralConfig {
    /// Value of `Access-Control-Allow-Origin` on answers of Burrow's API, in printable ASCII. `None` sends no such
    /// header.
    pub access_control_allow_origin: Option<String>,
}

/// Format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Plain text.
    Text,
    /// A JSON object per line.
    Json,
}
