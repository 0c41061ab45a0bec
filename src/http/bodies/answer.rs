//! Answers: their parts, and the body as hyper takes it.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::http::bodies::places::Place;
use crate::http::routes::desk::Held;
use crate::http::routes::scrape::Stream;
use crate::http::serving::watch::Watch;
use crate::shortage::{self, Reporter};

/// What stands in an answer.
pub(crate) enum Content {
    /// All of it, its length told.
    Whole(Bytes),
    /// A page that others may be reading, too.
    Shared { chunks: Arc<Vec<Bytes>>, next: usize },
    /// A page that is made as the client takes it.
    Stream(Stream),
    /// A large answer, of which what the client has taken is given free.
    Held(Held),
    /// Left out of an answer to HEAD; GET's would be sent in chunks.
    Omitted,
}

impl Content {
    fn is_at_end(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Shared { chunks, next } => *next >= chunks.len(),
            Self::Held(held) => held.left() == 0,
            Self::Stream(_) | Self::Omitted => false,
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        Poll::Ready(match self {
            Self::Whole(bytes) => Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty()),
            Self::Shared { chunks, next } => {
                let chunk = chunks.get(*next).cloned();
                *next = next.saturating_add(1);
                chunk
            }
            Self::Held(held) => held.next(),
            Self::Stream(stream) => return stream.poll_next(cx),
            Self::Omitted => None,
        })
    }
}

/// An answer in words.
pub(crate) fn text(status: StatusCode, words: &'static str) -> Response<Content> {
    whole(status, "text/plain; charset=utf-8", Bytes::from_static(words.as_bytes()))
}

/// The answer where there is no thread for the work.
pub(crate) fn no_thread(error: &io::Error) -> Response<Content> {
    static REPORTER: Reporter = Reporter::new();
    REPORTER.report(&shortage::thread_cause(error), "requests are answered 503");
    text(StatusCode::SERVICE_UNAVAILABLE, "the system gives no thread for this at present\n")
}

/// The answer where there is no memory for what was asked.
pub(crate) fn no_memory() -> Response<Content> {
    static REPORTER: Reporter = Reporter::new();
    REPORTER.report("there is no memory for what is asked", "requests are answered 503");
    text(StatusCode::SERVICE_UNAVAILABLE, "there is no memory for this at present\n")
}

/// An answer that is there as a whole.
pub(crate) fn whole(status: StatusCode, content_type: &'static str, content: Bytes) -> Response<Content> {
    let answer = Response::new(Content::Whole(content));
    with(with_status(answer, status), CONTENT_TYPE, HeaderValue::from_static(content_type))
}

/// An answer in pieces. A large one keeps its place until it is taken.
pub(crate) fn whole_or_held(
    status: StatusCode,
    content_type: &'static str,
    mut chunks: Vec<Bytes>,
    place: Place,
) -> Response<Content> {
    if chunks.len() <= 1 {
        return whole(status, content_type, chunks.pop().unwrap_or_default());
    }
    let answer = with_status(Response::new(Content::Held(Held::new(chunks, place))), status);
    with(answer, CONTENT_TYPE, HeaderValue::from_static(content_type))
}

/// The answer with this header.
pub(crate) fn with(mut answer: Response<Content>, name: HeaderName, value: HeaderValue) -> Response<Content> {
    answer.headers_mut().insert(name, value);
    answer
}

fn with_status(mut answer: Response<Content>, status: StatusCode) -> Response<Content> {
    *answer.status_mut() = status;
    answer
}

/// A body on its way, whose end is told to the connection's [`Watch`].
pub(crate) struct Sending {
    content: Content,
    complete: bool,
    watch: Arc<Watch>,
}

impl Sending {
    /// `bodiless` for an answer to HEAD, of which hyper sends the head alone.
    pub fn new(content: Content, bodiless: bool, watch: Arc<Watch>) -> Self {
        watch.begin_answer();
        Self { complete: bodiless || content.is_at_end(), content, watch }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.watch.end_answer(self.complete);
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = ready!(self.content.poll_next(cx));
        self.complete |= chunk.is_none() || self.content.is_at_end();
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_at_end()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => exactly(bytes.len()),
            Content::Held(held) => exactly(held.left()),
            Content::Shared { .. } | Content::Stream(_) | Content::Omitted => SizeHint::default(),
        }
    }
}

fn exactly(bytes: usize) -> SizeHint {
    u64::try_from(bytes).map_or_else(|_| SizeHint::default(), SizeHint::with_exact)
}
