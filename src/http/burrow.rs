//! `/v3`: Burrow's API over HTTP. Answers are made on threads for blocking work, a few at a time, and a large one
//! holds its place until its client has taken it: so a crowd of slow clients costs no memory beyond that.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, HeaderValue};
use hyper::{Method, Response, StatusCode};
use tokio_util::sync::CancellationToken;

use super::Api;
use super::answer::{Content, text, whole_or_held, with};
use super::limits::Limits;
use super::places::{Place, Places};
use crate::burrow::{Answer, Verb};

/// Size of a piece of an answer.
const CHUNK: usize = 64 * 1024;

/// Where requests to the API are taken.
pub(super) struct Desk {
    api: Api,
    origin: Option<HeaderValue>,
    places: Places,
}

/// What is made of an answer.
struct Made {
    status: StatusCode,
    allow: Option<String>,
    chunks: Vec<Bytes>,
}

/// A large answer on its way.
pub(super) struct Held {
    chunks: std::vec::IntoIter<Bytes>,
    left: usize,
    /// Given back with the last piece.
    place: Option<Place>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("the server stops")]
    Stopping,
    #[error("cannot write the answer")]
    Write(#[from] serde_json::Error),
    #[error("not a status code")]
    Status(#[from] hyper::http::status::InvalidStatusCode),
    /// A bug of ours: it costs this answer and nothing else.
    #[error("cannot make the answer")]
    Make(#[from] tokio::task::JoinError),
}

impl Desk {
    pub fn new(api: Api, origin: Option<&str>, limits: &Limits) -> Self {
        // The configuration has been checked: it is a header's value.
        let origin = origin.and_then(|origin| HeaderValue::from_str(origin).ok());
        Self { api, origin, places: Places::new(limits.answers, limits.stall) }
    }

    /// Answers one request of a connection that `cut` ends. Waits for a place.
    pub async fn answer(
        &self,
        method: &Method,
        path: String,
        body: Bytes,
        cut: CancellationToken,
    ) -> Response<Content> {
        let answer = match self.make(verb(method), path, body, cut).await {
            Ok(answer) => answer,
            Err(NoAnswer::Stopping) => text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
            Err(error @ (NoAnswer::Write(_) | NoAnswer::Status(_) | NoAnswer::Make(_))) => {
                tracing::error!(?error, "a request to the API failed");
                text(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made\n")
            }
        };
        self.marked(answer)
    }

    /// An answer with what browsers want to know about whom it may be shown to.
    pub fn marked(&self, answer: Response<Content>) -> Response<Content> {
        match &self.origin {
            Some(origin) => with(answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
            None => answer,
        }
    }

    async fn make(
        &self,
        verb: Verb,
        path: String,
        body: Bytes,
        cut: CancellationToken,
    ) -> Result<Response<Content>, NoAnswer> {
        let place = self.places.take(cut).await.ok_or(NoAnswer::Stopping)?;
        let api = Arc::clone(&self.api);
        // The place goes along: it is held for as long as the work lasts, even if the client has gone.
        let work = tokio::task::spawn_blocking(move || (Made::of(&api(verb, &path, &body)), place));
        let (made, place) = work.await?;
        let Made { status, allow, chunks } = made?;
        let answer = whole_or_held(status, "application/json", chunks, place);
        Ok(match allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            Some(allow) => with(answer, ALLOW, allow),
            None => answer,
        })
    }

    /// Gives no more places, and waits for those that are held.
    pub async fn end(&self, limits: &Limits) {
        self.places.close(limits.answers).await;
    }
}

impl Made {
    fn of(answer: &Answer) -> Result<Self, NoAnswer> {
        let mut chunks = Chunks::default();
        serde_json::to_writer(&mut chunks, &answer.body)?;
        let status = StatusCode::from_u16(answer.status)?;
        Ok(Self { status, allow: answer.allow.clone(), chunks: chunks.end() })
    }
}

impl Held {
    pub fn new(chunks: Vec<Bytes>, place: Place) -> Self {
        place.taken();
        let left = chunks.iter().map(Bytes::len).sum();
        Self { chunks: chunks.into_iter(), left, place: Some(place) }
    }

    /// Bytes to come.
    pub const fn left(&self) -> usize {
        self.left
    }

    pub fn next(&mut self) -> Option<Bytes> {
        let chunk = self.chunks.next()?;
        self.left = self.left.saturating_sub(chunk.len());
        match &self.place {
            Some(place) if self.left > 0 => place.taken(),
            Some(_) | None => self.place = None,
        }
        Some(chunk)
    }
}

fn verb(method: &Method) -> Verb {
    match *method {
        Method::GET | Method::HEAD => Verb::Read,
        Method::DELETE => Verb::Delete,
        Method::POST => Verb::Post,
        _ => Verb::Other,
    }
}

/// What is written, in pieces of their own, each of which is free once it is sent.
#[derive(Default)]
struct Chunks {
    full: Vec<Bytes>,
    open: Vec<u8>,
}

impl Chunks {
    fn close(&mut self) {
        self.full.push(std::mem::replace(&mut self.open, Vec::with_capacity(CHUNK)).into());
    }

    fn end(mut self) -> Vec<Bytes> {
        if !self.open.is_empty() {
            self.full.push(self.open.into());
        }
        self.full
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.open.is_empty() && self.open.len().saturating_add(bytes.len()) > CHUNK {
            self.close();
        }
        self.open.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
