//! TLS to token endpoints and to AWS.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::error::TokenError;
use crate::bounded_file::{self, MOST_BYTES};
use crate::config::TlsConfig;
use crate::credentials::pem;

/// The settings of a `[tls.*]`, or the authorities of the system. The files are read now.
pub(super) fn config(section: Option<&TlsConfig>) -> Result<ClientConfig, TokenError> {
    let path = section.and_then(|section| section.ca_file.clone()).or_else(pem::system_authorities);
    let Some(path) = path else {
        let problem = "the system's certificate authorities were not found: install them, or set token-tls to a [tls.*] with cafile";
        return Err(TokenError::Settings(problem.to_owned()));
    };
    let roots = pem::root_store(&read(&path)?);
    if roots.is_empty() {
        return Err(TokenError::file(&path, "expected PEM certificates of authorities, found none"));
    }
    let builder = builder()?.with_root_certificates(roots);
    let Some(identity) = section.and_then(|section| section.identity.as_ref()) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = pem::certificates(&read(&identity.cert_file)?);
    let chain = chain.map_err(|problem| TokenError::file(&identity.cert_file, problem))?;
    let private = pem::private_key(&read(&identity.key_file)?);
    let private = private.map_err(|problem| TokenError::file(&identity.key_file, problem))?;
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
    let read = bounded_file::read(path, MOST_BYTES).map_err(|why| TokenError::file(path, why))?;
    Ok(read.1)
}
