//! How much memory a group takes, kept up to date as it changes.
//!
//! What one record changes is added to the group's account. Where a whole group is walked anyway, as when a source is
//! removed, it is counted again.

use std::sync::Arc;

use crate::storage::groups::group::{Group, GroupTopic};
use crate::storage::groups::group_meta::GroupMeta;
use crate::storage::limits::budget::{GroupAccount, Growth};
use crate::storage::lists::allocation::{allocation, map_entries};
use crate::storage::topics::names::{COUNTS, Label};
use crate::storage::windows::pending_tombstones::PendingTombstones;

impl Group {
    /// A group with nothing in it. `account` gets what it takes.
    pub fn new(name: &[u8], account: GroupAccount) -> Self {
        let mut group = Self::with(Arc::new(Label::new(name)), account);
        group.count_again();
        group
    }

    /// Changes what the group's own records say.
    pub fn change_meta<T>(&mut self, change: impl FnOnce(&mut GroupMeta) -> T) -> T {
        let mut growth = Growth::default();
        let before = self.meta.bytes();
        let changed = change(&mut self.meta);
        growth.resize(before, self.meta.bytes());
        self.account.grow(growth);
        changed
    }

    /// Counts partitions and memory again.
    pub fn count_again(&mut self) {
        let (partitions, bytes) = self.counted();
        self.account.set(partitions, bytes);
    }

    /// Partitions and memory.
    pub fn counted(&self) -> (usize, usize) {
        let add = usize::saturating_add;
        let partitions = self.topics.iter().map(|topic| topic.partitions.len());
        let partitions = partitions.fold(self.unnamed_topics.partitions(), add);
        let name = self.label.name().0.len();
        let parts = [
            map_entries::<Box<[u8]>, Self>(1),
            allocation(name),
            allocation(size_of::<Label>().saturating_add(COUNTS)),
            self.label.heap_bytes(),
            self.topics.heap_bytes(),
            self.unnamed_topics.heap_bytes(),
            self.meta.bytes(),
            self.pending_tombstones().map_or(0, PendingTombstones::bytes),
        ];
        let topics = self.topics.iter().map(|topic: &GroupTopic| topic.partitions.heap_bytes());
        (partitions, parts.into_iter().chain(topics).fold(0, add))
    }
}
