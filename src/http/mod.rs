//! The HTTP server: metrics, health, readiness, Burrow's API, the status page.
//!
//! ```text
//! server ──▶ connection ──▶ hyper ──▶ router ──▶ scrape_handler, api_handler, files ──▶ response
//!              │                        │          └─ page_rendering: renders a page
//!              │                        └─ access: whether the request is answered
//!              ├─ handshake: TLS
//!              ├─ connection_watch: the state of the connection and its deadlines
//!              └─ watched_socket, metered_socket: the socket, which reports to connection_watch
//! ```
//!
//! `access` has TLS, passwords and the rest of what protects a listener, and reads it again when its files change.
//! `limits` has the limits for one client, `connection_limit` the limit of connections over all servers, and
//! `origin_check` refuses requests from pages of other sites. hyper parses and frames. Time limits, the count of
//! connections and closing are implemented here, because hyper would close idle connections as slow ones. No type of
//! hyper is visible outside this module.
//!
//! A slow client is cut off in one of two places. `serving/connection_watch` has the deadline by which a head must
//! arrive and an answer must be taken; `serving/connection` ends the connection at that time. `bodies/work_permits`
//! cuts a client that holds a permit and has taken nothing for a second, if another client waits for a permit. The
//! times are in `serving/limits`.

use std::collections::TryReserveError;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::burrow::{BurrowMethod, BurrowResponse};
use crate::config::{HostName, ServedPart};
use crate::metrics::Format;
use crate::status_page;

mod access;
mod bodies;
mod routes;
mod serving;
#[cfg(test)]
mod tests;

pub use access::{AccessError, AccessReport, HashingQueue, ListenerAccess};
pub use serving::connection_limit::ConnectionLimit;
pub use serving::listener::BindError;
pub use serving::server::Server;

/// One rendered page, as an iterator of pieces of about 256 KiB. Pieces are rendered a few ahead of the client.
pub type PagePieces = Box<dyn Iterator<Item = Vec<u8>> + Send>;

/// Reads the values of a page and returns its pieces. The values are not older than the given instant, the time of the
/// request.
///
/// Fails if there is no memory for the values. The call and the making of the pieces may take long; both happen on a
/// thread of their own.
pub type ScrapeFn = Arc<dyn Fn(Format, Instant) -> Result<PagePieces, TryReserveError> + Send + Sync>;

/// Reports which modules are not ready yet. Called for each request, so it should only copy.
pub type ReadyFn = Arc<dyn Fn() -> Readiness + Send + Sync>;

/// Receives the time that a complete page took to make, without waiting for a permit or for the client.
pub type ObserveFn = Arc<dyn Fn(Duration) + Send + Sync>;

/// Answers a request to Burrow's API, given its method, path and body. It may take long: it is called on a thread of
/// its own.
pub type BurrowFn = Arc<dyn Fn(BurrowMethod, &str, &[u8]) -> BurrowResponse + Send + Sync>;

/// Answers a request for the status page's data. It may take long: it is called on a thread of its own.
pub type StatusPageFn = Arc<dyn Fn(&status_page::StatusPageCall) -> status_page::StatusPageResponse + Send + Sync>;

/// What a client may ask of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleAction {
    /// Read the configuration again.
    Reload,
    /// End the program.
    Quit,
}

/// Does what a client asks of the program, and returns when it is done. The error is all mistakes of the configuration.
pub type LifecycleFn =
    Arc<dyn Fn(LifecycleAction) -> Pin<Box<dyn Future<Output = Result<(), Vec<String>>> + Send>> + Send + Sync>;

/// What a server serves.
#[derive(Clone)]
pub struct Endpoints {
    /// `/metrics`.
    pub scrape: ScrapeFn,
    /// `/-/ready`.
    pub ready: ReadyFn,
    /// `warrener_scrape_seconds`.
    pub observe: ObserveFn,
    /// `/v3`.
    pub burrow: BurrowFn,
    /// `/api`, the status page's data.
    pub status_page: StatusPageFn,
    /// `/-/reload` and `/-/quit`. `None` refuses them.
    pub lifecycle: Option<LifecycleFn>,
    /// `Access-Control-Allow-Origin` of answers of `/v3` and `/burrow/admin`. `None` sends no such header.
    pub origin: Option<String>,
    /// The hosts by which the server may be addressed. Empty allows any.
    pub allowed_hosts: Vec<HostName>,
    /// What is served. Every other path is answered 404.
    pub serves: Vec<ServedPart>,
    /// TLS, passwords and the rest of what protects the listener.
    pub access: Arc<ListenerAccess>,
}

/// Whether every module is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// What readiness still waits for. Empty when ready.
    pub awaited: Vec<PendingItem>,
}

/// One thing that readiness waits for: an element of the list in the body of `/-/ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PendingItem {
    /// Description, such as `reading the offsets topic to its end`.
    pub what: String,
    /// The cluster's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// `cluster` or `consumer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The name of the module's section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Number of parts that are done: partitions or rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Number of all parts. Left out while it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl PendingItem {
    /// The entry that is shown while the process stops.
    pub fn of_stopping() -> Self {
        Self { what: "stopping".to_owned(), cluster: None, kind: None, module: None, done: None, total: None }
    }
}
