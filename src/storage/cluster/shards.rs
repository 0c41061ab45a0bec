//! The groups of a cluster, in 64 shards with a lock each.
//!
//! A lock is held only for a copy or an update in memory, and never while another one is taken.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;

use crate::invariant::broken;
use crate::model::Name;

use crate::storage::groups::group::Group;
use crate::storage::limits::budget::Budget;
use crate::storage::limits::record_key::{GroupHash, RecordHasher};
use crate::storage::limits::refused::{LostRecords, RefusedGroups};
use crate::storage::lists::work_counter::CountingGuard;

const SHARDS: usize = 64;

/// Groups by name.
pub(crate) type GroupMap = HashMap<Box<[u8]>, Group>;

/// A part of the groups of a cluster: those that are held, which it stands for, and those that are refused.
#[derive(Debug)]
pub(crate) struct Shard {
    pub groups: GroupMap,
    pub refused: RefusedGroups,
}

impl Shard {
    pub fn new(budget: &Arc<Budget>) -> Self {
        Self { groups: GroupMap::new(), refused: RefusedGroups::new(budget) }
    }

    /// What is lost of a group.
    #[inline]
    pub fn lost(&self, hasher: &RecordHasher, group: Name<'_>) -> LostRecords {
        if self.refused.is_empty() { LostRecords::NONE } else { self.refused.lost(hasher.group(group)) }
    }

    /// The number of groups of which records are lost: those that are refused, and those that are held.
    fn lost_groups(&self, hasher: &RecordHasher) -> (usize, usize) {
        if self.refused.is_empty() {
            return (0, 0);
        }
        let held = self.groups.keys().filter(|name| self.refused.lost(hasher.group(Name(name))).any()).count();
        (self.refused.len().saturating_sub(held), held)
    }
}

impl Deref for Shard {
    type Target = GroupMap;

    fn deref(&self) -> &GroupMap {
        &self.groups
    }
}

impl DerefMut for Shard {
    fn deref_mut(&mut self) -> &mut GroupMap {
        &mut self.groups
    }
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Shards {
    list: Vec<Mutex<Shard>>,
    /// Chooses the shard of a group.
    hasher: RecordHasher,
}

impl Shards {
    pub fn new(budget: &Arc<Budget>) -> Self {
        let list = (0..SHARDS).map(|_| Mutex::new(Shard::new(budget)));
        Self { list: list.collect(), hasher: RecordHasher::default() }
    }

    pub const fn hasher(&self) -> &RecordHasher {
        &self.hasher
    }

    /// The number of the shard of a group.
    ///
    /// Kafka's own hash is not used, because it would put groups with similar names into one shard.
    fn place(GroupHash(hash): GroupHash) -> usize {
        usize::try_from(hash >> 32).unwrap_or(0) % SHARDS
    }

    /// The number of groups that are refused, and of groups that are held although records of them are lost.
    pub fn lost_groups(&self) -> (usize, usize) {
        let each = self.iter().map(|shard| shard.lost_groups(&self.hasher));
        each.fold((0, 0), |all, one| (all.0.saturating_add(one.0), all.1.saturating_add(one.1)))
    }

    /// The shard of a group.
    pub fn of(&self, group: Name<'_>) -> CountingGuard<MutexGuard<'_, Shard>> {
        #[expect(clippy::indexing_slicing, reason = "place() is below SHARDS")]
        CountingGuard::new(lock(&self.list[Self::place(self.hasher.group(group))]))
    }

    /// The shard of this number.
    pub fn numbered(&self, shard: usize) -> Option<MutexGuard<'_, Shard>> {
        self.list.get(shard).map(lock)
    }

    /// All shards, each locked when it is reached.
    pub fn iter(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.list.iter().map(lock)
    }

    /// Divides groups and what is noted of refused ones into one part per shard.
    pub fn divide(&self, read: Shard, budget: &Arc<Budget>) -> (Vec<GroupMap>, Vec<RefusedGroups>) {
        let mut parts: Vec<GroupMap> = self.list.iter().map(|_| GroupMap::new()).collect();
        let mut refused: Vec<RefusedGroups> = self.list.iter().map(|_| RefusedGroups::new(budget)).collect();
        read.refused.divide(&mut refused, Self::place);
        for (name, group) in read.groups {
            match parts.get_mut(Self::place(self.hasher.group(Name(&name)))) {
                Some(part) => drop(part.insert(name, group)),
                None => broken("a group has a shard"),
            }
        }
        (parts, refused)
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
