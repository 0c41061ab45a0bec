//! What a connection identifies itself with, and what it checks its servers with.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use crate::config::{ClientProfile, PasswordSource, Secret, TlsConfig};
use crate::model::ModuleError;

use super::FileContents;

/// What the files of a client profile contain, and the password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The certificate authorities as PEM text. `None` for those of the system.
    pub authorities: Option<String>,
    /// The client's certificate and key.
    pub identity: Option<Identity>,
    /// The password, from the file or from the section.
    pub password: Option<Secret>,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate chain as PEM text.
    pub certificates: String,
    /// The key as PEM text.
    pub key: Secret,
}

impl Credentials {
    /// The files of a profile.
    #[must_use]
    pub fn paths(profile: &ClientProfile) -> Vec<PathBuf> {
        let tls = profile.tls.iter().flat_map(|tls| {
            let identity = tls.identity.iter().flat_map(|identity| [&identity.cert_file, &identity.key_file]);
            tls.ca_file.iter().chain(identity)
        });
        let password = profile.sasl.iter().filter_map(|sasl| match sasl.password.as_ref()? {
            PasswordSource::File(path) => Some(path),
            PasswordSource::Value(_) => None,
        });
        tls.chain(password).cloned().collect()
    }

    /// Reads the files of a profile.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn read(profile: &ClientProfile) -> Result<Self, ModuleError> {
        Self::of(profile, &FileContents::read(Self::paths(profile)))
    }

    /// Takes what files of a profile contain.
    ///
    /// # Errors
    /// A file that could not be read, or that has another content. Whether a key belongs to its certificate is not
    /// checked here.
    pub fn of(profile: &ClientProfile, files: &FileContents) -> Result<Self, ModuleError> {
        let mut all = Self::default();
        if let Some(tls) = &profile.tls {
            all.authorities = tls.ca_file.as_ref().map(|path| certificates(tls, "cafile", path, files)).transpose()?;
            if let Some(identity) = &tls.identity {
                let certificates = certificates(tls, "certfile", &identity.cert_file, files)?;
                let key = key(tls, &identity.key_file, files)?;
                all.identity = Some(Identity { certificates, key });
            }
        }
        if let Some(sasl) = &profile.sasl {
            all.password = match &sasl.password {
                None => None,
                Some(PasswordSource::Value(secret)) => Some(secret.clone()),
                Some(PasswordSource::File(path)) => {
                    let section = format!("sasl.{}.password-file", sasl.name);
                    let secret = Secret::of_file(bytes(&section, path, files)?.to_vec());
                    Some(secret.map_err(|why| unfit(section, "a file with a password", path, why))?)
                }
            };
        }
        Ok(all)
    }
}

fn certificates(tls: &TlsConfig, key: &str, path: &Path, files: &FileContents) -> Result<String, ModuleError> {
    let section = format!("tls.{}.{key}", tls.name);
    let text = pem_text(bytes(&section, path, files)?);
    let mut found = CertificateDer::pem_slice_iter(text.as_bytes()).peekable();
    let problem = if found.peek().is_none() {
        "it has none".to_owned()
    } else {
        match found.find_map(Result::err) {
            Some(pem::Error::MissingSectionEnd { .. }) => "its end is missing".to_owned(),
            Some(error) => error.to_string(),
            None => return Ok(text),
        }
    };
    Err(unfit(section, "a PEM file with certificates", path, problem))
}

/// Reads a key. It may be encrypted, so only its beginning and end are checked.
fn key(tls: &TlsConfig, path: &Path, files: &FileContents) -> Result<Secret, ModuleError> {
    let section = format!("tls.{}.keyfile", tls.name);
    let text = pem_text(bytes(&section, path, files)?);
    let has = |mark: &str| {
        let mut lines = text.lines().map(str::trim_end);
        lines.any(|line| line.starts_with(mark) && line.ends_with("PRIVATE KEY-----"))
    };
    let problem = match (has("-----BEGIN "), has("-----END ")) {
        (true, true) => return Ok(Secret::new(text)),
        (true, false) => "its end is missing",
        (false, _) => "it has none",
    };
    Err(unfit(section, "a PEM file with a private key", path, problem))
}

/// Converts a PEM file to text. Bundles contain remarks in various encodings; what counts is ASCII. C strings end at a
/// NUL.
fn pem_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
}

fn bytes<'a>(section: &str, path: &Path, files: &'a FileContents) -> Result<&'a [u8], ModuleError> {
    files.bytes(path).map_err(|why| {
        let (section, path) = (section.to_owned(), path.to_owned());
        ModuleError::Unreadable { section, path, source: std::io::Error::other(why) }
    })
}

fn unfit(section: String, expected: &'static str, path: &Path, reason: impl Into<String>) -> ModuleError {
    ModuleError::Unfit { section, expected, path: path.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::config::{SaslMechanism, TlsIdentity};

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn profile(&self) -> ClientProfile {
            let path = |name| self.0.path().join(name);
            let identity = TlsIdentity { cert_file: path("cert"), key_file: path("key") };
            let tls = TlsConfig {
                name: "t".to_owned(),
                ca_file: Some(path("ca")),
                identity: Some(identity),
                no_verify: false,
            };
            let sasl = crate::credentials::watch::tests::sasl(SaslMechanism::Plain, path("password"));
            ClientProfile { tls: Some(tls), sasl: Some(sasl), ..ClientProfile::default() }
        }

        fn write(&self, name: &str, text: impl AsRef<[u8]>) {
            fs::write(self.0.path().join(name), text).unwrap();
        }

        fn read(&self) -> Result<Credentials, String> {
            Credentials::read(&self.profile())
                .map_err(|error| error.to_string().replace(self.0.path().to_str().unwrap(), ""))
        }
    }

    #[test]
    fn what_the_files_contain_is_taken_and_what_does_not_fit_is_named() {
        let folder = Folder(tempfile::tempdir().unwrap());
        let pair = KeyPair::generate().unwrap();
        let (cert, key) = (CertificateParams::default().self_signed(&pair).unwrap().pem(), pair.serialize_pem());
        for (name, text) in [("ca", &cert), ("cert", &cert), ("key", &key), ("password", &"hush\r\n".to_owned())] {
            folder.write(name, text);
        }
        let secret = |text: &str| Secret::new(text.to_owned());
        let identity = Identity { certificates: cert.clone(), key: secret(&key) };
        let good =
            Credentials { authorities: Some(cert.clone()), identity: Some(identity), password: Some(secret("hush")) };
        assert_eq!(folder.read(), Ok(good.clone()));
        assert!(!format!("{good:?}").contains("hush"));
        let half = |text: &str| text[..text.len() / 2].to_owned();
        let no_base64 = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_owned();
        let certs = "expected a PEM file with certificates, found";
        for (name, bad, good, problem) in [
            ("ca", String::new(), &cert, format!("tls.t.cafile: {certs} /ca: it has none")),
            ("ca", no_base64, &cert, format!("tls.t.cafile: {certs} /ca: base64 decode error: InvalidCharacter(33)")),
            ("cert", half(&cert), &cert, format!("tls.t.certfile: {certs} /cert: its end is missing")),
            (
                "key",
                cert.clone(),
                &key,
                "tls.t.keyfile: expected a PEM file with a private key, found /key: it has none".to_owned(),
            ),
            (
                "key",
                half(&key),
                &key,
                "tls.t.keyfile: expected a PEM file with a private key, found /key: its end is missing".to_owned(),
            ),
            (
                "password",
                "\n".to_owned(),
                &"hush".to_owned(),
                "sasl.s.password-file: expected a file with a password, found /password: it is empty".to_owned(),
            ),
        ] {
            folder.write(name, bad);
            assert_eq!(folder.read(), Err(problem));
            folder.write(name, good);
        }
        folder.write("password", b"h\xff");
        assert_eq!(
            folder.read().unwrap_err(),
            "sasl.s.password-file: expected a file with a password, found /password: it is not UTF-8"
        );
        fs::remove_file(folder.0.path().join("cert")).unwrap();
        assert_eq!(folder.read().unwrap_err(), "tls.t.certfile: cannot read /cert");
    }
}
