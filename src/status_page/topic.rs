//! The details of one topic: its log, and its groups.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::address::PathSegment;
use crate::model::{BrokerId, Timestamp};
use crate::storage::{PartitionState, SummaryQuery, Topic};

use super::StatusPageData;
use super::groups::GroupRows;
use super::json_values::JsonInteger;

/// The details of one topic.
#[derive(Debug, Serialize)]
pub(super) struct TopicBody {
    now: i64,
    version: &'static str,
    cluster: String,
    name: String,
    partitions: TopicPartitionRows,
    /// Whether all groups of the topic are listed: no group of the cluster is refused, or was.
    all_groups: bool,
    /// Its groups, with their values for this topic only.
    #[serde(flatten)]
    groups: GroupRows,
}

/// The partitions of the topic. `None` while the metadata does not name it.
#[derive(Debug)]
struct TopicPartitionRows(Option<Arc<Topic>>);

#[derive(Serialize)]
struct TopicPartitionRow {
    partition: usize,
    start: Option<JsonInteger>,
    end: Option<JsonInteger>,
    leader: Option<i32>,
    /// Broker id of the first replica.
    preferred: Option<i32>,
    replicas: usize,
    in_sync: usize,
}

impl TopicBody {
    /// Returns `None` if neither the metadata nor a group names the topic.
    pub fn of(data: &StatusPageData<'_>, cluster: &PathSegment, name: &PathSegment, now: Timestamp) -> Option<Self> {
        let cluster = data.storage.cluster(cluster.text()?)?;
        let known = cluster.topics();
        let (shown, topic, summaries) = name.find(|name| {
            let look = SummaryQuery { now, rules: data.rules, topic: Some(name), with_history: true };
            let (topic, summaries) = (known.find(name), cluster.group_summaries(look));
            (topic.is_some() || !summaries.is_empty()).then(|| (name.to_string(), topic.cloned(), summaries))
        })?;
        let found = summaries.into_iter().map(|summary| (Arc::clone(&cluster), summary)).collect();
        Some(Self {
            now: now.0,
            version: env!("CARGO_PKG_VERSION"),
            cluster: cluster.label().name().to_string(),
            name: shown,
            partitions: TopicPartitionRows(topic),
            all_groups: cluster.refused_groups() == 0 && cluster.incomplete_groups() == 0,
            groups: GroupRows::of(found, now),
        })
    }
}

impl Serialize for TopicPartitionRows {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let states = self.0.iter().flat_map(|topic| topic.partitions.iter().enumerate());
        to.collect_seq(states.map(|(partition, state)| row(partition, state)))
    }
}

fn row(partition: usize, state: &PartitionState) -> TopicPartitionRow {
    TopicPartitionRow {
        partition,
        start: state.bounds.start.map(JsonInteger::from),
        end: state.bounds.end.map(JsonInteger::from),
        leader: state.leader.map(|BrokerId(id)| id),
        preferred: state.preferred.map(|BrokerId(id)| id),
        replicas: state.replicas,
        in_sync: state.in_sync,
    }
}
