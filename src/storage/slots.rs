//! The partitions of a topic that a group has committed.

use std::collections::BTreeMap;

use crate::lag::Bounds;
use crate::model::{Order, Partition, Timestamp};

use super::SourceId;
use super::slot::{Rules, Slot, Taken};
use super::window::Commit;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// Sorted by partition.
    list: Vec<Slot>,
    /// Of share groups: how many records after the commit are done with, where the broker tells it (4.2). Boxed:
    /// hardly any topic needs it.
    #[expect(clippy::box_collection, reason = "a word for the many that have none")]
    done: Option<Box<BTreeMap<Partition, u32>>>,
}

/// A commit on its way in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arriving {
    pub source: SourceId,
    pub partition: Partition,
    pub commit: Commit,
    /// How many records after it are done with; none but for share groups, of which it may be unknown.
    pub done: Option<u32>,
}

impl Slots {
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Slot> {
        self.list.iter()
    }

    /// Those that are shown of a group, which is a share group or not: what is known of share groups stands in a topic
    /// of its own, which may be read before the group's own records are.
    pub fn shown(&self, is_share: bool) -> impl Iterator<Item = &Slot> {
        self.list.iter().filter(move |slot| is_share || !slot.source.is_share())
    }

    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Slot> {
        self.list.iter_mut()
    }

    pub fn get(&self, partition: Partition) -> Option<&Slot> {
        self.find(partition).ok().and_then(|place| self.list.get(place))
    }

    /// How many records after the newest commit are done with.
    pub fn done(&self, slot: &Slot) -> Option<u32> {
        if !slot.source.is_share() {
            return Some(0);
        }
        self.done.as_ref()?.get(&slot.partition).copied()
    }

    /// The same for all partitions of which it is known.
    pub fn all_done(&self) -> BTreeMap<Partition, u32> {
        self.list.iter().filter_map(|slot| Some((slot.partition, self.done(slot)?))).collect()
    }

    fn find(&self, partition: Partition) -> Result<usize, usize> {
        // Partitions are mostly all there: then the number is the place.
        let guess = usize::try_from(partition.0).unwrap_or(usize::MAX);
        if self.list.get(guess).is_some_and(|slot| slot.partition == partition) {
            return Ok(guess);
        }
        self.list.binary_search_by_key(&partition, |slot| slot.partition)
    }

    /// Takes a commit in.
    pub fn take(&mut self, arriving: Arriving, bounds: Bounds, rules: &Rules) -> Taken {
        let taken = match self.find(arriving.partition) {
            Ok(place) => match self.list.get_mut(place) {
                Some(slot) => slot.take(&arriving, bounds, rules),
                None => return Taken::Repeated,
            },
            Err(place) => {
                self.list.insert(place, Slot::new(&arriving, bounds));
                Taken::In
            }
        };
        if taken == Taken::In && arriving.source.is_share() {
            self.note_done(arriving.partition, arriving.done);
        }
        taken
    }

    fn note_done(&mut self, partition: Partition, done: Option<u32>) {
        match (done, &mut self.done) {
            (Some(done), held) => drop(held.get_or_insert_default().insert(partition, done)),
            (None, Some(held)) => drop(held.remove(&partition)),
            (None, None) => {}
        }
    }

    /// Takes away what came from a source before it told that it is gone.
    pub fn remove(&mut self, partition: Partition, source: SourceId, order: Order) {
        let older = |slot: &&Slot| slot.source == source && slot.window.newest().order <= order;
        if let Ok(place) = self.find(partition)
            && self.list.get(place).filter(older).is_some()
        {
            self.list.remove(place);
            self.note_done(partition, None);
        }
    }

    /// Keeps the windows that `keep` says, with what they hold.
    pub fn retain(&mut self, keep: impl FnMut(&mut Slot) -> bool) {
        self.list.retain_mut(keep);
        let Self { list, done } = self;
        if let Some(done) = done {
            done.retain(|partition, _| list.binary_search_by_key(partition, |slot| slot.partition).is_ok());
        }
    }

    /// Puts the windows of other sources in, each unless the one that is held is the later one.
    pub fn adopt(&mut self, other: Self) {
        for slot in &other.list {
            let is_later = |held: &Slot| {
                held.source == slot.source || held.window.newest().timestamp < slot.window.newest().timestamp
            };
            match self.find(slot.partition) {
                Ok(place) => match self.list.get_mut(place).filter(|held| is_later(held)) {
                    Some(held) => *held = slot.clone(),
                    None => continue,
                },
                Err(place) => self.list.insert(place, slot.clone()),
            }
            let done = other.done(slot).filter(|_| slot.source.is_share());
            self.note_done(slot.partition, done);
        }
    }

    /// When the newest of the commits was made.
    pub fn newest(&self) -> Option<Timestamp> {
        self.list.iter().map(|slot| slot.window.newest().timestamp).max()
    }

    /// Few are added from now on.
    pub fn shrink(&mut self) {
        self.list.shrink_to_fit();
    }
}
