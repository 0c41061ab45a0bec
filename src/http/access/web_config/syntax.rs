//! The YAML of a web configuration: its keys and their types.
//!
//! As in the toolkit, unknown keys and keys that stand twice are mistakes, and a key without a value is the same as no
//! key. No message shows a value: keys and hashes of passwords are in the file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::options::MergeKeyPolicy;
use serde_saphyr::{Error, Options};

use crate::config::values::nearest;

/// The file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWebConfig {
    pub tls_server_config: Option<RawTls>,
    pub http_server_config: Option<RawHttp>,
    pub basic_auth_users: Option<BTreeMap<String, String>>,
    pub rate_limit: Option<RawRateLimit>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawTls {
    pub cert: Option<String>,
    pub key: Option<String>,
    pub client_ca: Option<String>,
    pub cert_file: Option<String>,
    pub key_file: Option<String>,
    pub client_auth_type: Option<String>,
    pub client_ca_file: Option<String>,
    pub cipher_suites: Option<Vec<String>>,
    pub curve_preferences: Option<Vec<String>>,
    pub min_version: Option<String>,
    pub max_version: Option<String>,
    pub prefer_server_cipher_suites: Option<bool>,
    pub client_allowed_sans: Option<Vec<String>>,
}

impl RawTls {
    /// Whether nothing is set. An empty text is the same as none.
    pub fn is_empty(&self) -> bool {
        let texts = [
            &self.cert,
            &self.key,
            &self.client_ca,
            &self.cert_file,
            &self.key_file,
            &self.client_auth_type,
            &self.client_ca_file,
            &self.min_version,
            &self.max_version,
        ];
        let lists = [&self.cipher_suites, &self.curve_preferences, &self.client_allowed_sans];
        texts.iter().all(|text| text.as_deref().is_none_or(str::is_empty))
            && lists.iter().all(|list| list.is_none())
            && self.prefer_server_cipher_suites.is_none()
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawHttp {
    /// Without effect: only HTTP/1.1 is served.
    #[serde(rename = "http2")]
    pub _http2: Option<bool>,
    pub headers: Option<BTreeMap<String, Option<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRateLimit {
    pub interval: Option<String>,
    pub burst: Option<i64>,
}

/// Parses the text of a file. An empty one has no settings.
///
/// # Errors
/// Where the text is not a web configuration, and why.
pub(super) fn parse(text: &str) -> Result<RawWebConfig, String> {
    let parsed: Result<Option<RawWebConfig>, Error> = serde_saphyr::from_str_with_options(text, options());
    parsed.map(Option::unwrap_or_default).map_err(|error| describe(&error))
}

/// The keys of a section, of the file itself if it has no name.
#[cfg(test)]
pub(super) fn keys_of(section: &str) -> Vec<&'static str> {
    let text = if section.is_empty() { "none: 1\n".to_owned() } else { format!("{section}:\n  none: 1\n") };
    match serde_saphyr::from_str_with_options::<RawWebConfig>(&text, options()) {
        Err(Error::SerdeUnknownField { expected, .. }) => expected,
        _ => panic!("{section} accepts any key"),
    }
}

/// The file has at most four megabytes. These bounds are above what any web configuration needs.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 100_000,
            max_nodes: 50_000,
            max_depth: 16,
            max_documents: 2,
            max_aliases: 100,
            max_anchors: 100,
            max_total_scalar_bytes: 1024 * 1024,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 10_000 },
        merge_keys: MergeKeyPolicy::Merge,
        with_snippet: false,
    }
}

fn describe(error: &Error) -> String {
    if let Error::AliasError { error, .. } = error {
        return describe(error);
    }
    let at = error.location().filter(|location| location.line() > 0);
    let at = at.map_or_else(String::new, |at| format!("line {}, column {}: ", at.line(), at.column()));
    format!("{at}{}", problem(error))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of serde-saphyr: only these need other words")]
fn problem(error: &Error) -> String {
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let nearest = nearest(field, expected.iter().copied()).unwrap_or_default();
            format!("expected a known key, found {}; nearest is {nearest:?}", super::shown(field))
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().map_or_else(|| "a key".to_owned(), super::shown);
            format!("expected each key once, found {key} twice")
        }
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            format!("expected {}, found something else", in_words(expected))
        }
        Error::InvalidScalar { ty, .. } => format!("expected {}, found something else", in_words(ty)),
        Error::InvalidBooleanStrict { .. } => "expected true or false, found something else".to_owned(),
        Error::NullIntoString { .. } => "expected a text, found none".to_owned(),
        Error::Unexpected { expected, .. } => format!("expected {}, found something else", in_words(expected)),
        Error::Budget { .. } => "expected less than this: no web configuration needs as much".to_owned(),
        Error::MultipleDocuments { .. } => "expected one document, found another one".to_owned(),
        other => {
            // The place is said already.
            let text = other.to_string();
            format!(
                "expected YAML, found something else: {}",
                text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why)
            )
        }
    }
}

/// What serde calls a type.
fn in_words(expected: &str) -> &str {
    match expected {
        "bool" | "a boolean" | "boolean" => "true or false",
        "i64" | "integer" => "a whole number",
        "a map" | "mapping start" => "keys with values",
        "a sequence" | "sequence start" => "a list",
        "string scalar" => "a text",
        _ if expected.starts_with("struct ") => "keys with values",
        other => other,
    }
}
