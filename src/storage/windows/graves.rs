//! Commits that were deleted before they were read: only while the past is read behind the live stream.

use hashbrown::HashMap;

use crate::model::{Order, Partition};

use crate::storage::SourceId;

/// Tombstones of one group that came before the past did.
#[derive(Debug, Default)]
pub(crate) struct Graves {
    /// Sources whose past is being read.
    sources: Vec<SourceId>,
    commits: HashMap<(SourceId, Box<[u8]>, Partition), Order>,
}

impl Graves {
    /// Remembers that the past of a source is being read.
    pub fn open(&mut self, source: SourceId) {
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    /// Remembers a tombstone.
    pub fn bury(&mut self, source: SourceId, topic: &[u8], partition: Partition, order: Order) {
        self.open(source);
        let grave = self.commits.entry((source, topic.into(), partition)).or_insert(order);
        *grave = order.max(*grave);
    }

    /// Whether a commit is older than its tombstone.
    pub fn hold(&self, source: SourceId, topic: &[u8], partition: Partition, order: Order) -> bool {
        self.commits.get(&(source, Box::from(topic), partition)).is_some_and(|grave| *grave > order)
    }

    /// The past of a source has been read; tells whether others' are still being read.
    pub fn close(&mut self, source: SourceId) -> bool {
        self.sources.retain(|kept| *kept != source);
        self.commits.retain(|(kept, ..), _| *kept != source);
        !self.sources.is_empty()
    }
}
