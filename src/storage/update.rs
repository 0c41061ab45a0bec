//! What goes into storage: the only types that cross its wall inwards.

use crate::model::{BrokerId, Offset, Partition, TopicId};

/// A broker, as the metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its id.
    pub id: BrokerId,
    /// `host:port`.
    pub address: String,
}

/// One full answer to a metadata request: what it does not name is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Live brokers.
    pub brokers: Vec<Broker>,
    /// Topics that passed the cluster's filter.
    pub topics: Vec<TopicMetadata>,
}

/// A topic, as the metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Its name.
    pub name: String,
    /// Its id, where the broker has ids (2.8).
    pub id: Option<TopicId>,
    /// Its partitions, the index is the partition's number.
    pub partitions: Vec<PartitionMetadata>,
}

/// A partition, as the metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// The replicas; the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// How many replicas are in sync.
    pub in_sync: usize,
}

/// What one refresh found out about one partition's log. Entries of one topic stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBounds<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: Partition,
    /// The log start (earliest offset); `None` when this refresh could not tell.
    pub start: Option<Offset>,
    /// The log end (high watermark); `None` when this refresh could not tell. Three in a row and the
    /// end is not known any more (METRICS.md, rule 2).
    pub end: Option<Offset>,
}
