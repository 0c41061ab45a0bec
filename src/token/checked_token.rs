//! A token that has been checked, with what goes with it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::MOST_BYTES;
use super::error::TokenError;
use crate::config::{Secret, TokenConfig, TokenSource, is_bearer_token};
use crate::model::Timestamp;

/// How long a token counts as valid that does not say it.
const UNKNOWN_LIFE: i64 = 5 * 60 * 1000;
/// The longest life that is believed, a year. librdkafka calculates with it in microseconds.
const LONGEST_LIFE: i64 = 365 * 24 * 60 * 60 * 1000;
/// In bytes. A longer name is not used.
const LONGEST_NAME: usize = 255;

/// A token as it came, with what its source says about its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawToken {
    pub(super) value: Secret,
    /// The end that the source gives. The claim `exp` of a JWT counts before it.
    pub(super) expires: Option<Timestamp>,
}

/// A token that librdkafka accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The token, of the characters of RFC 6750.
    pub(crate) value: Secret,
    /// When it expires.
    pub(crate) expires: Timestamp,
    /// The name of the client. It has no control characters.
    pub(crate) principal: String,
    /// SASL extensions, name and value.
    pub(crate) extensions: Vec<(String, String)>,
}

/// The claims of a JWT that matter here.
#[derive(Debug, Default, Deserialize)]
struct Claims {
    exp: Option<Value>,
    sub: Option<Value>,
}

impl Token {
    /// Checks a token.
    pub(super) fn check(raw: RawToken, config: &TokenConfig, now: Timestamp) -> Result<Self, TokenError> {
        if raw.value.reveal().len() > MOST_BYTES {
            return Err(TokenError::Token("expected a token of at most 65536 bytes, found a longer one"));
        }
        if !is_bearer_token(raw.value.reveal()) {
            return Err(TokenError::Token("expected a token of letters, digits and -._~+/, found other characters"));
        }
        let claims = claims(raw.value.reveal());
        let expires = match claims.exp {
            Some(exp) => Some(
                seconds(&exp).ok_or(TokenError::Token("expected a number as the token's exp, found another value"))?,
            ),
            None => raw.expires,
        };
        let expires = expires.unwrap_or(Timestamp(now.0.saturating_add(UNKNOWN_LIFE)));
        if expires <= now {
            return Err(TokenError::Token("the token has expired: renew it, or compare the clocks"));
        }
        let expires = expires.min(Timestamp(now.0.saturating_add(LONGEST_LIFE)));
        let subject = claims.sub.as_ref().and_then(Value::as_str);
        let extensions = config.extensions.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Self { value: raw.value, expires, principal: principal(config, subject), extensions })
    }
}

/// The name of the client: the configured one, the subject of the token, the id of the client, or the section.
fn principal(config: &TokenConfig, subject: Option<&str>) -> String {
    let client = match &config.source {
        TokenSource::Endpoint(endpoint) => endpoint.client_id.as_deref(),
        TokenSource::File(_) | TokenSource::Value(_) | TokenSource::Aws(_) => None,
    };
    let is_name =
        |name: &&str| !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(|c: char| c.is_control());
    let names = [config.principal.as_deref(), subject, client].into_iter().flatten();
    names.into_iter().find(is_name).unwrap_or(&config.section).to_owned()
}

/// The claims of a JWT. None of them for a token of another kind.
fn claims(token: &str) -> Claims {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Claims::default();
    };
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// A time in seconds, which may have a fraction.
fn seconds(value: &Value) -> Option<Timestamp> {
    if let Some(seconds) = value.as_i64() {
        return Some(Timestamp(seconds.saturating_mul(1000)));
    }
    // Beyond 64 bits, and with a fraction. What is left of the fraction does not matter.
    let whole = value.as_number()?.to_string();
    let (digits, _) = whole.split_once('.')?;
    Some(Timestamp(digits.parse::<i64>().ok()?.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn config() -> TokenConfig {
        TokenConfig {
            section: "sasl.s".to_owned(),
            source: TokenSource::Value(Secret::new("x".to_owned())),
            principal: None,
            extensions: BTreeMap::from([("logicalCluster".to_owned(), "lkc-1".to_owned())]),
        }
    }

    fn jwt(payload: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    fn check(value: &str, expires: Option<i64>) -> Result<Token, TokenError> {
        let raw = RawToken { value: Secret::new(value.to_owned()), expires: expires.map(Timestamp) };
        Token::check(raw, &config(), NOW)
    }

    fn expiry(value: &str, expires: Option<i64>) -> Result<i64, String> {
        check(value, expires).map(|token| token.expires.0).map_err(|error| error.to_string())
    }

    #[test]
    fn the_end_is_exp_or_what_the_source_says_or_five_minutes() {
        assert_eq!(expiry(&jwt("{\"exp\":2000}"), Some(1_500_000)), Ok(2_000_000));
        assert_eq!(expiry(&jwt("{\"exp\":2000.75}"), None), Ok(2_000_000));
        assert_eq!(expiry(&jwt("{}"), Some(1_500_000)), Ok(1_500_000));
        assert_eq!(expiry("opaque", Some(1_500_000)), Ok(1_500_000));
        assert_eq!(expiry("opaque", None), Ok(1_300_000));
        // Of other kinds, and with a payload that is none.
        for token in ["a.b.c.d.e", "a.!.c", "a.bm9uZQ.c", "..."] {
            assert_eq!(expiry(token, None).is_ok(), token != "a.!.c", "{token}");
        }
        let forever = Ok(NOW.0 + LONGEST_LIFE);
        for exp in ["9223372036854775807", "99999999999"] {
            assert_eq!(expiry(&jwt(&format!("{{\"exp\":{exp}}}")), None), forever, "{exp}");
        }
    }

    #[test]
    fn a_token_that_cannot_be_used_says_why() {
        let expired = Err("the token has expired: renew it, or compare the clocks".to_owned());
        for exp in ["1000", "0", "-5", "-9223372036854775808", "999.9"] {
            assert_eq!(expiry(&jwt(&format!("{{\"exp\":{exp}}}")), None), expired, "{exp}");
        }
        assert_eq!(expiry("opaque", Some(1_000_000)), expired);
        let number = Err("expected a number as the token's exp, found another value".to_owned());
        for exp in ["\"2000\"", "[]", "true", "1e400"] {
            let found = expiry(&jwt(&format!("{{\"exp\":{exp}}}")), None);
            // What is no JSON is no JWT.
            assert!(found == number || (exp == "1e400" && found == Ok(1_300_000)), "{exp}: {found:?}");
        }
        let characters = Err("expected a token of letters, digits and -._~+/, found other characters".to_owned());
        for token in ["", "a b", "a\0", "a\r\nb", "a\u{1}auth=x", "ä"] {
            assert_eq!(expiry(token, None), characters, "{token:?}");
        }
        let long = Err("expected a token of at most 65536 bytes, found a longer one".to_owned());
        assert_eq!(expiry(&"x".repeat(65_537), None), long);
        assert!(check(&"x".repeat(65_536), None).is_ok());
    }

    #[test]
    fn the_name_is_the_configured_one_or_the_subject_or_the_client_or_the_section() {
        let name = |config: &TokenConfig, payload: &str| {
            let raw = RawToken { value: Secret::new(jwt(payload)), expires: None };
            Token::check(raw, config, NOW).unwrap().principal
        };
        assert_eq!(name(&config(), "{\"sub\":\"someone\"}"), "someone");
        let long = format!("{{\"sub\":\"{}\"}}", "x".repeat(256));
        for payload in ["{}", "{\"sub\":7}", "{\"sub\":\"\"}", "{\"sub\":\"a\\u0000b\"}", &long] {
            assert_eq!(name(&config(), payload), "sasl.s", "{payload}");
        }
        let named = TokenConfig { principal: Some("me".to_owned()), ..config() };
        assert_eq!(name(&named, "{\"sub\":\"someone\"}"), "me");
    }

    #[test]
    fn extensions_go_along_and_nothing_shows_the_token() {
        let token = check("hush", None).unwrap();
        assert_eq!(token.extensions, [("logicalCluster".to_owned(), "lkc-1".to_owned())]);
        assert!(!format!("{token:?}").contains("hush"));
    }
}
