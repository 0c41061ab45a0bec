//! The exporter's own state, as it is passed to the page.

use serde::Serialize;

use crate::model::Right;

/// The state of the exporter.
#[derive(Clone, Debug, Serialize)]
pub struct ExporterReport {
    /// Time of the answer by this machine's clock, in Unix milliseconds.
    pub now: i64,
    /// Version of warrener.
    pub version: &'static str,
    /// Time since the start, in milliseconds.
    pub running: u64,
    /// Its modules.
    pub modules: Vec<ModuleReport>,
    /// What storage holds of each kind, in the order groups, group partitions, memory in bytes.
    pub storage: Vec<StorageReport>,
}

/// What storage holds of one kind, over all clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StorageReport {
    /// The key of the limit in `[limits]`.
    pub name: &'static str,
    /// What is held.
    pub held: u64,
    /// The limit. `None` if there is none.
    pub limit: Option<u64>,
}

/// The state of a module.
#[derive(Clone, Debug, Serialize)]
pub struct ModuleReport {
    /// Name of the cluster.
    pub cluster: String,
    /// `cluster` or `consumer`.
    pub kind: &'static str,
    /// Name of the module's section.
    pub module: String,
    /// Whether the module is up: its servers have answered recently.
    pub up: bool,
    /// Why the module is down, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Whether the module is ready: it has read everything once.
    pub ready: bool,
    /// What readiness waits for. `None` once the module is ready.
    pub awaited: Option<&'static str>,
    /// Number of parts that are done, if known.
    pub done: Option<u64>,
    /// Number of all parts, if known.
    pub total: Option<u64>,
    /// Rights that the servers refuse. Empty while none is known to be missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_rights: Vec<RightReport>,
    /// Refreshes of a cluster module. Empty for a consumer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refreshes: Vec<RefreshReport>,
    /// The reader of a consumer module. `None` for a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader: Option<ReaderReport>,
    /// Groups of a cluster that are refused, because a limit of storage is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<usize>,
    /// Groups of a cluster that were refused before, and of which not everything has been read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<usize>,
    /// Dropped commits of a cluster module, by reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<NamedCount>,
}

/// A right that the servers refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RightReport {
    /// What it allows: `Describe` or `Read`.
    pub operation: &'static str,
    /// What it is on, such as `topic orders`.
    pub resource: String,
}

impl RightReport {
    /// The report of a right.
    #[must_use]
    pub fn of(right: &Right) -> Self {
        Self { operation: right.operation.name(), resource: right.resource.to_string() }
    }
}

/// Refreshes of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct RefreshReport {
    /// `offsets` or `topics`.
    pub kind: &'static str,
    /// Time of the last success by this machine's clock, in Unix milliseconds.
    pub last: Option<i64>,
    /// Failures by reason.
    pub errors: Vec<NamedCount>,
}

/// What a consumer module has read.
#[derive(Clone, Debug, Serialize)]
pub struct ReaderReport {
    /// Partitions of the offsets topic, each with the number of records that are not read yet.
    pub behind: Vec<(i32, i64)>,
    /// Records by type.
    pub records: Vec<NamedCount>,
    /// Records that could not be decoded, by reason.
    pub errors: Vec<NamedCount>,
}

/// A counter above 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedCount {
    /// Reason or type that is counted.
    pub name: &'static str,
    /// Its count.
    pub count: u64,
}
