//! KMinion's names.

use std::collections::BTreeSet;

use crate::config::NameSet;
use crate::metrics::metric_set::{Basis, LabelNames, MetricFamily, MetricSet, Series, TopicSums, counter, gauge};
use crate::metrics::sample_value::SampleValue;
use crate::metrics::samples::Samples;
use crate::metrics::shared_values::{assigned, commits, committed_sum, lag, lag_sum, len, log_end, log_start};
use crate::model::{BrokerId, Name, Offset, Partition, offsets_partition};
use crate::storage::{Broker, ClusterView, GroupState, GroupTopicView, GroupView, PartitionState, Topic, escape};

pub static SET: MetricSet = MetricSet {
    name: NameSet("kminion"),
    labels: LabelNames { cluster: "cluster", group: "group_id", topic: "topic_name", partition: "partition_id" },
    families: FAMILIES,
};

const FAMILIES: &[MetricFamily] = &[
    gauge("kminion_kafka_cluster_info", "The cluster, always 1.", Series::Cluster(cluster_info)),
    gauge("kminion_kafka_broker_info", "A broker and its address, always 1.", Series::Broker(broker_info)),
    gauge("kminion_kafka_topic_info", "A topic's partitions and replicas, always 1.", Series::Topic(topic_info)),
    gauge(
        "kminion_kafka_topic_partition_low_water_mark",
        "Log start (earliest offset) of the partition.",
        Series::Partition(log_start),
    ),
    gauge(
        "kminion_kafka_topic_partition_high_water_mark",
        "Log end (high watermark) of the partition.",
        Series::Partition(log_end),
    ),
    gauge(
        "kminion_kafka_topic_low_water_mark_sum",
        "Sum of the log starts of the topic's partitions; absent while one of them is unknown.",
        Series::Topic(|topic, to| push_sum(topic, |state| state.bounds.start, to)),
    ),
    gauge(
        "kminion_kafka_topic_high_water_mark_sum",
        "Sum of the log ends of the topic's partitions; absent while one of them is unknown.",
        Series::Topic(|topic, to| push_sum(topic, |state| state.bounds.end, to)),
    ),
    gauge(
        "kminion_kafka_consumer_group_info",
        "The group's protocol, state and coordinator: 1 while it is stable, else 0.",
        Series::Group(Basis::Members, group_info),
    ),
    gauge(
        "kminion_kafka_consumer_group_members",
        "Live members of the group.",
        Series::Group(Basis::Members, |_, group, to| to.push(len(group.members.len()))),
    ),
    gauge(
        "kminion_kafka_consumer_group_empty_members",
        "Live members without an assigned partition.",
        Series::Group(Basis::Members, |cluster, group, to| {
            to.push(len(group.members.len().saturating_sub(owners(cluster.topics_of(group)))));
        }),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_members",
        "Members with assigned partitions of the topic; absent if there are none.",
        Series::GroupTopic(Basis::Members, |sum, to| {
            let owners = owners(sum.topics);
            if owners > 0 {
                to.push(len(owners));
            }
        }),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_assigned_partitions",
        "Partitions of the topic that are assigned to members; absent if there are none.",
        Series::GroupTopic(Basis::Members, assigned),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_offset_sum",
        "Sum of the offsets that the group has committed.",
        Series::GroupTopic(Basis::Commits, committed_sum),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_lag",
        "Sum of the lags of the partitions with a commit; absent while one of them is unknown.",
        Series::GroupTopic(Basis::Commits, lag_sum),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_partition_lag",
        "Records between the commit, or the log start if that is later, and the log end.",
        Series::Commit(lag),
    ),
    counter(
        "kminion_kafka_consumer_group_offset_commits_total",
        "Commits of the group since the start of warrener; commits that are replayed at the start do not count.",
        Series::Group(Basis::Commits, |cluster, group, to| commits(&TopicSums::of(cluster.topics_of(group)), to)),
    ),
];

fn cluster_info(cluster: &ClusterView, to: &mut Samples<'_>) {
    let Some(brokers) = &cluster.topics.brokers else { return };
    let facts = &cluster.topics.facts;
    let labels = [
        // No answer of a broker contains it.
        ("cluster_version", String::new()),
        ("broker_count", brokers.len().to_string()),
        ("controller_id", facts.controller.map(number).unwrap_or_default()),
        ("cluster_id", facts.cluster_id.as_deref().map(escape).unwrap_or_default()),
    ];
    push_info(&labels, 1, to);
}

fn broker_info(cluster: &ClusterView, broker: &Broker, to: &mut Samples<'_>) {
    let facts = &cluster.topics.facts;
    let (host, port) = broker.address.rsplit_once(':').unwrap_or((&broker.address, ""));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_controller = facts.controller.map(|controller| (controller == broker.id).to_string());
    let labels = [
        ("broker_id", number(broker.id)),
        ("address", escape(host)),
        ("port", port.to_owned()),
        ("rack_id", facts.racks.get(&broker.id).map(|rack| escape(rack)).unwrap_or_default()),
        ("is_controller", is_controller.unwrap_or_default()),
    ];
    push_info(&labels, 1, to);
}

fn topic_info(topic: &Topic, to: &mut Samples<'_>) {
    let Some(first) = topic.partitions.first() else { return };
    // The replicas of a partition that the answer left out are unknown.
    let replicas = Some(first.replicas).filter(|replicas| *replicas > 0);
    let labels = [
        ("partition_count", topic.partitions.len().to_string()),
        ("replication_factor", replicas.map(|replicas| replicas.to_string()).unwrap_or_default()),
    ];
    push_info(&labels, 1, to);
}

fn push_sum(topic: &Topic, read: impl Fn(&PartitionState) -> Option<Offset>, to: &mut Samples<'_>) {
    let sum = topic.partitions.iter().try_fold(0_i64, |sum, state| Some(sum.saturating_add(read(state)?.0)));
    if let Some(sum) = sum.filter(|_| !topic.partitions.is_empty()) {
        to.push(SampleValue::Int(sum));
    }
}

fn group_info(cluster: &ClusterView, group: &GroupView, to: &mut Samples<'_>) {
    let state = match group.state {
        GroupState::Empty => "Empty",
        GroupState::NotReady => "NotReady",
        GroupState::Assigning => "Assigning",
        GroupState::Reconciling => "Reconciling",
        GroupState::Stable => "Stable",
    };
    let stable = i64::from(group.state == GroupState::Stable);
    let coordinator = coordinator(cluster, group.label.name()).map(number).unwrap_or_default();
    let labels = [
        ("protocol", group.protocol.text()),
        ("protocol_type", group.protocol_type.text()),
        ("state", state.as_bytes()),
        ("coordinator_id", coordinator.as_bytes()),
    ];
    to.push_with(&labels, SampleValue::Int(stable));
}

/// Kafka's own offsets topic, even if offsets are read from another topic: the leaders of its partitions are the
/// coordinators.
const OFFSETS_TOPIC: &[u8] = b"__consumer_offsets";

fn coordinator(cluster: &ClusterView, group: Name<'_>) -> Option<BrokerId> {
    let place = cluster.named.binary_search_by(|topic| topic.name.label.name().0.cmp(OFFSETS_TOPIC)).ok()?;
    let partitions = &cluster.named.get(place)?.partitions;
    let Partition(place) = offsets_partition(group, i32::try_from(partitions.len()).ok()?)?;
    partitions.get(usize::try_from(place).ok()?)?.leader
}

/// Number of members that own a partition of these topics of one group.
fn owners(topics: &[GroupTopicView]) -> usize {
    topics.iter().flat_map(|topic| topic.assigned.iter().map(|one| one.member)).collect::<BTreeSet<_>>().len()
}

fn number(BrokerId(id): BrokerId) -> String {
    id.to_string()
}

fn push_info<const N: usize>(labels: &[(&str, String); N], value: i64, to: &mut Samples<'_>) {
    let labels = labels.each_ref().map(|(name, text)| (*name, text.as_bytes()));
    to.push_with(&labels, SampleValue::Int(value));
}
