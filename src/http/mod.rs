//! The HTTP server: metrics, health, readiness, Burrow's API, the status page.
//!
//! ```text
//! server ──▶ connection ──▶ hyper ──▶ route ──▶ scrape, desk, files, answer
//!              │  watch: what the connection is at, and since when
//!              └─ wire: the socket, which tells the watch     └─ rendering: a page in the making
//! ```
//!
//! What a client may take of the server stands in `limits`, how many connections all servers have in `crowd`, and what
//! keeps pages of other sites out in `gate`. hyper parses and frames; time limits, the count of
//! connections and their end are ours, since hyper would close idle connections as slow ones. Nothing of hyper is
//! seen outside of this module.

use std::collections::TryReserveError;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::burrow::{Answer, Verb};
use crate::config::HostName;
use crate::metrics::Format;
use crate::status_page;

mod bodies;
mod routes;
mod serving;
#[cfg(test)]
mod tests;

pub use serving::crowd::Crowd;
pub use serving::listen::BindError;
pub use serving::server::Server;

/// One rendered page, made piece by piece (about 256 KiB each), a few pieces ahead of the client.
pub type Pieces = Box<dyn Iterator<Item = Vec<u8>> + Send>;

/// Reads the numbers of a page, which are to be no older than the instant at which it was asked for; fails where there
/// is no memory for them. It may take long: it is called, and its pieces are made, on a thread of its own.
pub type Scrape = Arc<dyn Fn(Format, Instant) -> Result<Pieces, TryReserveError> + Send + Sync>;

/// Tells how far the modules are. Called for each request: it should only copy.
pub type Ready = Arc<dyn Fn() -> Readiness + Send + Sync>;

/// Takes the time that a complete page took to make; waiting for a place or for the client is not part of it.
pub type Observe = Arc<dyn Fn(Duration) + Send + Sync>;

/// Answers a request to Burrow's API, of which it takes the method, the path and the body. It may take long: it is
/// called on a thread of its own.
pub type Api = Arc<dyn Fn(Verb, &str, &[u8]) -> Answer + Send + Sync>;

/// Answers a call of the status page, likewise.
pub type Numbers = Arc<dyn Fn(&status_page::Call) -> status_page::Answer + Send + Sync>;

/// What a server shows.
#[derive(Clone)]
pub struct Site {
    /// `/metrics`.
    pub scrape: Scrape,
    /// `/-/ready`.
    pub ready: Ready,
    /// `warrener_scrape_seconds`.
    pub observe: Observe,
    /// `/v3`.
    pub api: Api,
    /// `/api`, the status page's numbers.
    pub numbers: Numbers,
    /// `Access-Control-Allow-Origin` of what is Burrow's; left out without.
    pub origin: Option<String>,
    /// The hosts by which the server may be addressed; any when empty.
    pub allowed_hosts: Vec<HostName>,
}

/// Whether every module has caught up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// What is awaited still; ready when empty.
    pub awaited: Vec<Awaited>,
}

/// Something without which the process is not ready: an element of the list that `/-/ready` answers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Awaited {
    /// In words, such as `offsets topic read to its end`.
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
    /// How much is done: partitions, rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Of how much; left out while that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl Awaited {
    /// The process is about to end.
    pub fn stopping() -> Self {
        Self { what: "stopping".to_owned(), cluster: None, kind: None, module: None, done: None, total: None }
    }
}
