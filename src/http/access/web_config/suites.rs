//! Cipher suites and curves by the names of Go, which the toolkit uses.

use rustls::SupportedCipherSuite;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::{cipher_suite as suite, kx_group};

use super::shown;
use crate::http::access::findings::AccessFindings;

/// The suites that Go has called secure, with those of rustls. The last four are no longer in Go's list since 1.22.
pub(super) const SUITES: [(&str, Option<SupportedCipherSuite>); 17] = [
    ("TLS_AES_128_GCM_SHA256", Some(suite::TLS13_AES_128_GCM_SHA256)),
    ("TLS_AES_256_GCM_SHA384", Some(suite::TLS13_AES_256_GCM_SHA384)),
    ("TLS_CHACHA20_POLY1305_SHA256", Some(suite::TLS13_CHACHA20_POLY1305_SHA256)),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Some(suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Some(suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Some(suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Some(suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", Some(suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256)),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", Some(suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", None),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", None),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", None),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", None),
    ("TLS_RSA_WITH_AES_128_CBC_SHA", None),
    ("TLS_RSA_WITH_AES_256_CBC_SHA", None),
    ("TLS_RSA_WITH_AES_128_GCM_SHA256", None),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", None),
];

/// The toolkit's curves.
pub(super) const CURVES: [(&str, Option<&dyn SupportedKxGroup>); 4] = [
    ("CurveP256", Some(kx_group::SECP256R1)),
    ("CurveP384", Some(kx_group::SECP384R1)),
    ("CurveP521", None),
    ("X25519", Some(kx_group::X25519)),
];

/// Reads `cipher_suites`. `None` if all suites are allowed.
pub(super) fn cipher_suites(names: &[String], findings: &AccessFindings) -> Option<Vec<SupportedCipherSuite>> {
    choose("cipher_suites", "cipher suite", names, &SUITES, findings)
}

/// Reads `curve_preferences`. `None` if all curves are allowed.
pub(super) fn curves(names: &[String], findings: &AccessFindings) -> Option<Vec<&'static dyn SupportedKxGroup>> {
    choose("curve_preferences", "curve", names, &CURVES, findings)
}

/// Names that rustls lacks are left out with one warning, unless none is left.
fn choose<T: Copy>(
    key: &str,
    what: &str,
    names: &[String],
    table: &[(&str, Option<T>)],
    findings: &AccessFindings,
) -> Option<Vec<T>> {
    if names.is_empty() {
        return None;
    }
    let (mut chosen, mut lacking) = (Vec::new(), Vec::new());
    for (index, name) in names.iter().enumerate() {
        match table.iter().find(|(known, _)| known == name) {
            Some((_, Some(found))) => chosen.push(*found),
            Some((known, None)) => lacking.push(*known),
            None => {
                let problem = format!("expected a {what} by its name in Go, found {}", shown(name));
                findings.add_mistake(&format!("{key}[{index}]"), problem);
            }
        }
    }
    let lacking = lacking.join(", ");
    if chosen.is_empty() {
        let supported = table.iter().filter(|(_, found)| found.is_some()).map(|(name, _)| *name).collect::<Vec<_>>();
        if !lacking.is_empty() {
            let problem = format!(
                "expected one or more of {}, found only what is not supported: {lacking}",
                supported.join(", ")
            );
            findings.add_mistake(key, problem);
        }
        return None;
    }
    if !lacking.is_empty() {
        findings.warn(key, format!("left out, because they are not supported: {lacking}"));
    }
    Some(chosen)
}
