//! The checked settings of clients: servers, profiles, TLS, SASL.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::secret::Secret;
use super::tls_settings::TlsConfig;
use super::token_settings::TokenConfig;

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
    /// SASL settings, of a `[sasl.*]` or an `[iam.*]`. `None` for no SASL.
    pub sasl: Option<SaslConfig>,
    /// librdkafka's properties, applied last. The values are [`Secret`] because some of them are.
    pub properties: BTreeMap<String, Secret>,
}

/// A `[sasl.*]` section, or an `[iam.*]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaslConfig {
    /// Name of the section.
    pub name: String,
    /// The SASL mechanism.
    pub mechanism: SaslMechanism,
    /// The user name. Empty if the mechanism needs none.
    pub username: String,
    /// Where the password is from. `None` if there is none.
    pub password: Option<PasswordSource>,
    /// The keys for Kerberos. `None` for other mechanisms.
    pub kerberos: Option<KerberosConfig>,
    /// How clients get tokens. Only for the mechanisms that use tokens.
    pub token: Option<TokenConfig>,
}

impl SaslConfig {
    /// Whether the settings are those of an `[iam.*]`, not of a `[sasl.*]`.
    #[must_use]
    pub fn is_of_iam_section(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.section.starts_with("iam."))
    }
}

/// Where a password is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// The section.
    Value(Secret),
    /// A file. It may change while the program runs, so its content is not part of the configuration.
    File(PathBuf),
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
    /// OAUTHBEARER with tokens that are signed with AWS credentials.
    AwsMskIam,
    /// GSSAPI (Kerberos).
    Gssapi,
}

impl SaslMechanism {
    /// The name of the mechanism, which is Kafka's.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
            Self::AwsMskIam => "AWS_MSK_IAM",
            Self::Gssapi => "GSSAPI",
        }
    }
}
