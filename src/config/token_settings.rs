//! The checked settings of clients that authenticate with tokens: OAUTHBEARER, and AWS MSK IAM.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::secret::Secret;
use super::tls_settings::TlsConfig;

/// How the clients of a `[sasl.*]` or `[iam.*]` section get their tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenConfig {
    /// The section, such as `sasl.token`, for messages.
    pub section: String,
    /// Where tokens come from.
    pub source: TokenSource,
    /// The name of the client, for messages. `None`: the subject of the token.
    pub principal: Option<String>,
    /// SASL extensions (RFC 7628), which are sent with each token.
    pub extensions: BTreeMap<String, String>,
}

/// Where tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// An OAuth token endpoint.
    Endpoint(Box<TokenEndpoint>),
    /// A file, which is read at each refresh.
    File(PathBuf),
    /// The configuration itself.
    Value(Secret),
    /// A URL that is signed with AWS credentials.
    Aws(AwsIamConfig),
}

/// An OAuth token endpoint, and what is sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// An `http` or `https` URL.
    pub url: String,
    /// The client's id.
    pub client_id: Option<String>,
    /// How the client proves who it is.
    pub authentication: ClientAuthentication,
    /// File of the assertion of the grant `jwt-bearer` (RFC 7523). `None`: the grant `client_credentials`.
    pub assertion_file: Option<PathBuf>,
    /// The scope that is requested.
    pub scope: Option<String>,
    /// TLS settings of the connection. `None`: the authorities of the system.
    pub tls: Option<TlsConfig>,
}

/// How a client proves to a token endpoint who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// A secret from the configuration.
    Secret(Secret),
    /// A secret from a file, which is read at each refresh.
    SecretFile(PathBuf),
    /// A signed assertion (RFC 7523) from a file, which is read at each refresh.
    AssertionFile(PathBuf),
    /// It does not; the assertion of the grant is enough.
    None,
}

/// Settings of AWS MSK IAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsIamConfig {
    /// The region of the cluster.
    pub region: String,
    /// A role that is assumed. `None`: the credentials themselves are used.
    pub role_arn: Option<String>,
    /// The profile of AWS' configuration files that has the credentials. `None`: the usual sources in turn.
    pub profile: Option<String>,
}
