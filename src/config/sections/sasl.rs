//! `[sasl.*]`.

use std::collections::BTreeMap;
use std::path::Path as StdPath;

use crate::config::PasswordSource;
use crate::config::SaslConfig;
use crate::config::SaslMechanism;
use crate::config::Secret;
use crate::config::TlsConfig;
use crate::config::file::findings::Findings;
use crate::config::file::scalar::{ConfigString, choose};
use crate::config::file::section::Section;
use crate::config::sections::kerberos::read_kerberos;
use crate::config::sections::token::{IamKeys, TokenKeys};

/// Every mechanism, in the order in which a message lists them.
const MECHANISMS: [SaslMechanism; 6] = [
    SaslMechanism::Plain,
    SaslMechanism::ScramSha256,
    SaslMechanism::ScramSha512,
    SaslMechanism::OauthBearer,
    SaslMechanism::AwsMskIam,
    SaslMechanism::Gssapi,
];

pub(crate) fn read_sasl(
    name: String,
    mut section: Section<'_>,
    tls: &BTreeMap<String, TlsConfig>,
    findings: &mut Findings<'_>,
) -> (String, SaslConfig) {
    let mechanism = read_mechanism(&mut section, findings);
    let token_keys = TokenKeys::read(&mut section, tls, findings);
    let iam_keys = IamKeys::read(&mut section, findings);
    section.ignore(findings, "handshake-first", "the SASL handshake always comes first, as in every broker since 0.10");
    let (username, password) = read_password_keys(mechanism, &mut section, findings);
    let mechanism_path = section.path.key("mechanism");
    let token = match mechanism {
        SaslMechanism::OauthBearer => {
            iam_keys.warn_of_set(findings, "has no effect unless mechanism is \"AWS_MSK_IAM\"");
            token_keys.config(&section, findings)
        }
        SaslMechanism::AwsMskIam => {
            token_keys.warn_of_set(findings, "has no effect unless mechanism is \"OAUTHBEARER\"");
            iam_keys.config(&section, findings)
        }
        SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 | SaslMechanism::Gssapi => {
            token_keys.warn_of_set(findings, "has no effect unless mechanism is \"OAUTHBEARER\"");
            iam_keys.warn_of_set(findings, "has no effect unless mechanism is \"AWS_MSK_IAM\"");
            None
        }
    };
    if mechanism == SaslMechanism::Gssapi && !cfg!(feature = "gssapi") {
        let reason = "it needs a build with the cargo feature gssapi";
        findings.add_unsupported_because(mechanism_path, mechanism.name(), reason);
    }
    let kerberos = read_kerberos(&mut section, mechanism, findings);
    section.finish(findings);
    (name.clone(), SaslConfig { name, mechanism, username, password, kerberos, token })
}

/// Reads an `[iam.*]`, which is Burrow's form of the mechanism AWS_MSK_IAM.
pub(crate) fn read_iam(name: String, mut section: Section<'_>, findings: &mut Findings<'_>) -> (String, SaslConfig) {
    let token = IamKeys::read(&mut section, findings).config(&section, findings);
    section.finish(findings);
    let sasl = SaslConfig {
        name: name.clone(),
        mechanism: SaslMechanism::AwsMskIam,
        username: String::new(),
        password: None,
        kerberos: None,
        token,
    };
    (name, sasl)
}

/// Reads a mechanism in any case, with or without hyphens and underscores.
fn read_mechanism(section: &mut Section<'_>, findings: &mut Findings<'_>) -> SaslMechanism {
    let plain = |text: &str| text.replace(['-', '_'], "").to_ascii_uppercase();
    // Burrow's client uses PLAIN if no mechanism is given.
    let Some(text) = section.text(findings, "mechanism") else { return SaslMechanism::Plain };
    let alike = MECHANISMS.iter().find(|mechanism| plain(mechanism.name()) == plain(&text.value));
    let named = MECHANISMS.map(|mechanism| (mechanism.name(), mechanism));
    alike.copied().or_else(|| choose(findings, &text, &named)).unwrap_or(SaslMechanism::Plain)
}

/// The user name, and where the password is from.
fn read_password_keys(
    mechanism: SaslMechanism,
    section: &mut Section<'_>,
    findings: &mut Findings<'_>,
) -> (String, Option<PasswordSource>) {
    let username = section.any_text(findings, "username");
    let no_username = section.lacks("username", username.as_ref());
    let password = section.any_text(findings, "password");
    let no_password = section.lacks("password", password.as_ref());
    let password =
        password.filter(|text| !text.value.is_empty()).map(|text| PasswordSource::Value(Secret::new(text.value)));
    let file = section.text(findings, "password-file");
    let no_file = !section.has_key("password-file") || file.is_none();
    let password = match (password, file) {
        (Some(_), Some(file)) => {
            findings.add_mistake(file.path, "expected either password or password-file, found both");
            None
        }
        (None, Some(file)) => {
            check_password(&file, findings);
            Some(PasswordSource::File(file.value.into()))
        }
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
        SaslMechanism::OauthBearer | SaslMechanism::AwsMskIam => {
            let set = [("username", no_username), ("password", no_password), ("password-file", no_file)];
            for (key, _) in set.into_iter().filter(|(_, none)| !none) {
                let text = format!("has no effect with mechanism {}", mechanism.name());
                findings.warn(section.path.key(key), text);
            }
        }
        SaslMechanism::Gssapi => {}
    }
    (username.map(|text| text.value).unwrap_or_default(), password)
}

/// Checks that a file has a password.
fn check_password(file: &ConfigString, findings: &mut Findings<'_>) {
    let read = (findings.outside.read)(StdPath::new(&file.value));
    let read = read.and_then(|bytes| Secret::of_file(bytes).map_err(str::to_owned));
    if let Err(why) = read {
        let problem = format!("expected a file with a password, found {}: {why}", file.shown);
        findings.add_mistake(file.path.clone(), problem);
    }
}
