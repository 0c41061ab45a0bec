//! Warnings of connections that protect less than their user may think.

use crate::config::file::findings::{Findings, KeyPath};
use crate::config::{ConnectionConfig, HostName, SaslMechanism, Secret};

/// Warns of a connection to Kafka that sends a password or a token without TLS, and of one that does not verify
/// certificates. A profile that several sections name is warned of once, because equal warnings are.
pub(crate) fn warn_of_kafka(connection: &ConnectionConfig, findings: &mut Findings<'_>) {
    warn_of_no_verify(connection, findings);
    if let Some(what) = sent_in_the_clear(connection).filter(|_| !is_local(connection)) {
        warn(connection, what, findings);
    }
}

/// Warns of a connection to ZooKeeper, whose digest is the password.
pub(crate) fn warn_of_zookeeper(connection: &ConnectionConfig, findings: &mut Findings<'_>) {
    if connection.client.sasl.is_some() && connection.client.tls.is_none() && !is_local(connection) {
        warn(connection, "the password of ZooKeeper's digest", findings);
    }
}

fn warn_of_no_verify(connection: &ConnectionConfig, findings: &mut Findings<'_>) {
    if let Some(tls) = connection.client.tls.as_ref().filter(|tls| tls.no_verify) {
        let path = KeyPath::root().key("tls").key(&tls.name).key("noverify");
        let text = "certificates of servers are not verified: whoever answers in the place of a server can read and \
                    change what is sent; set cafile instead";
        findings.warn(path, text);
    }
}

/// What is sent that another could use, if there is something and the connection does not encrypt it.
fn sent_in_the_clear(connection: &ConnectionConfig) -> Option<&'static str> {
    let profile = &connection.client;
    let property = |name: &str| profile.properties.get(name).map(Secret::reveal);
    let is_encrypted = match property("security.protocol") {
        Some(protocol) => protocol.to_ascii_lowercase().ends_with("ssl"),
        None => profile.tls.is_some(),
    };
    if is_encrypted {
        return None;
    }
    let sends = |mechanism: SaslMechanism| match mechanism {
        SaslMechanism::Plain => Some("the password of mechanism PLAIN"),
        SaslMechanism::OauthBearer | SaslMechanism::AwsMskIam => Some("the token of mechanism OAUTHBEARER"),
        SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 | SaslMechanism::Gssapi => None,
    };
    match property("sasl.mechanisms") {
        Some("PLAIN") => sends(SaslMechanism::Plain),
        Some("OAUTHBEARER") => sends(SaslMechanism::OauthBearer),
        Some(_) => None,
        None => profile.sasl.as_ref().and_then(|sasl| sends(sasl.mechanism)),
    }
}

/// Whether all servers are on this machine, so that nothing leaves it, as far as the file says.
fn is_local(connection: &ConnectionConfig) -> bool {
    connection.servers.iter().all(|server| {
        let host = server.rsplit_once(':').and_then(|(host, _)| HostName::parse(host));
        host.is_some_and(|host| host.is_loopback())
    })
}

fn warn(connection: &ConnectionConfig, what: &str, findings: &mut Findings<'_>) {
    let path = KeyPath::root().key("client-profile").key(connection.client.name.as_deref().unwrap_or_default());
    let text = format!("{what} is sent without TLS: whoever can read the network traffic can use it; set tls");
    findings.warn(path, text);
}
