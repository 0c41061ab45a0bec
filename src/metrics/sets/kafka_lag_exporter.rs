//! The names of seglo's kafka-lag-exporter, which klag-exporter and others also use.

use crate::config::NameSet;
use crate::metrics::metric_set::{Basis, LabelNames, MetricFamily, MetricSet, Series, TopicSums, gauge};
use crate::metrics::shared_values::{committed, lag, lag_max, lag_sum, log_end, log_start, time_lag, time_lag_max};

pub static SET: MetricSet = MetricSet {
    name: NameSet("kafka-lag-exporter"),
    labels: LabelNames { cluster: "cluster_name", group: "group", topic: "topic", partition: "partition" },
    families: FAMILIES,
};

const FAMILIES: &[MetricFamily] = &[
    gauge("kafka_partition_latest_offset", "Log end (high watermark) of the partition.", Series::Partition(log_end)),
    gauge(
        "kafka_partition_earliest_offset",
        "Log start (earliest offset) of the partition.",
        Series::Partition(log_start),
    ),
    gauge("kafka_consumergroup_group_offset", "Offset that the group has committed.", Series::OwnedCommit(committed)),
    gauge(
        "kafka_consumergroup_group_lag",
        "Records between the commit, or the log start if that is later, and the log end.",
        Series::OwnedCommit(lag),
    ),
    gauge(
        "kafka_consumergroup_group_lag_seconds",
        "Age of the oldest record that the group has not committed; 0 without lag.",
        Series::OwnedCommit(time_lag),
    ),
    gauge(
        "kafka_consumergroup_group_max_lag",
        "Greatest lag of the group's partitions; absent while one of them is unknown.",
        Series::Group(Basis::Commits, |cluster, group, to| lag_max(&TopicSums::of(cluster.topics_of(group)), to)),
    ),
    gauge(
        "kafka_consumergroup_group_max_lag_seconds",
        "Greatest time lag of the group's partitions; absent while one of them is unknown.",
        Series::Group(Basis::Commits, |cluster, group, to| time_lag_max(&TopicSums::of(cluster.topics_of(group)), to)),
    ),
    gauge(
        "kafka_consumergroup_group_sum_lag",
        "Sum of the lags of the group's partitions; absent while one of them is unknown.",
        Series::Group(Basis::Commits, |cluster, group, to| lag_sum(&TopicSums::of(cluster.topics_of(group)), to)),
    ),
    gauge(
        "kafka_consumergroup_group_topic_sum_lag",
        "Sum of the lags of the topic's partitions; absent while one of them is unknown.",
        Series::GroupTopic(Basis::Commits, lag_sum),
    ),
];
