//! Gets one token from its source.

use super::checked_token::{RawToken, Token};
use super::error::TokenError;
use super::{aws, endpoint_answer, endpoint_request, files, http_client};
use crate::clock;
use crate::config::{TokenConfig, TokenEndpoint, TokenSource};

/// Gets a token, and checks it.
pub(super) async fn fetch(config: &TokenConfig) -> Result<Token, TokenError> {
    let raw = match &config.source {
        TokenSource::Endpoint(endpoint) => ask(endpoint).await?,
        TokenSource::File(path) => RawToken { value: files::read_token(path)?, expires: None },
        TokenSource::Value(token) => RawToken { value: token.clone(), expires: None },
        TokenSource::Aws(aws) => aws::token(aws, clock::now).await?,
    };
    Token::check(raw, config, clock::now())
}

async fn ask(endpoint: &TokenEndpoint) -> Result<RawToken, TokenError> {
    let request = endpoint_request::request(endpoint)?;
    let server = format!("the token endpoint {}", request.uri().authority().map_or("", |authority| authority.as_str()));
    // The life of the token begins before the answer is there.
    let asked = clock::now();
    let response = http_client::send(&server, request, endpoint.tls.as_ref(), http_client::TIMEOUT).await?;
    endpoint_answer::read(&server, response.status(), response.body(), asked)
}
