//! The librdkafka properties of a client, from its role and its connection.

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

use super::ClientRole;
use crate::config::{ConnectionConfig, KerberosConfig, SaslConfig, SaslMechanism, TlsConfig};
use crate::credentials::Credentials;
use crate::kafka::certificate_probe::{Authorities, CertificateRules};
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
pub(super) fn properties(
    connection: &ConnectionConfig,
    role: ClientRole,
    credentials: &Credentials,
) -> Result<ClientConfig, ModuleError> {
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
        set_tls(&mut config, tls, credentials);
    }
    if let Some(sasl) = &profile.sasl {
        set_sasl(&mut config, sasl, credentials)?;
        if let Some(kerberos) = &sasl.kerberos {
            set_kerberos(&mut config, kerberos);
        }
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
        if name == "sasl.kerberos.keytab" {
            config.remove("sasl.kerberos.min.time.before.relogin");
        }
        if let Some((_, same)) = SAME_IN_A_FILE.iter().find(|(file, _)| file == name) {
            config.remove(same);
        }
        config.set(name, value.reveal());
    }
    Ok(config)
}

/// Properties of a profile that name a file, and what this file takes the place of: librdkafka would use both.
const SAME_IN_A_FILE: [(&str, &str); 3] = [
    ("ssl.ca.location", "ssl.ca.pem"),
    ("ssl.certificate.location", "ssl.certificate.pem"),
    ("ssl.key.location", "ssl.key.pem"),
];

/// Passes certificates and keys as texts, so that the client is made of what was read and compared, whatever is in the
/// files by then.
fn set_tls(config: &mut ClientConfig, tls: &TlsConfig, credentials: &Credentials) {
    match &credentials.authorities {
        Some(pem) => config.set("ssl.ca.pem", pem),
        // OpenSSL is linked statically and knows only the paths of the build machine, so librdkafka probes the
        // usual paths instead.
        None => config.set("ssl.ca.location", "probe"),
    };
    if let Some(identity) = &credentials.identity {
        config.set("ssl.certificate.pem", &identity.certificates);
        config.set("ssl.key.pem", identity.key.reveal());
    }
    if tls.no_verify {
        config.set("enable.ssl.certificate.verification", "false");
    }
}

/// How a client with these properties checks the certificates of brokers.
pub(super) fn certificate_rules(config: &ClientConfig, credentials: &Credentials) -> CertificateRules {
    let checks_host = config.get("ssl.endpoint.identification.algorithm") != Some("none");
    let authorities = match (config.get("ssl.ca.location"), config.get("ssl.ca.pem"), &credentials.authorities) {
        (None, Some(used), Some(pem)) if used == pem => Authorities::File(pem.clone()),
        (Some("probe"), None, None) => Authorities::System,
        _ => Authorities::Property,
    };
    let has_identity = ["ssl.certificate.pem", "ssl.certificate.location", "ssl.keystore.location"]
        .iter()
        .any(|one| config.get(one).is_some());
    CertificateRules { authorities, checks_host, has_identity }
}

fn set_sasl(config: &mut ClientConfig, sasl: &SaslConfig, credentials: &Credentials) -> Result<(), ModuleError> {
    match sasl.mechanism {
        SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {}
        // Amazon's mechanism is OAUTHBEARER with tokens of its own.
        SaslMechanism::OauthBearer | SaslMechanism::AwsMskIam => {
            config.set("sasl.mechanisms", SaslMechanism::OauthBearer.name());
            return Ok(());
        }
        SaslMechanism::Gssapi if cfg!(feature = "gssapi") => {}
        SaslMechanism::Gssapi => {
            let section = format!("sasl.{}", sasl.name);
            return Err(ModuleError::Mechanism { section, mechanism: sasl.mechanism.name() });
        }
    }
    config.set("sasl.mechanisms", sasl.mechanism.name());
    if !sasl.username.is_empty() {
        config.set("sasl.username", &sasl.username);
    }
    if let Some(password) = &credentials.password {
        config.set("sasl.password", password.reveal());
    }
    Ok(())
}

/// Obtains a ticket. librdkafka inserts the values and has a shell run it, when a client is created and each minute: the
/// configuration allows only values that are single words. The output would go to the log as it is.
const KINIT: &str = "kinit -k -t %{sasl.kerberos.keytab} %{sasl.kerberos.principal} >/dev/null 2>&1";

fn set_kerberos(config: &mut ClientConfig, kerberos: &KerberosConfig) {
    config.set("sasl.kerberos.service.name", &kerberos.service_name);
    match &kerberos.login {
        Some(login) => {
            config.set("sasl.kerberos.principal", &login.principal);
            config.set("sasl.kerberos.keytab", login.keytab.to_string_lossy());
            config.set("sasl.kerberos.kinit.cmd", KINIT);
        }
        // The tickets of the environment are used as they are, and renewed by whoever made them.
        None => drop(config.set("sasl.kerberos.min.time.before.relogin", "0")),
    }
}
