//! The table of `warrener lag`: where every group stands on every partition, the worst first.
//!
//! Rows are made from a [`View`]; a [`Table`] shows them to a person, and each [`Row`] serializes for a program.

mod json;
#[cfg(test)]
mod tests;
mod text;

use std::cmp::Reverse;
use std::fmt;

use crate::evaluate::PartitionStatus;
use crate::model::{Lag, Name, Offset, Partition, TimeLag};
use crate::storage::{ClusterView, CommitView, GroupTopicView, GroupView, Member, View};

pub use text::Table;

/// The columns, by their names in the table. A [`Row`] serializes with the same names in snake case.
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

/// A partition that a group has committed, or that is assigned to one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'v> {
    /// The cluster.
    pub cluster: Name<'v>,
    /// The group.
    pub group: Name<'v>,
    /// The topic.
    pub topic: Name<'v>,
    /// Its partition.
    pub partition: Partition,
    /// What was committed; `None` before the first commit.
    pub current_offset: Option<Offset>,
    /// The log end, if known.
    pub log_end_offset: Option<Offset>,
    /// The lag, if known.
    pub lag: Option<Lag>,
    /// The time lag, if known.
    pub time_lag: Option<TimeLag>,
    /// The status. OK before the first commit (docs/src/reference/status-rules.md, Empty and young windows).
    pub status: PartitionStatus,
    /// The member that it is assigned to, if one is known.
    pub owner: Option<Owner<'v>>,
}

/// A member, as the table shows it: `client@host`, which says whose program it is and where to look for it. The
/// member id says neither, but stands in when the other two are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'v> {
    /// Its client id.
    pub client_id: Name<'v>,
    /// Its host as the record has it, `/10.0.0.1`.
    pub host: Name<'v>,
    /// Its member id.
    pub id: Name<'v>,
}

impl fmt::Display for Owner<'_> {
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

impl<'v> Owner<'v> {
    pub(crate) fn of(member: &'v Member) -> Self {
        Self { client_id: member.client_id.name(), host: member.client_host.name(), id: member.id.name() }
    }
}

/// The rows of the groups with these names, or of all groups when there is no name.
///
/// The rows of a group stand together, the worst first, and the groups are sorted by their worst rows: whoever looks
/// for the trouble finds it in the first line, and all that its group is at in the lines below.
#[must_use]
pub fn rows<'v>(view: &'v View, groups: &[String]) -> Vec<Row<'v>> {
    let mut sorted: Vec<Vec<Row<'v>>> = Vec::new();
    for cluster in &view.clusters {
        for group in cluster.groups.iter().filter(|group| is_wanted(group, groups)) {
            let mut rows: Vec<_> = cluster.topics_of(group).iter().flat_map(|topic| rows_of(cluster, topic)).collect();
            rows.sort_unstable_by_key(Row::badness);
            sorted.push(rows);
        }
    }
    // Each group's first row is its worst.
    sorted.sort_unstable_by_key(|rows| rows.first().map(Row::badness));
    sorted.into_iter().flatten().collect()
}

/// Those of the names that no group has.
#[must_use]
pub fn unknown<'g>(view: &View, groups: &'g [String]) -> Vec<&'g str> {
    let all = || view.clusters.iter().flat_map(|cluster| &cluster.groups);
    groups.iter().map(String::as_str).filter(|name| !all().any(|group| is_named(group, name))).collect()
}

fn is_wanted(group: &GroupView, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| is_named(group, name))
}

/// By its bytes, or as `/metrics` and JSON show it.
fn is_named(group: &GroupView, name: &str) -> bool {
    let own = group.label.name();
    own.0 == name.as_bytes() || own.to_string() == name
}

fn rows_of<'v>(cluster: &'v ClusterView, topic: &'v GroupTopicView) -> impl Iterator<Item = Row<'v>> {
    let committed: Vec<_> = cluster.commits(topic).map(|commit| row_of(cluster, topic, &commit)).collect();
    let mut assigned: Vec<Partition> = topic.assigned.iter().map(|(partition, _)| *partition).collect();
    assigned.dedup();
    assigned.retain(|partition| committed.binary_search_by_key(partition, |row| row.partition).is_err());
    let uncommitted = assigned.into_iter().map(|partition| uncommitted_row(cluster, topic, partition));
    committed.into_iter().chain(uncommitted)
}

fn row_of<'v>(cluster: &'v ClusterView, topic: &'v GroupTopicView, commit: &CommitView) -> Row<'v> {
    Row {
        current_offset: Some(commit.committed),
        log_end_offset: commit.bounds.end,
        lag: commit.lag(),
        time_lag: commit.time_lag,
        status: commit.status,
        ..uncommitted_row(cluster, topic, commit.partition)
    }
}

fn uncommitted_row<'v>(cluster: &'v ClusterView, topic: &'v GroupTopicView, partition: Partition) -> Row<'v> {
    let owned = topic.assigned.binary_search_by_key(&partition, |(partition, _)| *partition).ok();
    let member = owned.and_then(|place| topic.members.get(topic.assigned.get(place)?.1));
    Row {
        cluster: cluster.label.name(),
        group: topic.group.name(),
        topic: topic.name.label.name(),
        partition,
        current_offset: None,
        log_end_offset: cluster.topics.bounds(&topic.name, partition).end,
        lag: None,
        time_lag: None,
        status: PartitionStatus::Ok,
        owner: member.map(Owner::of),
    }
}

/// The order of rows, the worst first: by status, time lag, lag, and names.
type Badness<'v> = (Reverse<u8>, Waiting, Waiting, Name<'v>, Name<'v>, Name<'v>, Partition);

/// How much waits. What is not known stands between what waits and what does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Waiting {
    So(Reverse<u64>),
    Unknown,
    Nothing,
}

impl Waiting {
    pub(crate) const fn of(much: Option<u64>) -> Self {
        match much {
            Some(0) => Self::Nothing,
            Some(much) => Self::So(Reverse(much)),
            None => Self::Unknown,
        }
    }
}

impl<'v> Row<'v> {
    fn badness(&self) -> Badness<'v> {
        let time = Waiting::of(self.time_lag.map(|time| time.0));
        let records = Waiting::of(self.lag.map(|lag| lag.0));
        (Reverse(self.status.rank()), time, records, self.cluster, self.group, self.topic, self.partition)
    }

    /// The status as the table and JSON have it, which is as Burrow has it.
    #[must_use]
    pub const fn status_name(&self) -> &'static str {
        self.status.name()
    }
}
