//! What sets of names are made of: families, what each has a series for, and the labels of a set.

use crate::storage::{Broker, ClusterView, CommitViews, GroupTopicView, GroupView, PartitionState, Stats, Topic};

use super::numbered::Numbered;
use super::text::Samples;

/// A set of names: a table of families, and how its labels are called.
pub struct Set {
    /// Its labels.
    pub labels: Labels,
    /// Its families, in the order of the page.
    pub families: &'static [Family],
}

/// What a set calls the labels that its series share.
pub struct Labels {
    /// On every series, before all others.
    pub cluster: &'static str,
    /// A group's name.
    pub group: &'static str,
    /// A topic's name.
    pub topic: &'static str,
    /// A partition's number.
    pub partition: &'static str,
}

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

/// What a family has a series for, and how its number is read there. Nothing pushed is no sample.
pub enum Series {
    /// A cluster.
    Cluster(fn(&ClusterView, &mut Samples<'_>)),
    /// A broker.
    Broker(fn(&ClusterView, &Broker, &mut Samples<'_>)),
    /// A topic.
    Topic(fn(&Topic, &mut Samples<'_>)),
    /// A partition of a topic: of a run of them, the first one's number is told.
    Partition(fn(usize, &[PartitionState], &mut Numbered<'_>)),
    /// A partition that a group has committed.
    Commit(fn(CommitViews<'_>, &mut Numbered<'_>)),
    /// The same, with the member that it is assigned to in [`OWNER_LABELS`].
    OwnedCommit(fn(CommitViews<'_>, &mut Numbered<'_>)),
    /// A partition that a group has committed, while its status is not OK: which it is.
    Trouble,
    /// A partition that is assigned to a member.
    Owner,
    /// A topic of a group; or the group, when series end there.
    GroupTopic(fn(&Sum<'_>, &mut Samples<'_>)),
    /// A group.
    Group(fn(&ClusterView, &GroupView, &mut Samples<'_>)),
    /// A group that the configuration has a limit for.
    Limit,
}

/// The labels of [`Series::OwnedCommit`] after the partition: host, id and client id of the member.
pub const OWNER_LABELS: [&str; 3] = ["member_host", "consumer_id", "client_id"];

/// One topic of a group, or all of them, and what they come to.
pub struct Sum<'a> {
    /// What they come to.
    pub stats: Stats,
    /// The topics.
    pub topics: &'a [GroupTopicView],
}

impl<'a> Sum<'a> {
    /// Of topics of one group.
    #[must_use]
    pub fn of(topics: &'a [GroupTopicView]) -> Self {
        let stats = topics.iter().map(|topic| topic.stats).reduce(Stats::merge);
        Self { stats: stats.unwrap_or(Stats::NONE), topics }
    }
}

impl Series {
    /// Whether it has a label for the partition, and goes when series end at topics.
    #[must_use]
    pub const fn is_per_partition(&self) -> bool {
        match self {
            Self::Partition(_) | Self::Commit(_) | Self::OwnedCommit(_) | Self::Trouble | Self::Owner => true,
            Self::Cluster(_)
            | Self::Broker(_)
            | Self::Topic(_)
            | Self::GroupTopic(_)
            | Self::Group(_)
            | Self::Limit => false,
        }
    }
}

/// A family that goes up and down.
pub const fn gauge(name: &'static str, help: &'static str, series: Series) -> Family {
    Family { name, help, kind: Kind::Gauge, series }
}

/// A family that only goes up.
pub const fn counter(name: &'static str, help: &'static str, series: Series) -> Family {
    Family { name, help, kind: Kind::Counter, series }
}
