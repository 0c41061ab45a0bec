//! The limits of storage, and what all clusters hold together. Numbers are kept up to date as groups change, so reading
//! them walks nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::storage::lists::allocation::signed;

/// The limits of storage, over all clusters of the process. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageLimits {
    /// Number of groups.
    pub groups: Option<u64>,
    /// Number of partitions with a commit, summed over all groups.
    pub group_partitions: Option<u64>,
    /// Memory of storage in bytes, as it counts them itself.
    pub memory: Option<u64>,
}

/// What storage holds, over all clusters of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageUsage {
    /// Number of groups, including those that are not shown yet.
    pub groups: u64,
    /// Number of partitions with a commit, summed over these groups.
    pub group_partitions: u64,
    /// Memory of groups and topics in bytes.
    pub memory: u64,
    /// Memory of what is noted about refused groups, in bytes. It has a limit of its own, so that it keeps no group out.
    pub notes: u64,
}

impl StorageUsage {
    /// The limits that are reached, by the names of their keys.
    #[must_use]
    pub fn reached(&self, limits: &StorageLimits) -> Vec<&'static str> {
        let all = [
            ("groups", self.groups, limits.groups),
            ("group-partitions", self.group_partitions, limits.group_partitions),
            ("memory", self.memory, limits.memory),
        ];
        let reached = all.into_iter().filter(|(_, used, limit)| limit.is_some_and(|limit| *used >= limit));
        reached.map(|(name, ..)| name).collect()
    }
}

/// The text for "no limit" among the limits.
const UNLIMITED: i64 = i64::MAX;
/// How much memory the noted facts about refused groups may take where memory has no limit.
const NOTES: i64 = 32 * 1024 * 1024;
/// The least that they may take.
const LEAST_NOTES: i64 = 4 * 1024 * 1024;

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Budget {
    most_groups: AtomicI64,
    most_partitions: AtomicI64,
    most_bytes: AtomicI64,
    groups: AtomicI64,
    partitions: AtomicI64,
    bytes: AtomicI64,
    /// Memory of what is noted about refused groups.
    notes: AtomicI64,
    /// Number of noted refused groups.
    names: AtomicI64,
}

impl Default for Budget {
    fn default() -> Self {
        let [most_groups, most_partitions, most_bytes] = [const { AtomicI64::new(UNLIMITED) }; 3];
        let [groups, partitions, bytes, notes, names] = [const { AtomicI64::new(0) }; 5];
        Self { most_groups, most_partitions, most_bytes, groups, partitions, bytes, notes, names }
    }
}

impl Budget {
    pub fn limits(&self) -> StorageLimits {
        let limit = |held: &AtomicI64| match held.load(Ordering::Relaxed) {
            UNLIMITED => None,
            most => Some(unsigned(most)),
        };
        StorageLimits {
            groups: limit(&self.most_groups),
            group_partitions: limit(&self.most_partitions),
            memory: limit(&self.most_bytes),
        }
    }

    /// Sets the limits. What is held beyond them stays.
    pub fn set_limits(&self, limits: StorageLimits) {
        let most = |limit: Option<u64>| limit.map_or(UNLIMITED, |limit| i64::try_from(limit).unwrap_or(UNLIMITED));
        self.most_groups.store(most(limits.groups), Ordering::Relaxed);
        self.most_partitions.store(most(limits.group_partitions), Ordering::Relaxed);
        self.most_bytes.store(most(limits.memory), Ordering::Relaxed);
    }

    pub fn usage(&self) -> StorageUsage {
        let value = |held: &AtomicI64| unsigned(held.load(Ordering::Relaxed));
        StorageUsage {
            groups: value(&self.groups),
            group_partitions: value(&self.partitions),
            memory: value(&self.bytes),
            notes: value(&self.notes),
        }
    }

    /// Admits a new group. `None` if a limit is reached.
    pub fn admit(self: &Arc<Self>) -> Option<GroupAccount> {
        let below = |held: &AtomicI64, most: &AtomicI64| held.load(Ordering::Relaxed) < most.load(Ordering::Relaxed);
        if !below(&self.partitions, &self.most_partitions) || !below(&self.bytes, &self.most_bytes) {
            return None;
        }
        let most = self.most_groups.load(Ordering::Relaxed);
        let one_more = |groups: i64| (groups < most).then(|| groups.saturating_add(1));
        self.groups.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(GroupAccount { budget: Arc::clone(self), partitions: 0, bytes: 0, counted: true })
    }

    /// The account of a group that is held already, while it is read again. Its memory counts, the group does not.
    pub fn read_again(self: &Arc<Self>) -> GroupAccount {
        GroupAccount { budget: Arc::clone(self), partitions: 0, bytes: 0, counted: false }
    }

    fn add_bytes(&self, bytes: i64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Changes the memory of what is noted about refused groups.
    pub fn add_notes(&self, bytes: i64) {
        self.notes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn add_names(&self, names: i64) {
        self.names.fetch_add(names, Ordering::Relaxed);
    }

    pub fn noted_names(&self) -> i64 {
        self.names.load(Ordering::Relaxed)
    }

    /// Whether more facts about refused groups may be noted.
    pub fn has_room_for_notes(&self) -> bool {
        let most = match self.most_bytes.load(Ordering::Relaxed) {
            UNLIMITED => NOTES,
            most => (most / 4).max(LEAST_NOTES),
        };
        self.notes.load(Ordering::Relaxed) < most
    }
}

/// A number that is negative only for a moment, while another thread changes it.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The part of a group in what is held. Dropping it takes the part back.
#[derive(Debug)]
pub(crate) struct GroupAccount {
    budget: Arc<Budget>,
    partitions: i64,
    bytes: i64,
    /// Whether the group and its partitions count.
    counted: bool,
}

/// By how much a group has grown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    pub partitions: i64,
    pub bytes: i64,
}

impl Growth {
    /// Adds the change of a size.
    #[inline]
    pub fn resize(&mut self, before: usize, after: usize) {
        self.bytes = self.bytes.saturating_add(signed(after).saturating_sub(signed(before)));
    }
}

impl GroupAccount {
    /// Applies a growth.
    #[inline]
    pub fn grow(&mut self, growth: Growth) {
        if growth != Growth::default() {
            self.change(growth);
        }
    }

    #[cold]
    fn change(&mut self, growth: Growth) {
        self.partitions = self.partitions.saturating_add(growth.partitions);
        self.bytes = self.bytes.saturating_add(growth.bytes);
        self.budget.bytes.fetch_add(growth.bytes, Ordering::Relaxed);
        if self.counted {
            self.budget.partitions.fetch_add(growth.partitions, Ordering::Relaxed);
        }
    }

    /// Sets what the group holds.
    pub fn set(&mut self, partitions: usize, bytes: usize) {
        let partitions = signed(partitions).saturating_sub(self.partitions);
        self.grow(Growth { partitions, bytes: signed(bytes).saturating_sub(self.bytes) });
    }

    /// Counts a group that was read again and is no longer held otherwise.
    pub fn count(&mut self) {
        if !std::mem::replace(&mut self.counted, true) {
            self.budget.groups.fetch_add(1, Ordering::Relaxed);
            self.budget.partitions.fetch_add(self.partitions, Ordering::Relaxed);
        }
    }

    #[cfg(test)]
    pub fn held(&self) -> (i64, i64) {
        (self.partitions, self.bytes)
    }
}

impl Drop for GroupAccount {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if self.counted {
            self.budget.groups.fetch_sub(1, Ordering::Relaxed);
            self.budget.partitions.fetch_sub(self.partitions, Ordering::Relaxed);
        }
    }
}

/// Memory that is measured from time to time, and is part of what is held. Dropping it takes the part back.
#[derive(Debug)]
pub(crate) struct MeasuredBytes {
    budget: Arc<Budget>,
    bytes: AtomicI64,
}

impl MeasuredBytes {
    pub fn new(budget: Arc<Budget>) -> Self {
        Self { budget, bytes: AtomicI64::new(0) }
    }

    pub fn set(&self, bytes: usize) {
        let bytes = signed(bytes);
        let before = self.bytes.swap(bytes, Ordering::Relaxed);
        self.budget.add_bytes(bytes.saturating_sub(before));
    }
}

impl Drop for MeasuredBytes {
    fn drop(&mut self) {
        self.budget.add_bytes(self.bytes.get_mut().saturating_neg());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(groups: u64, group_partitions: u64, memory: u64) -> StorageLimits {
        let limit = |most| (most > 0).then_some(most);
        StorageLimits { groups: limit(groups), group_partitions: limit(group_partitions), memory: limit(memory) }
    }

    #[test]
    fn each_limit_refuses_new_groups_and_none_the_growth_of_known_ones() {
        for limits in [limits(1, 0, 0), limits(0, 2, 0), limits(0, 0, 100)] {
            let budget = Arc::new(Budget::default());
            budget.set_limits(limits);
            assert_eq!(budget.limits(), limits);
            let mut first = budget.admit().unwrap();
            first.grow(Growth { partitions: 2, bytes: 100 });
            assert!(budget.admit().is_none());
            first.grow(Growth { partitions: 2, bytes: 100 });
            assert_eq!(budget.usage(), StorageUsage { groups: 1, group_partitions: 4, memory: 200, notes: 0 });
            assert_eq!(budget.usage().reached(&limits).len(), 1);
            drop(first);
            assert_eq!(budget.usage(), StorageUsage::default());
            assert!(budget.admit().is_some());
        }
    }

    #[test]
    fn a_group_that_is_read_again_counts_once_and_its_memory_twice() {
        let budget = Arc::new(Budget::default());
        let (mut held, mut again) = (budget.admit().unwrap(), budget.read_again());
        held.set(3, 300);
        again.set(4, 400);
        assert_eq!(budget.usage(), StorageUsage { groups: 1, group_partitions: 3, memory: 700, notes: 0 });
        drop(held);
        again.count();
        again.count();
        assert_eq!(budget.usage(), StorageUsage { groups: 1, group_partitions: 4, memory: 400, notes: 0 });
    }

    #[test]
    fn memory_that_is_measured_replaces_the_last_measurement() {
        let budget = Arc::new(Budget::default());
        let measured = MeasuredBytes::new(Arc::clone(&budget));
        measured.set(70);
        measured.set(50);
        assert_eq!(budget.usage().memory, 50);
        drop(measured);
        assert_eq!(budget.usage().memory, 0);
    }
}
