//! `[sasl.*]`.

use std::path::{Path as StdPath, PathBuf};

use crate::config::SaslConfig;
use crate::config::SaslMechanism;
use crate::config::Secret;
use crate::config::file::findings::Findings;
use crate::config::file::scalar::ConfigString;
use crate::config::file::section::Section;
use crate::config::sections::kerberos::read_kerberos;

const MECHANISMS: [(&str, SaslMechanism); 5] = [
    (SaslMechanism::Plain.name(), SaslMechanism::Plain),
    (SaslMechanism::ScramSha256.name(), SaslMechanism::ScramSha256),
    (SaslMechanism::ScramSha512.name(), SaslMechanism::ScramSha512),
    (SaslMechanism::OauthBearer.name(), SaslMechanism::OauthBearer),
    (SaslMechanism::Gssapi.name(), SaslMechanism::Gssapi),
];

pub(crate) fn read_sasl(name: String, mut section: Section<'_>, findings: &mut Findings<'_>) -> (String, SaslConfig) {
    let mechanism_path = section.path.key("mechanism");
    // Burrow's client uses PLAIN if no mechanism is given.
    let mechanism = section.choice(findings, "mechanism", &MECHANISMS).unwrap_or(SaslMechanism::Plain);
    let username = section.any_text(findings, "username");
    let no_username = section.lacks("username", username.as_ref());
    let password = section.any_text(findings, "password");
    let no_password = section.lacks("password", password.as_ref());
    let password = password.filter(|text| !text.value.is_empty()).map(|text| Secret::new(text.value));
    let file = section.text(findings, "password-file");
    let no_file = !section.has_key("password-file") || file.is_none();
    section.ignore(findings, "handshake-first", "the SASL handshake always comes first, as in every broker since 0.10");
    let password_file = file.as_ref().map(|text| PathBuf::from(&text.value));
    let password = match (password, file) {
        (Some(_), Some(file)) => {
            findings.add_mistake(file.path, "expected either password or password-file, found both");
            None
        }
        (None, Some(file)) => read_password(&file, findings),
        (password, None) => password,
    };
    match mechanism {
        SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
            let problem = |what: &str| format!("expected {what} for {}, found none", mechanism.name());
            if no_username {
                findings.add_mistake(section.path.key("username"), problem("a user name"));
            }
            if no_password && no_file {
                findings.add_mistake(section.path.key("password"), problem("a password or password-file"));
            }
        }
        SaslMechanism::OauthBearer => findings.add_unsupported_value(mechanism_path, mechanism.name()),
        SaslMechanism::Gssapi if cfg!(feature = "gssapi") => {}
        SaslMechanism::Gssapi => {
            let reason = "it needs a build with the cargo feature gssapi";
            findings.add_unsupported_because(mechanism_path, mechanism.name(), reason);
        }
    }
    let username = username.map(|text| text.value).unwrap_or_default();
    let kerberos = read_kerberos(&mut section, mechanism, findings);
    section.finish(findings);
    (name.clone(), SaslConfig { name, mechanism, username, password, password_file, kerberos })
}

/// Reads a password from a file.
fn read_password(file: &ConfigString, findings: &mut Findings<'_>) -> Option<Secret> {
    let read = (findings.outside.read)(StdPath::new(&file.value));
    let read = read.and_then(|bytes| Secret::of_file(bytes).map_err(str::to_owned));
    read.map_err(|why| {
        let problem = format!("expected a file with a password, found {}: {why}", file.shown);
        findings.add_mistake(file.path.clone(), problem);
    })
    .ok()
}
