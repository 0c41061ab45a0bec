//! The answer of a token endpoint, which is checked before it is used.

use hyper::StatusCode;
use serde_json::{Map, Value};

use super::checked_token::RawToken;
use super::error::TokenError;
use crate::config::Secret;
use crate::model::Timestamp;

/// Error codes of RFC 6749, section 5.2, with what to do. Others are not shown, because they might be anything.
const CODES: [(&str, &str); 6] = [
    ("invalid_client", "check client-id and the client's secret or assertion"),
    ("invalid_grant", "check the assertion of assertion-file"),
    ("invalid_request", "check the keys of the section: the endpoint wants others"),
    ("invalid_scope", "check scope"),
    ("unauthorized_client", "allow this client the grant at the endpoint"),
    ("unsupported_grant_type", "check assertion-file, which decides about the grant"),
];

/// Reads an answer. `server` is for messages.
pub(super) fn read(server: &str, status: StatusCode, body: &[u8], now: Timestamp) -> Result<RawToken, TokenError> {
    if status != StatusCode::OK {
        return Err(refusal(server, status, body));
    }
    let answer = |found: &str| TokenError::answer(server, found);
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(answer("something other than a JSON object: check that token-url is the token endpoint"));
    };
    let is_bearer = |kind: &Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    if !fields.get("token_type").is_none_or(is_bearer) {
        return Err(answer("a token that is no bearer token"));
    }
    let Some(token) = fields.get("access_token").and_then(Value::as_str) else {
        return Err(answer("without a string access_token: check that token-url is the token endpoint"));
    };
    Ok(RawToken { value: Secret::new(token.to_owned()), expires: expires(server, &fields, now)? })
}

fn refusal(server: &str, status: StatusCode, body: &[u8]) -> TokenError {
    if status.is_redirection() {
        let found =
            format!("{}, a redirect, which is not followed: set token-url to the endpoint itself", status.as_u16());
        return TokenError::answer(server, found);
    }
    let code = match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => fields.get("error").and_then(Value::as_str).map(str::to_owned),
        Ok(_) | Err(_) => None,
    };
    let known = code.and_then(|code| CODES.iter().find(|(known, _)| *known == code));
    let found = match known {
        Some((code, hint)) => format!("{status} ({code}): {hint}"),
        None if status == StatusCode::UNAUTHORIZED => {
            format!("{status}: check client-id and the client's secret or assertion")
        }
        None if status == StatusCode::NOT_FOUND => format!("{status}: check token-url"),
        None if status.is_server_error() => format!("{status}: look into its log"),
        None => status.to_string(),
    };
    TokenError::answer(server, found)
}

/// The end of the token from `expires_in`, in seconds from now: a number, or a string as some endpoints send it.
fn expires(server: &str, fields: &Map<String, Value>, now: Timestamp) -> Result<Option<Timestamp>, TokenError> {
    let seconds = match fields.get("expires_in") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_i64().or_else(|| number.to_string().split('.').next()?.parse().ok()),
        Some(Value::String(text)) => text.parse().ok(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    let seconds = seconds.filter(|seconds: &i64| *seconds > 0);
    let Some(seconds) = seconds else {
        return Err(TokenError::answer(server, "an expires_in that is no positive number of seconds"));
    };
    Ok(Some(Timestamp(now.0.saturating_add(seconds.saturating_mul(1000)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(status: u16, body: &str) -> Result<(String, Option<i64>), String> {
        let status = StatusCode::from_u16(status).unwrap();
        let read = read("the token endpoint id:1", status, body.as_bytes(), Timestamp(1000));
        let raw = read
            .map_err(|error| error.to_string().strip_prefix("the token endpoint id:1 answers ").unwrap().to_owned())?;
        Ok((raw.value.reveal().to_owned(), raw.expires.map(|expires| expires.0)))
    }

    #[test]
    fn a_good_answer_has_a_token_and_perhaps_its_life() {
        let token = |expires: Option<i64>| Ok(("t".to_owned(), expires));
        assert_eq!(read_as(200, "{\"access_token\":\"t\"}"), token(None));
        let rest = "\"access_token\":\"t\",\"token_type\":\"bearer\"";
        for (life, expected) in [
            ("60", Some(61_000)),
            ("60.5", Some(61_000)),
            ("\"60\"", Some(61_000)),
            ("null", None),
            ("9223372036854775807", Some(i64::MAX)),
        ] {
            assert_eq!(read_as(200, &format!("{{{rest},\"expires_in\":{life}}}")), token(expected), "{life}");
        }
    }

    #[test]
    fn a_bad_answer_says_what_was_found() {
        let no_object = "something other than a JSON object: check that token-url is the token endpoint";
        let deep = "[".repeat(100_000);
        for body in ["", "<html>", "[]", "\"hush\"", "{\"access_token\":", &deep] {
            assert_eq!(read_as(200, body), Err(no_object.to_owned()));
        }
        let no_token = "without a string access_token: check that token-url is the token endpoint";
        for body in ["{}", "{\"access_token\":7}", "{\"access_token\":null}", "{\"token\":\"hush\"}"] {
            assert_eq!(read_as(200, body), Err(no_token.to_owned()));
        }
        for kind in ["\"mac\"", "7", "null"] {
            let body = format!("{{\"access_token\":\"t\",\"token_type\":{kind}}}");
            assert_eq!(read_as(200, &body), Err("a token that is no bearer token".to_owned()));
        }
        for life in ["0", "-1", "\"soon\"", "[]", "true", "1e999"] {
            let found = read_as(200, &format!("{{\"access_token\":\"t\",\"expires_in\":{life}}}"));
            let expected = "an expires_in that is no positive number of seconds";
            assert!(
                found == Err(expected.to_owned()) || (life == "1e999" && found == Err(no_object.to_owned())),
                "{life}"
            );
        }
    }

    #[test]
    fn a_refusal_says_what_to_do_and_shows_nothing_else() {
        let refused = |status: u16, body: &str| read_as(status, body).unwrap_err();
        let client = "401 Unauthorized (invalid_client): check client-id and the client's secret or assertion";
        assert_eq!(refused(401, "{\"error\":\"invalid_client\",\"error_description\":\"hush\"}"), client);
        assert_eq!(refused(400, "{\"error\":\"invalid_scope\"}"), "400 Bad Request (invalid_scope): check scope");
        assert_eq!(refused(400, "{\"error\":\"hush\"}"), "400 Bad Request");
        assert_eq!(refused(500, "hush"), "500 Internal Server Error: look into its log");
        assert_eq!(refused(404, ""), "404 Not Found: check token-url");
        let moved = "302, a redirect, which is not followed: set token-url to the endpoint itself";
        assert_eq!(refused(302, "hush"), moved);
        assert_eq!(refused(204, ""), "204 No Content");
    }
}
