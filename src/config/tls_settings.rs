//! The checked settings of TLS.

use std::path::PathBuf;

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
