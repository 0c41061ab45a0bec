//! How far the partitions of the offsets topic have been read: written by the readers, read by the scout.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::metrics::own::ModuleMetrics;
use crate::model::{Offset, Partition};

/// A partition whose log's bounds are known: it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// The partition.
    pub partition: Partition,
    /// Its log start.
    pub start: Offset,
    /// Its last stable offset: when it has been read up to here, it has caught up.
    pub end: Offset,
    /// Whether it came up while the others were being read already: it is all new then.
    pub late: bool,
}

/// What the scout tells the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A partition can be read.
    Begin(Begin),
    /// How far the log goes by now, of a partition that has been read up to where it went.
    End {
        /// The partition.
        partition: Partition,
        /// Its last stable offset.
        end: Offset,
    },
}

/// How far reading has come.
#[derive(Debug, Default)]
pub struct Positions {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many partitions the topic has; `None` before the first answer.
    partitions: Option<usize>,
    positions: BTreeMap<Partition, Offset>,
    caught_up: BTreeSet<Partition>,
    again: BTreeSet<Partition>,
    ended: BTreeSet<Partition>,
    /// Partitions whose past will not be read: they are read anew as a whole.
    no_past: BTreeSet<Partition>,
    /// Partitions whose past has been read behind the live stream, until the live reader has heard of it.
    past: BTreeSet<Partition>,
}

impl Positions {
    /// How many partitions the topic has.
    pub fn count(&self, partitions: usize) {
        self.state().partitions = Some(partitions);
    }

    /// A partition has been read up to an offset.
    pub fn reach(&self, partition: Partition, position: Offset) {
        self.state().positions.insert(partition, position);
    }

    /// A partition has caught up.
    pub fn catch_up(&self, partition: Partition) {
        self.state().caught_up.insert(partition);
    }

    /// The past of a partition has been read behind its live stream.
    pub fn end_past(&self, partition: Partition) {
        let mut state = self.state();
        state.past.insert(partition);
        state.caught_up.insert(partition);
    }

    /// The partitions whose past has been read since this was asked last.
    pub fn take_past(&self) -> BTreeSet<Partition> {
        std::mem::take(&mut self.state().past)
    }

    /// A partition has been read up to where its log went: how far does it go by now?
    pub fn want_end(&self, partition: Partition) {
        self.state().ended.insert(partition);
    }

    /// The partitions of which the end is wanted, once.
    pub fn take_ended(&self) -> BTreeSet<Partition> {
        std::mem::take(&mut self.state().ended)
    }

    /// The past of a partition is not wanted any more.
    pub fn drop_past(&self, partition: Partition) {
        self.state().no_past.insert(partition);
    }

    /// The partitions whose past is not wanted any more, once.
    pub fn take_no_past(&self) -> BTreeSet<Partition> {
        std::mem::take(&mut self.state().no_past)
    }

    /// A partition has to be read anew: its bounds are asked for once more.
    pub fn want_again(&self, partition: Partition) {
        let mut state = self.state();
        state.positions.remove(&partition);
        state.again.insert(partition);
    }

    /// The partitions that have to be read anew, once.
    pub fn take_again(&self) -> BTreeSet<Partition> {
        std::mem::take(&mut self.state().again)
    }

    /// Up to where a partition has been read.
    pub fn of(&self, partition: Partition) -> Option<Offset> {
        self.state().positions.get(&partition).copied()
    }

    /// Brings readiness up to date.
    pub fn tell(&self, metrics: &ModuleMetrics) {
        if let Some((done, all)) = self.progress() {
            metrics.progress(done, all);
        }
    }

    /// How many partitions have caught up once, and how many there are.
    fn progress(&self) -> Option<(u64, u64)> {
        let state = self.state();
        Some((u64::try_from(state.caught_up.len()).ok()?, u64::try_from(state.partitions?).ok()?))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_unknown_until_the_partitions_are_counted() {
        let positions = Positions::default();
        positions.catch_up(Partition(0));
        assert_eq!(positions.progress(), None);
        positions.count(2);
        assert_eq!(positions.progress(), Some((1, 2)));
    }

    #[test]
    fn a_partition_that_is_read_again_has_no_position_meanwhile() {
        let positions = Positions::default();
        positions.reach(Partition(3), Offset(9));
        positions.want_again(Partition(3));
        assert_eq!((positions.of(Partition(3)), positions.take_again().len()), (None, 1));
        assert!(positions.take_again().is_empty());
    }
}
