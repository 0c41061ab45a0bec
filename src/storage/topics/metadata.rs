//! What a cluster says of its brokers and topics: metadata, and facts beside it.

use std::collections::BTreeMap;

use crate::model::{BrokerId, TopicId};

/// A broker of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// The id.
    pub id: BrokerId,
    /// `host:port`.
    pub address: String,
}

/// Facts that a cluster reports beside its metadata. A field is `None` or empty if it is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// The id.
    pub cluster_id: Option<String>,
    /// The controller. With KRaft the broker that is reported in its place.
    pub controller: Option<BrokerId>,
    /// The racks of the brokers that have one.
    pub racks: BTreeMap<BrokerId, String>,
}

/// One full answer to a metadata request. Topics that it does not name are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Live brokers.
    pub brokers: Vec<Broker>,
    /// Topics that pass the cluster's filters.
    pub topics: Vec<TopicMetadata>,
}

/// A topic of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// The name.
    pub name: String,
    /// The id. Brokers before 2.8 have none.
    pub id: Option<TopicId>,
    /// The partitions. The index is the partition's number.
    pub partitions: Vec<PartitionMetadata>,
}

/// A partition of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// The replicas. The first one is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// Number of replicas that are in sync.
    pub in_sync: usize,
}
