//! Tombstones of commits that were not read yet. Kept only while the past is read behind the live stream.

use hashbrown::HashMap;

use crate::model::{Order, Partition};

use crate::storage::limits::budget::Growth;
use crate::storage::lists::allocation;
use crate::storage::sources::source::SourceId;

/// The tombstones of one group that were read before the commits that they delete.
#[derive(Debug, Default)]
pub(crate) struct PendingTombstones {
    /// Sources whose past is still to be read.
    sources: Vec<SourceId>,
    commits: HashMap<(SourceId, Box<[u8]>, Partition), Order>,
}

impl PendingTombstones {
    /// Notes that the past of a source is still to be read.
    pub fn add_source(&mut self, source: SourceId) {
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    /// Adds a tombstone, unless a newer one is held. Adds to `growth` by how much the memory has grown.
    pub fn add(&mut self, source: SourceId, topic: &[u8], partition: Partition, order: Order, growth: &mut Growth) {
        self.add_source(source);
        let before = self.commits.len();
        let newest = self.commits.entry((source, topic.into(), partition)).or_insert(order);
        *newest = order.max(*newest);
        if self.commits.len() > before {
            growth.resize(0, tombstone_bytes(topic));
        }
    }

    /// The memory that it takes.
    pub fn bytes(&self) -> usize {
        let tombstones = self.commits.keys().map(|(_, topic, _)| tombstone_bytes(topic));
        tombstones.fold(0, usize::saturating_add)
    }

    /// Whether the tombstone of a commit is held and newer than the commit.
    pub fn deletes(&self, source: SourceId, topic: &[u8], partition: Partition, order: Order) -> bool {
        self.commits.get(&(source, Box::from(topic), partition)).is_some_and(|newest| *newest > order)
    }

    /// Removes the tombstones of a source whose past has been read. Returns whether the past of another source is still
    /// to be read.
    pub fn remove_source(&mut self, source: SourceId) -> bool {
        self.sources.retain(|kept| *kept != source);
        self.commits.retain(|(kept, ..), _| *kept != source);
        !self.sources.is_empty()
    }
}

fn tombstone_bytes(topic: &[u8]) -> usize {
    let entry = allocation::map_entries::<(SourceId, Box<[u8]>, Partition), Order>(1);
    entry.saturating_add(allocation::allocation(topic.len()))
}
