//! Keys of `[httpserver.*]`: how a listener is protected, and what it serves.

use crate::config::HttpServerConfig;
use crate::config::Overrides;
use crate::config::ServedPart;
use crate::config::file::findings::{Findings, KeyPath};
use crate::config::file::scalar::choose;
use crate::config::file::section::Section;
use crate::config::sections::client::Profiles;
use crate::config::sections::tls::read_readable_path;

/// Reads `tls`, `web-config-file` and `unprotected-health`.
pub(crate) fn read_protection(
    server: &mut HttpServerConfig,
    section: &mut Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) {
    let named = section.text(findings, "tls");
    server.tls = named.as_ref().and_then(|named| profiles.server_tls(named, findings));
    server.web_config_file = read_readable_path(section, "web-config-file", findings);
    if named.is_some() && server.web_config_file.is_some() {
        let problem =
            "expected tls or web-config-file, found both: the web configuration has its own tls_server_config";
        findings.add_mistake(section.path.key("web-config-file"), problem);
    }
    server.unprotected_health = section.flag(findings, "unprotected-health");
}

/// Warns of keys that have no effect, because a flag takes their place or something else is missing.
pub(crate) fn warn_of_unused(servers: &[HttpServerConfig], overrides: &Overrides, findings: &mut Findings<'_>) {
    for server in servers {
        let path = KeyPath::root().key("httpserver").key(&server.name);
        if overrides.web_config_file.is_none() {
            if server.unprotected_health && server.web_config_file.is_none() {
                let text = "has no effect: without web-config-file no password is asked for";
                findings.warn(path.key("unprotected-health"), text);
            }
            continue;
        }
        for (key, is_set) in [("tls", server.tls.is_some()), ("web-config-file", server.web_config_file.is_some())] {
            if is_set {
                findings.warn(path.key(key), "has no effect: --web.config.file replaces it");
            }
        }
    }
}

/// Reads `serves`, and warns of what is enabled for a part that is not served.
pub(crate) fn read_served_parts(server: &mut HttpServerConfig, section: &mut Section<'_>, findings: &mut Findings<'_>) {
    let Some(texts) = section.texts(findings, "serves") else { return };
    if section.is_empty_or_absent("serves") {
        findings.add_mistake(section.path.key("serves"), "expected at least one part, found an empty list");
    }
    let choices = ServedPart::ALL.map(|part| (part.name(), part));
    let mut serves = Vec::new();
    for text in texts {
        let Some(part) = choose(findings, &text, &choices) else { continue };
        if serves.contains(&part) {
            findings.add_mistake(text.path.clone(), format!("expected each part once, found {} twice", text.shown));
        }
        serves.push(part);
    }
    serves.sort();
    for (enabled, key, part) in [
        (server.enable_admin, "enable-admin", ServedPart::Burrow),
        (server.enable_lifecycle, "enable-lifecycle", ServedPart::Lifecycle),
        (server.unprotected_health, "unprotected-health", ServedPart::Health),
    ] {
        if enabled && !serves.contains(&part) {
            findings.warn(section.path.key(key), format!("has no effect: serves does not list {:?}", part.name()));
        }
    }
    server.serves = serves;
}
