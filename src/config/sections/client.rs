//! `[client-profile.*]`, `[tls.*]` and `[sasl.*]`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path as StdPath, PathBuf};

use crate::config::ClientProfile;
use crate::config::SaslConfig;
use crate::config::SaslMechanism;
use crate::config::Secret;
use crate::config::TlsConfig;
use crate::config::TlsIdentity;
use crate::config::file::findings::{Findings, KeyPath};
use crate::config::file::scalar::{ConfigString, kind, resolve};
use crate::config::file::section::Section;
use crate::config::sections::properties;

const MECHANISMS: [(&str, SaslMechanism); 5] = [
    (SaslMechanism::Plain.name(), SaslMechanism::Plain),
    (SaslMechanism::ScramSha256.name(), SaslMechanism::ScramSha256),
    (SaslMechanism::ScramSha512.name(), SaslMechanism::ScramSha512),
    (SaslMechanism::OauthBearer.name(), SaslMechanism::OauthBearer),
    (SaslMechanism::Gssapi.name(), SaslMechanism::Gssapi),
];

/// The profiles by name, and the sections that are referred to.
pub(crate) struct Profiles {
    profiles: BTreeMap<String, ClientProfile>,
    tls: BTreeMap<String, TlsConfig>,
    sasl: BTreeMap<String, SaslConfig>,
    used: BTreeSet<(&'static str, String)>,
}

impl Profiles {
    pub(crate) fn read(root: &mut Section<'_>, findings: &mut Findings<'_>) -> Self {
        let tls = root.read_sections(findings, "tls").into_iter();
        let tls = tls.map(|(name, section)| read_tls(name, section, findings)).collect();
        let sasl = root.read_sections(findings, "sasl").into_iter();
        let sasl = sasl.map(|(name, section)| read_sasl(name, section, findings)).collect();
        let mut all = Self { profiles: BTreeMap::new(), tls, sasl, used: BTreeSet::new() };
        for (name, section) in root.read_sections(findings, "client-profile") {
            let profile = all.read_profile(&name, section, findings);
            all.profiles.insert(name, profile);
        }
        all
    }

    /// Returns the profile that a section refers to, or the defaults.
    pub(crate) fn for_section(&mut self, section: &mut Section<'_>, findings: &mut Findings<'_>) -> ClientProfile {
        let named = section.text(findings, "client-profile");
        let profile = named.and_then(|text| resolve(findings, &text, "client-profile", &self.profiles));
        let Some((name, profile)) = profile else { return ClientProfile::default() };
        self.used.insert(("client-profile", name.to_owned()));
        profile.clone()
    }

    /// Returns the TLS section that a server refers to.
    pub(crate) fn server_tls(&mut self, named: &ConfigString, findings: &mut Findings<'_>) -> Option<TlsConfig> {
        let (name, tls) = resolve(findings, named, "tls", &self.tls)?;
        self.used.insert(("tls", name.to_owned()));
        if tls.identity.is_none() {
            let problem = format!(
                "expected a [tls.*] with certfile and keyfile, found [{}] without them",
                KeyPath::root().key("tls").key(name)
            );
            findings.add_mistake(named.path.clone(), problem);
        }
        Some(tls.clone())
    }

    /// Warns of each section that nothing refers to, because the user may think that it protects something.
    pub(crate) fn warn_of_unused(&self, findings: &mut Findings<'_>) {
        let profiles = self.profiles.keys().map(|name| ("client-profile", name, "no cluster or consumer names it"));
        let tls = self.tls.keys().map(|name| ("tls", name, "no client-profile or httpserver names it"));
        let sasl = self.sasl.keys().map(|name| ("sasl", name, "no client-profile names it"));
        for (kind, name, why) in profiles.chain(tls).chain(sasl) {
            if !self.used.contains(&(kind, name.clone())) {
                findings.warn(KeyPath::root().key(kind).key(name), format!("has no effect: {why}"));
            }
        }
    }

    fn read_profile(&mut self, name: &str, mut section: Section<'_>, findings: &mut Findings<'_>) -> ClientProfile {
        let mut profile = ClientProfile { name: Some(name.to_owned()), ..ClientProfile::default() };
        if let Some(client_id) = section.text(findings, "client-id") {
            profile.client_id = client_id.value;
        }
        self.read_security(&mut section, &mut profile, findings);
        if let Some((path, value)) = section.value("properties") {
            match value.as_table() {
                Some(table) => properties::read(&path, table, &mut profile, findings),
                None => {
                    findings.add_mistake(
                        path,
                        format!("expected a table of librdkafka's properties, found {}", kind(value)),
                    );
                }
            }
        }
        section.ignore(findings, "kafka-version", "the version is negotiated with each broker");
        let timeout = |property: &str| format!("set properties = {{ {property:?} = MILLISECONDS }} instead");
        section.ignore(findings, "dial-timeout", &timeout("socket.connection.setup.timeout.ms"));
        section.ignore(findings, "read-timeout", &timeout("socket.timeout.ms"));
        section.finish(findings);
        profile
    }

    fn read_security(&mut self, section: &mut Section<'_>, profile: &mut ClientProfile, findings: &mut Findings<'_>) {
        if let Some(named) = section.any_text(findings, "tls") {
            if named.value.is_empty() {
                // Burrow checks only whether the key is present, not its value.
                let text = "an empty name means no TLS (in Burrow it means TLS); to use TLS, name a [tls.*], \
                            which may be empty";
                findings.warn(named.path, text);
            } else if let Some((name, tls)) = resolve(findings, &named, "tls", &self.tls) {
                self.used.insert(("tls", name.to_owned()));
                profile.tls = Some(tls.clone());
            }
        }
        if let Some(named) = section.text(findings, "sasl")
            && let Some((name, sasl)) = resolve(findings, &named, "sasl", &self.sasl)
        {
            self.used.insert(("sasl", name.to_owned()));
            profile.sasl = Some(sasl.clone());
        }
        if let Some(iam) = section.text(findings, "iam") {
            findings.add_unsupported(iam.path);
        }
    }
}

impl Default for ClientProfile {
    fn default() -> Self {
        Self { name: None, client_id: "warrener".to_owned(), tls: None, sasl: None, properties: BTreeMap::new() }
    }
}

fn read_tls(name: String, mut section: Section<'_>, findings: &mut Findings<'_>) -> (String, TlsConfig) {
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

fn read_sasl(name: String, mut section: Section<'_>, findings: &mut Findings<'_>) -> (String, SaslConfig) {
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
        SaslMechanism::Gssapi => findings.add_unsupported_value(mechanism_path, mechanism.name()),
    }
    let username = username.map(|text| text.value).unwrap_or_default();
    section.finish(findings);
    (name.clone(), SaslConfig { name, mechanism, username, password, password_file })
}

/// Reads a password from a file. The line end is not part of it.
fn read_password(file: &ConfigString, findings: &mut Findings<'_>) -> Option<Secret> {
    let read = (findings.outside.read)(StdPath::new(&file.value)).and_then(|bytes| {
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if line.is_empty() { Err("it is empty".to_owned()) } else { Ok(Secret::new(line.to_owned())) }
    });
    read.map_err(|why| {
        let problem = format!("expected a file with a password, found {}: {why}", file.shown);
        findings.add_mistake(file.path.clone(), problem);
    })
    .ok()
}
