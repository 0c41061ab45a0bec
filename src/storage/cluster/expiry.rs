//! Removes expired groups, and names that nothing references any more.

use std::sync::Arc;

use crate::wall_clock::ExpiryTime;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::lock;

impl Cluster {
    /// Removes groups without members whose newest commit is older than `expire-group`.
    pub fn expire(&self, now: impl Into<ExpiryTime>) {
        self.compute_owners();
        let (now, rules, brought) = (now.into(), self.rules(), lock(&self.newest_commits).clone());
        self.shards.retain(|_, group| !group.has_expired(&rules, now, &brought));
        self.free_unused_names();
    }

    /// Frees names of deleted topics that no group references.
    pub(super) fn free_unused_names(&self) {
        // Two references to a hidden topic's name do not count: that of the topic itself, and that of the table of
        // names. Each group that commits to it holds another one.
        self.change_topics(|topics| topics.remove_hidden(|topic| Arc::strong_count(&topic.name) <= 2));
        self.names.free_unused();
    }
}
