//! One cluster: its topics behind one lock, its groups behind 64 (shards). The methods of [`Cluster`] are in the files
//! of this folder, by what they serve.
//!
//! | file | contains |
//! |---|---|
//! | `refreshes` | metadata, log starts and log ends, which cluster modules read |
//! | `time_lags` | what time lags are computed from, and the time lookups that they need |
//! | `updates` | commits, members and other facts of groups, which consumer modules read |
//! | `source_build` | the rebuilding of a source that is read from its beginning |
//! | `sources` | the numbers of sources, and the end of a source |
//! | `ghosts` | groups whose partition of the offsets topic is another one since the topic has grown |
//! | `owners` | owners, and names of topics in assignments |
//! | `expiry`, `removal` | removal of groups by age and by request |
//! | `reconfiguration` | other rules and filters |
//! | `counters` | dropped commits, topics that are not kept, groups that are refused |
//! | `shards` | the groups and their locks |
//!
//! A lock is held only for a copy or an update in memory, and never while another one is taken.

mod counters;
mod expiry;
mod ghosts;
mod owners;
mod reconfiguration;
mod refreshes;
mod removal;
pub(crate) mod shards;
pub(crate) mod source_build;
mod sources;
mod time_lags;
mod updates;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use crate::model::Timestamp;

use crate::storage::cluster::shards::Shards;
use crate::storage::groups::owners::TopicLookup;
use crate::storage::limits::budget::{Budget, MeasuredBytes};
use crate::storage::lists::dropped_topics::DroppedTopicCounter;
use crate::storage::rules::StorageRules;
use crate::storage::sources::dropped::DropReason;
use crate::storage::sources::places::SourcePlaces;
use crate::storage::sources::source::{SourceId, SourceKind};
use crate::storage::topics::Topics;
use crate::storage::topics::names::{Label, TopicNames};

/// One cluster. See the module documentation.
#[derive(Debug)]
pub struct Cluster {
    label: Arc<Label>,
    rules: RwLock<StorageRules>,
    names: TopicNames,
    topics: RwLock<Arc<Topics>>,
    shards: Shards,
    budget: Arc<Budget>,
    /// Memory of topics and their names.
    topics_bytes: MeasuredBytes,
    /// By module, origin and partition of the topic. The partition is 0 for a ZooKeeper ensemble.
    sources: Mutex<HashMap<(String, SourceKind, i32), SourceId>>,
    places: RwLock<Arc<SourcePlaces>>,
    /// Sources from which updates have come, so that something of them may be held.
    updated_sources: Mutex<HashSet<SourceId>>,
    /// Groups whose owners have to be computed.
    stale: Mutex<HashSet<Box<[u8]>>>,
    dropped: [AtomicU64; DropReason::ALL.len()],
    dropped_topics: DroppedTopicCounter,
    /// The timestamp of the newest commit seen.
    newest_commit: AtomicI64,
    /// By source, the timestamp of its newest commit that is not ahead of the wall clock.
    newest_commits: Mutex<HashMap<SourceId, Timestamp>>,
    /// Interval of the refreshes of log ends, in milliseconds.
    refresh: AtomicU64,
    /// Whether the first time lookups are done.
    past_read: AtomicBool,
}

/// The interval of the refreshes of log ends, until another one is set.
const REFRESH: Duration = Duration::from_secs(10);

impl Cluster {
    /// Creates a cluster without groups, whose groups count in `budget`.
    pub(crate) fn new(name: &str, rules: StorageRules, budget: &Arc<Budget>) -> Self {
        Self {
            label: Arc::new(Label::new(name.as_bytes())),
            rules: RwLock::new(rules),
            names: TopicNames::default(),
            topics: RwLock::default(),
            shards: Shards::new(budget),
            budget: Arc::clone(budget),
            topics_bytes: MeasuredBytes::new(Arc::clone(budget)),
            sources: Mutex::default(),
            places: RwLock::default(),
            updated_sources: Mutex::default(),
            stale: Mutex::default(),
            dropped: Default::default(),
            dropped_topics: DroppedTopicCounter::default(),
            newest_commit: AtomicI64::new(i64::MIN),
            newest_commits: Mutex::default(),
            refresh: AtomicU64::new(millis(REFRESH)),
            past_read: AtomicBool::new(false),
        }
    }

    /// The cluster's name.
    #[must_use]
    pub const fn label(&self) -> &Arc<Label> {
        &self.label
    }

    /// The groups.
    pub(crate) const fn shards(&self) -> &Shards {
        &self.shards
    }

    /// The settings at this moment.
    pub(crate) fn rules(&self) -> StorageRules {
        *self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds topics among `topics` by name.
    const fn topic_lookup<'a>(&'a self, topics: &'a Topics) -> TopicLookup<'a> {
        TopicLookup { topics, names: &self.names }
    }

    #[cfg(test)]
    pub(crate) fn names_held(&self) -> usize {
        self.names.all().len()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
