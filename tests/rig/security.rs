//! Certificates and users of a secure cluster.

use std::fmt::Write as _;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

use super::maven::Version;
use super::scratch::Scratch;

pub const USER: &str = "warrener";
/// More users with the same password, for programs that each have rights of their own on one broker.
pub const OTHERS: [&str; 7] = ["other1", "other2", "other3", "other4", "other5", "other6", "other7"];
pub const PASSWORD: &str = "correct-horse-battery";

/// Grants are kept by Kafka's own authorizer; who comes without a name is the tests themselves.
pub fn authorizer(version: Version) -> String {
    let class = if version.wants_zookeeper() {
        "kafka.security.authorizer.AclAuthorizer"
    } else {
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
    };
    format!("authorizer.class.name={class}\nsuper.users=User:ANONYMOUS\n")
}

/// Writes `ca.pem`, `server.pem`, `client.pem`, `client.key` and `other-ca.pem`, which signed none of them.
pub fn write_certificates(scratch: &Scratch) {
    let ca = authority("rig");
    scratch.write("ca.pem", ca.pem());
    scratch.write("other-ca.pem", authority("stranger").pem());
    let (server, server_key) = signed("127.0.0.1", &ca);
    scratch.write("server.pem", format!("{server_key}{server}"));
    let (client, client_key) = signed("warrener", &ca);
    scratch.write("client.pem", client);
    scratch.write("client.key", client_key);
}

pub type Authority = CertifiedIssuer<'static, KeyPair>;

/// An authority that signs itself.
pub fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate that it signs, and its key.
pub fn signed(name: &str, ca: &Authority) -> (String, String) {
    expiring(name, ca, 2099)
}

/// The same, that expires when this year begins.
pub fn expiring(name: &str, ca: &Authority, year: i32) -> (String, String) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_after = date_time_ymd(year, 1, 1);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, ca).unwrap().pem(), key.serialize_pem())
}

/// Whether the secure listeners have TLS. Before 3.0 a broker takes no key in PEM without a password.
pub const fn has_tls(version: Version) -> bool {
    match version {
        Version::V4_4 | Version::V4_3 | Version::V3_9 => true,
        Version::V2_8 | Version::V1_1 => false,
    }
}

/// The protocols of the secure listeners.
pub const fn protocols(version: Version) -> &'static str {
    if has_tls(version) { "SASL_SSL:SASL_SSL,SSL:SSL" } else { "SASL_SSL:SASL_PLAINTEXT,SSL:PLAINTEXT" }
}

/// What `server.properties` needs for them.
pub fn broker_properties(scratch: &Scratch, version: Version) -> String {
    let file = |name| scratch.join(name).display().to_string();
    let mut text = "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512\n".to_owned();
    if has_tls(version) {
        writeln!(
            text,
            "ssl.keystore.type=PEM\nssl.keystore.location={}\nssl.truststore.type=PEM\nssl.truststore.location={}\n\
             listener.name.ssl.ssl.client.auth=required",
            file("server.pem"),
            file("ca.pem"),
        )
        .unwrap();
    }
    let module = "org.apache.kafka.common.security";
    let users: String = [USER].iter().chain(&OTHERS).map(|user| format!(" user_{user}=\"{PASSWORD}\"")).collect();
    writeln!(
        text,
        "listener.name.sasl_ssl.plain.sasl.jaas.config={module}.plain.PlainLoginModule required{users};\n\
         listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;"
    )
    .unwrap();
    text
}
