//! What is known, in memory: cluster -> topic -> partition, and cluster -> group -> topic -> partition.
//!
//! Storage is a value, not an actor. Modules apply batches of [`Update`]s, readers take a [`View`]; the rules
//! of how a commit is taken in are RULES.md's.

mod build;
mod cluster;
mod copy;
mod cut;
mod detail;
mod epoch_facts;
mod epochs;
mod expire;
mod fact;
mod finding;
mod glance;
#[cfg(test)]
mod glance_tests;
mod graves;
mod group;
mod judge;
mod log_ends;
mod made;
mod meta;
mod names;
mod owners;
mod partition;
mod progress;
mod removal;
mod settle;
mod shares;
mod shown;
mod since;
mod slot;
mod slots;
mod sorted;
mod source;
mod stats;
#[cfg(test)]
mod status_tests;
#[cfg(test)]
mod tests;
mod texts;
mod time_index;
mod topics;
mod trail;
mod update;
mod view;
mod window;
mod work;
#[cfg(test)]
mod work_tests;
#[cfg(test)]
mod zookeeper_tests;

use std::sync::Arc;

pub use build::Build;
pub use cluster::Cluster;
pub use cut::Cut;
pub use detail::{GroupDetail, PartitionDetail, TopicDetail};
pub use epochs::GroupState;
pub use expire::Expire;
pub use glance::{Glance, Look, Worst};
pub use meta::Member;
pub use names::{Label, TopicName, escape};
pub use owners::{Assigned, Owned};
pub use partition::PartitionState;
pub use settle::{Aim, Lagging};
pub use slot::Rules;
pub use source::SourceId;
pub use stats::Stats;
pub use time_index::{Dated, Dates};
pub use topics::{Topic, Topics};
pub use trail::{Course, Point, points, trail};
pub use update::{
    Broker, ClusterFacts, CurrentUpdate, Dropped, EpochUpdate, GroupFact, GroupKind, LogBounds, MemberUpdate,
    MembersUpdate, Metadata, OwnedUpdate, PartitionMetadata, ShareState, ShareUpdate, TimeAnswer, TimesFound,
    TopicMetadata, TopologyUpdate, Update,
};
pub use view::{ClusterView, CommitView, CommitViews, GroupTopicView, GroupType, GroupView, View};
pub use window::{Commit, Commits, LagThen, Window};

use crate::evaluate::EvaluatorRules;
use crate::model::Timestamp;

/// How a stream of updates lies to the past of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// The past is known, or not asked for.
    Read,
    /// This stream runs ahead of the past, which comes behind it: tombstones are remembered until then.
    Ahead,
    /// This stream is the past.
    Behind,
}

/// All clusters, by name.
#[derive(Debug)]
pub struct Storage {
    clusters: Vec<Arc<Cluster>>,
}

impl Storage {
    /// An empty storage for the named clusters.
    pub fn new<'a>(clusters: impl IntoIterator<Item = &'a str>, rules: Rules) -> Self {
        let mut names: Vec<&str> = clusters.into_iter().collect();
        names.sort_unstable();
        Self { clusters: names.into_iter().map(|name| Arc::new(Cluster::new(name, rules))).collect() }
    }

    /// The cluster of a name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.clusters.iter().find(|cluster| cluster.label().name().0 == name.as_bytes())
    }

    /// All clusters, by name.
    #[must_use]
    pub fn clusters(&self) -> &[Arc<Cluster>] {
        &self.clusters
    }

    /// Takes in one full metadata answer of a cluster. `at` is when it was asked for.
    pub fn apply_metadata(&self, cluster: &str, metadata: Metadata, at: Timestamp) {
        if let Some(cluster) = self.cluster(cluster) {
            cluster.apply_metadata(metadata, at);
        }
    }

    /// Takes in what a cluster tells of itself beside its metadata.
    pub fn apply_facts(&self, cluster: &str, facts: ClusterFacts) {
        if let Some(cluster) = self.cluster(cluster) {
            cluster.apply_facts(facts);
        }
    }

    /// Brokers, leaders and replicas of a cluster are not known any more.
    pub fn forget_metadata(&self, cluster: &str) {
        if let Some(cluster) = self.cluster(cluster) {
            cluster.forget_metadata();
        }
    }

    /// Takes in what a refresh found out about logs, a part of a cluster's partitions at a time.
    pub fn apply_bounds(&self, cluster: &str, bounds: &[LogBounds<'_>], at: Timestamp) {
        if let Some(cluster) = self.cluster(cluster) {
            cluster.apply_bounds(bounds, at);
        }
    }

    /// Forgets what has expired.
    pub fn expire(&self, now: Timestamp) {
        self.clusters.iter().for_each(|cluster| cluster.expire(now));
    }

    /// A picture of all that is shown, judged as of `now`.
    #[must_use]
    pub fn view(&self, now: Timestamp, rules: &EvaluatorRules) -> View {
        View { clusters: self.clusters.iter().map(|cluster| ClusterView::of(cluster, now, rules)).collect() }
    }
}
