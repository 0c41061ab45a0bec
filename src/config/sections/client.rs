//! `[client-profile.*]`, and the sections that it refers to.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::ClientProfile;
use crate::config::SaslConfig;
use crate::config::SaslMechanism;
use crate::config::TlsConfig;
use crate::config::TokenSource;
use crate::config::file::findings::{Findings, KeyPath};
use crate::config::file::scalar::{ConfigString, kind, resolve};
use crate::config::file::section::Section;
use crate::config::sections::properties;
use crate::config::sections::sasl::{read_iam, read_sasl};
use crate::config::sections::tls::read_tls;

/// The profiles by name, and the sections that are referred to.
pub(crate) struct Profiles {
    profiles: BTreeMap<String, ClientProfile>,
    tls: BTreeMap<String, TlsConfig>,
    sasl: BTreeMap<String, SaslConfig>,
    iam: BTreeMap<String, SaslConfig>,
    used: BTreeSet<(&'static str, String)>,
}

impl Profiles {
    pub(crate) fn read(root: &mut Section<'_>, findings: &mut Findings<'_>) -> Self {
        let tls = root.read_sections(findings, "tls").into_iter();
        let tls: BTreeMap<_, _> = tls.map(|(name, section)| read_tls(name, section, findings)).collect();
        let sasl = root.read_sections(findings, "sasl").into_iter();
        let sasl = sasl.map(|(name, section)| read_sasl(name, section, &tls, findings)).collect();
        let iam = root.read_sections(findings, "iam").into_iter();
        let iam = iam.map(|(name, section)| read_iam(name, section, findings)).collect();
        let mut all = Self { profiles: BTreeMap::new(), tls, sasl, iam, used: BTreeSet::new() };
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
        for (key, is_set) in [("cafile", tls.ca_file.is_some()), ("noverify", tls.no_verify)] {
            if is_set {
                let section = KeyPath::root().key("tls").key(name);
                let text = format!(
                    "{key} of [{section}] has no effect on a listener, as in Burrow; to ask clients for certificates, \
                     use web-config-file with client_ca_file"
                );
                findings.warn(named.path.clone(), text);
            }
        }
        Some(tls.clone())
    }

    /// Warns of each section that nothing refers to, because the user may think that it protects something.
    pub(crate) fn warn_of_unused(&self, findings: &mut Findings<'_>) {
        let profiles = self.profiles.keys().map(|name| ("client-profile", name, "no cluster or consumer names it"));
        let tls = self.tls.keys().map(|name| ("tls", name, "no client-profile, httpserver or token-tls names it"));
        let sasl = self.sasl.keys().map(|name| ("sasl", name, "no client-profile names it"));
        let iam = self.iam.keys().map(|name| ("iam", name, "no client-profile names it"));
        for (kind, name, why) in profiles.chain(tls).chain(sasl).chain(iam) {
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
        // A wrong name has already been reported.
        let mut names_tls = false;
        if let Some(named) = section.any_text(findings, "tls") {
            names_tls = !named.value.is_empty();
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
        let sasl = section.text(findings, "sasl");
        let iam = section.text(findings, "iam");
        if let (Some(_), Some(iam)) = (&sasl, &iam) {
            findings.add_mistake(iam.path.clone(), "expected either sasl or iam, found both");
        }
        for (named, kind) in [(iam, "iam"), (sasl, "sasl")] {
            let sections = if kind == "iam" { &self.iam } else { &self.sasl };
            let Some(named) = named else { continue };
            let Some((name, sasl)) = resolve(findings, &named, kind, sections) else { continue };
            self.used.insert((kind, name.to_owned()));
            if sasl.mechanism == SaslMechanism::AwsMskIam && !names_tls {
                let problem = "expected tls beside it, because AWS MSK IAM needs TLS, found none; name a [tls.*], \
                               which may be empty";
                findings.add_mistake(named.path.clone(), problem);
            }
            if let Some(TokenSource::Endpoint(endpoint)) = sasl.token.as_ref().map(|token| &token.source)
                && let Some(tls) = &endpoint.tls
            {
                self.used.insert(("tls", tls.name.clone()));
            }
            profile.sasl = Some(sasl.clone());
        }
    }
}

impl Default for ClientProfile {
    fn default() -> Self {
        Self { name: None, client_id: "warrener".to_owned(), tls: None, sasl: None, properties: BTreeMap::new() }
    }
}
