//! The exporter's own health, as it is handed to the page.

use serde::Serialize;

/// What the exporter knows about itself.
#[derive(Clone, Debug, Serialize)]
pub struct Exporter {
    /// Now, by this machine's clock.
    pub now: i64,
    /// The version that runs.
    pub version: &'static str,
    /// For how long it has been running, in milliseconds.
    pub running: u64,
    /// Its modules.
    pub modules: Vec<Module>,
}

/// A module.
#[derive(Clone, Debug, Serialize)]
pub struct Module {
    /// The cluster's name.
    pub cluster: String,
    /// `cluster` or `consumer`.
    pub kind: &'static str,
    /// The name of its section.
    pub module: String,
    /// Whether its servers have answered lately.
    pub up: bool,
    /// Why they have not, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Whether it has read all once.
    pub ready: bool,
    /// What is awaited until then.
    pub awaited: Option<&'static str>,
    /// Parts of that which are done, and all, if they are known.
    pub done: Option<u64>,
    /// All parts.
    pub total: Option<u64>,
    /// Of a cluster: how it is read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refreshes: Vec<Refresh>,
    /// Of a consumer: what it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader: Option<Reader>,
    /// Commits that its cluster did not take in, by reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Count>,
}

/// A kind of refresh.
#[derive(Clone, Debug, Serialize)]
pub struct Refresh {
    /// `offsets` or `topics`.
    pub kind: &'static str,
    /// Unix milliseconds of the last that succeeded, by this machine's clock.
    pub last: Option<i64>,
    /// Failures, by reason.
    pub errors: Vec<Count>,
}

/// A reader of the offsets topic.
#[derive(Clone, Debug, Serialize)]
pub struct Reader {
    /// Partitions of the offsets topic and how many records each is behind.
    pub behind: Vec<(i32, i64)>,
    /// Records read, by type.
    pub records: Vec<Count>,
    /// Records that could not be decoded, by reason.
    pub errors: Vec<Count>,
}

/// How many of a name: only what has happened is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What.
    pub name: &'static str,
    /// How many.
    pub count: u64,
}
