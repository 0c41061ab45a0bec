//! HTTP to token endpoints and to AWS: bounded in time and size, without redirects, through the environment's proxy.

use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{HeaderValue, USER_AGENT};
use hyper::{Request, Response, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioExecutor;

use super::error::{TokenError, printable};
use super::tls;
use crate::config::TlsConfig;

/// In bytes. The answers of token endpoints and of AWS have some thousands.
const MOST_BYTES: usize = 1 << 20;
/// For a whole exchange.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends one request and reads the whole answer, whatever its status. `server` is for messages, `section` for TLS.
/// Connections are not kept: there is one request in many minutes.
pub(super) async fn send(
    server: &str,
    request: Request<Bytes>,
    section: Option<&TlsConfig>,
    timeout: Duration,
) -> Result<Response<Bytes>, TokenError> {
    let proxy = proxy(&Matcher::from_env(), request.uri())?;
    let tls = if is_https(request.uri()) { tls::config(section)? } else { tls::without_authorities()? };
    let mut direct = HttpConnector::new();
    direct.enforce_http(false);
    direct.set_connect_timeout(Some(timeout));
    let exchange = async {
        match proxy {
            None => exchange(server, HttpsConnector::from((direct, tls)), request).await,
            Some(proxy) => {
                let tunnel = Tunnel::new(proxy.uri().clone(), direct);
                let tunnel = match proxy.basic_auth() {
                    Some(header) => tunnel.with_auth(header.clone()),
                    None => tunnel,
                };
                exchange(server, HttpsConnector::from((tunnel, tls)), request).await
            }
        }
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| Err(TokenError::Late(server.to_owned())))
}

/// The proxy for a destination. Only destinations with TLS go through one: it sees neither secret nor token.
fn proxy(rules: &Matcher, destination: &Uri) -> Result<Option<Intercept>, TokenError> {
    if !is_https(destination) {
        return Ok(None);
    }
    match rules.intercept(destination) {
        Some(proxy) if proxy.uri().scheme_str() != Some("http") => {
            let problem = "expected an http proxy in HTTPS_PROXY or ALL_PROXY, found another kind";
            Err(TokenError::Settings(problem.to_owned()))
        }
        proxy => Ok(proxy),
    }
}

fn is_https(url: &Uri) -> bool {
    url.scheme_str() == Some("https")
}

async fn exchange<C>(server: &str, connector: C, request: Request<Bytes>) -> Result<Response<Bytes>, TokenError>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
    let mut request = request.map(Full::new);
    let agent = HeaderValue::from_static(concat!("warrener/", env!("CARGO_PKG_VERSION")));
    request.headers_mut().entry(USER_AGENT).or_insert(agent);
    let broken = |error: &dyn Error| TokenError::Unreachable { server: server.to_owned(), cause: cause(error) };
    let response = client.request(request).await.map_err(|error| broken(&error))?;
    let (head, body) = response.into_parts();
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(TokenError::answer(server, format!("more than {MOST_BYTES} bytes")))
        }
        Err(error) => Err(broken(error.as_ref())),
    }
}

/// The first cause of an error, with what to do.
fn cause(error: &dyn Error) -> String {
    let mut first = error;
    while let Some(source) = first.source() {
        first = source;
    }
    let text = printable(&first.to_string());
    let hint = if text.contains("UnknownIssuer") {
        ": set token-tls to a [tls.*] whose cafile has its authority"
    } else if text.contains("invalid peer certificate") {
        ": check the host in token-url, and the server's certificate"
    } else if text.contains("InvalidContentType") {
        ": the port may not expect TLS"
    } else if text.contains("tunnel error") || text.contains("proxy") {
        ": check the proxy in HTTPS_PROXY"
    } else {
        ""
    };
    format!("{text}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(rules: &Matcher, url: &'static str) -> Result<Option<String>, String> {
        let proxy = proxy(rules, &Uri::from_static(url));
        proxy.map(|proxy| proxy.map(|proxy| proxy.uri().to_string())).map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_is_encrypted_goes_through_a_proxy() {
        let rules = Matcher::builder()
            .https("http://user:hush@proxy:3128")
            .http("http://other:1")
            .no("inside.example.com")
            .build();
        assert_eq!(through(&rules, "https://id.example.com/token"), Ok(Some("http://proxy:3128/".to_owned())));
        assert_eq!(through(&rules, "http://id.example.com/token"), Ok(None));
        assert_eq!(through(&rules, "https://id.inside.example.com/token"), Ok(None));
        assert_eq!(through(&Matcher::builder().build(), "https://id.example.com"), Ok(None));
        let all = Matcher::builder().all("proxy:3128").build();
        assert_eq!(through(&all, "https://id.example.com"), Ok(Some("http://proxy:3128/".to_owned())));
        let expected = "expected an http proxy in HTTPS_PROXY or ALL_PROXY, found another kind";
        for other in ["socks5://proxy:1080", "https://proxy:3128"] {
            assert_eq!(
                through(&Matcher::builder().all(other).build(), "https://id.example.com"),
                Err(expected.to_owned())
            );
        }
    }
}
