//! Refuses requests by a browser's headers.
//!
//! A page of another site can make the browser that shows it send requests to this server. It cannot read the answers,
//! but by then a request that changes something has taken effect. Such a request is refused when the browser says that
//! it comes from elsewhere (`Origin`, RFC 6454; `Sec-Fetch-Site`, Fetch Metadata). A client that is not a browser
//! sends neither header and is accepted.
//!
//! A page whose own host name resolves to this server (DNS rebinding) has the same origin and can read everything. But
//! its requests have that host name as their host, so `allowed-hosts` refuses them.

use hyper::Uri;
use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::http::request::Parts;

use crate::config::HostName;
use crate::http::serving::handshake::Scheme;

/// The origin check of one server.
pub(crate) struct OriginCheck {
    /// `allowed-hosts`. Empty allows any.
    hosts: Vec<HostName>,
}

/// Host and port of an address.
#[derive(Debug, PartialEq, Eq)]
struct Authority {
    host: HostName,
    port: u16,
}

impl OriginCheck {
    pub const fn new(hosts: Vec<HostName>) -> Self {
        Self { hosts }
    }

    /// Returns why a request is answered with 403, or `None` if it is accepted.
    pub fn refusal(&self, head: &Parts, scheme: Scheme) -> Option<&'static str> {
        if !self.hosts.is_empty() && !self.names_allowed_host(&head.uri, &head.headers) {
            return Some("the host of this request is not in allowed-hosts of this [httpserver.*]\n");
        }
        if !head.method.is_safe() && is_cross_site(&head.uri, &head.headers, scheme) {
            return Some("requests from pages of other sites may only read\n");
        }
        None
    }

    /// Whether a request names a host, and every host that it names is allowed.
    fn names_allowed_host(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut named = 0_usize;
        let all = names(uri, headers, Scheme::Http).all(|name| {
            named = named.saturating_add(1);
            name.is_some_and(|name| self.hosts.contains(&name.host))
        });
        all && named > 0
    }
}

/// The hosts that a request names: the authority of its URI, if it has one, and its `Host` headers. An item is `None`
/// if it cannot be parsed.
fn names<'a>(uri: &'a Uri, headers: &'a HeaderMap, scheme: Scheme) -> impl Iterator<Item = Option<Authority>> + 'a {
    let asked = uri.authority().map(move |authority| Authority::parse(authority.as_str(), scheme));
    let hosts = headers.get_all(HOST).iter();
    asked.into_iter().chain(hosts.map(move |host| Authority::parse(host.to_str().ok()?, scheme)))
}

/// The scheme of pages of this server, and its default port.
const fn origin_form(scheme: Scheme) -> (&'static str, u16) {
    match scheme {
        Scheme::Http | Scheme::HttpToHttps => ("http://", 80),
        Scheme::Https => ("https://", 443),
    }
}

/// Whether a browser says that a request comes from a page of another site.
fn is_cross_site(uri: &Uri, headers: &HeaderMap, scheme: Scheme) -> bool {
    let own = names(uri, headers, scheme).next().flatten();
    let (prefix, _) = origin_form(scheme);
    let is_own = |origin: &HeaderValue| {
        let origin = origin.to_str().ok().and_then(|origin| Authority::parse(origin.strip_prefix(prefix)?, scheme));
        origin.is_some() && origin == own
    };
    let is_near = |site: &HeaderValue| site == "same-origin" || site == "none";
    !headers.get_all(ORIGIN).iter().all(is_own) || !headers.get_all("sec-fetch-site").iter().all(is_near)
}

impl Authority {
    /// A port that is not named is the default one of the scheme.
    fn parse(text: &str, scheme: Scheme) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            Some(_) | None => (text, ""),
        };
        // `parse` of the standard library accepts a sign.
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = if port.is_empty() { Some(origin_form(scheme).1) } else { port.parse().ok().filter(|_| digits) };
        Some(Self { host: HostName::parse(host)?, port: port? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_host_and_a_port() {
        let shown = |text| Authority::parse(text, Scheme::Http).map(|it| format!("{} {}", it.host, it.port));
        for (text, expected) in
            [("a", "a 80"), ("A.:80", "a 80"), ("a:", "a 80"), ("[::1]", "[::1] 80"), ("[::1]:9308", "[::1] 9308")]
        {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", ":80", "a:b", "a:+1", "a:65536", "u@a:80", "a/b", "[::1", "::1", "a b", "a:80:80"] {
            assert_eq!(shown(text), None, "{text}");
        }
        assert_eq!(Authority::parse("a", Scheme::Https).map(|it| it.port), Some(443));
    }
}
