//! What a certificate says.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::parse_x509_certificate;

use crate::model::Timestamp;

/// When the first of the certificates in a PEM text expires. `None` if there is no certificate in it. One that cannot
/// be parsed is not counted.
#[must_use]
pub fn earliest_expiry(pem: &[u8]) -> Option<Timestamp> {
    let certificates = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    certificates.filter_map(|der| expiry(&der)).min()
}

fn expiry(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    Some(Timestamp(certificate.validity().not_after.timestamp().saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn expiring(year: i32) -> String {
        let mut params = CertificateParams::new(["a".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn the_first_certificate_to_expire_counts() {
        let (first, second) = (expiring(2031), expiring(2030));
        let at_2030 = Some(Timestamp(1_893_456_000_000));
        assert_eq!(earliest_expiry(format!("a remark \u{e9}\n{first}{second}").as_bytes()), at_2030);
        // Also in front of the year 2000, and behind 2049, where the form of a date is another one.
        assert_eq!(earliest_expiry(expiring(1999).as_bytes()), Some(Timestamp(915_148_800_000)));
        assert_eq!(earliest_expiry(expiring(2050).as_bytes()), Some(Timestamp(2_524_608_000_000)));
    }

    #[test]
    fn what_is_no_certificate_is_not_counted() {
        let good = expiring(2030);
        let cut = &good[..good.len() / 2];
        let no_base64 = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = KeyPair::generate().unwrap().serialize_pem();
        for text in ["", cut, no_base64, no_der, &key] {
            assert_eq!(earliest_expiry(text.as_bytes()), None, "{text}");
        }
        let mixed = format!("{key}{no_der}{good}");
        assert_eq!(earliest_expiry(mixed.as_bytes()), Some(Timestamp(1_893_456_000_000)));
    }
}
