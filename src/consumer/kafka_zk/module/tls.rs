//! Certificates and keys for sessions over TLS.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use zookeeper_client::TlsOptions;

use crate::config;
use crate::model::ModuleError;

/// The certificates and keys of a `[tls.*]` section.
#[derive(Clone, Debug)]
pub struct TlsMaterial {
    options: TlsOptions,
    config: Arc<ClientConfig>,
}

impl TlsMaterial {
    /// Reads the files of a section.
    ///
    /// # Errors
    /// A file that cannot be read or is not valid.
    pub fn of(section: &config::TlsConfig) -> Result<Self, ModuleError> {
        // The first provider installed is used by the whole process. An error means that one is installed already.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let key = |name| format!("tls.{}.{name}", section.name);
        let ca = match &section.ca_file {
            Some(path) => read(key("cafile"), path)?,
            None => {
                let found = openssl_probe::probe().cert_file;
                let none = || {
                    refused(
                        key("cafile"),
                        "expected a file, because the system's certificate authorities were not found",
                    )
                };
                read(key("cafile"), &found.ok_or_else(none)?)?
            }
        };
        let mut options = TlsOptions::new().with_pem_ca(&ca).map_err(|error| refused(key("cafile"), error))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(ca.as_bytes()).filter_map(Result::ok));
        let config = ClientConfig::builder().with_root_certificates(roots);
        let config = match &section.identity {
            Some(identity) => {
                let cert = read(key("certfile"), &identity.cert_file)?;
                let private = read(key("keyfile"), &identity.key_file)?;
                options = options.with_pem_identity(&cert, &private).map_err(|error| refused(key("keyfile"), error))?;
                let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert.as_bytes()).collect();
                let chain = chain.map_err(|error| refused(key("certfile"), error))?;
                let private = PrivateKeyDer::from_pem_slice(private.as_bytes());
                let private = private.map_err(|error| refused(key("keyfile"), error))?;
                config.with_client_auth_cert(chain, private).map_err(|error| refused(key("keyfile"), error))?
            }
            None => config.with_no_client_auth(),
        };
        Ok(Self { options, config: Arc::new(config) })
    }

    /// The options for the client's sessions.
    pub fn options(&self) -> TlsOptions {
        self.options.clone()
    }

    /// The configuration for finding out why no session opens.
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }
}

fn read(section: String, path: &Path) -> Result<String, ModuleError> {
    match fs::read(path) {
        // Bundles contain remarks in various encodings. The relevant parts are ASCII.
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(source) => Err(ModuleError::Unreadable { section, path: path.to_owned(), source }),
    }
}

fn refused(section: String, reason: impl ToString) -> ModuleError {
    ModuleError::ZooKeeper { section, reason: reason.to_string() }
}
