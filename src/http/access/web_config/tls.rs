//! `tls_server_config`.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::{ProtocolVersion, RootCertStore};

use super::syntax::RawTls;
use super::{shown, suites};
use crate::credentials::pem;
use crate::http::access::client_certificates::ClientAuthentication;
use crate::http::access::findings::AccessFindings;
use crate::http::access::listener_tls::{ListenerTls, TlsChoices, TlsMaterial};
use crate::http::access::source_files::SourceFiles;

const VERSIONS: [(&str, ProtocolVersion); 4] = [
    ("TLS10", ProtocolVersion::TLSv1_0),
    ("TLS11", ProtocolVersion::TLSv1_1),
    ("TLS12", ProtocolVersion::TLSv1_2),
    ("TLS13", ProtocolVersion::TLSv1_3),
];

/// What the toolkit calls the ways in which clients are asked for certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAuthType {
    None,
    Request,
    RequireAny,
    VerifyIfGiven,
    RequireAndVerify,
}

pub(super) const CLIENT_AUTH_TYPES: [(&str, ClientAuthType); 6] = [
    ("NoClientCert", ClientAuthType::None),
    ("RequestClientCert", ClientAuthType::Request),
    ("RequireAnyClientCert", ClientAuthType::RequireAny),
    ("VerifyClientCertIfGiven", ClientAuthType::VerifyIfGiven),
    ("RequireAndVerifyClientCert", ClientAuthType::RequireAndVerify),
    // An older name of RequireAnyClientCert, which the toolkit still accepts.
    ("RequireClientCert", ClientAuthType::RequireAny),
];

/// Reads the section. `None` without TLS, or if there are mistakes.
pub(super) fn read(
    raw: &RawTls,
    folder: &Path,
    files: &mut SourceFiles,
    findings: &AccessFindings,
) -> Option<ListenerTls> {
    if raw.is_empty() {
        return None;
    }
    let mut input = TlsInput { folder, files, findings };
    let chain = input.required(("cert", &raw.cert), ("cert_file", &raw.cert_file), pem::certificates);
    let key = input.required(("key", &raw.key), ("key_file", &raw.key_file), pem::private_key);
    let authorities = ("client_ca", &raw.client_ca);
    let authorities = input.read(authorities, ("client_ca_file", &raw.client_ca_file), pem::certificates);
    let clients = read_clients(raw, authorities, input.files, findings)
        .and_then(|clients| clients.verification().map_err(|problem| findings.add_mistake("client_ca", problem)).ok());
    let choices = read_choices(raw, findings);
    let material = TlsMaterial { chain: chain?, key: key? };
    let (clients, choices) = (clients?, choices?);
    let key = if raw.cert_file.as_deref().is_none_or(str::is_empty) { "cert" } else { "cert_file" };
    ListenerTls::new(material, clients, choices).map_err(|problem| findings.add_mistake(key, problem)).ok()
}

/// Where texts are read from: the section itself, or files.
struct TlsInput<'a> {
    folder: &'a Path,
    files: &'a mut SourceFiles,
    findings: &'a AccessFindings,
}

/// A key with its value.
type TextKey<'a> = (&'static str, &'a Option<String>);

/// Whether something was given, and what it is if there is no mistake in it.
enum Input<T> {
    Absent,
    Wrong,
    Read(T),
}

impl TlsInput<'_> {
    /// Reads what is given either as text or as a file.
    fn read<T>(
        &mut self,
        (text_key, text): TextKey<'_>,
        (file_key, file): TextKey<'_>,
        parse: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Input<T> {
        let text = text.as_deref().filter(|text| !text.is_empty());
        let file = file.as_deref().filter(|file| !file.is_empty());
        let (key, parsed) = match (text, file) {
            (None, None) => return Input::Absent,
            (Some(_), Some(_)) => (file_key, Err(format!("expected {text_key} or {file_key}, found both"))),
            (Some(text), None) => (text_key, parse(text.as_bytes())),
            (None, Some(file)) => {
                let bytes = self.files.read(&self.folder.join(file));
                let bytes = bytes.map_err(|why| format!("expected a readable file, found {}: {why}", shown(file)));
                (file_key, bytes.and_then(|bytes| parse(&bytes)))
            }
        };
        match parsed {
            Ok(parsed) => Input::Read(parsed),
            Err(problem) => {
                self.findings.add_mistake(key, problem);
                Input::Wrong
            }
        }
    }

    /// The same for what must be given.
    fn required<T>(
        &mut self,
        text: TextKey<'_>,
        file: TextKey<'_>,
        parse: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Option<T> {
        match self.read(text, file, parse) {
            Input::Read(read) => Some(read),
            Input::Wrong => None,
            Input::Absent => {
                self.findings.add_mistake(text.0, format!("expected {} or {}, found neither", text.0, file.0));
                None
            }
        }
    }
}

fn read_clients(
    raw: &RawTls,
    authorities: Input<Vec<CertificateDer<'static>>>,
    files: &mut SourceFiles,
    findings: &AccessFindings,
) -> Option<ClientAuthentication> {
    let asked = raw.client_auth_type.as_deref().filter(|text| !text.is_empty());
    let kind = asked.map_or(Some(ClientAuthType::None), |text| {
        let kind = CLIENT_AUTH_TYPES.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
        if kind.is_none() {
            let (names, _) = CLIENT_AUTH_TYPES.split_at(5);
            let names = names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            findings.add_mistake("client_auth_type", format!("expected one of {names}, found {}", shown(text)));
        }
        kind
    });
    let kind = kind?;
    let allowed_names = read_allowed_names(raw, kind, findings)?;
    let mut system = None;
    let verifies = matches!(kind, ClientAuthType::VerifyIfGiven | ClientAuthType::RequireAndVerify);
    let authorities = match authorities {
        Input::Wrong => return None,
        // A client needs no certificate, so it gains nothing by one of a public authority.
        Input::Absent if kind == ClientAuthType::VerifyIfGiven => {
            system = Some(system_authorities(files, findings)?);
            let text = "there is no client_ca: certificates of clients are verified with the system's authorities";
            findings.warn("client_auth_type", text);
            Vec::new()
        }
        Input::Absent if verifies => {
            let problem = "expected client_ca or client_ca_file, found neither: without them the certificates of all \
                           public authorities would be accepted";
            findings.add_mistake("client_auth_type", problem);
            return None;
        }
        Input::Read(_) if kind == ClientAuthType::None => {
            let problem = "expected a type that asks for certificates, because there is a client CA, found none";
            findings.add_mistake("client_auth_type", problem);
            return None;
        }
        Input::Absent => Vec::new(),
        Input::Read(authorities) => authorities,
    };
    Some(ClientAuthentication {
        asks: kind != ClientAuthType::None,
        demands: matches!(kind, ClientAuthType::RequireAny | ClientAuthType::RequireAndVerify),
        verifies,
        authorities,
        system,
        allowed_names,
    })
}

/// The authorities that the system trusts.
fn system_authorities(files: &mut SourceFiles, findings: &AccessFindings) -> Option<RootCertStore> {
    let bytes = match pem::system_authorities() {
        Some(path) => files.read(&path).map_err(|why| format!("{} cannot be read: {why}", path.display())),
        None => Err("they were not found".to_owned()),
    };
    let problem = |why| {
        let problem = format!("expected client_ca, or authorities of the system: {why}");
        findings.add_mistake("client_auth_type", problem);
    };
    bytes.map(|bytes| pem::root_store(&bytes)).map_err(problem).ok()
}

/// Reads `client_allowed_sans`. Empty allows all.
fn read_allowed_names(raw: &RawTls, kind: ClientAuthType, findings: &AccessFindings) -> Option<Vec<String>> {
    const KEY: &str = "client_allowed_sans";
    let Some(names) = &raw.client_allowed_sans else { return Some(Vec::new()) };
    if names.is_empty() {
        findings.add_mistake(KEY, "expected at least one name, found an empty list");
        return None;
    }
    if !matches!(kind, ClientAuthType::RequireAny | ClientAuthType::RequireAndVerify) {
        let problem = "expected client_auth_type RequireAnyClientCert or RequireAndVerifyClientCert with it, found \
                       another: a client without a certificate has no name";
        findings.add_mistake(KEY, problem);
        return None;
    }
    Some(names.clone())
}

fn read_choices(raw: &RawTls, findings: &AccessFindings) -> Option<TlsChoices> {
    let oldest = read_version("min_version", &raw.min_version, ProtocolVersion::TLSv1_2, findings);
    let newest = read_version("max_version", &raw.max_version, ProtocolVersion::TLSv1_3, findings);
    let suites = suites::cipher_suites(raw.cipher_suites.as_deref().unwrap_or_default(), findings);
    let groups = suites::curves(raw.curve_preferences.as_deref().unwrap_or_default(), findings);
    let (oldest, newest) = (oldest?, newest?);
    let is_old = |version| matches!(version, ProtocolVersion::TLSv1_0 | ProtocolVersion::TLSv1_1);
    if is_old(newest) {
        findings.add_mistake("max_version", "expected TLS12 or TLS13, found an older version, which is not supported");
        return None;
    }
    if is_old(oldest) {
        findings.warn("min_version", "TLS12 is used instead: older versions are not supported");
    }
    let (with_12, with_13) = (oldest != ProtocolVersion::TLSv1_3, newest == ProtocolVersion::TLSv1_3);
    if !with_12 && !with_13 {
        findings.add_mistake("max_version", "expected a version that is not older than min_version, found TLS12");
        return None;
    }
    let mut choices = TlsChoices::new(with_12, with_13);
    choices.prefers_own_order = raw.prefer_server_cipher_suites.unwrap_or(true);
    if let Some(suites) = suites {
        choices.limit_suites(&suites);
    }
    if let Some(groups) = groups {
        choices.groups = groups;
    }
    if !choices.has_suites() {
        findings.add_mistake("cipher_suites", "expected a suite of TLS 1.2, because max_version is TLS12, found none");
        return None;
    }
    Some(choices)
}

fn read_version(
    key: &str,
    text: &Option<String>,
    default: ProtocolVersion,
    findings: &AccessFindings,
) -> Option<ProtocolVersion> {
    let Some(text) = text else { return Some(default) };
    let version = VERSIONS.iter().find(|(name, _)| name == text).map(|(_, version)| *version);
    if version.is_none() {
        findings.add_mistake(key, format!("expected TLS10, TLS11, TLS12 or TLS13, found {}", shown(text)));
    }
    version
}
