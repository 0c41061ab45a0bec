//! One partition of a topic while it is read: first built separately from what is shown, then followed live.

use tracing::debug;

use crate::kafka::{RawRecord, TopicPartition};
use crate::model::{Offset, Order};
use crate::storage::{Cluster, PastState, SourceBuild, SourceId};
use crate::wall_clock::ExpiryTime;

use super::reader_progress::ReaderProgress;
use super::translate::Translator;

/// A partition that is being read.
#[derive(Debug)]
pub struct PartitionReading {
    pub source: SourceId,
    pub stage: ReadingStage,
    /// The lowest offset that the next record can have.
    pub position: Offset,
}

#[derive(Debug)]
pub enum ReadingStage {
    /// Read from the beginning, separately from what is shown.
    CatchingUp(CatchUp),
    /// Caught up: records are applied as they arrive.
    Live(PastState),
    /// To be read again, once its bounds are known.
    Waiting,
}

/// A partition that is read but not shown yet.
#[derive(Debug)]
pub struct CatchUp {
    build: SourceBuild,
    /// The offset at which it will have caught up.
    end: Offset,
    /// The end that was reached; `None` while there is more to read.
    reached: Option<ReachedEnd>,
    /// How often the end has been moved forward.
    moves: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReachedEnd {
    /// The end of the log when it was last requested, which may be some time ago.
    Requested,
    /// The current end of the log.
    End,
}

/// Maximum number of times that the end is moved forward. Each time there is less to read, but groups never stop
/// committing.
const MOVES: u32 = 5;

impl CatchUp {
    /// Starts with nothing read and `end` as the offset to reach.
    pub const fn new(build: SourceBuild, end: Offset) -> Self {
        Self { build, end, reached: None, moves: 0 }
    }
}

impl PartitionReading {
    /// Applies consecutive records of this partition.
    pub fn apply_records<'a>(
        &mut self,
        records: impl Iterator<Item = RawRecord<'a>>,
        translator: &mut Translator,
        cluster: &Cluster,
        now: ExpiryTime,
    ) {
        let position = &mut self.position;
        let updates = records.filter_map(|record| {
            *position = record.offset.next();
            Some((Order(record.offset.0), translator.translate_record(&record)?))
        });
        match &mut self.stage {
            ReadingStage::CatchingUp(building) => building.build.apply(updates, now),
            ReadingStage::Live(past) => cluster.apply(self.source, *past, updates, now),
            ReadingStage::Waiting => drop(updates),
        }
    }

    /// Records that the last stable offset was reached.
    pub fn record_end(&mut self, offset: Offset) {
        self.position = self.position.max(offset);
        if let ReadingStage::CatchingUp(building) = &mut self.stage {
            // Transaction markers and compaction leave gaps, so only this event identifies the end.
            building.reached = Some(ReachedEnd::End);
        }
    }

    /// Marks a partition as read completely, because the rest of it cannot be read.
    pub const fn mark_read_completely(&mut self) {
        if let ReadingStage::CatchingUp(building) = &mut self.stage {
            building.reached = Some(ReachedEnd::End);
        }
    }

    /// Sets the current end of the log. A partition has caught up only once it has been read up to there. Otherwise
    /// a group would appear with a lag that it never had, from commits made while its past was read.
    pub fn set_end(&mut self, end: Offset) {
        if let ReadingStage::CatchingUp(building) = &mut self.stage {
            let far = self.position < end && building.moves < MOVES;
            (building.end, building.moves) = (end, building.moves.saturating_add(1));
            building.reached = (!far).then_some(ReachedEnd::End);
        }
    }

    /// Requests the current end of the log once the partition has been read up to the earlier end.
    pub fn request_end_if_reached(&mut self, log: TopicPartition, positions: &ReaderProgress) {
        if let ReadingStage::CatchingUp(building) = &mut self.stage
            && building.reached.is_none()
            && self.position >= building.end
        {
            building.reached = Some(ReachedEnd::Requested);
            debug!(?log, at = self.position.0, "read up to the end that was known");
            positions.request_end(log);
        }
    }

    /// Whether the partition has been read completely.
    pub const fn is_read_completely(&self) -> bool {
        match &self.stage {
            ReadingStage::CatchingUp(building) => matches!(building.reached, Some(ReachedEnd::End)),
            ReadingStage::Live(_) => true,
            ReadingStage::Waiting => false,
        }
    }

    /// Publishes what was built once the partition has been read completely. Returns whether that happened now.
    pub fn publish_if_complete(&mut self, log: TopicPartition, positions: &ReaderProgress) -> bool {
        match std::mem::replace(&mut self.stage, ReadingStage::Waiting) {
            ReadingStage::CatchingUp(CatchUp { build, reached: Some(ReachedEnd::End), .. }) => {
                build.publish();
                debug!(?log, at = self.position.0, "caught up");
                self.stage = ReadingStage::Live(PastState::Read);
                positions.mark_caught_up(log);
                true
            }
            other @ (ReadingStage::CatchingUp(_) | ReadingStage::Live(_) | ReadingStage::Waiting) => {
                self.stage = other;
                false
            }
        }
    }
}
