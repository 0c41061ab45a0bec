//! Bodies of `/v3/config`: the checked configuration in Burrow's terms. What has no meaning here is empty, and secrets
//! are never included.

use serde::{Serialize, Serializer};

use crate::config::{
    BurrowKeys, ClientProfile, ClusterConfig, Config, ConsumerConfig, ExpireGroup, HttpServerConfig, SaslConfig,
    TlsConfig,
};

/// Burrow's coordinators, which group its modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BurrowCoordinator {
    Storage,
    Evaluator,
    Cluster,
    Consumer,
    Notifier,
}

impl BurrowCoordinator {
    const ALL: [Self; 5] = [Self::Storage, Self::Evaluator, Self::Cluster, Self::Consumer, Self::Notifier];

    /// Returns the coordinator with this name.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|coordinator| coordinator.name().as_bytes() == name)
    }

    /// The name of the coordinator.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Evaluator => "evaluator",
            Self::Cluster => "cluster",
            Self::Consumer => "consumer",
            Self::Notifier => "notifier",
        }
    }

    /// The messages for a module that is found and for one that is not.
    pub const fn messages(self) -> (&'static str, &'static str) {
        match self {
            Self::Storage => ("storage module detail returned", "storage module not found"),
            Self::Evaluator => ("evaluator module detail returned", "evaluator module not found"),
            Self::Cluster => ("cluster module detail returned", "cluster module not found"),
            Self::Consumer => ("consumer module detail returned", "consumer module not found"),
            Self::Notifier => ("notifier module detail returned", "notifier module not found"),
        }
    }

    /// The names of the coordinator's modules.
    pub fn modules(self, config: &Config) -> Vec<String> {
        match self {
            Self::Storage => vec![config.storage.name.clone()],
            Self::Evaluator => vec![config.evaluator.name.clone()],
            Self::Cluster => config.clusters.iter().map(|cluster| cluster.name.clone()).collect(),
            Self::Consumer => config.consumers.iter().map(|consumer| consumer.name.clone()).collect(),
            Self::Notifier => Vec::new(),
        }
    }

    /// Returns one of the coordinator's modules.
    pub fn module(self, config: &Config, name: &str) -> Option<ModuleBody> {
        match self {
            Self::Storage => (config.storage.name == name).then(|| storage(config)),
            Self::Evaluator => (config.evaluator.name == name)
                .then_some(ModuleBody::Evaluator { class_name: "caching", expire_cache: 0 }),
            Self::Cluster => config.clusters.iter().find(|cluster| cluster.name == name).map(cluster),
            Self::Consumer => config.consumers.iter().find(|consumer| consumer.name == name).map(consumer),
            Self::Notifier => None,
        }
    }
}

/// The settings of a module.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "kebab-case")]
pub(super) enum ModuleBody {
    Storage {
        class_name: &'static str,
        intervals: usize,
        min_distance: u64,
        group_allowlist: String,
        expire_group: u64,
    },
    Evaluator {
        class_name: &'static str,
        expire_cache: u64,
    },
    Cluster {
        class_name: &'static str,
        servers: Vec<String>,
        client_profile: ProfileBody,
        topic_refresh: u64,
        offset_refresh: u64,
    },
    Consumer {
        class_name: &'static str,
        cluster: String,
        servers: Vec<String>,
        group_allowlist: String,
        zookeeper_path: String,
        zookeeper_timeout: u64,
        /// `null` for a class that connects to no server.
        client_profile: Option<ProfileBody>,
        offsets_topic: String,
        start_latest: bool,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ProfileBody {
    name: String,
    client_id: String,
    kafka_version: &'static str,
    tls: Option<TlsProfile>,
    sasl: Option<SaslProfile>,
}

#[derive(Debug, Serialize)]
struct TlsProfile {
    name: String,
    noverify: bool,
    certfile: String,
    keyfile: String,
    cafile: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct SaslProfile {
    name: String,
    handshake_first: bool,
    username: String,
}

/// The body of `/v3/config` itself.
#[derive(Debug, Serialize)]
pub(super) struct ConfigBody {
    general: GeneralBody,
    logging: LoggingBody,
    zookeeper: ZooKeeperBody,
    #[serde(serialize_with = "by_name")]
    httpserver: Vec<(String, ListenerBody)>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct GeneralBody {
    pidfile: &'static str,
    stdout_logfile: &'static str,
    access_control_allow_origin: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct LoggingBody {
    filename: &'static str,
    max_size: u64,
    max_backups: u64,
    max_age: u64,
    use_local_time: bool,
    use_compression: bool,
    level: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct ZooKeeperBody {
    servers: [&'static str; 0],
    timeout: u64,
    root_path: &'static str,
}

#[derive(Debug, Serialize)]
struct ListenerBody {
    address: String,
    tls: String,
    timeout: u64,
}

impl ConfigBody {
    pub fn of(config: &Config) -> Self {
        let origin = config.general.access_control_allow_origin.clone().unwrap_or_default();
        Self {
            general: GeneralBody { pidfile: "", stdout_logfile: "", access_control_allow_origin: origin },
            logging: LoggingBody {
                filename: "",
                max_size: 0,
                max_backups: 0,
                max_age: 0,
                use_local_time: false,
                use_compression: false,
                level: config.logging.level.name(),
            },
            zookeeper: ZooKeeperBody { servers: [], timeout: 0, root_path: "" },
            httpserver: config.http.iter().map(|server| (server.name.clone(), listener(server))).collect(),
        }
    }
}

fn listener(server: &HttpServerConfig) -> ListenerBody {
    let tls = server.tls.as_ref().map(|tls| tls.name.clone()).unwrap_or_default();
    ListenerBody { address: server.address.clone(), tls, timeout: 0 }
}

fn storage(config: &Config) -> ModuleBody {
    let storage = &config.storage;
    ModuleBody::Storage {
        class_name: "inmemory",
        intervals: storage.intervals.get(),
        min_distance: storage.min_distance.as_secs(),
        group_allowlist: storage.groups.allowlist().to_owned(),
        expire_group: match storage.expire_group {
            ExpireGroup::BySource => 0,
            ExpireGroup::After(age) => age.as_secs(),
        },
    }
}

fn cluster(cluster: &ClusterConfig) -> ModuleBody {
    ModuleBody::Cluster {
        class_name: "kafka",
        servers: cluster.connection.servers.clone(),
        client_profile: profile(&cluster.connection.client),
        topic_refresh: cluster.topic_refresh.as_secs(),
        offset_refresh: cluster.offset_refresh.as_secs(),
    }
}

fn consumer(consumer: &ConsumerConfig) -> ModuleBody {
    let connection = consumer.settings.connection();
    let BurrowKeys { offsets_topic, start_latest, zookeeper_path, zookeeper_timeout } = consumer.settings.burrow_keys();
    ModuleBody::Consumer {
        class_name: consumer.class.name,
        cluster: consumer.cluster.clone(),
        servers: connection.map(|connection| connection.servers.clone()).unwrap_or_default(),
        group_allowlist: consumer.groups.allowlist().to_owned(),
        zookeeper_path,
        zookeeper_timeout: zookeeper_timeout.as_secs(),
        client_profile: connection.map(|connection| profile(&connection.client)),
        offsets_topic,
        start_latest,
    }
}

fn profile(client: &ClientProfile) -> ProfileBody {
    ProfileBody {
        name: client.name.clone().unwrap_or_default(),
        client_id: client.client_id.clone(),
        kafka_version: "",
        tls: client.tls.as_ref().map(tls),
        sasl: client.sasl.as_ref().filter(|sasl| !sasl.is_of_iam_section()).map(sasl),
    }
}

fn tls(tls: &TlsConfig) -> TlsProfile {
    let path = |path: &std::path::PathBuf| path.display().to_string();
    TlsProfile {
        name: tls.name.clone(),
        noverify: tls.no_verify,
        certfile: tls.identity.as_ref().map(|identity| path(&identity.cert_file)).unwrap_or_default(),
        keyfile: tls.identity.as_ref().map(|identity| path(&identity.key_file)).unwrap_or_default(),
        cafile: tls.ca_file.as_ref().map(path).unwrap_or_default(),
    }
}

fn sasl(sasl: &SaslConfig) -> SaslProfile {
    SaslProfile { name: sasl.name.clone(), handshake_first: false, username: sasl.username.clone() }
}

/// Serializes a list of names and values as an object, in the order of the list.
pub(super) fn by_name<S: Serializer, V: Serialize>(list: &[(String, V)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(list.iter().map(|(name, value)| (name, value)))
}
