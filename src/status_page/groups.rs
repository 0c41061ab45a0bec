//! The list of all groups, the worst first. The body holds what was found of each group; rows are made while they are
//! written.

use std::cmp::Reverse;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Serialize, Serializer};

use crate::address::percent_encoded_if_needed;
use crate::evaluate::GroupStatus;
use crate::lag_table::LagOrder;
use crate::model::{Name, Timestamp};
use crate::storage::{Cluster, GroupSummary, Label, SummaryQuery, TopicKey, TopicName};

use super::StatusPageData;
use super::exporter::ModuleReport;
use super::json_values::{JsonInteger, Sparkline};

/// The list of all groups.
#[derive(Debug, Serialize)]
pub(super) struct GroupsBody {
    now: i64,
    version: &'static str,
    clusters: Vec<ClusterRow>,
    #[serde(flatten)]
    groups: GroupRows,
}

/// Groups as two fields: the names of the topics that the rows refer to, and the rows.
#[derive(Debug)]
pub(super) struct GroupRows {
    now: Timestamp,
    topics: TopicNameIndex,
    found: Vec<ClusterGroup>,
}

/// A group and its cluster.
pub(super) type ClusterGroup = (Arc<Cluster>, GroupSummary);

#[derive(Serialize)]
struct GroupRowsFields<'a> {
    topics: TopicNameList<'a>,
    groups: GroupRowList<'a>,
}

struct TopicNameList<'a>(&'a TopicNameIndex);

struct GroupRowList<'a>(&'a GroupRows);

#[derive(Debug, Serialize)]
struct ClusterRow {
    name: String,
    brokers: Option<usize>,
    topics: usize,
    /// Number of groups that are not listed, because a limit of storage is reached.
    #[serde(skip_serializing_if = "is_zero")]
    refused: usize,
    modules: Vec<ModuleReport>,
}

/// A group.
#[derive(Serialize)]
struct GroupRow<'a> {
    cluster: Name<'a>,
    name: Name<'a>,
    /// The group's name as percent-encoded bytes, if the shown name is not sufficient to request it.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<String>,
    /// `None` while commits of the group are lost, as for the numbers of partitions.
    status: Option<&'static str>,
    /// `None` while records about the group itself are lost, as for type and members.
    state: Option<&'static str>,
    r#type: Option<&'static str>,
    members: Option<usize>,
    /// Indexes in the list of topic names.
    topics: Vec<usize>,
    /// Number of partitions of the topics that the group commits to.
    partitions: Option<u64>,
    /// Number of those partitions whose status is not OK.
    troubled: Option<u64>,
    /// Number of partitions with a commit whose lag is unknown.
    unknown: Option<u64>,
    /// Number of partitions with a commit.
    committed: Option<u64>,
    /// Number of assigned partitions without a commit.
    uncommitted: Option<u64>,
    lag: Option<JsonInteger>,
    time_lag: Option<u64>,
    /// Share of the partitions whose window is full. `None` without a commit.
    complete: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst: Option<WorstRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trail: Option<Sparkline>,
}

/// The worst partition of a group that is not OK.
#[derive(Serialize)]
struct WorstRow {
    topic: usize,
    partition: i32,
    status: &'static str,
    reason: String,
}

/// Names of topics without repetition.
#[derive(Debug, Default)]
struct TopicNameIndex {
    places: HashMap<TopicKey, usize>,
    names: Vec<Arc<TopicName>>,
}

impl TopicNameIndex {
    /// The topics that groups refer to, in the order in which they first occur.
    fn of(found: &[ClusterGroup]) -> Self {
        let mut list = Self::default();
        for (_, summary) in found {
            let worst = summary.worst.iter().map(|worst| &worst.topic);
            summary.topics.iter().chain(worst).for_each(|topic| list.add(topic));
        }
        list
    }

    fn add(&mut self, topic: &Arc<TopicName>) {
        let Self { places, names } = self;
        places.entry(topic.key()).or_insert_with(|| {
            names.push(Arc::clone(topic));
            names.len().saturating_sub(1)
        });
    }

    fn index(&self, topic: &TopicName) -> usize {
        self.places.get(&topic.key()).copied().unwrap_or_default()
    }
}

impl GroupsBody {
    pub fn of(data: &StatusPageData<'_>, trails: bool, now: Timestamp) -> Self {
        let look = SummaryQuery { now, rules: data.rules, topic: None, with_history: trails };
        let mut found = Vec::new();
        for cluster in data.storage.clusters().iter() {
            found.extend(cluster.group_summaries(look).into_iter().map(|summary| (Arc::clone(cluster), summary)));
        }
        Self {
            now: now.0,
            version: env!("CARGO_PKG_VERSION"),
            clusters: data.storage.clusters().iter().map(|cluster| cluster_row(data, cluster)).collect(),
            groups: GroupRows::of(found, now),
        }
    }
}

impl GroupRows {
    /// Sorts the groups, the worst first: by status, time lag, lag, and names.
    pub fn of(mut found: Vec<ClusterGroup>, now: Timestamp) -> Self {
        type GroupSortKey<'a> = (Reverse<GroupStatus>, LagOrder, LagOrder, Name<'a>, Name<'a>);
        fn badness((cluster, summary): &ClusterGroup) -> GroupSortKey<'_> {
            let time = LagOrder::of(summary.time_lag().map(|time| time.0));
            let records = LagOrder::of(summary.lag().map(|lag| lag.0));
            (Reverse(summary.evaluation.status), time, records, cluster.label().name(), summary.label.name())
        }
        found.sort_unstable_by(|a, b| badness(a).cmp(&badness(b)));
        Self { now, topics: TopicNameIndex::of(&found), found }
    }
}

impl Serialize for GroupRows {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        GroupRowsFields { topics: TopicNameList(&self.topics), groups: GroupRowList(self) }.serialize(to)
    }
}

impl Serialize for TopicNameList<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.names.iter().map(|topic| topic.label.name()))
    }
}

impl Serialize for GroupRowList<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let GroupRows { now, topics, found } = self.0;
        to.collect_seq(found.iter().map(|(cluster, summary)| GroupRow::of(cluster.label(), summary, topics, *now)))
    }
}

fn cluster_row(data: &StatusPageData<'_>, cluster: &Cluster) -> ClusterRow {
    let (known, name) = (cluster.topics(), cluster.label().name().to_string());
    let modules = data.exporter.modules.iter().filter(|module| module.cluster == name);
    // Details that only `/api/exporter` shows are left out.
    let brief = |module: &ModuleReport| ModuleReport {
        missing_rights: Vec::new(),
        reader: None,
        refused: None,
        incomplete: None,
        dropped: Vec::new(),
        ..module.clone()
    };
    ClusterRow {
        brokers: known.brokers.as_ref().map(|brokers| brokers.len()),
        topics: known.named().count(),
        refused: cluster.refused_groups(),
        modules: modules.map(brief).collect(),
        name,
    }
}

impl<'a> GroupRow<'a> {
    fn of(cluster: &'a Label, summary: &'a GroupSummary, topics: &TopicNameIndex, now: Timestamp) -> Self {
        let (stats, lost) = (&summary.stats, summary.lost);
        let (commits, members) = (!lost.commits, !lost.members);
        Self {
            cluster: cluster.name(),
            name: summary.label.name(),
            exact: percent_encoded_if_needed(summary.label.name()),
            status: commits.then(|| summary.evaluation.status.name()),
            state: members.then(|| summary.state.name()),
            r#type: members.then(|| summary.kind.name()),
            members: members.then_some(summary.members),
            topics: summary.topics.iter().map(|topic| topics.index(topic)).collect(),
            partitions: commits.then_some(summary.evaluation.partitions),
            troubled: commits.then_some(summary.troubled),
            unknown: commits.then_some(stats.unknown),
            committed: commits.then(|| stats.known.saturating_add(stats.unknown)),
            uncommitted: (commits && members).then_some(stats.uncommitted),
            lag: summary.lag().map(JsonInteger::from),
            time_lag: summary.time_lag().map(|time| time.0),
            complete: summary.evaluation.complete_ratio().filter(|_| commits),
            worst: summary.worst.as_ref().filter(|_| commits).map(|worst| WorstRow {
                topic: topics.index(&worst.topic),
                partition: worst.partition.0,
                status: worst.status.name(),
                reason: worst.reason(now),
            }),
            trail: Sparkline::of(&summary.lag_history, now),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}
