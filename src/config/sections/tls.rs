//! `[tls.*]`.

use std::path::PathBuf;

use crate::config::TlsConfig;
use crate::config::TlsIdentity;
use crate::config::file::findings::Findings;
use crate::config::file::section::Section;

pub(crate) fn read_tls(name: String, mut section: Section<'_>, findings: &mut Findings<'_>) -> (String, TlsConfig) {
    let ca_file = read_readable_path(&mut section, "cafile", findings);
    let cert_file = read_readable_path(&mut section, "certfile", findings);
    let key_file = read_readable_path(&mut section, "keyfile", findings);
    let identity = match (cert_file, key_file) {
        (Some(cert_file), Some(key_file)) => Some(TlsIdentity { cert_file, key_file }),
        (None, None) => None,
        (Some(_), None) => {
            findings.add_mistake(
                section.path.key("keyfile"),
                "expected the file of the private key that belongs to certfile, found none",
            );
            None
        }
        (None, Some(_)) => {
            findings.add_mistake(
                section.path.key("certfile"),
                "expected the file of the certificate that belongs to keyfile, found none",
            );
            None
        }
    };
    let no_verify = section.flag(findings, "noverify");
    section.finish(findings);
    (name.clone(), TlsConfig { name, ca_file, identity, no_verify })
}

/// Reads the path of a file and checks that the file can be read. The path is returned even if it cannot, so that keys
/// that depend on it are not reported as missing.
pub(crate) fn read_readable_path(
    section: &mut Section<'_>,
    key: &'static str,
    findings: &mut Findings<'_>,
) -> Option<PathBuf> {
    let text = section.text(findings, key)?;
    let path = PathBuf::from(&text.value);
    if let Err(why) = (findings.outside.check_readable)(&path) {
        findings.add_mistake(text.path, format!("expected a readable file, found {}: {why}", text.shown));
    }
    Some(path)
}
