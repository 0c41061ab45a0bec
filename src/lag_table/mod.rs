//! The table of `warrener lag`: the state of every group on every partition, the worst first.
//!
//! Rows are made from a [`View`]. A [`LagTable`] shows them as text, and a [`LagRow`] serializes as JSON.

mod json;
#[cfg(test)]
mod tests;
mod text;

use std::cmp::Reverse;
use std::fmt;

use crate::evaluate::PartitionStatus;
use crate::model::{Lag, Name, Offset, Partition, TimeLag};
use crate::storage::{ClusterView, CommitView, GroupTopicView, GroupView, Member, View};

pub use text::LagTable;

/// Names of the columns in the table. A [`LagRow`] serializes with the same names in snake case.
pub const COLUMNS: [&str; 10] = [
    "CLUSTER",
    "GROUP",
    "TOPIC",
    "PARTITION",
    "CURRENT-OFFSET",
    "LOG-END-OFFSET",
    "LAG",
    "TIME-LAG",
    "STATUS",
    "OWNER",
];

/// A row: a partition that a group has committed, or that is assigned to one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LagRow<'v> {
    /// Name of the cluster.
    pub cluster: Name<'v>,
    /// Name of the group.
    pub group: Name<'v>,
    /// Name of the topic.
    pub topic: Name<'v>,
    /// Number of the partition.
    pub partition: Partition,
    /// The committed offset. `None` before the first commit.
    pub current_offset: Option<Offset>,
    /// The log end offset, if known.
    pub log_end_offset: Option<Offset>,
    /// The lag in records, if known.
    pub lag: Option<Lag>,
    /// The time lag, if known.
    pub time_lag: Option<TimeLag>,
    /// The status. OK before the first commit (docs/src/reference/status-rules.md, Empty and young windows).
    pub status: PartitionStatus,
    /// The owner of the partition, if there is one.
    pub owner: Option<OwnerName<'v>>,
}

/// A member as the table shows it: `client@host`, which tells which program it is and where it runs. The member id is
/// shown only if both are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerName<'v> {
    /// Client id.
    pub client_id: Name<'v>,
    /// Host as in the record, for example `/10.0.0.1`.
    pub host: Name<'v>,
    /// Member id.
    pub id: Name<'v>,
}

impl fmt::Display for OwnerName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Name(self.host.0.strip_prefix(b"/").unwrap_or(self.host.0));
        match (self.client_id.0.is_empty(), host.0.is_empty()) {
            (false, false) => write!(f, "{}@{host}", self.client_id),
            (false, true) => write!(f, "{}", self.client_id),
            (true, false) => write!(f, "{host}"),
            (true, true) => write!(f, "{}", self.id),
        }
    }
}

impl<'v> OwnerName<'v> {
    pub(crate) fn of(member: &'v Member) -> Self {
        Self { client_id: member.client_id.name(), host: member.client_host.name(), id: member.id.name() }
    }
}

/// Returns the rows of the groups with these names, or of all groups if there are no names.
///
/// The rows of a group stand together, the worst first, and the groups are sorted by their worst rows. So the first
/// line shows the worst problem, and the lines below it the rest of its group.
#[must_use]
pub fn rows<'v>(view: &'v View, groups: &[String]) -> Vec<LagRow<'v>> {
    let mut sorted: Vec<Vec<LagRow<'v>>> = Vec::new();
    for cluster in &view.clusters {
        for group in cluster.groups.iter().filter(|group| is_wanted(group, groups)) {
            let mut rows: Vec<_> = cluster.topics_of(group).iter().flat_map(|topic| rows_of(cluster, topic)).collect();
            rows.sort_unstable_by_key(LagRow::sort_key);
            sorted.push(rows);
        }
    }
    // The first row of a group is its worst.
    sorted.sort_unstable_by_key(|rows| rows.first().map(LagRow::sort_key));
    sorted.into_iter().flatten().collect()
}

/// Returns the names that no group has.
#[must_use]
pub fn unknown_groups<'g>(view: &View, groups: &'g [String]) -> Vec<&'g str> {
    let all = || view.clusters.iter().flat_map(|cluster| &cluster.groups);
    groups.iter().map(String::as_str).filter(|name| !all().any(|group| is_named(group, name))).collect()
}

fn is_wanted(group: &GroupView, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| is_named(group, name))
}

/// Whether a group has this name, given as bytes or as `/metrics` and JSON show it.
fn is_named(group: &GroupView, name: &str) -> bool {
    let own = group.label.name();
    own.0 == name.as_bytes() || own.to_string() == name
}

fn rows_of<'v>(cluster: &'v ClusterView, topic: &'v GroupTopicView) -> impl Iterator<Item = LagRow<'v>> {
    let committed: Vec<_> = cluster.commits(topic).map(|commit| row_of(cluster, topic, &commit)).collect();
    let mut assigned: Vec<Partition> = topic.assigned.iter().map(|one| one.partition).collect();
    assigned.dedup();
    assigned.retain(|partition| committed.binary_search_by_key(partition, |row| row.partition).is_err());
    let uncommitted = assigned.into_iter().map(|partition| uncommitted_row(cluster, topic, partition));
    committed.into_iter().chain(uncommitted)
}

fn row_of<'v>(cluster: &'v ClusterView, topic: &'v GroupTopicView, commit: &CommitView) -> LagRow<'v> {
    LagRow {
        current_offset: Some(commit.committed),
        log_end_offset: commit.bounds.end,
        lag: commit.lag(),
        time_lag: commit.time_lag,
        status: commit.status,
        ..uncommitted_row(cluster, topic, commit.partition)
    }
}

fn uncommitted_row<'v>(cluster: &'v ClusterView, topic: &'v GroupTopicView, partition: Partition) -> LagRow<'v> {
    let owned = topic.assigned.binary_search_by_key(&partition, |one| one.partition).ok();
    let member = owned.and_then(|place| topic.members.get(topic.assigned.get(place)?.member));
    LagRow {
        cluster: cluster.label.name(),
        group: topic.group.name(),
        topic: topic.name.label.name(),
        partition,
        current_offset: None,
        log_end_offset: cluster.topics.bounds(&topic.name, partition).end,
        lag: None,
        time_lag: None,
        status: PartitionStatus::Ok,
        owner: member.map(OwnerName::of),
    }
}

/// Sort key of rows, the worst first: status, time lag, lag, and names.
type RowSortKey<'v> = (Reverse<u8>, LagOrder, LagOrder, Name<'v>, Name<'v>, Name<'v>, Partition);

/// An amount of lag, sorted from most to least. An unknown amount is between those above 0 and 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LagOrder {
    Known(Reverse<u64>),
    Unknown,
    Zero,
}

impl LagOrder {
    pub(crate) const fn of(much: Option<u64>) -> Self {
        match much {
            Some(0) => Self::Zero,
            Some(much) => Self::Known(Reverse(much)),
            None => Self::Unknown,
        }
    }
}

impl<'v> LagRow<'v> {
    fn sort_key(&self) -> RowSortKey<'v> {
        let time = LagOrder::of(self.time_lag.map(|time| time.0));
        let records = LagOrder::of(self.lag.map(|lag| lag.0));
        (Reverse(self.status.rank()), time, records, self.cluster, self.group, self.topic, self.partition)
    }

    /// The status as the table and JSON show it, with Burrow's names.
    #[must_use]
    pub const fn status_name(&self) -> &'static str {
        self.status.name()
    }
}
