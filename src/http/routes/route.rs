//! The table of routes, and the answer of each.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::http::Awaited;
use crate::http::Ready;
use crate::http::bodies::answer::{Content, Sending, no_memory_response, no_thread_response, text_response, whole_response, with_header};
use crate::http::bodies::chunks::is_out_of_memory;
use crate::http::bodies::work::Undone;
use crate::http::routes::desk::Desk;
use crate::http::routes::files;
use crate::http::routes::gate::Gate;
use crate::http::routes::negotiate::{self, Coding};
use crate::http::routes::scrape::{NoPage, Scrapes};
use crate::http::serving::limits::Limits;
use crate::http::serving::watch::Watch;
use crate::status_page;

const READ: &[Method] = &[Method::GET, Method::HEAD];
const POST: &[Method] = &[Method::POST];

/// All paths except those below `/v3` and those of the status page's files and data.
pub(crate) const ROUTES: &[Route] = &[
    Route { path: "/metrics", methods: READ, page: Page::Metrics },
    Route { path: "/-/healthy", methods: READ, page: Page::Healthy },
    Route { path: "/-/ready", methods: READ, page: Page::Ready },
    Route { path: "/-/reload", methods: POST, page: Page::Lifecycle },
    Route { path: "/-/quit", methods: POST, page: Page::Lifecycle },
    Route { path: "/burrow/admin", methods: READ, page: Page::Good },
    Route { path: "/burrow/admin/ready", methods: READ, page: Page::BurrowReady },
];

pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) methods: &'static [Method],
    page: Page,
}

#[derive(Clone, Copy)]
enum Page {
    Metrics,
    Healthy,
    Ready,
    Lifecycle,
    Good,
    BurrowReady,
}

/// Everything that answers the requests of one server.
pub(crate) struct Pages {
    pub scrapes: Scrapes,
    pub api: Desk,
    pub ready: Ready,
    pub origin_check: Gate,
    pub limits: Arc<Limits>,
    pub stopping: CancellationToken,
}

impl Pages {
    /// Answers one request of the watched connection.
    pub async fn answer(&self, watch: Arc<Watch>, request: Request<Incoming>) -> Result<Response<Sending>, Infallible> {
        let (head, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        watch.begin_request(has_body);
        let path = head.uri.path();
        let answer = match self.accept(&head, has_body.then_some(body)).await {
            Err(refusal) => text_response(refusal.0, refusal.1),
            Ok(body) if path == "/v3" || path.starts_with("/v3/") => {
                self.api.answer_burrow(&head.method, path.to_owned(), body, watch.cut.clone()).await
            }
            Ok(_) => match status_page::parse_call(path, head.uri.query().unwrap_or_default()) {
                Some(call) => self.answer_status_page(&head.method, call, &head.headers, &watch).await,
                None => self.answer_route(&head.method, path, &head.headers, &watch).await,
            },
        };
        // The watch does not look for the end of a body, so the connection cannot be used again.
        let answer =
            if has_body { with_header(answer, header::CONNECTION, HeaderValue::from_static("close")) } else { answer };
        Ok(answer.map(|content| Sending::new(content, head.method == Method::HEAD, watch)))
    }

    async fn answer_route(&self, method: &Method, path: &str, headers: &HeaderMap, watch: &Watch) -> Response<Content> {
        if let Some(file) = files::find(path) {
            return if READ.contains(method) { file.answer(headers) } else { not_allowed(READ) };
        }
        let Some(route) = ROUTES.iter().find(|route| route.path == path) else {
            return text_response(StatusCode::NOT_FOUND, "not found\n");
        };
        if !route.methods.contains(method) {
            return not_allowed(route.methods);
        }
        match route.page {
            Page::Metrics => self.answer_metrics(method, headers, watch).await,
            Page::Healthy => text_response(StatusCode::OK, "healthy\n"),
            Page::Ready => self.answer_readiness(),
            Page::Lifecycle => text_response(StatusCode::FORBIDDEN, "lifecycle requests are not enabled\n"),
            Page::Good => self.api.with_allowed_origin(text_response(StatusCode::OK, "GOOD")),
            Page::BurrowReady => self.api.with_allowed_origin(match self.pending().as_slice() {
                [] => text_response(StatusCode::OK, "READY"),
                [_, ..] => text_response(StatusCode::SERVICE_UNAVAILABLE, "STARTING"),
            }),
        }
    }

    async fn answer_status_page(
        &self,
        method: &Method,
        call: status_page::Call,
        headers: &HeaderMap,
        watch: &Watch,
    ) -> Response<Content> {
        if !READ.contains(method) {
            return not_allowed(READ);
        }
        let coding = negotiate::coding(&joined(headers, header::ACCEPT_ENCODING));
        self.api.answer_status_page(call, coding, watch.cut.clone()).await
    }

    /// Checks whether a request is accepted, and returns its body.
    async fn accept(&self, head: &Parts, body: Option<Incoming>) -> Result<Bytes, Refusal> {
        if let Some(why) = self.origin_check.refusal(head) {
            return Err(Refusal(StatusCode::FORBIDDEN, why));
        }
        match body {
            Some(body) => self.read_body(body).await,
            None => Ok(Bytes::new()),
        }
    }

    /// Reads the body of a request, within its limits of size and time.
    async fn read_body(&self, body: Incoming) -> Result<Bytes, Refusal> {
        const TOO_LARGE: Refusal = Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the request body is too large\n");
        let most = self.limits.body_bytes;
        if u64::try_from(most).is_ok_and(|most| body.size_hint().lower() > most) {
            return Err(TOO_LARGE);
        }
        match tokio::time::timeout(self.limits.body, Limited::new(body, most).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
            Ok(Err(_)) => Err(Refusal(StatusCode::BAD_REQUEST, "the request body is malformed\n")),
            Err(_) => Err(Refusal(StatusCode::REQUEST_TIMEOUT, "the request body did not arrive in time\n")),
        }
    }

    async fn answer_metrics(&self, method: &Method, headers: &HeaderMap, watch: &Watch) -> Response<Content> {
        let format = negotiate::format(&joined(headers, header::ACCEPT));
        let coding = negotiate::coding(&joined(headers, header::ACCEPT_ENCODING));
        let content = match (method, coding) {
            (&Method::HEAD, _) => Ok(Content::Omitted),
            (_, Coding::Identity) => self.scrapes.plain(format, watch.cut.clone()).await,
            (_, Coding::Gzip) => self.scrapes.compressed(format).await,
        };
        let content = match content {
            Ok(content) => content,
            Err(NoPage::Stopping) => return text_response(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
            Err(NoPage::NoMemory(_)) => return no_memory_response(),
            Err(NoPage::Compress(error)) if is_out_of_memory(&error) => return no_memory_response(),
            Err(NoPage::Undone(Undone::NoThread(error))) => return no_thread_response(&error),
            Err(error @ (NoPage::Undone(Undone::Panicked) | NoPage::BrokenOff | NoPage::Compress(_))) => {
                tracing::error!(?error, "a scrape failed");
                return text_response(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal error: the page could not be rendered; see the log\n",
                );
            }
        };
        let mut answer = Response::new(content);
        let mut say = |name: HeaderName, value| answer.headers_mut().insert(name, HeaderValue::from_static(value));
        say(header::CONTENT_TYPE, format.content_type());
        say(header::VARY, "Accept, Accept-Encoding");
        if coding == Coding::Gzip {
            say(header::CONTENT_ENCODING, "gzip");
        }
        answer
    }

    fn pending(&self) -> Vec<Awaited> {
        let mut awaited = (self.ready)().awaited;
        if self.stopping.is_cancelled() {
            awaited.insert(0, Awaited::of_stopping());
        }
        awaited
    }

    fn answer_readiness(&self) -> Response<Content> {
        let awaited = self.pending();
        let status = if awaited.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        match serde_json::to_vec(&awaited) {
            Ok(json) => whole_response(status, "application/json", json.into()),
            Err(error) => {
                tracing::error!(?error, "readiness cannot be told");
                text_response(StatusCode::INTERNAL_SERVER_ERROR, "internal error: readiness could not be written; see the log\n")
            }
        }
    }
}

/// A status and the reason as text.
struct Refusal(StatusCode, &'static str);

fn not_allowed(methods: &[Method]) -> Response<Content> {
    let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let answer = text_response(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    match HeaderValue::try_from(allowed) {
        Ok(allowed) => with_header(answer, header::ALLOW, allowed),
        Err(_) => answer,
    }
}

/// All values of a header as one list. A value that is not text is skipped.
pub(crate) fn joined(headers: &HeaderMap, name: HeaderName) -> Cow<'_, str> {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let first = values.next().unwrap_or_default();
    values.fold(Cow::Borrowed(first), |list, value| Cow::Owned(format!("{list},{value}")))
}
