//! The checked settings of clients: servers, profiles, TLS, SASL.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Servers, and the settings for connecting to them.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// Each as `host:port`, at least one.
    pub servers: Vec<String>,
    /// The client profile. The defaults if the section names none.
    pub client: ClientProfile,
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
