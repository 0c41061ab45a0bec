//! The names of Burrow's own `/metrics`.
//!
//! Statuses are the numbers of Burrow's protocol. Burrow leaves a partition out until its window is full; here, as in
//! the other sets, known values are always shown.

use crate::config::NameSet;
use crate::evaluate::{GroupStatus, PartitionStatus};
use crate::metrics::metric_set::{Basis, LabelNames, MetricFamily, MetricSet, Series, TopicSums, gauge};
use crate::metrics::sample_value::SampleValue;
use crate::metrics::shared_values::{committed, each_commit, lag, lag_sum, log_end};

pub static SET: MetricSet = MetricSet {
    name: NameSet("burrow"),
    labels: LabelNames { cluster: "cluster", group: "consumer_group", topic: "topic", partition: "partition" },
    families: FAMILIES,
};

const FAMILIES: &[MetricFamily] = &[
    // A gauge in spite of its name, as in Burrow: the value can go down.
    gauge(
        "burrow_kafka_consumer_lag_total",
        "Sum of the lags of the group's partitions; absent while one of them is unknown.",
        Series::Group(Basis::Commits, |cluster, group, to| lag_sum(&TopicSums::of(cluster.topics_of(group)), to)),
    ),
    gauge(
        "burrow_kafka_consumer_status",
        "Status of the group, that of its worst partition: 1 OK, 2 WARN, 3 ERR.",
        Series::Group(Basis::Commits, |_, group, to| {
            if group.is_used() {
                to.push(group_number(group.evaluation.status));
            }
        }),
    ),
    gauge(
        "burrow_kafka_topic_partition_status",
        "Status of the group on the partition: 1 OK, 2 WARN, 4 STOP, 5 STALL, 6 REWIND.",
        Series::Commit(|commits, to| each_commit(commits, to, |commit| Some(partition_number(commit.status)))),
    ),
    gauge("burrow_kafka_consumer_current_offset", "Offset that the group has committed.", Series::Commit(committed)),
    gauge(
        "burrow_kafka_consumer_partition_lag",
        "Records between the commit, or the log start if that is later, and the log end.",
        Series::Commit(lag),
    ),
    gauge(
        "burrow_kafka_topic_partition_offset",
        "Log end (high watermark) of the partition.",
        Series::Partition(log_end),
    ),
];

const fn group_number(status: GroupStatus) -> SampleValue {
    SampleValue::Int(match status {
        GroupStatus::Ok => 1,
        GroupStatus::Warn => 2,
        GroupStatus::Err => 3,
    })
}

const fn partition_number(status: PartitionStatus) -> SampleValue {
    SampleValue::Int(match status {
        PartitionStatus::Ok => 1,
        PartitionStatus::Warn => 2,
        PartitionStatus::Stop => 4,
        PartitionStatus::Stall => 5,
        PartitionStatus::Rewind => 6,
    })
}
