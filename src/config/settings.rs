//! The checked configuration: what the program uses, every reference resolved and every value in its range.

use crate::model::Level;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use regex::bytes::Regex;

use super::Filter;
use super::HostName;

/// All that a run needs to know. Lists are sorted by the section's name.
#[derive(Debug)]
pub struct Config {
    /// `[cluster.*]`, at least one.
    pub clusters: Vec<Cluster>,
    /// `[consumer.*]`, and one of class `kafka` for each cluster that has none, named like the cluster.
    pub consumers: Vec<Consumer>,
    /// `[storage.*]`, or the defaults.
    pub storage: Storage,
    /// `[evaluator.*]`, or the defaults.
    pub evaluator: Evaluator,
    /// `[httpserver.*]`, or one at the default address.
    pub http: Vec<HttpServer>,
    /// `[metrics]`.
    pub metrics: Metrics,
    /// `[logging]`.
    pub logging: Logging,
    /// `[general]`.
    pub general: General,
}

/// Where log ends and topics come from.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The section's name, the value of the label `cluster`.
    pub name: String,
    /// Where and how to connect.
    pub connection: Connection,
    /// Between two refreshes of log starts and log ends.
    pub offset_refresh: Duration,
    /// Between two refreshes of the metadata.
    pub topic_refresh: Duration,
    /// Topics that are kept.
    pub topics: Filter,
}

/// Servers, and how to talk to them.
#[derive(Clone, Debug)]
pub struct Connection {
    /// `host:port` each, at least one.
    pub servers: Vec<String>,
    /// The client profile, or the defaults.
    pub client: ClientProfile,
}

/// Where group offsets come from.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// The section's name, the value of the label `module`.
    pub name: String,
    /// The cluster's name, as `[cluster.*]` spells it.
    pub cluster: String,
    /// Where and how to connect.
    pub connection: Connection,
    /// Groups that are kept.
    pub groups: Filter,
    /// What kind of module it is.
    pub class: ConsumerClass,
}

/// The classes of consumer modules.
#[derive(Clone, Debug)]
pub enum ConsumerClass {
    /// Reads the offsets topic.
    Kafka(OffsetsTopic),
    /// Follows ZooKeeper's `/consumers`.
    KafkaZk(ZooKeeper),
    /// Asks for offsets by OffsetFetch.
    KafkaAdmin,
}

/// Settings of a consumer of class `kafka`.
#[derive(Clone, Debug)]
pub struct OffsetsTopic {
    /// The topic, `__consumer_offsets`.
    pub topic: String,
    /// Where reading starts.
    pub start: Start,
    /// Instances with the same name share the topic's partitions.
    pub share_group: Option<String>,
}

/// Where the reading of the offsets topic starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the beginning.
    Earliest,
    /// At the end: only what is committed from now on.
    Latest,
    /// At the end, and the past behind the live stream.
    LatestThenBackfill,
}

/// Settings of a consumer of class `kafka_zk`.
#[derive(Clone, Debug)]
pub struct ZooKeeper {
    /// The chroot, empty for the root.
    pub path: String,
    /// The session's timeout.
    pub timeout: Duration,
}

/// How a client introduces and secures itself.
#[derive(Clone, Debug)]
pub struct ClientProfile {
    /// The section's name, `None` for the defaults.
    pub name: Option<String>,
    /// Kafka's `client.id`.
    pub client_id: String,
    /// TLS, if at all.
    pub tls: Option<Tls>,
    /// SASL, if at all.
    pub sasl: Option<Sasl>,
    /// librdkafka's own properties, applied last. May hold secrets, hence the type.
    pub properties: BTreeMap<String, Secret>,
}

/// A `[tls.*]` section.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The section's name.
    pub name: String,
    /// PEM of the certificate authorities; the system's otherwise.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate and key, both or neither.
    pub identity: Option<Identity>,
    /// Whether the server's certificate goes unchecked.
    pub no_verify: bool,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// PEM of the certificate chain.
    pub cert_file: PathBuf,
    /// PEM of the key.
    pub key_file: PathBuf,
}

/// A `[sasl.*]` section.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// The section's name.
    pub name: String,
    /// The mechanism.
    pub mechanism: Mechanism,
    /// The user, empty where the mechanism has none.
    pub username: String,
    /// The password, from the file or from the section.
    pub password: Option<Secret>,
    /// Where the password was read from, to read it again at a reload.
    pub password_file: Option<PathBuf>,
}

/// SASL mechanisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// PLAIN.
    Plain,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// SCRAM-SHA-512.
    ScramSha512,
    /// OAUTHBEARER.
    OauthBearer,
    /// GSSAPI, Kerberos.
    Gssapi,
}

impl Mechanism {
    /// The name that Kafka gives it.
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

/// A text that shows itself nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one who needs it.
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
pub struct Storage {
    /// The section's name, `default` without one.
    pub name: String,
    /// Commits kept per partition.
    pub intervals: NonZeroUsize,
    /// Commits nearer than this to their predecessor replace it; zero keeps all.
    pub min_distance: Duration,
    /// When a group without commits is forgotten.
    pub expire_group: Expiry,
    /// Groups that are kept.
    pub groups: Filter,
}

/// When a silent group is removed (docs/src/reference/storage-rules.md, Expiry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Not set in the file: never for groups from Kafka, after 604,800 s for those from ZooKeeper.
    BySource,
    /// Set to 0 in the file, or to a time that holds for every source; zero is never.
    After(Duration),
}

/// A `[evaluator.*]` section.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluator {
    /// The section's name, `default` without one.
    pub name: String,
    /// 0 to 1.
    pub minimum_complete: f64,
    /// Records.
    pub allowed_lag: u64,
}

/// A `[httpserver.*]` section.
#[derive(Clone, Debug)]
pub struct HttpServer {
    /// The section's name.
    pub name: String,
    /// `HOST:PORT`; the host is empty for all addresses.
    pub address: String,
    /// TLS, if at all.
    pub tls: Option<Tls>,
    /// Prometheus exporter-toolkit's web configuration.
    pub web_config_file: Option<PathBuf>,
    /// `POST /-/reload`, `/-/quit`.
    pub enable_lifecycle: bool,
    /// The API's `DELETE` and `POST`.
    pub enable_admin: bool,
    /// The hosts by which it may be addressed, whatever the port; any when empty.
    pub allowed_hosts: Vec<HostName>,
    /// How long readiness waits for what does not answer.
    pub ready_timeout: Duration,
}

/// The `[metrics]` section.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Name sets, at least one, in the file's order.
    pub names: Vec<NameSet>,
    /// How far down series go.
    pub granularity: Granularity,
    /// Whether owners are shown.
    pub owners: bool,
    /// Labels of every series, sorted by name.
    pub labels: BTreeMap<String, String>,
    /// Limits of the time lag, the first match wins.
    pub limits: Vec<Limit>,
}

/// Sets of metric names (docs/src/reference/metrics.md, Name sets).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameSet {
    /// The default.
    KafkaExporter,
    /// Burrow's own.
    Burrow,
    /// seglo's.
    KafkaLagExporter,
    /// Redpanda's KMinion.
    Kminion,
}

impl NameSet {
    /// The name that the file gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KafkaExporter => "kafka_exporter",
            Self::Burrow => "burrow",
            Self::KafkaLagExporter => "kafka-lag-exporter",
            Self::Kminion => "kminion",
        }
    }
}

/// How far down series go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// A series per partition.
    Partition,
    /// A series per topic.
    Topic,
    /// A series per group.
    Group,
}

/// A limit of the time lag for the groups that a regex matches.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Unanchored.
    pub group: Regex,
    /// Seconds.
    pub lag_seconds: f64,
}

/// The `[logging]` section.
#[derive(Clone, Debug)]
pub struct Logging {
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: Level,
    /// How a line looks.
    pub format: LogFormat,
}

/// The `[general]` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct General {
    /// What Burrow's API answers in `Access-Control-Allow-Origin`: printable ASCII. Without it the header is left out.
    pub access_control_allow_origin: Option<String>,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}
