//! What both classes do when the configuration changes: a new module takes the place of an old one, and filters act in
//! a running module.

use std::sync::Arc;

use hashbrown::HashSet;
use tracing::info;

use crate::config::ConsumerFilters;
use crate::coordinator::Handover;
use crate::storage::{Cluster, SourceId};

/// Decides when a module may show what it has read.
#[derive(Debug)]
pub struct Takeover {
    handover: Handover,
    cluster: Arc<Cluster>,
    module: String,
    /// Whether the module shows what it reads.
    shows: bool,
}

impl Takeover {
    /// Of a module that has shown nothing yet.
    pub fn new(handover: Handover, cluster: Arc<Cluster>, module: String) -> Self {
        let shows = handover.is_open();
        Self { handover, cluster, module, shows }
    }

    /// Whether the module shows what it reads.
    pub const fn shows(&self) -> bool {
        self.shows
    }

    /// Whether the module may show what it has read from now on. Until then it reports whether that is `complete`.
    ///
    /// What the old module has read from elsewhere is removed first.
    pub fn begins(&mut self, complete: impl FnOnce() -> bool) -> bool {
        if self.shows {
            return false;
        }
        if self.handover.is_open() {
            self.shows = true;
            return true;
        }
        if !self.handover.is_complete() && complete() {
            self.handover.record_complete();
            info!(module = self.module, "read beside the running module");
        }
        false
    }

    /// Removes what the old module has read from sources that the new one does not have. `shown` are those from which
    /// the new one shows what it has read, `known` all that it has.
    pub fn remove_old_sources(&self, shown: &HashSet<SourceId>, known: &HashSet<SourceId>) {
        // What an unread source has brought stays valid only if it is read from the same place.
        self.cluster.keep_sources(&self.module, if self.handover.continues() { known } else { shown });
    }
}

/// Removes what filters do not allow.
pub fn remove_refused(cluster: &Cluster, module: &str, filters: &ConsumerFilters) {
    cluster.keep_groups(module, |group| filters.allow_group(group.0));
    cluster.keep_topics(|topic| filters.topics.allows(topic.0));
}
