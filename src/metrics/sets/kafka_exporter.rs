//! The default set: kafka_exporter's names, which most dashboards use, and new names for facts that kafka_exporter does
//! not have.

use crate::config::NameSet;
use crate::evaluate::{GroupStatus, PartitionStatus};
use crate::lag;
use crate::metrics::metric_set::{Basis, LabelNames, MetricFamily, MetricSet, Series, counter, gauge};
use crate::metrics::sample_value::SampleValue;
use crate::metrics::samples::Samples;
use crate::metrics::shared_values::{
    assigned, commits, committed, committed_sum, each_commit, each_state, lag as lag_of, lag_sum, len, log_end,
    log_start, records, time_lag, time_lag_max,
};
use crate::model::{BrokerId, Lag};
use crate::storage::{Broker, ClusterView, GroupKind, GroupType, GroupView, escape};

/// The default set: kafka_exporter's names, and new ones for new facts.
pub static SET: MetricSet = MetricSet {
    name: NameSet::DEFAULT,
    labels: LabelNames { cluster: "cluster", group: "consumergroup", topic: "topic", partition: "partition" },
    families: FAMILIES,
};

const FAMILIES: &[MetricFamily] = &[
    gauge("kafka_brokers", "Brokers in the cluster's metadata.", Series::Cluster(brokers)),
    gauge("kafka_broker_info", "A broker and its address, always 1.", Series::Broker(broker_info)),
    gauge(
        "kafka_topic_partitions",
        "Partitions of the topic.",
        Series::Topic(|topic, to| {
            if !topic.partitions.is_empty() {
                to.push(len(topic.partitions.len()));
            }
        }),
    ),
    gauge(
        "kafka_topic_partition_current_offset",
        "Log end (high watermark) of the partition.",
        Series::Partition(log_end),
    ),
    gauge(
        "kafka_topic_partition_oldest_offset",
        "Log start (earliest offset) of the partition.",
        Series::Partition(log_start),
    ),
    gauge(
        "kafka_topic_partition_leader",
        "Id of the broker that leads the partition; absent without a leader.",
        Series::Partition(|first, states, to| {
            each_state(first, states, to, |state| state.leader.map(|BrokerId(id)| SampleValue::Int(i64::from(id))))
        }),
    ),
    gauge(
        "kafka_topic_partition_replicas",
        "Replicas of the partition.",
        Series::Partition(|first, states, to| each_state(first, states, to, |state| Some(len(state.replicas)))),
    ),
    gauge(
        "kafka_topic_partition_in_sync_replica",
        "In-sync replicas of the partition.",
        Series::Partition(|first, states, to| each_state(first, states, to, |state| Some(len(state.in_sync)))),
    ),
    gauge(
        "kafka_topic_partition_leader_is_preferred",
        "Whether the preferred (first) replica leads the partition.",
        Series::Partition(|first, states, to| {
            each_state(first, states, to, |state| Some(flag(state.leader.is_some() && state.leader == state.preferred)))
        }),
    ),
    gauge(
        "kafka_topic_partition_under_replicated_partition",
        "Whether the partition has fewer in-sync replicas than replicas.",
        Series::Partition(|first, states, to| {
            each_state(first, states, to, |state| Some(flag(state.in_sync < state.replicas)))
        }),
    ),
    gauge("kafka_consumergroup_current_offset", "Offset that the group has committed.", Series::Commit(committed)),
    gauge(
        "kafka_consumergroup_lag",
        "Records between the commit, or the log start if that is later, and the log end.",
        Series::Commit(lag_of),
    ),
    gauge(
        "kafka_consumergroup_lag_seconds",
        "Age of the oldest record that the group has not committed; 0 without lag.",
        Series::Commit(time_lag),
    ),
    gauge(
        "kafka_consumergroup_purged_records",
        "Records that retention deleted before the group had read them; absent while there are none.",
        Series::Commit(|commits, to| {
            each_commit(commits, to, |commit| {
                records(lag::purged(commit.committed, commit.bounds).filter(|purged| *purged > Lag(0)))
            });
        }),
    ),
    gauge(
        "kafka_consumergroup_partition_status",
        "Status of the group on the partition, always 1; absent while the status is OK.",
        Series::BadStatus,
    ),
    gauge(
        "kafka_consumergroup_current_offset_sum",
        "Sum of the offsets that the group has committed.",
        Series::GroupTopic(Basis::Commits, committed_sum),
    ),
    gauge(
        "kafka_consumergroup_lag_sum",
        "Sum of the lags of the partitions with a commit; absent while one of them is unknown.",
        Series::GroupTopic(Basis::Commits, lag_sum),
    ),
    gauge(
        "kafka_consumergroup_lag_seconds_max",
        "Greatest time lag of the partitions with a commit; absent while one of them is unknown.",
        Series::GroupTopic(Basis::Commits, time_lag_max),
    ),
    gauge(
        "kafka_consumergroup_partitions",
        "Partitions with a commit, by whether their lag is known.",
        Series::GroupTopic(Basis::Commits, |sum, to| {
            to.push_with(&[("known", b"true")], SampleValue::Count(sum.stats.known));
            to.push_with(&[("known", b"false")], SampleValue::Count(sum.stats.unknown));
        }),
    ),
    gauge(
        "kafka_consumergroup_assigned_partitions",
        "Partitions that are assigned to members; absent if there are none.",
        Series::GroupTopic(Basis::Members, assigned),
    ),
    gauge(
        "kafka_consumergroup_uncommitted_partitions",
        "Partitions that are assigned to members and have no commit.",
        Series::GroupTopic(Basis::All, |sum, to| {
            if sum.stats.assigned > 0 {
                to.push(SampleValue::Count(sum.stats.uncommitted));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_retention_used_ratio",
        "Largest unread share of the records that a partition retains; at 1, retention deletes unread records.",
        Series::GroupTopic(Basis::Commits, |sum, to| {
            if let (true, Some(used)) = (sum.stats.has_commits(), sum.stats.retention_used) {
                to.push(SampleValue::Float(used.ratio()));
            }
        }),
    ),
    counter(
        "kafka_consumergroup_commits_total",
        "Commits since the start of warrener; commits that are replayed at the start do not count.",
        Series::GroupTopic(Basis::Commits, commits),
    ),
    counter(
        "kafka_consumergroup_generations_total",
        "Generations (classic groups) or group epochs (other types) that began since the start of warrener.",
        Series::Group(Basis::Members, |_, group, to| to.push(SampleValue::Count(group.generations))),
    ),
    gauge(
        "kafka_consumergroup_lag_limit_seconds",
        "Configured limit of the group's time lag; absent if no limit matches the group.",
        Series::Limit,
    ),
    gauge(
        "kafka_consumergroup_commit_timestamp_seconds",
        "Unix time of the newest commit.",
        Series::GroupTopic(Basis::Commits, |sum, to| {
            if let Some(newest) = sum.stats.newest {
                to.push(SampleValue::Float(newest.seconds()));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_members",
        "Live members of the group.",
        Series::Group(Basis::Members, |_, group, to| to.push(len(group.members.len()))),
    ),
    gauge("kafka_consumergroup_info", "The group's type and protocol, always 1.", Series::Group(Basis::Members, info)),
    gauge(
        "kafka_consumergroup_state",
        "1 for the current state of the group, 0 for the other states of its type.",
        Series::Group(Basis::Members, state),
    ),
    gauge(
        "kafka_consumergroup_status",
        "1 for the status of the group, which is that of its worst partition; 0 for the others.",
        Series::Group(Basis::Commits, status),
    ),
    gauge(
        "kafka_consumergroup_complete_ratio",
        "Share of the partitions with a commit whose window of commits is full.",
        Series::Group(Basis::Commits, |_, group, to| {
            if let Some(complete) = group.evaluation.complete_ratio() {
                to.push(SampleValue::Float(complete));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_partition_owner_info",
        "The member that the partition is assigned to, always 1.",
        Series::Owner,
    ),
];

fn flag(holds: bool) -> SampleValue {
    SampleValue::Int(i64::from(holds))
}

fn brokers(cluster: &ClusterView, to: &mut Samples<'_>) {
    if let Some(brokers) = &cluster.topics.brokers {
        to.push(len(brokers.len()));
    }
}

fn broker_info(_: &ClusterView, broker: &Broker, to: &mut Samples<'_>) {
    let labels = [("id", broker.id.0.to_string()), ("address", escape(&broker.address))];
    let labels = labels.each_ref().map(|(name, text)| (*name, text.as_bytes()));
    to.push_with(&labels, SampleValue::Int(1));
}

fn info(_: &ClusterView, group: &GroupView, to: &mut Samples<'_>) {
    let labels = [
        ("type", group.kind.name().as_bytes()),
        ("protocol_type", group.protocol_type.text()),
        ("protocol", group.protocol.text()),
    ];
    to.push_with(&labels, SampleValue::Int(1));
}

/// The states of a group of a type, as Kafka 4.2 lists them. The offsets topic has only some of them: brokers write no
/// record for a rebalance of a classic group, so the state before it stays.
const fn states(kind: GroupType) -> &'static [&'static str] {
    match kind {
        GroupType::Simple | GroupType::Kind(GroupKind::Classic) => {
            &["preparing_rebalance", "completing_rebalance", "stable", "dead", "empty"]
        }
        GroupType::Kind(GroupKind::Consumer) => {
            &["preparing_rebalance", "completing_rebalance", "stable", "dead", "empty", "assigning", "reconciling"]
        }
        GroupType::Kind(GroupKind::Share) => &["empty", "stable", "dead"],
        GroupType::Kind(GroupKind::ZooKeeper) => &["stable", "empty"],
        GroupType::Kind(GroupKind::Streams) => &["empty", "not_ready", "assigning", "reconciling", "stable", "dead"],
    }
}

fn state(_: &ClusterView, group: &GroupView, to: &mut Samples<'_>) {
    let now = group.state.name();
    for state in states(group.kind) {
        to.push_with(&[("state", state.as_bytes())], SampleValue::Int(i64::from(*state == now)));
    }
}

fn status(_: &ClusterView, group: &GroupView, to: &mut Samples<'_>) {
    for (status, name) in [(GroupStatus::Ok, "ok"), (GroupStatus::Warn, "warn"), (GroupStatus::Err, "err")] {
        to.push_with(&[("status", name.as_bytes())], SampleValue::Int(i64::from(group.evaluation.status == status)));
    }
}

/// The end of a sample of a partition's status, after the partition number. `None` for OK, which has no sample.
#[must_use]
pub const fn status_suffix(status: PartitionStatus) -> Option<&'static [u8]> {
    match status {
        PartitionStatus::Ok => None,
        PartitionStatus::Warn => Some(b"\",status=\"warn\"} 1\n"),
        PartitionStatus::Stop => Some(b"\",status=\"stop\"} 1\n"),
        PartitionStatus::Stall => Some(b"\",status=\"stall\"} 1\n"),
        PartitionStatus::Rewind => Some(b"\",status=\"rewind\"} 1\n"),
    }
}
