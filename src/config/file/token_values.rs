//! The forms of values about tokens: URLs, tokens, SASL extensions.

use crate::config::file::bounds::SERVER_PORT;
use crate::config::file::values::port;
use crate::config::host::HostName;

/// The parts of a URL that decide about it.
pub(crate) struct Url {
    pub(crate) is_https: bool,
    pub(crate) host: HostName,
}

/// Parses an `http` or `https` URL without user, password and fragment.
pub(crate) fn parse_url(text: &str) -> Option<Url> {
    let (is_https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return None,
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    if text.len() > 2_048 || !text.bytes().all(is_plain) {
        return None;
    }
    let authority = rest.split(['/', '?']).next()?;
    let host = match authority.rsplit_once(':') {
        Some((host, digits)) if !digits.ends_with(']') => {
            SERVER_PORT.accept(port(digits)?)?;
            host
        }
        Some(_) | None => authority,
    };
    Some(Url { is_https, host: HostName::parse(host)? })
}

/// Whether a string is a bearer token (`b64token` of RFC 6750, section 2.1).
#[must_use]
pub fn is_bearer_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// Whether a string is the name of a SASL extension (RFC 7628, section 3.1) that a client may set.
pub(crate) fn is_extension_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic()) && text != "auth"
}

/// Whether a string is the value of a SASL extension that Kafka accepts.
pub(crate) fn is_extension_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || b" \t\r\n".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_and_a_host_and_no_password() {
        let parsed = |text: &str| parse_url(text).map(|url| (url.is_https, url.host.to_string()));
        for (text, expected) in [
            ("https://id.example.com", (true, "id.example.com")),
            ("https://ID.example.com:8443/realms/a/token?x=1&y=%20", (true, "id.example.com")),
            ("http://localhost:8080/token", (false, "localhost")),
            ("http://[::1]/token", (false, "[::1]")),
            ("http://[::1]:80?x", (false, "[::1]")),
        ] {
            assert_eq!(parsed(text), Some((expected.0, expected.1.to_owned())), "{text}");
        }
        for text in [
            "",
            "id.example.com/token",
            "ftp://id.example.com",
            "HTTPS://id.example.com",
            "https://",
            "https:///token",
            "https://user:hush@id.example.com",
            "https://id.example.com:0",
            "https://id.example.com:port",
            "https://id.example.com/a b",
            "https://id.example.com/#part",
            "https://id.example.com/\n",
            "https://id.exämple.com",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn tokens_and_extensions_have_the_forms_of_their_rfcs() {
        assert!(["a", "eyJ.e30.-_", "a~+/=", "a=="].into_iter().all(is_bearer_token));
        assert!(!["", "=", "a b", "a=b", "a\n", "ä", "a\u{1}"].into_iter().any(is_bearer_token));
        assert!(["logicalCluster", "Auth", "a"].into_iter().all(is_extension_name));
        assert!(!["", "auth", "a1", "a-b", "ä"].into_iter().any(is_extension_name));
        assert!(["lkc-1", " ", "a\t\r\nb", "~!"].into_iter().all(is_extension_value));
        assert!(!["", "ä", "a\u{1}", "\u{7f}", "a\0"].into_iter().any(is_extension_value));
    }
}
