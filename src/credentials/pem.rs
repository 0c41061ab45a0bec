//! Certificates and keys in PEM form. No message shows their text.

use std::path::PathBuf;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Reads all certificates, at least one.
///
/// # Errors
/// What was expected and what was found.
pub fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let all = all.map_err(|_| "expected certificates in PEM form, found a section that is malformed")?;
    if all.is_empty() {
        return Err("expected certificates in PEM form, found none".to_owned());
    }
    match all.iter().position(|der| X509Certificate::from_der(der).is_err()) {
        Some(place) => {
            let number = place.saturating_add(1);
            Err(format!("expected certificates in PEM form, found something else in certificate {number}"))
        }
        None => Ok(all),
    }
}

/// Reads the first private key: PKCS #8, PKCS #1 or SEC 1, not encrypted.
///
/// # Errors
/// What was expected and what was found.
pub fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let key = PrivateKeyDer::from_pem_slice(bytes)
        .map_err(|_| "expected a private key in PEM form that is not encrypted, found none")?;
    match any_supported_type(&key) {
        Ok(_) => Ok(key),
        Err(_) => Err("expected a private key of RSA, ECDSA or Ed25519, found another one".to_owned()),
    }
}

/// The authorities to trust. What is no certificate is passed over, because bundles have remarks between them.
#[must_use]
pub fn root_store(bytes: &[u8]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(bytes).filter_map(Result::ok));
    roots
}

/// The file with the certificate authorities of the system. `None` if it is not found.
#[must_use]
pub fn system_authorities() -> Option<PathBuf> {
    openssl_probe::probe().cert_file
}
