//! Certificates and keys for sessions over TLS.

use std::fs;
use std::sync::Arc;

use rustls::ClientConfig;
use zookeeper_client::TlsOptions;

use crate::config;
use crate::credentials::{Credentials, Identity, pem};
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
        let config = ClientConfig::builder().with_root_certificates(pem::root_store(ca.as_bytes()));
        let config = match &credentials.identity {
            Some(Identity { certificates, key: private }) => {
                let private = private.reveal();
                options =
                    options.with_pem_identity(certificates, private).map_err(|error| refused(key("keyfile"), error))?;
                let chain = pem::certificates(certificates.as_bytes());
                let chain = chain.map_err(|problem| refused(key("certfile"), problem))?;
                let private = pem::private_key(private.as_bytes());
                let private = private.map_err(|problem| refused(key("keyfile"), problem))?;
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
    let Some(path) = pem::system_authorities() else {
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
