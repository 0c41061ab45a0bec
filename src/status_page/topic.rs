//! One topic: its log, and the groups that read it.

use serde::Serialize;

use crate::address::Segment;
use crate::model::{BrokerId, Timestamp};
use crate::storage::{Look, PartitionState};

use super::Data;
use super::groups::{Row, TopicList, sort};
use super::number::Whole;

/// A topic.
#[derive(Debug, Serialize)]
pub(super) struct TopicBody {
    now: i64,
    version: &'static str,
    cluster: String,
    name: String,
    /// Empty while the metadata does not name it.
    partitions: Vec<PartitionRow>,
    /// The names that groups refer to: its own.
    topics: Vec<String>,
    /// What they do on this topic alone.
    groups: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct PartitionRow {
    partition: usize,
    start: Option<Whole>,
    end: Option<Whole>,
    leader: Option<i32>,
    /// Where the leader ought to be.
    preferred: Option<i32>,
    replicas: usize,
    in_sync: usize,
}

impl TopicBody {
    /// `None` where neither the metadata nor a group names it.
    pub fn of(data: &Data<'_>, cluster: &Segment, name: &Segment, now: Timestamp) -> Option<Self> {
        let cluster = data.storage.cluster(cluster.text()?)?;
        let known = cluster.topics();
        let (shown, partitions, glances) = name.find(|name| {
            let look = Look { now, rules: data.rules, topic: Some(name), trails: true };
            let (topic, glances) = (known.find(name), cluster.glances(look));
            let partitions = topic.map(|topic| partitions(&topic.partitions));
            (partitions.is_some() || !glances.is_empty())
                .then(|| (name.to_string(), partitions.unwrap_or_default(), glances))
        })?;
        let mut found: Vec<_> = glances.into_iter().map(|glance| (cluster, glance)).collect();
        sort(&mut found);
        let mut topics = TopicList::default();
        let groups = found.iter().map(|(cluster, glance)| Row::of(cluster.label(), glance, &mut topics, now)).collect();
        Some(Self {
            now: now.0,
            version: env!("CARGO_PKG_VERSION"),
            cluster: cluster.label().name().to_string(),
            name: shown,
            partitions,
            groups,
            topics: topics.into_names(),
        })
    }
}

fn partitions(states: &[PartitionState]) -> Vec<PartitionRow> {
    let row = |(partition, state): (usize, &PartitionState)| PartitionRow {
        partition,
        start: state.bounds.start.map(Whole::from),
        end: state.bounds.end.map(Whole::from),
        leader: state.leader.map(|BrokerId(id)| id),
        preferred: state.preferred.map(|BrokerId(id)| id),
        replicas: state.replicas,
        in_sync: state.in_sync,
    };
    states.iter().enumerate().map(row).collect()
}
