//! Certificates and keys for sessions over TLS.

use std::fs;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use zookeeper_client::TlsOptions;

use crate::config;
use crate::credentials::{Credentials, Identity};
use crate::model::ModuleError;

/// The certificates and keys of a `[tls.*]` section.
#[derive(Clone, Debug)]
pub struct TlsMaterial {
    options: TlsOptions,
    config: Arc<ClientConfig>,
}

impl TlsMaterial {
    /// Takes what the files of a section contain.
    ///
    /// # Errors
    /// Certificates or a key that are not valid, or authorities of the system that are not found.
    pub fn of(section: &config::TlsConfig, credentials: &Credentials) -> Result<Self, ModuleError> {
        // The first provider installed is used by the whole process. An error means that one is installed already.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let key = |name| format!("tls.{}.{name}", section.name);
        let ca = match &credentials.authorities {
            Some(pem) => pem.clone(),
            None => read_system_authorities(key("cafile"))?,
        };
        let mut options = TlsOptions::new().with_pem_ca(&ca).map_err(|error| refused(key("cafile"), error))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(ca.as_bytes()).filter_map(Result::ok));
        let config = ClientConfig::builder().with_root_certificates(roots);
        let config = match &credentials.identity {
            Some(Identity { certificates, key: private }) => {
                let private = private.reveal();
                options =
                    options.with_pem_identity(certificates, private).map_err(|error| refused(key("keyfile"), error))?;
                let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates.as_bytes()).collect();
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

fn read_system_authorities(section: String) -> Result<String, ModuleError> {
    let Some(path) = openssl_probe::probe().cert_file else {
        let none = "expected a file, because the system's certificate authorities were not found";
        return Err(refused(section, none));
    };
    match fs::read(&path) {
        // Bundles contain remarks in various encodings. The relevant parts are ASCII.
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(source) => Err(ModuleError::Unreadable { section, path, source }),
    }
}

fn refused(section: String, reason: impl ToString) -> ModuleError {
    ModuleError::ZooKeeper { section, reason: reason.to_string() }
}
