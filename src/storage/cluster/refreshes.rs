//! Applies what cluster modules read: metadata, log starts and log ends.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use hashbrown::HashMap;

use crate::model::{Name, Timestamp};

use crate::storage::cluster::Cluster;
use crate::storage::sources::dropped::DropReason;
use crate::storage::topics::Topics;
use crate::storage::topics::list_offsets::LogBounds;
use crate::storage::topics::metadata::{ClusterFacts, Metadata};
use crate::storage::topics::names::{TopicKey, TopicName};
use crate::storage::topics::partition::LogEndRefresh;

impl Cluster {
    /// The current topics.
    #[must_use]
    pub fn topics(&self) -> Arc<Topics> {
        Arc::clone(&self.topics.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes topics with too long a name from a metadata answer, and counts them.
    pub fn drop_long_topic_names(&self, metadata: &mut Metadata) {
        let before = metadata.topics.len();
        metadata.topics.retain(|topic| Name(topic.name.as_bytes()).is_valid_topic_name());
        let refused = before.saturating_sub(metadata.topics.len());
        self.count_dropped(DropReason::Name, u64::try_from(refused).unwrap_or(u64::MAX));
    }

    /// Applies a full metadata answer. `at` is the time of the request.
    pub fn apply_metadata(&self, mut metadata: Metadata, at: Timestamp) {
        self.drop_long_topic_names(&mut metadata);
        let at = self.limit_to_broker_clock(at);
        let named: Vec<_> =
            metadata.topics.iter().map(|topic| (self.names.intern(Name(topic.name.as_bytes())), topic)).collect();
        let known = self.names.all();
        let mut recreated = Vec::new();
        self.change_topics(|topics| {
            let mut brokers = metadata.brokers;
            brokers.sort_by_key(|broker| broker.id);
            brokers.dedup_by_key(|broker| broker.id);
            topics.set_brokers(brokers);
            let mut missing: HashMap<TopicKey, Arc<TopicName>> =
                known.into_iter().map(|name| (name.key(), name)).collect();
            for (name, found) in named {
                missing.remove(&name.key());
                if let Some(until) = topics.apply_topic(Arc::clone(&name), found, at) {
                    recreated.push((name, until));
                }
            }
            for name in missing.into_values() {
                topics.record_unnamed(name);
            }
        });
        self.drop_older_commits(&recreated);
        self.resolve_names();
        self.free_unused_names();
        self.measure_topics();
    }

    /// Sets the facts that the cluster reports beside its metadata.
    pub fn apply_facts(&self, facts: ClusterFacts) {
        self.change_topics(|topics| topics.facts = Arc::new(facts));
    }

    /// Makes brokers, leaders and replicas unknown.
    pub fn forget_metadata(&self) {
        self.change_topics(Topics::forget_metadata);
    }

    /// Applies the log starts and log ends of a refresh. Each call may cover a part of the partitions.
    pub fn apply_bounds(&self, bounds: &[LogBounds<'_>], at: Timestamp) {
        let read = LogEndRefresh { at, by_brokers: self.limit_to_broker_clock(at), keep: self.rules().intervals };
        let mut recreated = Vec::new();
        let named: Vec<(Arc<TopicName>, &[LogBounds<'_>])> = bounds
            .chunk_by(|a, b| a.topic == b.topic)
            .filter(|run| run.first().is_some_and(|found| Name(found.topic.as_bytes()).is_valid_topic_name()))
            .filter_map(|run| Some((self.names.intern(Name(run.first()?.topic.as_bytes())), run)))
            .collect();
        self.change_topics(|topics| {
            for (name, run) in named {
                for found in run {
                    if let Some(until) = topics.apply_bounds(&name, found, read) {
                        recreated.push((Arc::clone(&name), until));
                    }
                }
            }
        });
        self.drop_older_commits(&recreated);
    }

    /// Limits a time of our clock to the brokers' clock, by which commits are dated.
    ///
    /// Our clock may be ahead of theirs, so the result is not later than the timestamp of the newest commit seen.
    fn limit_to_broker_clock(&self, at: Timestamp) -> Timestamp {
        at.min(Timestamp(self.newest_commit.load(Ordering::Relaxed)))
    }

    pub(super) fn change_topics(&self, change: impl FnOnce(&mut Topics)) {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut topics));
    }

    /// Removes commits to topics that were deleted and created again: those up to the given time.
    fn drop_older_commits(&self, recreated: &[(Arc<TopicName>, Timestamp)]) {
        if recreated.is_empty() {
            return;
        }
        let mut until: HashMap<TopicKey, Timestamp> = HashMap::with_capacity(recreated.len());
        for (topic, at) in recreated {
            let latest = until.entry(topic.key()).or_insert(*at);
            *latest = (*latest).max(*at);
        }
        self.shards.retain(|_, group| {
            group.retain(|name, slot| {
                until.get(&name.key()).is_none_or(|last| slot.retain(|commit| commit.timestamp > *last))
            })
        });
    }
}
