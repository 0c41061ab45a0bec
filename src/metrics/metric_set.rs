//! The parts of a name set: its families, what each has a series for, and its label names.

use crate::config::NameSet;
use crate::storage::{
    Broker, ClusterView, CommitViews, GroupStats, GroupTopicView, GroupView, LostRecords, PartitionState, Topic,
};

use super::format::Format;
use super::partition_samples::PartitionSamples;
use super::samples::Samples;

/// A name set: its families and label names.
pub struct MetricSet {
    /// The name of the set in the configuration.
    pub name: NameSet,
    /// The label names of this set.
    pub labels: LabelNames,
    /// The families, in the order of the page.
    pub families: &'static [MetricFamily],
}

/// The names that a set gives to shared labels.
pub struct LabelNames {
    /// The cluster. Every series has this label first.
    pub cluster: &'static str,
    /// The group.
    pub group: &'static str,
    /// The topic.
    pub topic: &'static str,
    /// The partition.
    pub partition: &'static str,
}

/// The type of a family, in both formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// A value that goes up and down.
    Gauge,
    /// A value that only goes up. The name ends in `_total`.
    Counter,
}

/// A family: all series of one metric name.
pub struct MetricFamily {
    /// Name, as it is written in samples.
    pub name: &'static str,
    /// Text of the `HELP` line.
    pub help: &'static str,
    /// Type.
    pub kind: MetricType,
    /// What the family has a series for, and how values are read.
    pub series: Series,
}

impl MetricFamily {
    /// Writes the `HELP` and `TYPE` lines.
    pub fn write_header(&self, out: &mut Vec<u8>, format: Format) {
        // OpenMetrics names a counter without `_total` in its metadata.
        let name = match (self.kind, format) {
            (MetricType::Counter, Format::OpenMetrics) => self.name.strip_suffix("_total").unwrap_or(self.name),
            (MetricType::Counter, Format::Text) | (MetricType::Gauge, _) => self.name,
        };
        let kind = match self.kind {
            MetricType::Gauge => "gauge",
            MetricType::Counter => "counter",
        };
        for part in ["# HELP ", name, " ", self.help, "\n# TYPE ", name, " ", kind, "\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// What a family has a series for, with the function that writes its samples. A function that pushes nothing writes no
/// sample.
pub enum Series {
    /// Each cluster.
    Cluster(fn(&ClusterView, &mut Samples<'_>)),
    /// Each broker.
    Broker(fn(&ClusterView, &Broker, &mut Samples<'_>)),
    /// Each topic.
    Topic(fn(&Topic, &mut Samples<'_>)),
    /// Each partition of a topic. The function gets the number of the first partition of a run, and the states of the
    /// run.
    Partition(fn(usize, &[PartitionState], &mut PartitionSamples<'_>)),
    /// Each partition with a commit of a group.
    Commit(fn(CommitViews<'_>, &mut PartitionSamples<'_>)),
    /// Each partition with a commit of a group, with the labels [`OWNER_LABELS`](super::partition_samples::OWNER_LABELS) of the member that it is assigned to.
    OwnedCommit(fn(CommitViews<'_>, &mut PartitionSamples<'_>)),
    /// Each partition with a commit of a group whose status is not OK. The label is the status.
    BadStatus,
    /// Each owner of each assigned partition.
    Owner,
    /// Each topic of a group, or each group if the granularity is `group`.
    GroupTopic(Basis, fn(&TopicSums<'_>, &mut Samples<'_>)),
    /// Each group.
    Group(Basis, fn(&ClusterView, &GroupView, &mut Samples<'_>)),
    /// Each group that matches a `[[metrics.limit]]`.
    Limit,
}

/// The records of a group that a value follows from. While one of them is lost, because the group was refused, the value
/// is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// All its commits.
    Commits,
    /// All records about its members and its type.
    Members,
    /// Both.
    All,
}

impl Basis {
    /// Whether all records are known.
    #[must_use]
    pub const fn is_known(self, lost: LostRecords) -> bool {
        match self {
            Self::Commits => !lost.commits,
            Self::Members => !lost.members,
            Self::All => !lost.any(),
        }
    }
}

/// One topic of a group, or all its topics, with their combined values.
pub struct TopicSums<'a> {
    /// The combined values.
    pub stats: GroupStats,
    /// The topics.
    pub topics: &'a [GroupTopicView],
}

impl<'a> TopicSums<'a> {
    /// Combines topics of one group.
    #[must_use]
    pub fn of(topics: &'a [GroupTopicView]) -> Self {
        let stats = topics.iter().map(|topic| topic.stats).reduce(GroupStats::merge);
        Self { stats: stats.unwrap_or(GroupStats::NONE), topics }
    }
}

impl Series {
    /// Whether the series have a partition label. Such families are left out unless the granularity is `partition`.
    #[must_use]
    pub const fn is_per_partition(&self) -> bool {
        match self {
            Self::Partition(_) | Self::Commit(_) | Self::OwnedCommit(_) | Self::BadStatus | Self::Owner => true,
            Self::Cluster(_)
            | Self::Broker(_)
            | Self::Topic(_)
            | Self::GroupTopic(..)
            | Self::Group(..)
            | Self::Limit => false,
        }
    }
}

/// A gauge.
pub const fn gauge(name: &'static str, help: &'static str, series: Series) -> MetricFamily {
    MetricFamily { name, help, kind: MetricType::Gauge, series }
}

/// A counter.
pub const fn counter(name: &'static str, help: &'static str, series: Series) -> MetricFamily {
    MetricFamily { name, help, kind: MetricType::Counter, series }
}
