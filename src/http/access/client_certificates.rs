//! The certificates of clients: whether they are asked for, and which of them are accepted.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::model::Timestamp;

/// How clients are asked for certificates.
#[derive(Debug, Default)]
pub(crate) struct ClientAuthentication {
    /// Whether they are asked at all.
    pub asks: bool,
    /// Whether they need one.
    pub demands: bool,
    /// Whether one of `authorities` must have signed it. If not, any certificate will do, also one that has expired.
    pub verifies: bool,
    pub authorities: Vec<CertificateDer<'static>>,
    /// The authorities of the system, where a file names none.
    pub system: Option<RootCertStore>,
    /// The certificate must have one of these names. Empty allows any.
    pub allowed_names: Vec<String>,
}

impl ClientAuthentication {
    /// # Errors
    /// An authority that cannot be used, as text.
    pub fn verification(mut self) -> Result<ClientVerification, String> {
        if !self.asks {
            return Ok(ClientVerification::none());
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        for authority in &self.authorities {
            let added = roots.add(authority.clone());
            added.map_err(|error| format!("expected client CAs that can be used, found another: {error}"))?;
        }
        let hints = roots.subjects();
        // As in Go, clients are not given the names of the system's authorities, which are many.
        if let Some(system) = self.system.take() {
            roots = system;
        }
        let chains = if self.verifies {
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            Some(builder.build().map_err(|error| error.to_string())?)
        } else {
            None
        };
        let algorithms = provider.signature_verification_algorithms;
        let expiry = earliest_expiry(&self.authorities);
        Ok(ClientVerification {
            verifier: Arc::new(CertificateVerifier { rules: self, chains, hints, algorithms }),
            expiry,
        })
    }
}

/// What verifies the certificates of clients.
#[derive(Debug)]
pub(crate) struct ClientVerification {
    pub verifier: Arc<dyn ClientCertVerifier>,
    /// When the first of the authorities expires.
    pub expiry: Option<Timestamp>,
}

impl ClientVerification {
    /// Clients are not asked.
    pub fn none() -> Self {
        Self { verifier: WebPkiClientVerifier::no_client_auth(), expiry: None }
    }
}

/// When the first of some certificates expires.
pub(crate) fn earliest_expiry(certificates: &[CertificateDer<'_>]) -> Option<Timestamp> {
    let parsed = certificates.iter().filter_map(|der| X509Certificate::from_der(der).ok());
    let seconds = parsed.map(|(_, certificate)| certificate.validity().not_after.timestamp()).min();
    seconds.map(|seconds| Timestamp(seconds.saturating_mul(1000)))
}

#[derive(Debug)]
struct CertificateVerifier {
    rules: ClientAuthentication,
    /// Verifies chains up to the authorities. `None` if any certificate will do.
    chains: Option<Arc<dyn ClientCertVerifier>>,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for CertificateVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.rules.demands
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let encoding = |_| Error::from(CertificateError::BadEncoding);
        let (_, certificate) = X509Certificate::from_der(end_entity).map_err(encoding)?;
        match &self.chains {
            // As in Go, a certificate that is itself listed needs no signature of another one.
            Some(_) if self.rules.authorities.contains(end_entity) => check_listed(&certificate, now)?,
            Some(chains) => {
                chains.verify_client_cert(end_entity, intermediates, now)?;
            }
            None => {}
        }
        let allowed = &self.rules.allowed_names;
        if !allowed.is_empty() && !alternative_names(&certificate).iter().any(|name| allowed.contains(name)) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Checks a certificate that is one of the authorities: its dates, and that it may be a client's.
fn check_listed(certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), Error> {
    let bad_encoding = || Error::from(CertificateError::BadEncoding);
    let now = i64::try_from(now.as_secs()).ok().and_then(|now| ASN1Time::from_timestamp(now).ok());
    let now = now.ok_or_else(bad_encoding)?;
    let validity = certificate.validity();
    if now < validity.not_before {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after {
        return Err(CertificateError::Expired.into());
    }
    let usage = certificate.extended_key_usage().map_err(|_| bad_encoding())?;
    if usage.is_some_and(|usage| !usage.value.client_auth && !usage.value.any) {
        return Err(CertificateError::InvalidPurpose.into());
    }
    Ok(())
}

/// The Subject Alternative Names in the forms in which Go writes them: DNS names, mail addresses, IP addresses, URIs.
fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    names.value.general_names.iter().filter_map(alternative_name).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of x509-parser: Go reads no other names")]
fn alternative_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => ip_address(bytes).map(|address| address.to_canonical().to_string()),
        _ => None,
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}
