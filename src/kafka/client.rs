//! Builds a librdkafka client from the checked configuration.

use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaType;

use super::Context;
use super::recovery::Signs;
use crate::config::{Connection, Mechanism, Sasl, Secret, Tls};
use crate::model::ModuleError;
use crate::{shortage, task};

/// How long closing a client may block its owner. librdkafka's own threads may wait longer for a name lookup; they
/// end by themselves, or with the process.
const CLOSING: Duration = Duration::from_millis(300);

/// How long the outcome of a metadata request counts as a sign of the client's state.
const ASKED_FOR: Duration = Duration::from_secs(15);

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Metadata and log ends.
    Cluster,
    /// Bulk reading of a topic.
    Reader,
}

/// Properties of every client. Kafka's `client.id` comes from the profile.
const COMMON: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("allow.auto.create.topics", "false"),
    ("enable.metrics.push", "false"),
    ("log.thread.name", "false"),
    ("reconnect.backoff.ms", "100"),
    ("reconnect.backoff.max.ms", "2000"),
    ("socket.keepalive.enable", "true"),
    // With sparse connections, a request that waits for a broker whose port refuses connections reconnects without
    // a pause.
    ("enable.sparse.connections", "false"),
    // A frozen broker keeps its connection, and still gets metadata requests, until this time has passed.
    ("socket.timeout.ms", "10000"),
    ("socket.connection.setup.timeout.ms", "5000"),
    // When the address behind a host name changes, the new address is found within this time.
    ("broker.address.ttl", "5000"),
];

/// Properties for bulk reading within little memory. All partitions share one queue, so its limits hold for all of
/// them together; each broker may exceed them by one response.
const READER: &[(&str, &str)] = &[
    ("enable.partition.eof", "true"),
    ("isolation.level", "read_committed"),
    ("auto.offset.reset", "error"),
    // Checking CRCs aborts the process when a batch claims to be longer than it is (`rd_slice_narrow_copy`).
    ("check.crcs", "false"),
    ("fetch.wait.max.ms", "500"),
    ("fetch.error.backoff.ms", "100"),
    ("fetch.queue.backoff.ms", "10"),
    ("fetch.max.bytes", "2097152"),
    ("fetch.message.max.bytes", "1048576"),
    ("queued.min.messages", "40000"),
    ("queued.max.messages.kbytes", "8192"),
];

/// The native client, as rdkafka wraps it.
pub(super) type Native = rdkafka::client::Client<Context>;

/// One librdkafka instance. It has no group id: it commits nothing, creates nothing, joins nothing.
pub struct Client {
    native: Option<Native>,
    connection: Connection,
    role: Role,
    asked: Mutex<Asked>,
}

/// The outcome of the latest metadata requests.
#[derive(Debug, Default)]
struct Asked {
    /// When the last one ended.
    last: Option<Instant>,
    /// Since when requests have failed; `None` after an answer.
    failing: Option<Instant>,
    /// Whether the last answer named no broker.
    brokerless: bool,
}

impl Client {
    /// Checks a connection's settings as far as librdkafka can without creating a client.
    ///
    /// # Errors
    /// A property that is refused or reserved, a mechanism that is not supported, or a file that is not readable.
    pub fn check(connection: &Connection, role: Role) -> Result<(), ModuleError> {
        properties(connection, role)?.create_native_config().map(drop).map_err(|error| refused(connection, error))
    }

    /// Returns everything that librdkafka rejects in a connection's settings. Creates a client, because librdkafka
    /// checks some settings only then. That client knows no server, so it opens no socket.
    #[must_use]
    pub fn trial(connection: &Connection, role: Role) -> Vec<ModuleError> {
        // Each property is tried alone, because librdkafka stops at the first one that it refuses.
        let alone = |(name, value): (&String, &Secret)| {
            ClientConfig::new().set(name, value.reveal()).create_native_config().err()
        };
        let refusals: Vec<_> = connection.client.properties.iter().filter_map(alone).collect();
        if !refusals.is_empty() {
            return refusals.into_iter().map(|error| refused(connection, error)).collect();
        }
        let trial = properties(connection, role).and_then(|mut config| {
            config.remove("bootstrap.servers");
            if cfg!(feature = "gssapi") {
                // Prevents librdkafka from running kinit.
                config.set("sasl.kerberos.min.time.before.relogin", "0");
            }
            Self::of(&config, connection, role, Context::new("", "trial", ""))
        });
        trial.err().into_iter().collect()
    }

    /// Creates a client, which connects in the background.
    ///
    /// # Errors
    /// The errors of [`check`](Self::check), and key material or credentials that librdkafka does not accept.
    pub fn new(connection: &Connection, role: Role, context: Context) -> Result<Self, ModuleError> {
        Self::of(&properties(connection, role)?, connection, role, context)
    }

    fn of(config: &ClientConfig, connection: &Connection, role: Role, context: Context) -> Result<Self, ModuleError> {
        let native_config = config.create_native_config().map_err(|error| refused(connection, error))?;
        super::ffi::enable_error_events(&native_config);
        super::ffi::remember_sockets(&native_config);
        super::ffi::watch_threads(&native_config);
        let native = Native::new(config, native_config, RDKafkaType::RD_KAFKA_CONSUMER, context.of_new_client())
            .map_err(|error| refused(connection, error))?;
        Ok(Self { native: Some(native), connection: connection.clone(), role, asked: Mutex::default() })
    }

    /// Creates another client with the same settings for the same module.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn renewed(&self) -> Result<Self, ModuleError> {
        let context = self.context().cloned().unwrap_or_else(|| Context::new("", "", ""));
        Self::new(&self.connection, self.role, context)
    }

    /// The bootstrap servers, `host:port`.
    #[must_use]
    pub fn servers(&self) -> &[String] {
        &self.connection.servers
    }

    /// Passes the bootstrap servers to librdkafka again.
    pub(super) fn add_bootstrap_servers(&self) {
        if let Some(native) = &self.native {
            super::ffi::add_brokers(native, &self.connection.servers.join(","));
        }
    }

    /// Records that a metadata request has ended. `brokers` is the number of brokers in the answer, which may be 0,
    /// or `None` if there was no answer.
    pub(super) fn note_metadata(&self, brokers: Option<usize>, now: Instant) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.failing = if brokers.is_some() { None } else { asked.failing.or(Some(now)) };
        asked.brokerless = brokers == Some(0);
        asked.last = Some(now);
    }

    /// The observed state of the client, as input for [`Recovery`](super::recovery::Recovery).
    pub(super) fn signs(&self, now: Instant) -> Signs {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |then: Instant| now.saturating_duration_since(then);
        // Old failures do not count: when no requests are sent any more, the client is not failing.
        let is_asked = asked.last.is_some_and(|last| since(last) <= ASKED_FOR);
        Signs {
            connected: self.context().is_some_and(|context| context.sockets().is_connected()),
            failing: asked.failing.filter(|_| is_asked).map(since),
            brokerless: asked.brokerless && is_asked,
        }
    }

    /// Whether another client of the module is still closing.
    pub(super) fn is_another_closing(&self) -> bool {
        self.context().is_some_and(|context| context.closing() > 0)
    }

    /// The module's name, for the log.
    pub(super) fn module(&self) -> &str {
        self.context().map_or("", Context::module)
    }

    /// The context of this client, which holds the causes of its failures.
    #[must_use]
    pub fn context(&self) -> Option<&Context> {
        self.native.as_ref().map(|native| native.context().as_ref())
    }

    pub(super) const fn native(&self) -> Option<&Native> {
        self.native.as_ref()
    }

    /// Records in the context that a server answered. Returns true when the log had reported that none did.
    pub fn answered(&self) -> bool {
        self.context().is_some_and(Context::answered)
    }

    /// Passes librdkafka's queued log lines and errors to the context. Never blocks.
    pub fn serve(&self) {
        if let Some(native) = &self.native {
            super::ffi::serve(native);
            native.context().settle();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let native = self.native.take();
        let closing = native.as_ref().map(|native| native.context().begin_closing());
        within(CLOSING, "kafka-close", move || {
            drop(native);
            drop(closing);
        });
    }
}

/// Runs work that may block for long on a separate thread, and waits for it at most `limit`.
pub(super) fn within(limit: Duration, name: &str, work: impl FnOnce() + Send + 'static) {
    let (done, waiting) = mpsc::sync_channel::<()>(1);
    let started = task::start(name, move || {
        work();
        // Fails when the wait has timed out.
        done.send(()).ok();
    });
    match started {
        Ok(_) => {
            if matches!(waiting.recv_timeout(limit), Err(mpsc::RecvTimeoutError::Timeout)) {
                tracing::debug!(name, "closing goes on in the background");
            }
        }
        // Closing here may take longer than `limit`, but nothing is left open.
        Err(refused) => {
            tracing::warn!(name, cause = shortage::thread_cause(&refused.error), "closing without a thread of its own");
            refused.work_here();
        }
    }
}

/// All properties of a client. The profile's own properties come last: the configuration allows only those that may
/// be set, under librdkafka's own names, not aliases.
fn properties(connection: &Connection, role: Role) -> Result<ClientConfig, ModuleError> {
    let profile = &connection.client;
    let mut config = ClientConfig::new();
    let own = match role {
        Role::Cluster => &[],
        Role::Reader => READER,
    };
    for (name, value) in COMMON.iter().chain(own) {
        config.set(*name, *value);
    }
    config.set("bootstrap.servers", connection.servers.join(","));
    config.set("client.id", &profile.client_id);
    if let Some(tls) = &profile.tls {
        set_tls(&mut config, tls)?;
    }
    if let Some(sasl) = &profile.sasl {
        set_sasl(&mut config, sasl)?;
    }
    let protocol = match (&profile.tls, &profile.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    config.set_log_level(RDKafkaLogLevel::Info);
    for (name, value) in &profile.properties {
        if name == "debug" {
            config.set_log_level(RDKafkaLogLevel::Debug);
        }
        config.set(name, value.reveal());
    }
    Ok(config)
}

fn set_tls(config: &mut ClientConfig, tls: &Tls) -> Result<(), ModuleError> {
    let section = |key: &str| format!("tls.{}.{key}", tls.name);
    match &tls.ca_file {
        Some(path) => config.set("ssl.ca.location", readable(section("cafile"), path)?),
        // OpenSSL is linked statically and knows only the paths of the build machine, so librdkafka probes the
        // usual paths instead.
        None => config.set("ssl.ca.location", "probe"),
    };
    if let Some(identity) = &tls.identity {
        config.set("ssl.certificate.location", readable(section("certfile"), &identity.cert_file)?);
        config.set("ssl.key.location", readable(section("keyfile"), &identity.key_file)?);
    }
    if tls.no_verify {
        config.set("enable.ssl.certificate.verification", "false");
    }
    Ok(())
}

/// Opens the file to check that it is readable, and returns its path as librdkafka expects it.
fn readable(section: String, path: &Path) -> Result<String, ModuleError> {
    File::open(path).map_err(|source| ModuleError::Unreadable { section, path: path.to_owned(), source })?;
    path.to_str().map(str::to_owned).ok_or_else(|| ModuleError::Nul(path.display().to_string()))
}

fn set_sasl(config: &mut ClientConfig, sasl: &Sasl) -> Result<(), ModuleError> {
    match sasl.mechanism {
        Mechanism::Plain | Mechanism::ScramSha256 | Mechanism::ScramSha512 => {}
        Mechanism::Gssapi if cfg!(feature = "gssapi") => {}
        Mechanism::Gssapi | Mechanism::OauthBearer => {
            let section = format!("sasl.{}", sasl.name);
            return Err(ModuleError::Mechanism { section, mechanism: sasl.mechanism.name() });
        }
    }
    config.set("sasl.mechanisms", sasl.mechanism.name());
    if !sasl.username.is_empty() {
        config.set("sasl.username", &sasl.username);
    }
    if let Some(password) = &sasl.password {
        config.set("sasl.password", password.reveal());
    }
    Ok(())
}

/// The configuration section that a property comes from.
fn section(connection: &Connection) -> String {
    match &connection.client.name {
        Some(name) => format!("client-profile.{name}"),
        None => "client-profile".to_owned(),
    }
}

/// librdkafka's refusal without the property's value, which may be a secret.
fn refused(connection: &Connection, error: KafkaError) -> ModuleError {
    let section = section(connection);
    if let KafkaError::ClientConfig(_, reason, name, value) = error {
        // A number that is out of range is no secret, and its digits may also occur in the range itself.
        let is_plain = value.is_empty() || !is_secret(&name) && value.parse::<f64>().is_ok();
        let reason = if is_plain { reason } else { reason.replace(&value, "***") };
        return ModuleError::Property { section, name, reason: reason.trim().to_owned() };
    }
    let reason = if let KafkaError::ClientCreation(reason) = error { reason } else { error.to_string() };
    ModuleError::Client { section, reason: hidden(connection, reason.trim_end_matches([':', '\n', ' '])) }
}

fn hidden(connection: &Connection, reason: &str) -> String {
    let profile = &connection.client;
    let password = profile.sasl.as_ref().and_then(|sasl| sasl.password.as_ref());
    let secrets = profile.properties.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value).chain(password);
    secrets
        .map(Secret::reveal)
        .filter(|secret| !secret.is_empty())
        .fold(reason.to_owned(), |text, secret| text.replace(secret, "***"))
}

fn is_secret(property: &str) -> bool {
    ["password", "secret", "key.pem", "sasl.oauthbearer.config"].iter().any(|part| property.contains(part))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::{ClientProfile, Identity};
    use std::collections::BTreeMap;
    use std::io::Write;

    pub(in crate::kafka) fn plain(servers: &str) -> Connection {
        let client = ClientProfile {
            name: Some("p".to_owned()),
            client_id: "warrener".to_owned(),
            tls: None,
            sasl: None,
            properties: BTreeMap::new(),
        };
        Connection { servers: servers.split(',').map(str::to_owned).collect(), client }
    }

    fn with_property(name: &str, value: &str) -> Connection {
        let mut connection = plain("127.0.0.1:1");
        connection.client.properties.insert(name.to_owned(), Secret::new(value.to_owned()));
        connection
    }

    fn tls() -> Tls {
        Tls { name: "t".to_owned(), ca_file: None, identity: None, no_verify: false }
    }

    fn sasl(mechanism: Mechanism, password: Option<&str>) -> Sasl {
        Sasl {
            name: "s".to_owned(),
            mechanism,
            username: "user".to_owned(),
            password: password.map(|text| Secret::new(text.to_owned())),
            password_file: None,
        }
    }

    fn told(result: Result<(), ModuleError>) -> String {
        result.expect_err("must be refused").to_string()
    }

    fn tried(connection: &Connection) -> Vec<String> {
        Client::trial(connection, Role::Reader).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_property_that_librdkafka_refuses_is_named_without_its_value() {
        let mut connection = with_property("no.such.thing", "hush");
        for (name, value) in [("socket.timeout.ms", "hush"), ("client.dns.lookup", "hush"), ("socket.max.fails", "-1")]
        {
            connection.client.properties.insert(name.to_owned(), Secret::new(value.to_owned()));
        }
        let told = |name, reason| {
            format!(
                "client-profile.p.properties.\"{name}\": librdkafka refuses it: {reason}; correct it as its \
                 CONFIGURATION.md says, or remove it"
            )
        };
        let expected = [
            told("client.dns.lookup", "Invalid value \"***\" for configuration property \"client.dns.lookup\""),
            told("no.such.thing", "No such configuration property: \"no.such.thing\""),
            told(
                "socket.max.fails",
                "Configuration property \"socket.max.fails\" value -1 is outside allowed range 0..1000000",
            ),
            told("socket.timeout.ms", "Invalid value for configuration property \"socket.timeout.ms\""),
        ];
        assert_eq!(tried(&connection), expected);
    }

    #[test]
    fn what_librdkafka_only_refuses_of_a_client_is_found_too() {
        let expected = "client-profile.p: cannot create a Kafka client: ";
        for (name, value) in
            [("fetch.max.bytes", "10"), ("ssl.keystore.location", "/nowhere"), ("sasl.mechanisms", "X")]
        {
            let mut connection = with_property(name, value);
            let protocol = if name == "fetch.max.bytes" { "plaintext" } else { "sasl_ssl" };
            connection.client.properties.insert("security.protocol".to_owned(), Secret::new(protocol.to_owned()));
            let found = tried(&connection);
            assert!(matches!(&found[..], [one] if one.starts_with(expected)), "{name}: {found:?}");
        }
        assert_eq!(tried(&plain("127.0.0.1:1")), [""; 0]);
    }

    #[test]
    fn an_alias_is_the_property_that_it_stands_for() {
        for (alias, name) in crate::config::ALIASES {
            let value = match name {
                "compression.codec" => "gzip",
                "sasl.mechanisms" => "PLAIN",
                "metadata.broker.list" => "127.0.0.1:1",
                _ => "1001",
            };
            let set = |name: &str| {
                ClientConfig::new().set(name, value).create_native_config().and_then(|config| config.get("client.id"))
            };
            // A feature that this build lacks is refused under either name. For topic properties librdkafka's error
            // does not show the value.
            assert_eq!(set(alias).is_ok(), set(name).is_ok(), "{alias}");
            if let Ok(config) = ClientConfig::new().set(alias, value).create_native_config()
                && let Ok(found) = config.get(name)
            {
                assert_eq!(found, value, "{alias}");
            }
        }
    }

    #[test]
    fn properties_of_the_profile_come_last() {
        let config = properties(&with_property("fetch.max.bytes", "3000000"), Role::Reader).unwrap();
        assert_eq!(config.get("fetch.max.bytes"), Some("3000000"));
        assert_eq!(config.get("isolation.level"), Some("read_committed"));
        assert_eq!(config.get("group.id"), None);
        Client::check(&with_property("fetch.max.bytes", "3000000"), Role::Reader).unwrap();
    }

    #[test]
    fn the_protocol_follows_from_tls_and_sasl() {
        let mut connection = plain("127.0.0.1:1");
        let protocol = |connection: &Connection| {
            properties(connection, Role::Cluster).unwrap().get("security.protocol").unwrap().to_owned()
        };
        assert_eq!(protocol(&connection), "plaintext");
        connection.client.sasl = Some(sasl(Mechanism::ScramSha512, Some("hush")));
        assert_eq!(protocol(&connection), "sasl_plaintext");
        connection.client.tls = Some(tls());
        assert_eq!(protocol(&connection), "sasl_ssl");
        connection.client.sasl = None;
        assert_eq!(protocol(&connection), "ssl");
    }

    #[test]
    fn a_mechanism_that_is_not_built_in_is_refused() {
        let mut connection = plain("127.0.0.1:1");
        connection.client.sasl = Some(sasl(Mechanism::OauthBearer, None));
        assert_eq!(
            told(Client::check(&connection, Role::Cluster)),
            "sasl.s: mechanism OAUTHBEARER is not supported by this build"
        );
    }

    #[test]
    fn a_missing_file_is_named_with_its_key() {
        let mut connection = plain("127.0.0.1:1");
        connection.client.tls = Some(Tls { ca_file: Some("/nowhere/ca.pem".into()), ..tls() });
        assert_eq!(told(Client::check(&connection, Role::Cluster)), "tls.t.cafile: cannot read /nowhere/ca.pem");
    }

    #[test]
    fn key_material_that_is_none_fails_the_start() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"this is no key").unwrap();
        let path = || file.path().to_owned();
        for tls in [
            Tls { ca_file: Some(path()), ..tls() },
            Tls { identity: Some(Identity { cert_file: path(), key_file: path() }), ..tls() },
        ] {
            let mut connection = plain("127.0.0.1:1");
            connection.client.tls = Some(tls);
            let error = Client::new(&connection, Role::Cluster, Context::new("c", "cluster", "c")).err().unwrap();
            assert!(error.to_string().starts_with("client-profile.p: cannot create a Kafka client: ssl."), "{error}");
        }
    }

    #[test]
    fn the_systems_authorities_serve_where_none_is_named() {
        let mut connection = plain("127.0.0.1:1");
        connection.client.tls = Some(tls());
        Client::new(&connection, Role::Cluster, Context::new("c", "cluster", "c")).unwrap();
    }

    #[test]
    fn no_error_shows_a_password() {
        let mut connection = plain("127.0.0.1:1");
        connection.client.sasl = Some(sasl(Mechanism::Plain, Some("hush")));
        assert_eq!(hidden(&connection, "user:hush is wrong"), "user:*** is wrong");
    }
}
