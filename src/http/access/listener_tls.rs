//! TLS of a listener, by rustls: certificate, versions, suites, curves.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, InconsistentKeys, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

use crate::http::access::client_certificates::{ClientVerification, earliest_expiry};
use crate::model::Timestamp;

/// HTTP/2 is not offered.
const PROTOCOL: &[u8] = b"http/1.1";

/// The certificate of a listener and its key.
pub(crate) struct TlsMaterial {
    /// The server's certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// What may be negotiated.
#[derive(Debug)]
pub(crate) struct TlsChoices {
    versions: Vec<&'static SupportedProtocolVersion>,
    suites: Vec<SupportedCipherSuite>,
    pub groups: Vec<&'static dyn SupportedKxGroup>,
    /// Whether the order of `suites` counts more than that of the client.
    pub prefers_own_order: bool,
}

impl TlsChoices {
    /// These versions, with all suites and curves.
    pub fn new(with_12: bool, with_13: bool) -> Self {
        let provider = aws_lc_rs::default_provider();
        let versions = [(&TLS13, with_13), (&TLS12, with_12)];
        Self {
            versions: versions.into_iter().filter(|(_, with)| *with).map(|(version, _)| version).collect(),
            suites: provider.cipher_suites,
            groups: provider.kx_groups,
            prefers_own_order: true,
        }
    }

    /// Allows only these suites of TLS 1.2. As in Go, those of TLS 1.3 are always allowed.
    pub fn limit_suites(&mut self, suites: &[SupportedCipherSuite]) {
        self.suites.retain(|suite| suite.tls13().is_some());
        self.suites.extend(suites.iter().filter(|suite| suite.tls13().is_none()));
    }

    /// Whether there is a suite for one of the versions.
    pub fn has_suites(&self) -> bool {
        self.suites.iter().any(|suite| self.versions.iter().any(|version| suite.version() == *version))
    }
}

/// TLS of a listener.
#[derive(Clone, Debug)]
pub(crate) struct ListenerTls {
    pub config: Arc<ServerConfig>,
    pub expiry: ExpiryTimes,
}

/// When the first of the certificates of each kind expires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExpiryTimes {
    /// Of those that the listener presents.
    pub server: Option<Timestamp>,
    /// Of the authorities of its clients.
    pub authority: Option<Timestamp>,
}

impl ListenerTls {
    /// # Errors
    /// What does not fit together, as text.
    pub fn new(material: TlsMaterial, clients: ClientVerification, choices: TlsChoices) -> Result<Self, String> {
        let TlsMaterial { chain, key } = material;
        let expiry = ExpiryTimes { server: earliest_expiry(&chain), authority: clients.expiry };
        let provider = Arc::new(CryptoProvider {
            cipher_suites: choices.suites,
            kx_groups: choices.groups,
            ..aws_lc_rs::default_provider()
        });
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(&choices.versions).map_err(|error| error.to_string())?;
        let builder = builder.with_client_cert_verifier(clients.verifier);
        let mut config = builder.with_single_cert(chain, key).map_err(|error| describe(&error))?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        config.ignore_client_order = choices.prefers_own_order;
        Ok(Self { config: Arc::new(config), expiry })
    }
}

fn describe(error: &Error) -> String {
    if matches!(error, Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) {
        return "expected the certificate of the private key, found that of another one".to_owned();
    }
    format!("expected a certificate and a private key that can be used, found others: {error}")
}
