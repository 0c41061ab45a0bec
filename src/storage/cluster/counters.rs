//! What a cluster counts: dropped commits, and topics of assignments that are not kept.

use std::sync::atomic::Ordering;

use crate::storage::cluster::Cluster;
use crate::storage::lists::dropped_topics::DroppedTopics;
use crate::storage::sources::dropped::DropReason;

impl Cluster {
    /// Counts what was dropped for a reason.
    pub fn count_dropped(&self, why: DropReason, count: u64) {
        if count == 0 {
            return;
        }
        for (counter, _) in self.dropped.iter().zip(DropReason::ALL).filter(|(_, reason)| *reason == why) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// The number of dropped commits, by reason.
    pub fn dropped(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL.into_iter().zip(self.dropped.iter().map(|counter| counter.load(Ordering::Relaxed)))
    }

    /// The number of groups that are refused, because a limit of storage is or was reached.
    ///
    /// Up to a million of them are noted in all clusters together; the number does not grow beyond.
    #[must_use]
    pub fn refused_groups(&self) -> usize {
        self.shards.lost_groups().0
    }

    /// The number of groups that were refused before, and of which not everything has been read again.
    #[must_use]
    pub fn incomplete_groups(&self) -> usize {
        self.shards.lost_groups().1
    }

    /// The number of topics of assignments that were not kept, because an assignment names more than 10,000 topics that
    /// the metadata does not name.
    pub fn dropped_topics(&self) -> u64 {
        self.dropped_topics.topics()
    }

    /// Returns the first assignment that was not kept completely. Later calls return `None`.
    pub fn take_first_dropped(&self) -> Option<DroppedTopics> {
        self.dropped_topics.take_first()
    }
}
