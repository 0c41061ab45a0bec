//! The sources of a cluster: their numbers, and what happens when one is lost or its past has been read.

use crate::model::Partition;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::lock;
use crate::storage::sources::source::{SourceId, SourceKind};

impl Cluster {
    /// The source that stands for a partition of the offsets topic, as read by a module.
    #[must_use]
    pub fn source(&self, module: &str, partition: i32) -> SourceId {
        let source = self.source_of(module, SourceKind::OffsetsTopic, partition);
        self.add_place(module, Partition(partition), source);
        source
    }

    /// The source that stands for a partition of the topic with the state of share groups, as read by a module.
    #[must_use]
    pub fn share_source(&self, module: &str, partition: i32) -> SourceId {
        self.source_of(module, SourceKind::ShareState, partition)
    }

    /// The source that stands for a ZooKeeper ensemble, as read by a module.
    #[must_use]
    pub fn zookeeper_source(&self, module: &str) -> SourceId {
        self.source_of(module, SourceKind::ZooKeeper, 0)
    }

    fn source_of(&self, module: &str, origin: SourceKind, partition: i32) -> SourceId {
        let mut sources = lock(&self.sources);
        let number = sources.len();
        *sources.entry((module.to_owned(), origin, partition)).or_insert_with(|| SourceId::new(number, origin))
    }

    /// Removes everything that came from a source whose partition was lost.
    pub fn remove_source(&self, source: SourceId) {
        lock(&self.newest_commits).remove(&source);
        if lock(&self.updated_sources).remove(&source) {
            for mut shard in self.shards.iter() {
                shard.refused.remove_source(source);
                shard.retain(|_, group| group.remove_source(source));
            }
        }
    }

    /// Forgets the remembered tombstones of a source whose past has been read.
    pub fn drop_pending_tombstones(&self, source: SourceId) {
        for mut shard in self.shards.iter() {
            shard.refused.drop_tombstones(source);
            shard.retain(|_, group| group.drop_pending_tombstones(source));
        }
    }
}
