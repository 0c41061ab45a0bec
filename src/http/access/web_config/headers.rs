//! `http_server_config.headers`: headers of every answer.

use hyper::header::{HeaderName, HeaderValue};

use super::syntax::RawHttp;
use super::{key, shown};
use crate::http::access::findings::AccessFindings;

/// The headers that the toolkit allows, and their values if these are a closed set.
pub(super) const ALLOWED: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

/// Headers without a value are left out.
pub(super) fn read(raw: &RawHttp, findings: &AccessFindings) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    for (name, value) in raw.headers.iter().flatten() {
        let path = format!("http_server_config.headers.{}", key(name));
        let value = value.as_deref().unwrap_or_default();
        let Some((_, values)) = ALLOWED.iter().find(|(allowed, _)| allowed == name) else {
            let names = ALLOWED.map(|(allowed, _)| allowed);
            findings.add_mistake(&path, format!("expected one of the headers {}, found another one", names.join(", ")));
            continue;
        };
        if value.is_empty() {
            continue;
        }
        if !values.is_empty() && !values.contains(&value) {
            let values = values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" or ");
            findings.add_mistake(&path, format!("expected {values}, found {}", shown(value)));
            continue;
        }
        match (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => headers.push((name, value)),
            (Err(_), _) | (_, Err(_)) => {
                findings.add_mistake(&path, format!("expected a text of one line, found {}", shown(value)));
            }
        }
    }
    headers
}
