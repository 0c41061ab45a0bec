//! Removes expired groups, and names that nothing references any more.

use std::sync::Arc;

use crate::model::Name;
use crate::wall_clock::ExpiryTime;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::{Shard, lock};

impl Cluster {
    /// Removes groups without members whose newest commit is older than `expire-group`, and groups that are only ghosts.
    pub fn expire(&self, now: impl Into<ExpiryTime>) {
        self.compute_owners();
        let (now, rules, brought) = (now.into(), self.rules(), lock(&self.newest_commits).clone());
        for mut shard in self.shards.iter() {
            let Shard { groups, refused } = &mut *shard;
            groups.retain(|name, group| {
                if !group.has_expired(&rules, now, &brought) {
                    return true;
                }
                if refused.is_empty() {
                    return false;
                }
                // Its members may be among what is lost.
                let hash = self.shards.hasher().group(Name(name));
                let keep = refused.lost(hash).members;
                if !keep {
                    refused.forget(hash);
                }
                keep
            });
        }
        self.remove_old_ghosts(now);
        self.free_unused_names();
        self.measure_topics();
    }

    /// Measures the memory of topics and names.
    pub(super) fn measure_topics(&self) {
        self.topics_bytes.set(self.topics().heap_bytes().saturating_add(self.names.heap_bytes()));
    }

    /// Frees names of deleted topics that no group references.
    pub(super) fn free_unused_names(&self) {
        // Two references to a hidden topic's name do not count: that of the topic itself, and that of the table of
        // names. Each group that commits to it holds another one.
        self.change_topics(|topics| topics.remove_hidden(|topic| Arc::strong_count(&topic.name) <= 2));
        self.names.free_unused();
    }
}
