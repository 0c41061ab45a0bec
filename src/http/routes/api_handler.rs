//! `/v3`, Burrow's API, and `/api`, the status page's data, over HTTP.
//!
//! A few answers are made at a time, each on a thread of its own. A large answer holds its permit until the client has
//! received it. So the number of permits limits the memory of large answers, however many slow clients there are.

use std::io::{self, BufWriter};
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::burrow::{BurrowMethod, BurrowResponse};
use crate::http::BurrowFn;
use crate::http::StatusPageFn;
use crate::http::bodies::blocking_work::{self, WorkError};
use crate::http::bodies::body_size::size_problem;
use crate::http::bodies::chunk_writer::{CHUNK, ChunkWriter, is_out_of_memory};
use crate::http::bodies::response::{
    ResponseContent, no_memory_response, no_thread_response, response_of_chunks, text_response, with_header,
};
use crate::http::bodies::work_permits::WorkPermits;
use crate::http::routes::content_negotiation::ContentCoding;
use crate::http::serving::limits::HttpLimits;
use crate::status_page;

/// The status of an answer whose body would be too long.
const TOO_LARGE: u16 = StatusCode::PAYLOAD_TOO_LARGE.as_u16();

/// Handles the requests whose answers are computed.
pub(crate) struct ApiHandler {
    burrow: BurrowFn,
    status_page: StatusPageFn,
    origin: Option<HeaderValue>,
    permits: WorkPermits,
    /// Maximum size of a body in bytes.
    max_bytes: u64,
}

/// An answer that is ready to be sent.
struct PreparedAnswer {
    status: StatusCode,
    allow: Option<String>,
    coding: ContentCoding,
    chunks: Vec<Bytes>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error("the server stops")]
    Stopping,
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
    #[error("not a status code")]
    Status(#[from] hyper::http::status::InvalidStatusCode),
    #[error("cannot make the answer")]
    Undone(#[from] WorkError),
}

impl ApiHandler {
    pub fn new(api: BurrowFn, numbers: StatusPageFn, origin: Option<&str>, limits: &HttpLimits) -> Self {
        // The configuration has been checked, so this is a valid header value.
        let origin = origin.and_then(|origin| HeaderValue::from_str(origin).ok());
        let places = WorkPermits::new(limits.answers, limits.stall);
        Self { burrow: api, status_page: numbers, origin, permits: places, max_bytes: limits.answer_bytes }
    }

    /// Answers a request to Burrow's API. Waits for a permit. `cut` closes the client's connection.
    pub async fn answer_burrow(
        &self,
        method: &Method,
        path: String,
        body: Bytes,
        cut: CancellationToken,
    ) -> Response<ResponseContent> {
        let (api, verb, longest) = (Arc::clone(&self.burrow), burrow_method(method), self.max_bytes);
        self.with_allowed_origin(or_error_response(
            self.prepare(cut, move || PreparedAnswer::of(api(verb, &path, &body), longest)).await,
        ))
    }

    /// Answers a request for the status page's data. Waits for a permit. `cut` closes the client's connection.
    pub async fn answer_status_page(
        &self,
        call: status_page::StatusPageCall,
        coding: ContentCoding,
        cut: CancellationToken,
    ) -> Response<ResponseContent> {
        let (numbers, longest) = (Arc::clone(&self.status_page), self.max_bytes);
        let mut answer = or_error_response(
            self.prepare(cut, move || PreparedAnswer::of_status_page(numbers(&call), coding, longest)).await,
        );
        let mut say = |name, value| answer.headers_mut().insert(name, HeaderValue::from_static(value));
        say(CACHE_CONTROL, "no-store");
        say(VARY, "Accept-Encoding");
        say(X_CONTENT_TYPE_OPTIONS, "nosniff");
        answer
    }

    /// Adds `Access-Control-Allow-Origin` to an answer, if it is configured.
    pub fn with_allowed_origin(&self, answer: Response<ResponseContent>) -> Response<ResponseContent> {
        match &self.origin {
            Some(origin) => with_header(answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
            None => answer,
        }
    }

    async fn prepare(
        &self,
        cut: CancellationToken,
        work: impl FnOnce() -> Result<PreparedAnswer, AnswerError> + Send + 'static,
    ) -> Result<Response<ResponseContent>, AnswerError> {
        let place = self.permits.acquire(cut).await.ok_or(AnswerError::Stopping)?;
        // The work holds the permit until it ends, even if the client has gone.
        let made = move || {
            has_headroom()?;
            work()
        };
        let (made, place) = blocking_work::run(move || (made(), place)).await?;
        let PreparedAnswer { status, allow, coding, chunks } = made?;
        let mut answer = response_of_chunks(status, "application/json", chunks, place);
        if coding == ContentCoding::Gzip {
            answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(match allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            Some(allow) => with_header(answer, ALLOW, allow),
            None => answer,
        })
    }

    /// Hands out no more permits, and waits until the held ones are free.
    pub async fn close(&self, limits: &HttpLimits) {
        self.permits.close(limits.answers).await;
    }
}

fn or_error_response(answer: Result<Response<ResponseContent>, AnswerError>) -> Response<ResponseContent> {
    match answer {
        Ok(answer) => answer,
        Err(AnswerError::Stopping) => text_response(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        Err(AnswerError::Undone(WorkError::NoThread(error))) => no_thread_response(&error),
        Err(AnswerError::Write(error)) if is_out_of_memory(&error) => no_memory_response(),
        Err(error @ (AnswerError::Write(_) | AnswerError::Status(_) | AnswerError::Undone(WorkError::Panicked))) => {
            tracing::error!(?error, "a request to the API failed");
            text_response(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal error: the answer could not be written; see the log\n",
            )
        }
    }
}

impl PreparedAnswer {
    fn of(mut answer: BurrowResponse, longest: u64) -> Result<Self, AnswerError> {
        if let Some(why) = size_problem(&answer.body, longest)? {
            answer = answer.with_error(TOO_LARGE, why);
        }
        let made = Self::written(answer.status, &answer.body, ContentCoding::Identity)?;
        Ok(Self { allow: answer.allow, ..made })
    }

    fn of_status_page(
        mut answer: status_page::StatusPageResponse,
        coding: ContentCoding,
        longest: u64,
    ) -> Result<Self, AnswerError> {
        if let Some(why) = size_problem(&answer.body, longest)? {
            answer = status_page::StatusPageResponse::error(TOO_LARGE, why);
        }
        Self::written(answer.status, &answer.body, coding)
    }

    fn written(status: u16, body: &impl Serialize, coding: ContentCoding) -> Result<Self, AnswerError> {
        let chunks = match coding {
            ContentCoding::Identity => {
                let mut chunks = ChunkWriter::default();
                serde_json::to_writer(&mut chunks, body).map_err(io::Error::from)?;
                chunks
            }
            ContentCoding::Gzip => {
                let encoder = GzEncoder::new(ChunkWriter::default(), Compression::fast());
                let mut packed = BufWriter::with_capacity(CHUNK, encoder);
                serde_json::to_writer(&mut packed, body).map_err(io::Error::from)?;
                packed.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?
            }
        };
        Ok(Self { status: StatusCode::from_u16(status)?, allow: None, coding, chunks: chunks.into_chunks() })
    }
}

/// The size of the largest answer. The rows of an answer are assembled before they are written.
const HEADROOM: usize = 64 * 1024 * 1024;

/// Checks that there is memory for the largest answer. The rows of an answer are many small allocations that cannot
/// report a failure. So the memory is requested beforehand as one piece, which costs nothing while it is not touched.
fn has_headroom() -> io::Result<()> {
    let mut room = Vec::<u8>::new();
    room.try_reserve_exact(HEADROOM)?;
    // Keeps the compiler from removing the unused allocation.
    std::hint::black_box(&room);
    Ok(())
}

fn burrow_method(method: &Method) -> BurrowMethod {
    match *method {
        Method::GET | Method::HEAD => BurrowMethod::Read,
        Method::DELETE => BurrowMethod::Delete,
        Method::POST => BurrowMethod::Post,
        _ => BurrowMethod::Other,
    }
}
