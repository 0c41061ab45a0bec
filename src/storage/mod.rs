//! Everything that is known, in memory: clusters with their topics and groups, and the partitions of both.
//!
//! Storage is a value, not an actor. Modules apply batches of [`Update`]s, and readers take a [`View`], a
//! [`GroupDetail`] or [`GroupSummary`]s. The rules for commits are in docs/src/reference/storage-rules.md, Taking in a
//! commit.
//!
//! The folders in the order in which to read them. Each uses only those before it, which `layers_tests` checks.
//!
//! | folder | contains |
//! |---|---|
//! | `lists` | collections that know nothing of groups and topics |
//! | `sources` | updates, and where they come from |
//! | `limits` | how much may be held, and what is known of groups that are refused |
//! | `topics` | metadata, log ends and times of topics |
//! | `expire`, `rules` | the settings of storage |
//! | `windows` | the commits of one partition of a group |
//! | `groups` | groups, their members and owners |
//! | `cluster` | one cluster: what modules apply |
//! | `views` | what readers get |
//!
//! The tombstone of a commit is applied by `remove_commit` in `groups/group.rs`, which `cluster/updates.rs` calls.

mod cluster;
mod expire;
#[cfg(test)]
mod ghost_tests;
mod groups;
#[cfg(test)]
mod limit_model_tests;
#[cfg(test)]
mod limit_tests;
mod limits;
#[cfg(test)]
mod listing_tests;
mod lists;
mod rules;
mod sources;
#[cfg(test)]
mod status_tests;
#[cfg(test)]
mod tests;
mod topics;
mod views;
mod windows;
#[cfg(test)]
mod work_tests;
#[cfg(test)]
mod zookeeper_tests;

use std::collections::TryReserveError;
use std::sync::{Arc, PoisonError, RwLock};

pub use cluster::Cluster;
pub use cluster::source_build::SourceBuild;
pub use expire::ExpiryPolicy;
pub use groups::member::Member;
pub use groups::owners::{PartitionOwner, TopicAssignment};
pub use groups::protocol_records::GroupState;
pub use limits::budget::{StorageLimits, StorageUsage};
pub use limits::refused::LostRecords;
pub use lists::dropped_topics::DroppedTopics;
pub use rules::StorageRules;
pub use sources::dropped::DropReason;
pub use sources::group_fact::{CurrentUpdate, EpochUpdate, GroupFact, OwnedUpdate, TopologyUpdate};
pub use sources::group_kind::{GroupKind, GroupType};
pub use sources::share::{ShareState, ShareUpdate};
pub use sources::source::{PastState, SourceId};
pub use sources::update::{MemberUpdate, MembersUpdate, Update};
pub use topics::list_offsets::{LogBounds, TimeAnswer, TimeLookupAnswer};
pub use topics::metadata::{Broker, ClusterFacts, Metadata, PartitionMetadata, TopicMetadata};
pub use topics::names::{Label, TopicKey, TopicName, escape};
pub use topics::partition::PartitionState;
pub use topics::time_index::{TimestampOffset, TimestampPresence};
pub use topics::{Topic, Topics};
pub use views::commit::CommitView;
pub use views::group_detail::{GroupDetail, PartitionDetail, TopicDetail};
pub use views::group_stats::GroupStats;
pub use views::group_summary::{GroupSummary, SummaryQuery, WorstPartition};
pub use views::lag_history::{LagHistory, LagPoint, group_lag_history, partition_lag_history};
pub use views::topic_evaluation::EvaluatedPartition;
pub use views::view::{ClusterView, CommitViews, GroupTopicView, GroupView, View};
pub use windows::time_lookup::{TimeLookup, WantedTime};
pub use windows::window::{Commits, Window};

use limits::budget::Budget;

use crate::evaluate::EvaluatorRules;
use crate::model::Timestamp;
use crate::wall_clock::ExpiryTime;

/// All clusters, sorted by name.
#[derive(Debug)]
pub struct Storage {
    clusters: RwLock<Arc<[Arc<Cluster>]>>,
    budget: Arc<Budget>,
}

impl Storage {
    /// Creates an empty storage for the named clusters.
    pub fn new<'a>(clusters: impl IntoIterator<Item = &'a str>, rules: StorageRules) -> Self {
        let storage = Self { clusters: RwLock::new(Arc::new([])), budget: Arc::default() };
        storage.reconfigure(clusters.into_iter().map(|name| storage.cluster_or_new(name, rules)).collect(), rules);
        storage
    }

    /// Sets the limits of all clusters together. Groups that are held beyond them stay; new ones are refused until
    /// there is room.
    pub fn set_limits(&self, limits: StorageLimits) {
        self.budget.set_limits(limits);
    }

    /// The limits of all clusters together.
    #[must_use]
    pub fn limits(&self) -> StorageLimits {
        self.budget.limits()
    }

    /// What all clusters hold together.
    #[must_use]
    pub fn usage(&self) -> StorageUsage {
        self.budget.usage()
    }

    /// The cluster of this name, or a new one, which is not shown before it is passed to
    /// [`reconfigure`](Self::reconfigure).
    #[must_use]
    pub fn cluster_or_new(&self, name: &str, rules: StorageRules) -> Arc<Cluster> {
        self.cluster(name).unwrap_or_else(|| Arc::new(Cluster::new(name, rules, &self.budget)))
    }

    /// Shows only these clusters from now on, with these rules.
    pub fn reconfigure(&self, mut clusters: Vec<Arc<Cluster>>, rules: StorageRules) {
        clusters.sort_unstable_by(|a, b| a.label().name().0.cmp(b.label().name().0));
        clusters.iter().for_each(|cluster| cluster.set_rules(rules));
        // The removed clusters are freed after the lock is released.
        let before = {
            let mut held = self.clusters.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, clusters.into())
        };
        drop(before);
    }

    /// The cluster of this name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<Arc<Cluster>> {
        self.clusters().iter().find(|cluster| cluster.label().name().0 == name.as_bytes()).cloned()
    }

    /// All clusters, sorted by name.
    #[must_use]
    pub fn clusters(&self) -> Arc<[Arc<Cluster>]> {
        Arc::clone(&self.clusters.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Applies a full metadata answer of a cluster. `at` is the time of the request.
    pub fn apply_metadata(&self, cluster: &str, metadata: Metadata, at: Timestamp) {
        if let Some(cluster) = self.cluster(cluster) {
            cluster.apply_metadata(metadata, at);
        }
    }

    /// Sets the facts that a cluster reports beside its metadata.
    pub fn apply_facts(&self, cluster: &str, facts: ClusterFacts) {
        if let Some(cluster) = self.cluster(cluster) {
            cluster.apply_facts(facts);
        }
    }

    /// Makes the brokers, leaders and replicas of a cluster unknown.
    pub fn forget_metadata(&self, cluster: &str) {
        if let Some(cluster) = self.cluster(cluster) {
            cluster.forget_metadata();
        }
    }

    /// Applies the log starts and log ends of a refresh. Each call may cover a part of the partitions of the cluster.
    pub fn apply_bounds(&self, cluster: &str, bounds: &[LogBounds<'_>], at: Timestamp) {
        if let Some(cluster) = self.cluster(cluster) {
            cluster.apply_bounds(bounds, at);
        }
    }

    /// Removes expired groups.
    pub fn expire(&self, now: impl Into<ExpiryTime>) {
        let now = now.into();
        self.clusters().iter().for_each(|cluster| cluster.expire(now));
    }

    /// Returns a copy of all that is shown, with groups evaluated as of `now`.
    ///
    /// # Errors
    /// There is not enough memory for it. A million commits take 24 MB.
    pub fn try_view(&self, now: Timestamp, rules: &EvaluatorRules) -> Result<View, TryReserveError> {
        let clusters = self.clusters();
        let views = clusters.iter().map(|cluster| ClusterView::try_of(cluster, now, rules));
        Ok(View { clusters: views.collect::<Result<_, _>>()? })
    }

    /// The same as [`Self::try_view`], for callers that can do nothing without a view.
    ///
    /// # Panics
    /// There is not enough memory for it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "its callers can do nothing without a view")]
    pub fn view(&self, now: Timestamp, rules: &EvaluatorRules) -> View {
        self.try_view(now, rules).expect("there is no memory for a view of all groups")
    }
}
