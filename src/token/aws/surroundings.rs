//! Files, environment and HTTP for the library that finds AWS credentials.

use std::path::Path;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::http::{Request, Response};
use reqsign_core::{Context, Error, FileRead, HttpSend, OsEnv, Result};

use crate::token::error::TokenError;
use crate::token::{files, http_client};

/// For what is on this machine or next to it. Elsewhere nothing listens there, and packets may vanish.
const NEARBY: Duration = Duration::from_secs(2);

/// The system's files and environment, and our HTTP client. Commands are not executed.
pub(super) fn context() -> Context {
    Context::new().with_env(OsEnv).with_file_read(Files).with_http_send(Http)
}

#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>> {
        files::read(Path::new(path)).map(String::into_bytes).map_err(|error| Error::config_invalid(error.to_string()))
    }
}

#[derive(Debug)]
struct Http;

impl HttpSend for Http {
    async fn http_send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let failed = |error: TokenError| Error::unexpected(error.to_string());
        let timeout = if request.uri().scheme_str() == Some("https") { http_client::TIMEOUT } else { NEARBY };
        let server = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        http_client::send(&server, request, None, timeout).await.map_err(failed)
    }
}
