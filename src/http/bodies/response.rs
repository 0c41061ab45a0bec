//! Answers: their content, and the body in hyper's form.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::http::bodies::large_body::LargeBody;
use crate::http::bodies::page_stream::PageStream;
use crate::http::bodies::work_permits::WorkPermit;
use crate::http::serving::connection_watch::ConnectionWatch;
use crate::shortage::{self, ShortageReporter};

/// The content of an answer.
pub(crate) enum ResponseContent {
    /// A whole body, sent with its length.
    Whole(Bytes),
    /// A page that is shared with other requests.
    Shared { chunks: Arc<Vec<Bytes>>, next: usize },
    /// A page that is rendered while the client takes it.
    Stream(PageStream),
    /// A large body whose pieces are freed as the client takes them.
    Held(LargeBody),
    /// No body, for HEAD on a page that GET sends in chunks.
    Omitted,
}

impl ResponseContent {
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

/// A plain text answer.
pub(crate) fn text_response(status: StatusCode, words: &'static str) -> Response<ResponseContent> {
    whole_response(status, "text/plain; charset=utf-8", Bytes::from_static(words.as_bytes()))
}

/// The answer if no thread can be started for the request.
pub(crate) fn no_thread_response(error: &io::Error) -> Response<ResponseContent> {
    static REPORTER: ShortageReporter = ShortageReporter::new();
    REPORTER.report(&shortage::thread_error_text(error), "requests are answered 503");
    text_response(StatusCode::SERVICE_UNAVAILABLE, "no thread is available for this request; try again later\n")
}

/// The answer if there is no memory for the request.
pub(crate) fn no_memory_response() -> Response<ResponseContent> {
    static REPORTER: ShortageReporter = ShortageReporter::new();
    REPORTER.report("there is no memory for what is asked", "requests are answered 503");
    text_response(StatusCode::SERVICE_UNAVAILABLE, "not enough memory for this request; try again later\n")
}

/// An answer with a whole body.
pub(crate) fn whole_response(
    status: StatusCode,
    content_type: &'static str,
    content: Bytes,
) -> Response<ResponseContent> {
    let answer = Response::new(ResponseContent::Whole(content));
    with_header(with_status(answer, status), CONTENT_TYPE, HeaderValue::from_static(content_type))
}

/// An answer from pieces. A body of more than one piece keeps its permit until the client has taken it.
pub(crate) fn response_of_chunks(
    status: StatusCode,
    content_type: &'static str,
    mut chunks: Vec<Bytes>,
    place: WorkPermit,
) -> Response<ResponseContent> {
    if chunks.len() <= 1 {
        return whole_response(status, content_type, chunks.pop().unwrap_or_default());
    }
    let answer = with_status(Response::new(ResponseContent::Held(LargeBody::new(chunks, place))), status);
    with_header(answer, CONTENT_TYPE, HeaderValue::from_static(content_type))
}

/// Sets a header of an answer.
pub(crate) fn with_header(
    mut answer: Response<ResponseContent>,
    name: HeaderName,
    value: HeaderValue,
) -> Response<ResponseContent> {
    answer.headers_mut().insert(name, value);
    answer
}

fn with_status(mut answer: Response<ResponseContent>, status: StatusCode) -> Response<ResponseContent> {
    *answer.status_mut() = status;
    answer
}

/// A body that is being sent. Its end is reported to the connection's [`ConnectionWatch`].
pub(crate) struct SendingBody {
    content: ResponseContent,
    complete: bool,
    watch: Arc<ConnectionWatch>,
}

impl SendingBody {
    /// Starts sending. `bodiless` is true for an answer to HEAD, of which hyper sends only the head.
    pub fn new(content: ResponseContent, bodiless: bool, watch: Arc<ConnectionWatch>) -> Self {
        watch.begin_answer();
        Self { complete: bodiless || content.is_at_end(), content, watch }
    }
}

impl Drop for SendingBody {
    fn drop(&mut self) {
        self.watch.end_answer(self.complete);
    }
}

impl Body for SendingBody {
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
            ResponseContent::Whole(bytes) => exact_size_hint(bytes.len()),
            ResponseContent::Held(held) => exact_size_hint(held.left()),
            ResponseContent::Shared { .. } | ResponseContent::Stream(_) | ResponseContent::Omitted => {
                SizeHint::default()
            }
        }
    }
}

fn exact_size_hint(bytes: usize) -> SizeHint {
    u64::try_from(bytes).map_or_else(|_| SizeHint::default(), SizeHint::with_exact)
}
