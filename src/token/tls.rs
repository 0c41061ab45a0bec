//! TLS to token endpoints and to AWS.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::error::TokenError;
use crate::config::TlsConfig;

/// The settings of a `[tls.*]`, or the authorities of the system. The files are read now.
pub(super) fn config(section: Option<&TlsConfig>) -> Result<ClientConfig, TokenError> {
    let mut roots = RootCertStore::empty();
    let path = section.and_then(|section| section.ca_file.clone()).or_else(|| openssl_probe::probe().cert_file);
    let Some(path) = path else {
        let problem = "the system's certificate authorities were not found: install them, or set token-tls to a [tls.*] with cafile";
        return Err(TokenError::Settings(problem.to_owned()));
    };
    let authorities = read(&path)?;
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&authorities).filter_map(Result::ok));
    if roots.is_empty() {
        return Err(TokenError::file(&path, "expected PEM certificates of authorities, found none"));
    }
    let builder = builder()?.with_root_certificates(roots);
    let Some(identity) = section.and_then(|section| section.identity.as_ref()) else {
        return Ok(builder.with_no_client_auth());
    };
    let certificates = read(&identity.cert_file)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&certificates).collect();
    let chain =
        chain.map_err(|_| TokenError::file(&identity.cert_file, "expected PEM certificates, found something else"))?;
    let private = PrivateKeyDer::from_pem_slice(&read(&identity.key_file)?)
        .map_err(|_| TokenError::file(&identity.key_file, "expected a PEM key, found something else"))?;
    builder.with_client_auth_cert(chain, private).map_err(|error| TokenError::file(&identity.key_file, error))
}

/// Settings that no server can satisfy, for connections without TLS.
pub(super) fn without_authorities() -> Result<ClientConfig, TokenError> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TokenError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    builder.map_err(|error| TokenError::Settings(format!("TLS cannot be used: {error}")))
}

fn read(path: &Path) -> Result<Vec<u8>, TokenError> {
    fs::read(path).map_err(|error| TokenError::file(path, error))
}
