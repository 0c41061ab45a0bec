//! All groups at a glance, the worst first.

use std::cmp::Reverse;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::Serialize;

use crate::address::exactly;
use crate::evaluate::GroupStatus;
use crate::lag_table::Waiting;
use crate::metrics::{state_name, type_name};
use crate::model::{Name, Timestamp};
use crate::storage::{Cluster, Glance, Label, Look, TopicName};

use super::Data;
use super::exporter::Module;
use super::number::{Trail, Whole};

/// The list of all groups.
#[derive(Debug, Serialize)]
pub(super) struct Groups {
    now: i64,
    version: &'static str,
    clusters: Vec<ClusterRow>,
    /// The names that rows refer to.
    topics: Vec<String>,
    groups: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct ClusterRow {
    name: String,
    brokers: Option<usize>,
    topics: usize,
    modules: Vec<Module>,
}

/// A group.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    cluster: String,
    name: String,
    /// How it is asked for, where that is not by its name as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<String>,
    status: &'static str,
    state: &'static str,
    r#type: &'static str,
    members: usize,
    /// Places in the list of names.
    topics: Vec<usize>,
    /// All partitions of the topics that it commits to.
    partitions: u64,
    /// Of these, not OK.
    troubled: u64,
    /// Partitions with a commit whose lag is not known.
    unknown: u64,
    /// Partitions with a commit.
    committed: u64,
    /// Partitions that are assigned and never were committed.
    uncommitted: u64,
    lag: Option<Whole>,
    time_lag: Option<u64>,
    /// The share of partitions whose window is full.
    complete: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst: Option<WorstRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trail: Option<Trail>,
}

/// The worst partition of a group that is not OK.
#[derive(Debug, Serialize)]
struct WorstRow {
    topic: usize,
    partition: i32,
    status: &'static str,
    reason: String,
}

/// Names of topics, each once.
#[derive(Default)]
pub(super) struct TopicList {
    places: HashMap<*const TopicName, usize>,
    names: Vec<String>,
}

impl TopicList {
    fn place(&mut self, topic: &Arc<TopicName>) -> usize {
        *self.places.entry(Arc::as_ptr(topic)).or_insert_with(|| {
            self.names.push(topic.label.name().to_string());
            self.names.len().saturating_sub(1)
        })
    }

    pub fn into_names(self) -> Vec<String> {
        self.names
    }
}

impl Groups {
    pub fn of(data: &Data<'_>, trails: bool, now: Timestamp) -> Self {
        let look = Look { now, rules: data.rules, topic: None, trails };
        let mut found = Vec::new();
        for cluster in data.storage.clusters() {
            found.extend(cluster.glances(look).into_iter().map(|glance| (cluster, glance)));
        }
        sort(&mut found);
        let mut topics = TopicList::default();
        let groups = found.iter().map(|(cluster, glance)| Row::of(cluster.label(), glance, &mut topics, now)).collect();
        Self {
            now: now.0,
            version: env!("CARGO_PKG_VERSION"),
            clusters: data.storage.clusters().iter().map(|cluster| cluster_row(data, cluster)).collect(),
            groups,
            topics: topics.into_names(),
        }
    }
}

/// The worst first: by status, time lag, lag, and names.
pub(super) fn sort(found: &mut [(&Arc<Cluster>, Glance)]) {
    type Badness<'a> = (Reverse<GroupStatus>, Waiting, Waiting, Name<'a>, Name<'a>);
    fn badness<'a>(cluster: &'a Cluster, glance: &'a Glance) -> Badness<'a> {
        let time = Waiting::of(glance.time_lag().map(|time| time.0));
        let records = Waiting::of(glance.lag().map(|lag| lag.0));
        (Reverse(glance.evaluation.status), time, records, cluster.label().name(), glance.label.name())
    }
    found.sort_unstable_by(|(a_cluster, a), (b_cluster, b)| badness(a_cluster, a).cmp(&badness(b_cluster, b)));
}

fn cluster_row(data: &Data<'_>, cluster: &Cluster) -> ClusterRow {
    let (known, name) = (cluster.topics(), cluster.label().name().to_string());
    let modules = data.exporter.modules.iter().filter(|module| module.cluster == name);
    // What the exporter's own page tells in full is left out.
    let brief = |module: &Module| Module { reader: None, dropped: Vec::new(), ..module.clone() };
    ClusterRow {
        brokers: known.brokers.as_ref().map(|brokers| brokers.len()),
        topics: known.named().count(),
        modules: modules.map(brief).collect(),
        name,
    }
}

impl Row {
    pub fn of(cluster: &Label, glance: &Glance, topics: &mut TopicList, now: Timestamp) -> Self {
        let stats = &glance.stats;
        Self {
            cluster: cluster.name().to_string(),
            name: glance.label.name().to_string(),
            exact: exactly(glance.label.name()),
            status: glance.evaluation.status.name(),
            state: state_name(glance.state),
            r#type: type_name(glance.kind),
            members: glance.members,
            topics: glance.topics.iter().map(|topic| topics.place(topic)).collect(),
            partitions: glance.evaluation.partitions,
            troubled: glance.troubled,
            unknown: stats.unknown,
            committed: stats.known.saturating_add(stats.unknown),
            uncommitted: stats.uncommitted,
            lag: glance.lag().map(Whole::from),
            time_lag: glance.time_lag().map(|time| time.0),
            complete: glance.evaluation.complete_ratio(),
            worst: glance.worst.as_ref().map(|worst| WorstRow {
                topic: topics.place(&worst.topic),
                partition: worst.partition.0,
                status: worst.status.name(),
                reason: worst.reason(now),
            }),
            trail: Trail::of(&glance.trail, now),
        }
    }
}
