//! The checked configuration. All references are resolved and all values are in range.

use crate::model::Level;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use regex::bytes::Regex;

use super::{ConsumerClass, ConsumerSettings, Filter, HostName};

/// The configuration of a run. Lists are sorted by the name of the section.
#[derive(Debug)]
pub struct Config {
    /// `[cluster.*]`, at least one.
    pub clusters: Vec<ClusterConfig>,
    /// `[consumer.*]`, and one of class `kafka` for each cluster that has none, named after the cluster.
    pub consumers: Vec<ConsumerConfig>,
    /// `[storage.*]`, or the defaults.
    pub storage: StorageConfig,
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

/// A `[cluster.*]` section: where topics, log starts and log ends come from.
#[derive(Clone, Debug)]
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

/// Servers, and the settings for connecting to them.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// Each as `host:port`, at least one.
    pub servers: Vec<String>,
    /// The client profile. The defaults if the section names none.
    pub client: ClientProfile,
}

/// A `[consumer.*]` section: where committed offsets come from.
#[derive(Debug)]
pub struct ConsumerConfig {
    /// Name of the section, the value of the label `module`.
    pub name: String,
    /// Name of the cluster, as `[cluster.*]` spells it.
    pub cluster: String,
    /// Groups that are kept.
    pub groups: Filter,
    /// The class.
    pub class: &'static dyn ConsumerClass,
    /// The settings that depend on the class.
    pub settings: Box<dyn ConsumerSettings>,
}

/// A `[client-profile.*]` section: how a client identifies and secures itself.
#[derive(Clone, Debug)]
pub struct ClientProfile {
    /// Name of the section. `None` for the defaults.
    pub name: Option<String>,
    /// Kafka's `client.id`.
    pub client_id: String,
    /// TLS settings. `None` for no TLS.
    pub tls: Option<TlsConfig>,
    /// SASL settings. `None` for no SASL.
    pub sasl: Option<SaslConfig>,
    /// librdkafka's properties, applied last. The values are [`Secret`] because some of them are.
    pub properties: BTreeMap<String, Secret>,
}

/// A `[tls.*]` section.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// Name of the section.
    pub name: String,
    /// PEM file of the certificate authorities. `None` for those of the system.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate and key.
    pub identity: Option<TlsIdentity>,
    /// Whether the server's certificate is accepted without verification.
    pub no_verify: bool,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct TlsIdentity {
    /// PEM file of the certificate chain.
    pub cert_file: PathBuf,
    /// PEM file of the key.
    pub key_file: PathBuf,
}

/// A `[sasl.*]` section.
#[derive(Clone, Debug)]
pub struct SaslConfig {
    /// Name of the section.
    pub name: String,
    /// The SASL mechanism.
    pub mechanism: SaslMechanism,
    /// The user name. Empty if the mechanism needs none.
    pub username: String,
    /// The password, from the section or from the password file.
    pub password: Option<Secret>,
    /// The file that the password was read from, so that a reload can read it again.
    pub password_file: Option<PathBuf>,
}

/// SASL mechanisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslMechanism {
    /// PLAIN.
    Plain,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// SCRAM-SHA-512.
    ScramSha512,
    /// OAUTHBEARER.
    OauthBearer,
    /// GSSAPI (Kerberos).
    Gssapi,
}

impl SaslMechanism {
    /// Kafka's name of the mechanism.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
            Self::Gssapi => "GSSAPI",
        }
    }
}

/// A string that `Debug` does not reveal.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a string.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the string.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A `[storage.*]` section.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
pub struct HttpServerConfig {
    /// Name of the section.
    pub name: String,
    /// `HOST:PORT`. An empty host means all addresses.
    pub address: String,
    /// TLS settings. `None` for no TLS.
    pub tls: Option<TlsConfig>,
    /// Web configuration of Prometheus' exporter-toolkit.
    pub web_config_file: Option<PathBuf>,
    /// Whether `POST /-/reload` and `POST /-/quit` are enabled.
    pub enable_lifecycle: bool,
    /// Whether `DELETE` and `POST` of Burrow's API are enabled.
    pub enable_admin: bool,
    /// Hosts by which the server may be addressed, with any port. Empty allows any.
    pub allowed_hosts: Vec<HostName>,
    /// How long readiness waits for modules that make no progress.
    pub ready_timeout: Duration,
}

/// The `[metrics]` section.
#[derive(Clone, Debug)]
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

/// The `[logging]` section.
#[derive(Clone, Debug)]
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
