//! Why the certificate of a server is not accepted.
//!
//! OpenSSL's error is the same for every reason, so the certificate is looked at once more.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use x509_parser::parse_x509_certificate;
use x509_parser::prelude::{ASN1Time, GeneralName, X509Certificate};

use crate::model::Timestamp;
use crate::terminal;

/// How many names of a certificate are shown, and how many characters of each. A certificate may have thousands.
const NAMES: usize = 10;
const LENGTH: usize = 120;

/// What the certificate of a server is compared with.
#[derive(Debug)]
pub struct ServerCheck<'a> {
    /// The name or address by which the server was asked for, without brackets.
    pub host: &'a str,
    /// Whether the certificate has to have that name.
    pub checks_host: bool,
    /// The authorities that are trusted. `None` if they are not known.
    pub roots: Option<&'a RootCertStore>,
    /// What `roots` are, in words.
    pub roots_from: &'a str,
    /// The time of this machine.
    pub now: Timestamp,
}

impl ServerCheck<'_> {
    /// What is wrong with a chain of certificates, the server's own first. Empty if nothing is found.
    #[must_use]
    pub fn problems(&self, chain: &[CertificateDer<'_>]) -> Vec<String> {
        let Some((own, intermediates)) = chain.split_first() else { return Vec::new() };
        let Ok((_, certificate)) = parse_x509_certificate(own) else {
            return vec!["the server's certificate cannot be parsed".to_owned()];
        };
        let parsed = ParsedCertificate::try_from(own).ok();
        let mut problems = self.time_problem(&certificate);
        problems.extend(parsed.as_ref().and_then(|parsed| self.issuer_problem(&certificate, parsed, intermediates)));
        problems.extend(parsed.as_ref().and_then(|parsed| self.name_problem(&certificate, parsed)));
        problems
    }

    fn time_problem(&self, certificate: &X509Certificate<'_>) -> Vec<String> {
        let validity = certificate.validity();
        if millis(validity.not_after) < self.now {
            return vec![format!("the server's certificate expired on {}", date(validity.not_after))];
        }
        if millis(validity.not_before) > self.now {
            let from = date(validity.not_before);
            return vec![format!(
                "the server's certificate is valid from {from} on: is the clock of this machine right?"
            )];
        }
        Vec::new()
    }

    /// Checks the chain at a time at which the certificate itself is valid.
    fn issuer_problem(
        &self,
        certificate: &X509Certificate<'_>,
        parsed: &ParsedCertificate<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Option<String> {
        let validity = certificate.validity();
        let time = self.now.max(millis(validity.not_before)).min(millis(validity.not_after));
        let time = UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(time.0).unwrap_or(0)));
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all;
        let checked = verify_server_cert_signed_by_trust_anchor(parsed, self.roots?, intermediates, time, algorithms);
        let from = self.roots_from;
        match checked {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                let issuer = certificate.issuer();
                if issuer == certificate.subject() {
                    return Some(format!("the server's certificate is self-signed and not in {from}"));
                }
                let issuer = shown(&issuer.to_string());
                Some(format!("the server's certificate was issued by {issuer:?}, which is not in {from}"))
            }
            Err(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
                Some("an authority that the server's certificate was issued by has expired".to_owned())
            }
            Ok(()) | Err(_) => None,
        }
    }

    fn name_problem(&self, certificate: &X509Certificate<'_>, parsed: &ParsedCertificate<'_>) -> Option<String> {
        let host = ServerName::try_from(self.host).ok()?;
        if !self.checks_host || verify_server_name(parsed, &host).is_ok() {
            return None;
        }
        let names = names(certificate);
        let common = common_name(certificate);
        if names.is_empty() && common.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(self.host)) {
            // OpenSSL accepts the common name of a certificate without other names.
            return None;
        }
        let names = if names.is_empty() { common.into_iter().collect() } else { names };
        let more = match names.len().checked_sub(NAMES) {
            Some(more) if more > 0 => format!(" and {more} more"),
            Some(_) | None => String::new(),
        };
        let first: Vec<String> = names.iter().take(NAMES).map(|name| format!("{:?}", shown(name))).collect();
        let list = if first.is_empty() { "no name".to_owned() } else { first.join(", ") };
        let host = shown(self.host);
        Some(format!("the server's certificate is for {list}{more}, not for {host:?}"))
    }
}

/// The names and addresses that a certificate is for.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::URI(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    };
    extension.value.general_names.iter().filter_map(text).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| Ipv4Addr::from(bytes).to_string());
    let v6 = <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).to_string());
    v4.or(v6).ok()
}

fn common_name(certificate: &X509Certificate<'_>) -> Option<String> {
    certificate.subject().iter_common_name().find_map(|name| name.as_str().ok()).map(str::to_owned)
}

/// A text of a certificate that is safe to show.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(LENGTH).collect();
    let more = if cut.len() < text.len() { "..." } else { "" };
    format!("{}{more}", terminal::line(&cut))
}

fn millis(time: ASN1Time) -> Timestamp {
    Timestamp(time.timestamp().saturating_mul(1000))
}

fn date(time: ASN1Time) -> String {
    time.to_datetime().date().to_string()
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

    use super::*;

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn authority(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    fn signed(names: &[&str], years: (i32, i32), by: &Authority) -> CertificateDer<'static> {
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        params.distinguished_name.push(DnType::CommonName, "common");
        params.signed_by(&KeyPair::generate().unwrap(), by).unwrap().der().clone()
    }

    fn problems(chain: &[CertificateDer<'_>], host: &str, trusted: &Authority) -> Vec<String> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.der().clone()).unwrap();
        // In 2026.
        let now = Timestamp(1_795_000_000_000);
        ServerCheck { host, checks_host: true, roots: Some(&roots), roots_from: "cafile", now }.problems(chain)
    }

    const NOW: (i32, i32) = (2020, 2030);

    #[test]
    fn a_good_certificate_has_no_problem() {
        let ca = authority("rig");
        let good = signed(&["kafka1", "*.example.com", "127.0.0.1", "::1"], NOW, &ca);
        for host in ["kafka1", "b.example.com", "127.0.0.1", "::1"] {
            assert_eq!(problems(std::slice::from_ref(&good), host, &ca), [""; 0], "{host}");
        }
        assert_eq!(problems(&[signed(&[], NOW, &ca)], "COMMON", &ca), [""; 0]);
        assert_eq!(problems(&[], "kafka1", &ca), [""; 0]);
    }

    #[test]
    fn each_problem_is_named() {
        let (ca, other) = (authority("rig"), authority("stra\u{1b}nger"));
        let names = ["kafka1", "127.0.0.1"];
        let check = |certificate, host| problems(&[certificate], host, &ca);
        assert_eq!(
            check(signed(&names, NOW, &ca), "10.0.0.1"),
            ["the server's certificate is for \"kafka1\", \"127.0.0.1\", not for \"10.0.0.1\""]
        );
        assert_eq!(
            check(signed(&names, (2020, 2025), &ca), "kafka1"),
            ["the server's certificate expired on 2025-01-01"]
        );
        assert_eq!(
            check(signed(&names, (2030, 2031), &ca), "kafka1"),
            ["the server's certificate is valid from 2030-01-01 on: is the clock of this machine right?"]
        );
        let [issuer] = &check(signed(&names, NOW, &other), "kafka1")[..] else { panic!("one problem") };
        assert!(issuer.starts_with("the server's certificate was issued by \"CN="), "{issuer}");
        assert!(issuer.ends_with("\", which is not in cafile") && !issuer.contains('\u{1b}'), "{issuer}");
        let params = CertificateParams::new(["kafka1".to_owned()]).unwrap();
        let alone = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(check(alone.der().clone(), "kafka1"), ["the server's certificate is self-signed and not in cafile"]);
        assert_eq!(
            check(signed(&[], (2020, 2025), &ca), "kafka1"),
            [
                "the server's certificate expired on 2025-01-01",
                "the server's certificate is for \"common\", not for \"kafka1\""
            ]
        );
        assert_eq!(check(CertificateDer::from(vec![0; 9]), "a"), ["the server's certificate cannot be parsed"]);
    }

    #[test]
    fn a_certificate_of_many_long_names_is_shown_in_a_bounded_text() {
        let ca = authority("rig");
        let many: Vec<String> = (0..500).map(|number| format!("{}.{number}", "a".repeat(60))).collect();
        let names: Vec<&str> = many.iter().map(String::as_str).collect();
        let found = problems(&[signed(&names, NOW, &ca)], "kafka1", &ca);
        assert!(found[0].contains(" and 490 more, not for"), "{found:?}");
        assert!(found[0].len() < 2000);
    }
}
