//! The groups of a cluster, in 64 shards with a lock each.
//!
//! A lock is held only for a copy or an update in memory, and never while another one is taken.

use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::{DefaultHashBuilder, HashMap};

use crate::invariant::broken;
use crate::model::Name;

use crate::storage::groups::group::Group;
use crate::storage::lists::work_counter::CountingGuard;

const SHARDS: usize = 64;

/// Groups by name.
pub(crate) type GroupMap = HashMap<Box<[u8]>, Group>;

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Shards {
    list: Vec<Mutex<GroupMap>>,
    /// Chooses the shard of a group.
    hasher: DefaultHashBuilder,
}

impl Default for Shards {
    fn default() -> Self {
        Self { list: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: DefaultHashBuilder::default() }
    }
}

impl Shards {
    /// The number of the shard of a group.
    ///
    /// Kafka's own hash is not used, because it would put groups with similar names into one shard.
    fn place(&self, group: Name<'_>) -> usize {
        usize::try_from(self.hasher.hash_one(group.0) >> 32).unwrap_or(0) % SHARDS
    }

    /// The shard of a group.
    pub fn of(&self, group: Name<'_>) -> CountingGuard<MutexGuard<'_, GroupMap>> {
        #[expect(clippy::indexing_slicing, reason = "place() is below SHARDS")]
        CountingGuard::new(lock(&self.list[self.place(group)]))
    }

    /// The shard of this number.
    pub fn numbered(&self, shard: usize) -> Option<MutexGuard<'_, GroupMap>> {
        self.list.get(shard).map(lock)
    }

    /// All shards, each locked when it is reached.
    pub fn iter(&self) -> impl Iterator<Item = MutexGuard<'_, GroupMap>> {
        self.list.iter().map(lock)
    }

    /// Divides groups into one map per shard.
    pub fn divide(&self, groups: GroupMap) -> Vec<GroupMap> {
        let mut parts: Vec<GroupMap> = self.list.iter().map(|_| GroupMap::new()).collect();
        for (name, group) in groups {
            match parts.get_mut(self.place(Name(&name))) {
                Some(part) => drop(part.insert(name, group)),
                None => broken("a group has a shard"),
            }
        }
        parts
    }

    /// Keeps the groups for which `keep` returns true. `keep` may change them.
    pub fn retain(&self, mut keep: impl FnMut(&[u8], &mut Group) -> bool) {
        for mut shard in self.iter() {
            shard.retain(|name, group| keep(name, group));
        }
    }
}

/// Locks a value. A panic of another thread while it held the lock is ignored.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
