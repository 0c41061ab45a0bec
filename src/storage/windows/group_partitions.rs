//! The partitions of a topic that a group has committed.

use std::collections::BTreeMap;

use crate::invariant::broken;
use crate::lag::OffsetBounds;
use crate::model::{Order, Partition};

use crate::storage::limits::budget::Growth;
use crate::storage::lists::sorted_list::{ListPosition, SortedList};
use crate::storage::rules::StorageRules;
use crate::storage::sources::source::SourceId;
use crate::storage::windows::arriving::ArrivingCommit;
use crate::storage::windows::group_partition::{CommitOutcome, GroupPartition};
use crate::storage::windows::share_progress::ShareProgress;
use crate::storage::windows::standing::CommittedPosition;
use crate::storage::windows::window::Window;

/// See the module documentation.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupPartitions {
    /// Sorted by partition.
    list: SortedList<GroupPartition>,
    /// The states of share groups. The windows of such partitions hold the first record that is not finished.
    #[expect(clippy::box_collection, reason = "a word for the many that have none")]
    shares: Option<Box<BTreeMap<Partition, ShareProgress>>>,
}

impl GroupPartitions {
    pub const NONE: Self = Self { list: SortedList::new(), shares: None };

    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &GroupPartition> {
        self.list.iter()
    }

    /// The slots that are shown, in a group that is a share group or is not.
    pub fn shown(&self, is_share: bool) -> impl Iterator<Item = &GroupPartition> {
        self.list.iter().filter(move |slot| slot.is_shown(is_share))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut GroupPartition> {
        self.list.iter_mut()
    }

    pub fn get(&self, partition: Partition) -> Option<&GroupPartition> {
        self.find(partition).ok().and_then(|place| self.list.get(place))
    }

    /// The state of a partition of a share group. `None` for other groups.
    pub fn progress(&self, slot: &GroupPartition) -> Option<&ShareProgress> {
        self.shares.as_ref()?.get(&slot.partition).filter(|_| slot.source.is_share())
    }

    /// The position of the group in the partition of `slot`.
    pub fn position(&self, slot: &GroupPartition) -> CommittedPosition {
        let share = self.progress(slot).map(CommittedPosition::of);
        share.unwrap_or_else(|| CommittedPosition { committed: slot.window.newest().offset, done: Some(0) })
    }

    /// By partition, the number of records after the commit that are acknowledged or archived, where it is known.
    pub fn done_by_partition(&self) -> BTreeMap<Partition, u32> {
        self.list.iter().filter_map(|slot| Some((slot.partition, self.position(slot).done?))).collect()
    }

    fn find(&self, partition: Partition) -> Result<ListPosition, ListPosition> {
        // Mostly all partitions are present. Then the number of a partition gives its place.
        let guess = |first: &GroupPartition| {
            let distance = i64::from(partition.0).saturating_sub(first.partition.0.into());
            usize::try_from(distance).unwrap_or(usize::MAX)
        };
        self.list.find_near(|slot| slot.partition.cmp(&partition), guess)
    }

    /// Takes in a commit. Adds to `growth` by how much it has grown.
    pub fn add_commit(
        &mut self,
        arriving: ArrivingCommit,
        bounds: OffsetBounds,
        rules: &StorageRules,
        growth: &mut Growth,
    ) -> CommitOutcome {
        let taken = match self.find(arriving.partition) {
            Ok(place) => match self.list.get_mut(place) {
                Some(slot) => {
                    let before = slot.window.capacity();
                    let taken = slot.add_commit(&arriving, bounds, rules);
                    let after = slot.window.capacity();
                    if before != after {
                        resize_window(before, after, growth);
                    }
                    taken
                }
                None => {
                    broken("there is a window at the place where it was found");
                    return CommitOutcome::Repeated;
                }
            },
            Err(place) => {
                self.insert(place, GroupPartition::new(&arriving, bounds), growth);
                CommitOutcome::Added
            }
        };
        let is_share = arriving.progress.is_some() || self.shares.is_some();
        if is_share && taken == CommitOutcome::Added {
            self.set_progress(arriving.partition, arriving.progress, growth);
        }
        taken
    }

    // Not inlined, because most commits find their partition.
    #[inline(never)]
    fn insert(&mut self, place: ListPosition, slot: GroupPartition, growth: &mut Growth) {
        let before = self.list.heap_bytes();
        growth.resize(0, slot.window.heap_bytes());
        self.list.insert(place, slot);
        growth.resize(before, self.list.heap_bytes());
        growth.partitions = growth.partitions.saturating_add(1);
    }

    fn set_progress(&mut self, partition: Partition, progress: Option<ShareProgress>, growth: &mut Growth) {
        let after = progress.as_ref().map_or(0, ShareProgress::bytes);
        let before = match (progress, &mut self.shares) {
            (Some(progress), held) => held.get_or_insert_default().insert(partition, progress),
            (None, Some(held)) => held.remove(&partition),
            (None, None) => return,
        };
        growth.resize(before.as_ref().map_or(0, ShareProgress::bytes), after);
    }

    /// The memory that it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        let windows = self.list.iter().map(|slot| slot.window.heap_bytes());
        let shares = self.shares.iter().flat_map(|shares| shares.values()).map(ShareProgress::bytes);
        windows.chain(shares).fold(self.list.heap_bytes(), usize::saturating_add)
    }

    /// Removes the window of a partition if it belongs to this source and its newest commit is not newer than `order`,
    /// the order of the tombstone.
    pub fn remove(&mut self, partition: Partition, source: SourceId, order: Order, growth: &mut Growth) {
        let older = |slot: &&GroupPartition| slot.source == source && slot.window.newest().order <= order;
        if let Ok(place) = self.find(partition)
            && let Some(window) = self.list.get(place).filter(older).map(|slot| slot.window.heap_bytes())
        {
            let before = self.list.heap_bytes().saturating_add(window);
            self.list.remove(place);
            growth.resize(before, self.list.heap_bytes());
            growth.partitions = growth.partitions.saturating_sub(1);
            self.set_progress(partition, None, growth);
        }
    }

    /// Keeps the windows for which `keep` returns true. `keep` may change them.
    pub fn retain(&mut self, keep: impl FnMut(&mut GroupPartition) -> bool) {
        self.list.retain_mut(keep);
        let Self { list, shares } = self;
        if let Some(shares) = shares {
            shares.retain(|partition, _| list.find(|slot| slot.partition.cmp(partition)).is_ok());
        }
    }

    /// Adds the windows of `other`, which changes the memory. Where both have a window, that of `other` replaces one of the same source or one
    /// with an earlier newest commit.
    pub fn merge(&mut self, other: Self) {
        let Self { list, mut shares } = other;
        for slot in list {
            let (partition, is_share) = (slot.partition, slot.source.is_share());
            let gives_way = |held: &GroupPartition| {
                held.source == slot.source || held.window.newest().timestamp < slot.window.newest().timestamp
            };
            match self.find(partition) {
                Ok(place) => match self.list.get_mut(place).filter(|held| gives_way(held)) {
                    Some(held) => *held = slot,
                    None => continue,
                },
                Err(place) => drop(self.list.insert(place, slot)),
            }
            let progress = shares.as_mut().and_then(|shares| shares.remove(&partition));
            self.set_progress(partition, progress.filter(|_| is_share), &mut Growth::default());
        }
    }

    /// Frees unused capacity. Called when few windows will be added from now on.
    pub fn shrink(&mut self) {
        self.list.shrink();
    }
}

// Most windows are full, or have room for another commit.
#[cold]
fn resize_window(before: usize, after: usize, growth: &mut Growth) {
    growth.resize(Window::bytes_of(before), Window::bytes_of(after));
}
