//! The details of one topic: its log, and its groups.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::address::Segment;
use crate::model::{BrokerId, Timestamp};
use crate::storage::{Look, PartitionState, Topic};

use super::Data;
use super::groups::Rows;
use super::number::Whole;

/// The details of one topic.
#[derive(Debug, Serialize)]
pub(super) struct TopicBody {
    now: i64,
    version: &'static str,
    cluster: String,
    name: String,
    partitions: Partitions,
    /// Its groups, with their values for this topic only.
    #[serde(flatten)]
    groups: Rows,
}

/// The partitions of the topic. `None` while the metadata does not name it.
#[derive(Debug)]
struct Partitions(Option<Arc<Topic>>);

#[derive(Serialize)]
struct PartitionRow {
    partition: usize,
    start: Option<Whole>,
    end: Option<Whole>,
    leader: Option<i32>,
    /// Broker id of the first replica.
    preferred: Option<i32>,
    replicas: usize,
    in_sync: usize,
}

impl TopicBody {
    /// Returns `None` if neither the metadata nor a group names the topic.
    pub fn of(data: &Data<'_>, cluster: &Segment, name: &Segment, now: Timestamp) -> Option<Self> {
        let cluster = data.storage.cluster(cluster.text()?)?;
        let known = cluster.topics();
        let (shown, topic, summaries) = name.find(|name| {
            let look = Look { now, rules: data.rules, topic: Some(name), with_history: true };
            let (topic, summaries) = (known.find(name), cluster.group_summaries(look));
            (topic.is_some() || !summaries.is_empty()).then(|| (name.to_string(), topic.cloned(), summaries))
        })?;
        let found = summaries.into_iter().map(|summary| (Arc::clone(cluster), summary)).collect();
        Some(Self {
            now: now.0,
            version: env!("CARGO_PKG_VERSION"),
            cluster: cluster.label().name().to_string(),
            name: shown,
            partitions: Partitions(topic),
            groups: Rows::of(found, now),
        })
    }
}

impl Serialize for Partitions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let states = self.0.iter().flat_map(|topic| topic.partitions.iter().enumerate());
        to.collect_seq(states.map(|(partition, state)| row(partition, state)))
    }
}

fn row(partition: usize, state: &PartitionState) -> PartitionRow {
    PartitionRow {
        partition,
        start: state.bounds.start.map(Whole::from),
        end: state.bounds.end.map(Whole::from),
        leader: state.leader.map(|BrokerId(id)| id),
        preferred: state.preferred.map(|BrokerId(id)| id),
        replicas: state.replicas,
        in_sync: state.in_sync,
    }
}
