//! The request to a token endpoint.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use super::error::TokenError;
use super::files::{read_secret, read_token};
use crate::config::{ClientAuthentication, Secret, TokenEndpoint};

/// What goes into a request, as it is in the files now.
#[derive(Debug, PartialEq, Eq)]
struct Credentials {
    /// Id and secret, for HTTP's basic authentication.
    basic: Option<(String, Secret)>,
    /// Assertion that proves who the client is.
    client_assertion: Option<Secret>,
    /// Assertion of the grant.
    assertion: Option<Secret>,
}

/// Makes the request (RFC 6749, section 4.4; RFC 7523, sections 2.1 and 2.2). Reads the files.
pub(super) fn request(endpoint: &TokenEndpoint) -> Result<Request<Bytes>, TokenError> {
    let credentials = read_credentials(endpoint)?;
    let body = body(endpoint, &credentials);
    let mut request = Request::post(&endpoint.url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(Bytes::from(body))
        .map_err(|_| TokenError::Settings("expected a URL in token-url, found something else".to_owned()))?;
    if let Some((id, secret)) = &credentials.basic {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", encode(id), encode(secret.reveal())));
        // Base64 always fits into a header.
        let header = HeaderValue::try_from(format!("Basic {pair}"));
        let mut header =
            header.map_err(|_| TokenError::Settings("the client's secret fits into no header".to_owned()))?;
        header.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, header);
    }
    Ok(request)
}

fn read_credentials(endpoint: &TokenEndpoint) -> Result<Credentials, TokenError> {
    let id = endpoint.client_id.clone().unwrap_or_default();
    let (basic, client_assertion) = match &endpoint.authentication {
        ClientAuthentication::Secret(secret) => (Some((id, secret.clone())), None),
        ClientAuthentication::SecretFile(path) => (Some((id, read_secret(path)?)), None),
        ClientAuthentication::AssertionFile(path) => (None, Some(read_token(path)?)),
        ClientAuthentication::None => (None, None),
    };
    let assertion = endpoint.assertion_file.as_deref().map(read_token).transpose()?;
    Ok(Credentials { basic, client_assertion, assertion })
}

fn body(endpoint: &TokenEndpoint, credentials: &Credentials) -> String {
    let mut fields = Vec::new();
    match &credentials.assertion {
        Some(assertion) => {
            fields.push(("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"));
            fields.push(("assertion", assertion.reveal()));
        }
        None => fields.push(("grant_type", "client_credentials")),
    }
    if let Some(assertion) = &credentials.client_assertion {
        fields.push(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
        fields.push(("client_assertion", assertion.reveal()));
    }
    if let (None, Some(id)) = (&credentials.basic, &endpoint.client_id) {
        fields.push(("client_id", id));
    }
    if let Some(scope) = &endpoint.scope {
        fields.push(("scope", scope));
    }
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// Encodes a value for a form, and for basic authentication (RFC 6749, section 2.3.1).
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(authentication: ClientAuthentication) -> TokenEndpoint {
        TokenEndpoint {
            url: "https://id.example.com/token?x=1".to_owned(),
            client_id: Some("an id".to_owned()),
            authentication,
            assertion_file: None,
            scope: Some("a b".to_owned()),
            tls: None,
        }
    }

    fn sent(endpoint: &TokenEndpoint) -> (Option<String>, String) {
        let request = request(endpoint).unwrap();
        assert_eq!((request.method().as_str(), request.uri().to_string()), ("POST", endpoint.url.clone()));
        assert_eq!(request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
        let header = request.headers().get(AUTHORIZATION);
        let header = header.map(|header| header.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned());
        let header = header.map(|pair| String::from_utf8(BASE64_STANDARD.decode(pair).unwrap()).unwrap());
        assert!(!format!("{request:?}").contains("Basic"), "{request:?}");
        (header, String::from_utf8(request.into_body().to_vec()).unwrap())
    }

    #[test]
    fn a_secret_goes_into_the_header_and_is_encoded() {
        let secret = ClientAuthentication::Secret(Secret::new("p:%+ä".to_owned()));
        let expected =
            (Some("an%20id:p%3A%25%2B%C3%A4".to_owned()), "grant_type=client_credentials&scope=a%20b".to_owned());
        assert_eq!(sent(&endpoint(secret)), expected);
    }

    #[test]
    fn files_are_read_for_each_request() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let by_file = endpoint(ClientAuthentication::SecretFile(path.clone()));
        for secret in ["first", "second"] {
            std::fs::write(&path, format!("{secret}\n")).unwrap();
            assert_eq!(sent(&by_file).0, Some(format!("an%20id:{secret}")));
        }
        std::fs::remove_file(&path).unwrap();
        assert!(request(&by_file).unwrap_err().to_string().starts_with("cannot use "));
    }

    #[test]
    fn assertions_are_those_of_rfc_7523() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("assertion");
        std::fs::write(&path, "a.b.c\n").unwrap();
        let client = endpoint(ClientAuthentication::AssertionFile(path.clone()));
        let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let expected =
            format!("grant_type=client_credentials&{kind}&client_assertion=a.b.c&client_id=an%20id&scope=a%20b");
        assert_eq!(sent(&client), (None, expected));
        let grant = TokenEndpoint {
            client_id: None,
            scope: None,
            assertion_file: Some(path),
            ..endpoint(ClientAuthentication::None)
        };
        let expected = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c";
        assert_eq!(sent(&grant), (None, expected.to_owned()));
    }
}
