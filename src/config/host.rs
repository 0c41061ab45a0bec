//! A host by which a server is addressed.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};

use super::file::values;

/// A host name or address in the form in which browsers send it: lower case, without a trailing dot, IPv6 in brackets
/// and in its shortest form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// Parses a host without a port. Returns `None` if it is not a host.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !values::is_host(text) {
            return None;
        }
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let short = inner.and_then(|inner| inner.parse::<Ipv6Addr>().ok()).map(|address| format!("[{address}]"));
        Some(Self(short.unwrap_or_else(|| text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase())))
    }

    /// Whether the host is a loopback address or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.0.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        self.0 == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        HostName::parse(text).map(|host| host.to_string())
    }

    #[test]
    fn a_host_has_one_form() {
        for (text, form) in [
            ("Lag.Example.com.", "lag.example.com"),
            ("kafka_1", "kafka_1"),
            ("127.0.0.1", "127.0.0.1"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("[FE80::A]", "[fe80::a]"),
        ] {
            assert_eq!(parsed(text).as_deref(), Some(form), "{text}");
        }
        for text in ["", ".", "a:1", "::1", "[::1]:80", "http://a", "a/b", "u@a", "*", "a b", "256.0.0.1"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn a_loopback_host_is_this_machines_own() {
        let is_loopback = |text| HostName::parse(text).unwrap().is_loopback();
        assert!(["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "[::1]"].into_iter().all(is_loopback));
        assert!(!["0.0.0.0", "[::]", "localhost.example.com", "10.0.0.1"].into_iter().any(is_loopback));
    }
}
