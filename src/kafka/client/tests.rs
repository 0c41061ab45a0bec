//! Tests of creating clients: properties, and what is refused.

use std::collections::BTreeMap;
use std::io::Write;

use super::refusal::without_secrets;
use super::*;
use crate::config::{ClientProfile, PasswordSource, SaslConfig, SaslMechanism, TlsConfig, TlsIdentity};

pub(in crate::kafka) fn plain(servers: &str) -> ConnectionConfig {
    let client = ClientProfile {
        name: Some("p".to_owned()),
        client_id: "warrener".to_owned(),
        tls: None,
        sasl: None,
        properties: BTreeMap::new(),
    };
    ConnectionConfig { servers: servers.split(',').map(str::to_owned).collect(), client }
}

fn with_property(name: &str, value: &str) -> ConnectionConfig {
    let mut connection = plain("127.0.0.1:1");
    connection.client.properties.insert(name.to_owned(), Secret::new(value.to_owned()));
    connection
}

fn tls() -> TlsConfig {
    TlsConfig { name: "t".to_owned(), ca_file: None, identity: None, no_verify: false }
}

fn sasl(mechanism: SaslMechanism, password: Option<&str>) -> SaslConfig {
    SaslConfig {
        name: "s".to_owned(),
        mechanism,
        username: "user".to_owned(),
        password: password.map(|text| PasswordSource::Value(Secret::new(text.to_owned()))),
        kerberos: None,
        token: None,
    }
}

fn told(result: Result<(), ModuleError>) -> String {
    result.expect_err("must be refused").to_string()
}

fn tried(connection: &ConnectionConfig) -> Vec<String> {
    Client::rejected_settings(connection, ClientRole::Reader).iter().map(ToString::to_string).collect()
}

#[test]
fn every_property_that_librdkafka_refuses_is_named_without_its_value() {
    let mut connection = with_property("no.such.thing", "hush");
    for (name, value) in [("socket.timeout.ms", "hush"), ("client.dns.lookup", "hush"), ("socket.max.fails", "-1")] {
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
    for (name, value) in [("fetch.max.bytes", "10"), ("ssl.keystore.location", "/nowhere"), ("sasl.mechanisms", "X")] {
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
    let connection = with_property("fetch.max.bytes", "3000000");
    let config = properties(&connection, ClientRole::Reader, &Credentials::default()).unwrap();
    assert_eq!(config.get("fetch.max.bytes"), Some("3000000"));
    assert_eq!(config.get("isolation.level"), Some("read_committed"));
    assert_eq!(config.get("group.id"), None);
    Client::check(&with_property("fetch.max.bytes", "3000000"), ClientRole::Reader).unwrap();
}

#[test]
fn the_protocol_follows_from_tls_and_sasl() {
    let mut connection = plain("127.0.0.1:1");
    let protocol = |connection: &ConnectionConfig| {
        properties(connection, ClientRole::Cluster, &Credentials::default())
            .unwrap()
            .get("security.protocol")
            .unwrap()
            .to_owned()
    };
    assert_eq!(protocol(&connection), "plaintext");
    connection.client.sasl = Some(sasl(SaslMechanism::ScramSha512, Some("hush")));
    assert_eq!(protocol(&connection), "sasl_plaintext");
    connection.client.tls = Some(tls());
    assert_eq!(protocol(&connection), "sasl_ssl");
    connection.client.sasl = None;
    assert_eq!(protocol(&connection), "ssl");
}

#[test]
fn a_mechanism_that_is_not_built_in_is_refused() {
    let mut connection = plain("127.0.0.1:1");
    connection.client.sasl = Some(sasl(SaslMechanism::Gssapi, None));
    let checked = Client::check(&connection, ClientRole::Cluster).map_err(|error| error.to_string());
    let refused = Err("sasl.s: mechanism GSSAPI is not supported by this build".to_owned());
    assert_eq!(checked, if cfg!(feature = "gssapi") { Ok(()) } else { refused });
}

#[test]
fn amazons_mechanism_is_oauthbearer_to_librdkafka() {
    let mut connection = plain("127.0.0.1:1");
    for mechanism in [SaslMechanism::OauthBearer, SaslMechanism::AwsMskIam] {
        connection.client.sasl = Some(sasl(mechanism, None));
        let config = properties(&connection, ClientRole::Cluster, &Credentials::default()).unwrap();
        assert_eq!(config.get("sasl.mechanisms"), Some("OAUTHBEARER"));
        assert_eq!(config.get("sasl.username"), None);
        assert_eq!(tried(&connection), [""; 0]);
    }
}

#[test]
fn a_missing_file_is_named_with_its_key() {
    let mut connection = plain("127.0.0.1:1");
    connection.client.tls = Some(TlsConfig { ca_file: Some("/nowhere/ca.pem".into()), ..tls() });
    assert_eq!(told(Client::check(&connection, ClientRole::Cluster)), "tls.t.cafile: cannot read /nowhere/ca.pem");
}

#[test]
fn key_material_that_is_none_fails_the_start() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"this is no key").unwrap();
    let path = || file.path().to_owned();
    for tls in [
        TlsConfig { ca_file: Some(path()), ..tls() },
        TlsConfig { identity: Some(TlsIdentity { cert_file: path(), key_file: path() }), ..tls() },
    ] {
        assert!(refused_tls(tls).contains(": expected a PEM file with certificates, found /"));
    }
}

#[test]
fn a_key_of_another_certificate_fails_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = [rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap()];
    let certificate = rcgen::CertificateParams::default().self_signed(&pairs[0]).unwrap().pem();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let identity =
        TlsIdentity { cert_file: write("cert", certificate), key_file: write("key", pairs[1].serialize_pem()) };
    let error = refused_tls(TlsConfig { identity: Some(identity), ..tls() });
    assert!(error.starts_with("client-profile.p: cannot create a Kafka client: "), "{error}");
    assert!(error.contains("key values mismatch"), "{error}");
}

fn refused_tls(tls: TlsConfig) -> String {
    let mut connection = plain("127.0.0.1:1");
    connection.client.tls = Some(tls);
    let client = Client::new(&connection, ClientRole::Cluster, KafkaContext::new("c", "cluster", "c"));
    client.err().unwrap().to_string()
}

#[test]
fn the_systems_authorities_serve_where_none_is_named() {
    let mut connection = plain("127.0.0.1:1");
    connection.client.tls = Some(tls());
    Client::new(&connection, ClientRole::Cluster, KafkaContext::new("c", "cluster", "c")).unwrap();
}

#[test]
fn no_error_shows_a_password() {
    let connection = plain("127.0.0.1:1");
    let password = Secret::new("hush".to_owned());
    assert_eq!(without_secrets(&connection, Some(&password), "user:hush is wrong"), "user:*** is wrong");
}
