//! The simulation of one partition of a topic: its records, and what is deleted of them.

use super::commit_pattern::SimulatedLog;
use super::topics_and_groups::{DemoTopic, Retention};
use crate::model::Partition;

/// Number of ticks between two deletions in a partition.
const SHORT: i64 = 120;
const LONG: i64 = 1800;

/// A write to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DemoAction {
    /// Writes `count` records to a partition, given by its index in `Scenario::partitions`.
    Write { place: usize, count: i64 },
    /// Writes one record that is so large that the broker deletes everything before it.
    Purge { place: usize },
    /// Writes a record of the offsets topic.
    Offsets { partition: i32, key: Vec<u8>, value: Option<Vec<u8>> },
}

/// A partition of a topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct SimulatedPartition {
    pub(super) topic: &'static DemoTopic,
    pub(super) partition: Partition,
    pub(super) log: SimulatedLog,
}

impl SimulatedPartition {
    /// Writes the records of a tick.
    pub(super) fn write(&mut self, place: usize, tick: i64, actions: &mut Vec<DemoAction>) {
        if self.is_purged(place, tick) {
            actions.push(DemoAction::Purge { place });
            self.log.end = self.log.end.saturating_add(1);
            self.log.purged = Some(tick);
        }
        let partition = i64::from(self.partition.0);
        let count = match tick {
            0 => self.topic.existing,
            _ if self.topic.rate == 0 => 0,
            _ => self.topic.rate.saturating_add(tick.saturating_add(partition) % 3).saturating_sub(1),
        };
        if count > 0 {
            actions.push(DemoAction::Write { place, count });
            self.log.end = self.log.end.saturating_add(count);
        }
        // In the embedded broker the log starts after the batch that made it drop the large record.
        if self.log.purged == Some(tick) {
            self.log.start = self.log.end;
        }
    }

    /// Whether a partition is purged at a tick. At most one partition per tick, because each takes 5 MiB for a moment.
    /// Long retention is applied in the part of a cycle in which every group has caught up. A topic without new records
    /// is not purged.
    fn is_purged(&self, place: usize, tick: i64) -> bool {
        let partition = i64::from(self.partition.0);
        match self.topic.retention {
            Retention::Broker => false,
            Retention::Long if self.topic.rate == 0 => false,
            Retention::Long => tick % LONG == 1740_i64.saturating_add(i64::try_from(place).unwrap_or(0)),
            Retention::Short => tick % SHORT == partition.saturating_mul(5).saturating_add(100),
        }
    }
}
