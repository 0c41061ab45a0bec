//! The default set (METRICS.md): each family once, with its help and where its numbers come from.

use crate::evaluate::{GroupStatus, PartitionStatus};
use crate::lag;
use crate::model::{BrokerId, Lag};
use crate::storage::{CommitView, GroupKind, GroupState, GroupType, GroupView, PartitionState, Stats, Topic};

use super::text::{Samples, Value};

/// What a family is, in both formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up; its name ends in `_total`.
    Counter,
}

/// A family: the samples of one name.
pub struct Family {
    /// Its name, as samples carry it.
    pub name: &'static str,
    /// Its help.
    pub help: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Where its numbers come from.
    pub series: Series,
}

/// What a family has a series for, and how its number is read there. `None` is no sample.
pub enum Series {
    /// A cluster: the number of its brokers.
    Brokers,
    /// A broker.
    BrokerInfo,
    /// A topic.
    Topic(fn(&Topic) -> Option<Value>),
    /// A partition of a topic.
    Partition(fn(&PartitionState) -> Option<Value>),
    /// A partition that a group has committed.
    Commit(fn(&CommitView) -> Option<Value>),
    /// A partition that a group has committed, while its status is not OK.
    Status,
    /// A partition that is assigned to a member.
    Owner,
    /// A topic of a group; or the group, when series end there.
    GroupTopic(fn(&Stats, &mut Samples<'_>)),
    /// A group.
    Group(fn(&GroupView, &mut Samples<'_>)),
}

impl Series {
    /// Whether it has a label `partition`, and goes when series end at topics.
    #[must_use]
    pub const fn is_per_partition(&self) -> bool {
        matches!(self, Self::Partition(_) | Self::Commit(_) | Self::Status | Self::Owner)
    }
}

const fn gauge(name: &'static str, help: &'static str, series: Series) -> Family {
    Family { name, help, kind: Kind::Gauge, series }
}

const fn counter(name: &'static str, help: &'static str, series: Series) -> Family {
    Family { name, help, kind: Kind::Counter, series }
}

/// The families of the default set, in the order of the page.
pub const FAMILIES: &[Family] = &[
    gauge("kafka_brokers", "Brokers in the cluster's metadata.", Series::Brokers),
    gauge("kafka_broker_info", "A broker and its address, always 1.", Series::BrokerInfo),
    gauge(
        "kafka_topic_partitions",
        "Partitions of the topic.",
        Series::Topic(|topic| Some(len(topic.partitions.len())).filter(|_| !topic.partitions.is_empty())),
    ),
    gauge(
        "kafka_topic_partition_current_offset",
        "Log end (high watermark) of the partition.",
        Series::Partition(|state| Some(Value::Int(state.bounds.end?.0))),
    ),
    gauge(
        "kafka_topic_partition_oldest_offset",
        "Log start (earliest offset) of the partition.",
        Series::Partition(|state| Some(Value::Int(state.bounds.start?.0))),
    ),
    gauge(
        "kafka_topic_partition_leader",
        "Broker that leads the partition; absent with no leader.",
        Series::Partition(|state| state.leader.map(|BrokerId(id)| Value::Int(i64::from(id)))),
    ),
    gauge(
        "kafka_topic_partition_replicas",
        "Replicas of the partition.",
        Series::Partition(|state| Some(len(state.replicas))),
    ),
    gauge(
        "kafka_topic_partition_in_sync_replica",
        "In-sync replicas of the partition.",
        Series::Partition(|state| Some(len(state.in_sync))),
    ),
    gauge(
        "kafka_topic_partition_leader_is_preferred",
        "Whether the first replica leads the partition.",
        Series::Partition(|state| Some(flag(state.leader.is_some() && state.leader == state.preferred))),
    ),
    gauge(
        "kafka_topic_partition_under_replicated_partition",
        "Whether fewer replicas are in sync than there are.",
        Series::Partition(|state| Some(flag(state.in_sync < state.replicas))),
    ),
    gauge(
        "kafka_consumergroup_current_offset",
        "Offset that the group has committed.",
        Series::Commit(|commit| Some(Value::Int(commit.committed.0))),
    ),
    gauge(
        "kafka_consumergroup_lag",
        "Records between the commit, or the log start if that is later, and the log end.",
        Series::Commit(|commit| records(lag::lag(commit.committed, commit.bounds))),
    ),
    gauge(
        "kafka_consumergroup_lag_seconds",
        "Age of the oldest record that is not committed yet; 0 with no lag.",
        Series::Commit(|commit| commit.time_lag.map(Value::from)),
    ),
    gauge(
        "kafka_consumergroup_purged_records",
        "Records that retention deleted before the group had read them; absent while there are none.",
        Series::Commit(|commit| {
            records(lag::purged(commit.committed, commit.bounds).filter(|purged| *purged > Lag(0)))
        }),
    ),
    gauge(
        "kafka_consumergroup_partition_status",
        "Why the group is in trouble on the partition, always 1; absent while it is not.",
        Series::Status,
    ),
    gauge(
        "kafka_consumergroup_current_offset_sum",
        "Sum of the offsets that the group has committed.",
        Series::GroupTopic(|stats, to| {
            if stats.has_commits() {
                to.push(Value::Int(stats.committed));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_lag_sum",
        "Sum of the lags of the partitions with a commit; absent while one of them is unknown.",
        Series::GroupTopic(|stats, to| {
            if stats.has_commits() && stats.unknown == 0 {
                to.push(Value::Count(stats.lag));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_lag_seconds_max",
        "Greatest age of a record that is not committed yet; absent while that of a partition is unknown.",
        Series::GroupTopic(|stats, to| {
            if let (true, Some(time_lag)) = (stats.has_commits(), stats.time_lag) {
                to.push(time_lag.into());
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_partitions",
        "Partitions with a commit, by whether their lag is known.",
        Series::GroupTopic(|stats, to| {
            to.push_with(&[("known", b"true")], Value::Count(stats.known));
            to.push_with(&[("known", b"false")], Value::Count(stats.unknown));
        }),
    ),
    gauge(
        "kafka_consumergroup_assigned_partitions",
        "Partitions assigned to members; absent where none is.",
        Series::GroupTopic(|stats, to| {
            if stats.assigned > 0 {
                to.push(Value::Count(stats.assigned));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_uncommitted_partitions",
        "Partitions assigned to members and never committed.",
        Series::GroupTopic(|stats, to| {
            if stats.assigned > 0 {
                to.push(Value::Count(stats.uncommitted));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_retention_used_ratio",
        "Largest share of what retention keeps of a partition that is still unread; at 1 it deletes what was not read.",
        Series::GroupTopic(|stats, to| {
            if let (true, Some(used)) = (stats.has_commits(), stats.retention_used) {
                to.push(Value::Float(used));
            }
        }),
    ),
    counter(
        "kafka_consumergroup_commits_total",
        "Commits seen live, not those replayed at start.",
        Series::GroupTopic(|stats, to| to.push(Value::Count(stats.commits))),
    ),
    counter(
        "kafka_consumergroup_generations_total",
        "Generations or epochs seen to begin, live.",
        Series::Group(|group, to| to.push(Value::Count(group.generations))),
    ),
    gauge(
        "kafka_consumergroup_commit_timestamp_seconds",
        "Unix time of the newest commit.",
        Series::GroupTopic(|stats, to| {
            if let Some(newest) = stats.newest {
                to.push(Value::Float(newest.seconds()));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_members",
        "Live members of the group.",
        Series::Group(|group, to| to.push(len(group.members.len()))),
    ),
    gauge("kafka_consumergroup_info", "The group's type and protocol, always 1.", Series::Group(info)),
    gauge(
        "kafka_consumergroup_state",
        "Whether the group is in the state, one series per state that its type has.",
        Series::Group(state),
    ),
    gauge(
        "kafka_consumergroup_status",
        "Whether the status of the group, that of its worst partition, is the one named: one series per status.",
        Series::Group(status),
    ),
    gauge(
        "kafka_consumergroup_complete_ratio",
        "Share of the partitions of the group's topics whose window of commits is full.",
        Series::Group(|group, to| {
            if let Some(complete) = group.evaluation.complete_ratio() {
                to.push(Value::Float(complete));
            }
        }),
    ),
    gauge(
        "kafka_consumergroup_partition_owner_info",
        "The member that the partition is assigned to, always 1.",
        Series::Owner,
    ),
];

fn len(len: usize) -> Value {
    Value::Count(u64::try_from(len).unwrap_or(u64::MAX))
}

fn flag(holds: bool) -> Value {
    Value::Int(i64::from(holds))
}

fn records(lag: Option<Lag>) -> Option<Value> {
    lag.map(|Lag(lag)| Value::Count(lag))
}

fn info(group: &GroupView, to: &mut Samples<'_>) {
    let labels = [
        ("type", type_name(group.kind).as_bytes()),
        ("protocol_type", group.protocol_type.text()),
        ("protocol", group.protocol.text()),
    ];
    to.push_with(&labels, Value::Int(1));
}

/// A group's type as the label `type` has it.
#[must_use]
pub const fn type_name(kind: GroupType) -> &'static str {
    match kind {
        GroupType::Simple => "simple",
        GroupType::Kind(GroupKind::Classic) => "classic",
        GroupType::Kind(GroupKind::Consumer) => "consumer",
        GroupType::Kind(GroupKind::Share) => "share",
        GroupType::Kind(GroupKind::Streams) => "streams",
    }
}

/// The states of a group of a type as Kafka 4.2 lists them. The offsets topic tells some of them: nothing is written
/// there for a rebalance of a classic group, the last state holds.
const fn states(kind: GroupType) -> &'static [&'static str] {
    match kind {
        GroupType::Simple | GroupType::Kind(GroupKind::Classic) => {
            &["preparing_rebalance", "completing_rebalance", "stable", "dead", "empty"]
        }
        GroupType::Kind(GroupKind::Consumer) => {
            &["preparing_rebalance", "completing_rebalance", "stable", "dead", "empty", "assigning", "reconciling"]
        }
        GroupType::Kind(GroupKind::Share) => &["empty", "stable", "dead"],
        GroupType::Kind(GroupKind::Streams) => &["empty", "not_ready", "assigning", "reconciling", "stable", "dead"],
    }
}

/// A group's state as the label `state` has it.
#[must_use]
pub const fn state_name(state: GroupState) -> &'static str {
    match state {
        GroupState::Empty => "empty",
        GroupState::NotReady => "not_ready",
        GroupState::Assigning => "assigning",
        GroupState::Reconciling => "reconciling",
        GroupState::Stable => "stable",
    }
}

fn state(group: &GroupView, to: &mut Samples<'_>) {
    let now = state_name(group.state);
    for state in states(group.kind) {
        to.push_with(&[("state", state.as_bytes())], Value::Int(i64::from(*state == now)));
    }
}

fn status(group: &GroupView, to: &mut Samples<'_>) {
    for (status, name) in [(GroupStatus::Ok, "ok"), (GroupStatus::Warn, "warn"), (GroupStatus::Err, "err")] {
        to.push_with(&[("status", name.as_bytes())], Value::Int(i64::from(group.evaluation.status == status)));
    }
}

/// A partition's status as the label `status` has it; OK has no series.
#[must_use]
pub const fn status_name(status: PartitionStatus) -> Option<&'static str> {
    match status {
        PartitionStatus::Ok => None,
        PartitionStatus::Warn => Some("warn"),
        PartitionStatus::Stop => Some("stop"),
        PartitionStatus::Stall => Some("stall"),
        PartitionStatus::Rewind => Some("rewind"),
    }
}
