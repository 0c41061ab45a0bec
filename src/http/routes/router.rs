//! The table of routes, and the answer of each.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::config::ServedPart;
use crate::http::ListenerAccess;
use crate::http::PendingItem;
use crate::http::ReadyFn;
use crate::http::access::listener_access::Admission;
use crate::http::bodies::blocking_work::WorkError;
use crate::http::bodies::chunk_writer::is_out_of_memory;
use crate::http::bodies::page_rendering::PageError;
use crate::http::bodies::response::{
    ResponseContent, SendingBody, no_memory_response, no_thread_response, text_response, whole_response, with_header,
};
use crate::http::routes::api_handler::ApiHandler;
use crate::http::routes::content_negotiation::{self, ContentCoding};
use crate::http::routes::files;
use crate::http::routes::header_list::joined;
use crate::http::routes::origin_check::OriginCheck;
use crate::http::routes::scrape_handler::ScrapeHandler;
use crate::http::serving::connection_watch::ConnectionWatch;
use crate::http::serving::handshake::Scheme;
use crate::http::serving::limits::HttpLimits;
use crate::http::{LifecycleAction, LifecycleFn};
use crate::status_page;

const READ: &[Method] = &[Method::GET, Method::HEAD];
const POST: &[Method] = &[Method::POST];

const RELOAD: RouteTarget = RouteTarget::Lifecycle(LifecycleAction::Reload);
const QUIT: RouteTarget = RouteTarget::Lifecycle(LifecycleAction::Quit);

/// All paths except those below `/v3` and those of the status page's files and data.
pub(crate) const ROUTES: &[Route] = &[
    Route { path: "/metrics", methods: READ, part: ServedPart::Metrics, page: RouteTarget::Metrics },
    Route { path: "/-/healthy", methods: READ, part: ServedPart::Health, page: RouteTarget::Healthy },
    Route { path: "/-/ready", methods: READ, part: ServedPart::Health, page: RouteTarget::Ready },
    Route { path: "/-/reload", methods: POST, part: ServedPart::Lifecycle, page: RELOAD },
    Route { path: "/-/quit", methods: POST, part: ServedPart::Lifecycle, page: QUIT },
    Route { path: "/burrow/admin", methods: READ, part: ServedPart::Health, page: RouteTarget::Good },
    Route { path: "/burrow/admin/ready", methods: READ, part: ServedPart::Health, page: RouteTarget::BurrowReady },
];

pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) methods: &'static [Method],
    pub(crate) part: ServedPart,
    page: RouteTarget,
}

#[derive(Clone, Copy)]
enum RouteTarget {
    Metrics,
    Healthy,
    Ready,
    Lifecycle(LifecycleAction),
    Good,
    BurrowReady,
}

/// Everything that answers the requests of one server.
pub(crate) struct Router {
    pub scrapes: ScrapeHandler,
    pub api: ApiHandler,
    pub ready: ReadyFn,
    pub lifecycle: Option<LifecycleFn>,
    pub serves: Vec<ServedPart>,
    pub access: Arc<ListenerAccess>,
    pub origin_check: OriginCheck,
    pub limits: Arc<HttpLimits>,
    pub stopping: CancellationToken,
    /// Cancelled when this server alone ends.
    pub closes: CancellationToken,
}

impl Router {
    /// Answers one request of the watched connection.
    pub async fn answer(
        &self,
        watch: Arc<ConnectionWatch>,
        request: Request<Incoming>,
        scheme: Scheme,
    ) -> Result<Response<SendingBody>, Infallible> {
        let (head, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        watch.begin_request(has_body);
        let mut answer = match self.accept(&head, has_body.then_some(body), scheme).await {
            Ok(body) => self.answer_accepted(&head, body, &watch).await,
            Err(refusal) => refusal,
        };
        self.access.add_headers(answer.headers_mut());
        // The watch does not look for the end of a body, so the connection cannot be used again. Nor can one without
        // TLS at a listener that needs it.
        let answer = if has_body || scheme == Scheme::HttpToHttps {
            with_header(answer, header::CONNECTION, HeaderValue::from_static("close"))
        } else {
            answer
        };
        Ok(answer.map(|content| SendingBody::new(content, head.method == Method::HEAD, watch)))
    }

    async fn answer_accepted(&self, head: &Parts, body: Bytes, watch: &ConnectionWatch) -> Response<ResponseContent> {
        let path = head.uri.path();
        if path == "/v3" || path.starts_with("/v3/") {
            if !self.serves.contains(&ServedPart::Burrow) {
                return not_found();
            }
            return self.api.answer_burrow(&head.method, path.to_owned(), body, watch.cut.clone()).await;
        }
        let call = status_page::parse_call(path, head.uri.query().unwrap_or_default());
        match call.filter(|_| self.serves.contains(&ServedPart::StatusPage)) {
            Some(call) => self.answer_status_page(&head.method, call, &head.headers, watch).await,
            None => self.answer_route(&head.method, path, &head.headers, watch).await,
        }
    }

    async fn answer_route(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        watch: &ConnectionWatch,
    ) -> Response<ResponseContent> {
        if let Some(file) = files::find(path).filter(|_| self.serves.contains(&ServedPart::StatusPage)) {
            return if READ.contains(method) { file.answer(headers) } else { not_allowed(READ) };
        }
        let Some(route) = find_route(path).filter(|route| self.serves.contains(&route.part)) else {
            return not_found();
        };
        if !route.methods.contains(method) {
            return not_allowed(route.methods);
        }
        match route.page {
            RouteTarget::Metrics => self.answer_metrics(method, headers, watch).await,
            RouteTarget::Healthy => text_response(StatusCode::OK, "healthy\n"),
            RouteTarget::Ready => self.answer_readiness(),
            RouteTarget::Lifecycle(action) => self.answer_lifecycle(action).await,
            RouteTarget::Good => self.api.with_allowed_origin(text_response(StatusCode::OK, "GOOD")),
            RouteTarget::BurrowReady => self.api.with_allowed_origin(match self.pending().as_slice() {
                [] => text_response(StatusCode::OK, "READY"),
                [_, ..] => text_response(StatusCode::SERVICE_UNAVAILABLE, "STARTING"),
            }),
        }
    }

    async fn answer_status_page(
        &self,
        method: &Method,
        call: status_page::StatusPageCall,
        headers: &HeaderMap,
        watch: &ConnectionWatch,
    ) -> Response<ResponseContent> {
        if !READ.contains(method) {
            return not_allowed(READ);
        }
        let coding = content_negotiation::coding(&joined(headers, header::ACCEPT_ENCODING));
        self.api.answer_status_page(call, coding, watch.cut.clone()).await
    }

    /// Checks whether a request is accepted, and returns its body, or the answer if it is not.
    async fn accept(
        &self,
        head: &Parts,
        body: Option<Incoming>,
        scheme: Scheme,
    ) -> Result<Bytes, Response<ResponseContent>> {
        if scheme == Scheme::HttpToHttps {
            // Go's text, which clients may know.
            return Err(text_response(StatusCode::BAD_REQUEST, "Client sent an HTTP request to an HTTPS server.\n"));
        }
        if let Some(why) = self.origin_check.refusal(head, scheme) {
            return Err(text_response(StatusCode::FORBIDDEN, why));
        }
        let is_about_health = find_route(head.uri.path()).is_some_and(|route| route.part == ServedPart::Health);
        if let Some(refusal) = refusal(self.access.admit(&head.headers, is_about_health).await) {
            return Err(refusal);
        }
        match body {
            Some(body) => self.read_body(body).await.map_err(|Rejection(status, why)| text_response(status, why)),
            None => Ok(Bytes::new()),
        }
    }

    /// Reads the body of a request, within its limits of size and time.
    async fn read_body(&self, body: Incoming) -> Result<Bytes, Rejection> {
        const TOO_LARGE: Rejection = Rejection(StatusCode::PAYLOAD_TOO_LARGE, "the request body is too large\n");
        let most = self.limits.body_bytes;
        if u64::try_from(most).is_ok_and(|most| body.size_hint().lower() > most) {
            return Err(TOO_LARGE);
        }
        match tokio::time::timeout(self.limits.body, Limited::new(body, most).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
            Ok(Err(_)) => Err(Rejection(StatusCode::BAD_REQUEST, "the request body is malformed\n")),
            Err(_) => Err(Rejection(StatusCode::REQUEST_TIMEOUT, "the request body did not arrive in time\n")),
        }
    }

    async fn answer_metrics(
        &self,
        method: &Method,
        headers: &HeaderMap,
        watch: &ConnectionWatch,
    ) -> Response<ResponseContent> {
        let format = content_negotiation::format(&joined(headers, header::ACCEPT));
        let coding = content_negotiation::coding(&joined(headers, header::ACCEPT_ENCODING));
        let content = match (method, coding) {
            (&Method::HEAD, _) => Ok(ResponseContent::Omitted),
            (_, ContentCoding::Identity) => self.scrapes.plain(format, watch.cut.clone()).await,
            (_, ContentCoding::Gzip) => self.scrapes.compressed(format).await,
        };
        let content = match content {
            Ok(content) => content,
            Err(PageError::Stopping) => return text_response(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
            Err(PageError::NoMemory(_)) => return no_memory_response(),
            Err(PageError::Compress(error)) if is_out_of_memory(&error) => return no_memory_response(),
            Err(PageError::Undone(WorkError::NoThread(error))) => return no_thread_response(&error),
            Err(error @ (PageError::Undone(WorkError::Panicked) | PageError::BrokenOff | PageError::Compress(_))) => {
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
        if coding == ContentCoding::Gzip {
            say(header::CONTENT_ENCODING, "gzip");
        }
        answer
    }

    async fn answer_lifecycle(&self, action: LifecycleAction) -> Response<ResponseContent> {
        let Some(lifecycle) = &self.lifecycle else {
            return text_response(StatusCode::FORBIDDEN, "lifecycle requests are not enabled\n");
        };
        match (lifecycle(action).await, action) {
            (Ok(()), LifecycleAction::Reload) => text_response(StatusCode::OK, "the configuration was read again\n"),
            (Ok(()), LifecycleAction::Quit) => text_response(StatusCode::OK, "stopping\n"),
            (Err(mistakes), _) => {
                let text: String = mistakes.iter().map(|mistake| format!("{mistake}\n")).collect();
                whole_response(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", text.into())
            }
        }
    }

    fn pending(&self) -> Vec<PendingItem> {
        let mut awaited = (self.ready)().awaited;
        if self.stopping.is_cancelled() && !self.closes.is_cancelled() {
            awaited.insert(0, PendingItem::of_stopping());
        }
        awaited
    }

    fn answer_readiness(&self) -> Response<ResponseContent> {
        let awaited = self.pending();
        let status = if awaited.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        match serde_json::to_vec(&awaited) {
            Ok(json) => whole_response(status, "application/json", json.into()),
            Err(error) => {
                tracing::error!(?error, "readiness cannot be told");
                text_response(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal error: readiness could not be written; see the log\n",
                )
            }
        }
    }
}

/// A status and the reason as text.
struct Rejection(StatusCode, &'static str);

fn find_route(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path)
}

fn not_found() -> Response<ResponseContent> {
    text_response(StatusCode::NOT_FOUND, "not found\n")
}

/// The answer to a request that is not admitted.
fn refusal(admission: Admission) -> Option<Response<ResponseContent>> {
    match admission {
        Admission::Admitted => None,
        Admission::TooMany => {
            Some(text_response(StatusCode::TOO_MANY_REQUESTS, "the rate limit of this listener is reached\n"))
        }
        Admission::Unauthorized => {
            let answer = text_response(StatusCode::UNAUTHORIZED, "a user name and the right password are needed\n");
            let scheme = HeaderValue::from_static("Basic realm=\"warrener\"");
            Some(with_header(answer, header::WWW_AUTHENTICATE, scheme))
        }
        Admission::Busy => {
            let why = "too many passwords are being checked; try again later\n";
            Some(text_response(StatusCode::SERVICE_UNAVAILABLE, why))
        }
        Admission::NoThread(error) => Some(no_thread_response(&error)),
    }
}

fn not_allowed(methods: &[Method]) -> Response<ResponseContent> {
    let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let answer = text_response(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    match HeaderValue::try_from(allowed) {
        Ok(allowed) => with_header(answer, header::ALLOW, allowed),
        Err(_) => answer,
    }
}
