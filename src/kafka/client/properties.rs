//! The librdkafka properties of a client, from its role and its connection.

use std::fs::File;
use std::path::Path;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

use super::ClientRole;
use crate::config::{ConnectionConfig, SaslConfig, SaslMechanism, TlsConfig};
use crate::model::ModuleError;

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

/// All properties of a client. The profile's own properties come last: the configuration allows only those that may
/// be set, under librdkafka's own names, not aliases.
pub(super) fn properties(connection: &ConnectionConfig, role: ClientRole) -> Result<ClientConfig, ModuleError> {
    let profile = &connection.client;
    let mut config = ClientConfig::new();
    let own = match role {
        ClientRole::Cluster => &[],
        ClientRole::Reader => READER,
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

fn set_tls(config: &mut ClientConfig, tls: &TlsConfig) -> Result<(), ModuleError> {
    let section = |key: &str| format!("tls.{}.{key}", tls.name);
    match &tls.ca_file {
        Some(path) => config.set("ssl.ca.location", check_readable(section("cafile"), path)?),
        // OpenSSL is linked statically and knows only the paths of the build machine, so librdkafka probes the
        // usual paths instead.
        None => config.set("ssl.ca.location", "probe"),
    };
    if let Some(identity) = &tls.identity {
        config.set("ssl.certificate.location", check_readable(section("certfile"), &identity.cert_file)?);
        config.set("ssl.key.location", check_readable(section("keyfile"), &identity.key_file)?);
    }
    if tls.no_verify {
        config.set("enable.ssl.certificate.verification", "false");
    }
    Ok(())
}

/// Opens the file to check that it is readable, and returns its path as librdkafka expects it.
fn check_readable(section: String, path: &Path) -> Result<String, ModuleError> {
    File::open(path).map_err(|source| ModuleError::Unreadable { section, path: path.to_owned(), source })?;
    path.to_str().map(str::to_owned).ok_or_else(|| ModuleError::Nul(path.display().to_string()))
}

fn set_sasl(config: &mut ClientConfig, sasl: &SaslConfig) -> Result<(), ModuleError> {
    match sasl.mechanism {
        SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {}
        SaslMechanism::Gssapi if cfg!(feature = "gssapi") => {}
        SaslMechanism::Gssapi | SaslMechanism::OauthBearer => {
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
