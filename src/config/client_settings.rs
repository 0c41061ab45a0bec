//! The checked settings of clients: servers, profiles, TLS, SASL.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Servers, and the settings for connecting to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionConfig {
    /// Each as `host:port`, at least one.
    pub servers: Vec<String>,
    /// The client profile. The defaults if the section names none.
    pub client: ClientProfile,
}

/// A `[client-profile.*]` section: how a client identifies and secures itself.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// PEM file of the certificate chain.
    pub cert_file: PathBuf,
    /// PEM file of the key.
    pub key_file: PathBuf,
}

/// A `[sasl.*]` section.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The keys for Kerberos. `None` for other mechanisms.
    pub kerberos: Option<KerberosConfig>,
}

/// The keys of a `[sasl.*]` section for Kerberos. Each value is a single word for a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosConfig {
    /// How tickets are obtained. `None` if the tickets of the environment are used.
    pub login: Option<KerberosLogin>,
    /// The first part of the brokers' principals.
    pub service_name: String,
}

/// A principal, and the file with its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosLogin {
    /// The client's principal.
    pub principal: String,
    /// The file with its keys.
    pub keytab: PathBuf,
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

    /// The secret that a file contains. The line end at its end is not part of it.
    ///
    /// # Errors
    /// Why the content is no secret, without any of it.
    pub fn of_file(content: Vec<u8>) -> Result<Self, &'static str> {
        let text = String::from_utf8(content).map_err(|_| "it is not UTF-8")?;
        let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if line.is_empty() {
            return Err("it is empty");
        }
        if line.contains('\0') { Err("it contains a NUL character") } else { Ok(Self(line.to_owned())) }
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
