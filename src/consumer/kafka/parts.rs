//! How far the partitions of the topics have been read: written by the readers, read by the scout.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::kafka::{Log, TopicAt};
use crate::metrics::own::ModuleMetrics;
use crate::model::Offset;

use super::topics::OFFSETS;

/// A partition whose log's bounds are known: it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Its log.
    pub log: Log,
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
        /// Its log.
        log: Log,
        /// Its last stable offset.
        end: Offset,
    },
    /// Nothing comes of a partition though there is more to read, and its leader answers.
    Stuck {
        /// Its log.
        log: Log,
        /// Where it has stood still.
        at: Offset,
    },
}

/// How far reading has come.
#[derive(Debug, Default)]
pub struct Positions {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many partitions the topics have.
    partitions: BTreeMap<TopicAt, usize>,
    /// Topics that are not waited for.
    left_out: BTreeSet<TopicAt>,
    positions: BTreeMap<Log, Offset>,
    caught_up: BTreeSet<Log>,
    again: BTreeSet<Log>,
    ended: BTreeSet<Log>,
    /// Partitions whose past will not be read: they are read anew as a whole.
    no_past: BTreeSet<Log>,
    /// Partitions whose past has been read behind the live stream, until the live reader has heard of it.
    past: BTreeSet<Log>,
}

impl Positions {
    /// How many partitions a topic has.
    pub fn count(&self, topic: TopicAt, partitions: usize) {
        self.state().partitions.insert(topic, partitions);
    }

    /// How many partitions a topic has, as far as anybody has counted them.
    pub fn counted(&self, topic: TopicAt) -> usize {
        self.state().partitions.get(&topic).copied().unwrap_or(0)
    }

    /// Nothing waits for a topic that may not be read.
    pub fn leave_out(&self, topic: TopicAt) {
        self.state().left_out.insert(topic);
    }

    /// A partition has been read up to an offset.
    pub fn reach(&self, log: Log, position: Offset) {
        self.state().positions.insert(log, position);
    }

    /// A partition has caught up.
    pub fn catch_up(&self, log: Log) {
        let mut state = self.state();
        state.left_out.remove(&log.topic);
        state.caught_up.insert(log);
    }

    /// The past of a partition has been read behind its live stream.
    pub fn end_past(&self, log: Log) {
        let mut state = self.state();
        state.past.insert(log);
        state.caught_up.insert(log);
    }

    /// The partitions whose past has been read since this was asked last.
    pub fn take_past(&self) -> BTreeSet<Log> {
        std::mem::take(&mut self.state().past)
    }

    /// A partition has been read up to where its log went: how far does it go by now?
    pub fn want_end(&self, log: Log) {
        self.state().ended.insert(log);
    }

    /// The partitions of which the end is wanted, once.
    pub fn take_ended(&self) -> BTreeSet<Log> {
        std::mem::take(&mut self.state().ended)
    }

    /// The past of a partition is not wanted any more.
    pub fn drop_past(&self, log: Log) {
        self.state().no_past.insert(log);
    }

    /// The partitions whose past is not wanted any more, once.
    pub fn take_no_past(&self) -> BTreeSet<Log> {
        std::mem::take(&mut self.state().no_past)
    }

    /// A partition has to be read anew: its bounds are asked for once more.
    pub fn want_again(&self, log: Log) {
        let mut state = self.state();
        state.positions.remove(&log);
        state.again.insert(log);
    }

    /// The partitions that have to be read anew, once.
    pub fn take_again(&self) -> BTreeSet<Log> {
        std::mem::take(&mut self.state().again)
    }

    /// Up to where a partition has been read.
    pub fn of(&self, log: Log) -> Option<Offset> {
        self.state().positions.get(&log).copied()
    }

    /// Brings readiness up to date.
    pub fn tell(&self, metrics: &ModuleMetrics) {
        if let Some((done, all)) = self.progress() {
            metrics.progress(done, all);
        }
    }

    /// How many partitions have caught up once, and how many there are; `None` before there is an answer.
    fn progress(&self) -> Option<(u64, u64)> {
        let state = self.state();
        state.partitions.get(&OFFSETS)?;
        let counts = |topic: &TopicAt| !state.left_out.contains(topic);
        let done = state.caught_up.iter().filter(|log| counts(&log.topic)).count();
        let all: usize = state.partitions.iter().filter(|(topic, _)| counts(topic)).map(|(_, count)| *count).sum();
        Some((u64::try_from(done).ok()?, u64::try_from(all).ok()?))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::topics::SHARE_STATE;
    use super::*;
    use crate::model::Partition;

    const fn log(topic: TopicAt, partition: i32) -> Log {
        Log { topic, partition: Partition(partition) }
    }

    #[test]
    fn progress_is_unknown_until_the_partitions_are_counted() {
        let positions = Positions::default();
        positions.catch_up(log(OFFSETS, 0));
        positions.count(SHARE_STATE, 1);
        assert_eq!(positions.progress(), None);
        positions.count(OFFSETS, 2);
        assert_eq!(positions.progress(), Some((1, 3)));
    }

    #[test]
    fn a_topic_that_may_not_be_read_is_not_waited_for_until_it_can_be_read() {
        let positions = Positions::default();
        positions.count(OFFSETS, 1);
        positions.count(SHARE_STATE, 2);
        positions.leave_out(SHARE_STATE);
        assert_eq!(positions.progress(), Some((0, 1)));
        positions.catch_up(log(SHARE_STATE, 1));
        assert_eq!(positions.progress(), Some((1, 3)));
    }

    #[test]
    fn a_partition_that_is_read_again_has_no_position_meanwhile() {
        let positions = Positions::default();
        positions.reach(log(OFFSETS, 3), Offset(9));
        positions.want_again(log(OFFSETS, 3));
        assert_eq!((positions.of(log(OFFSETS, 3)), positions.take_again().len()), (None, 1));
        assert!(positions.take_again().is_empty());
    }
}
