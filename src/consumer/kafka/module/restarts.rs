//! Partitions whose reading starts again: at their beginning, at their position, or with another client.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::kafka::{Client, StartAt, TopicPartition, TopicReader};
use crate::model::{ModuleError, Offset};

use super::live_reader::LiveReader;
use super::lost_positions::LostPositions;
use super::opening::create_reader;
use super::partition_reading::{PartitionReading, ReadingStage};
use super::reading_rights::ReadingRights;

impl LiveReader {
    /// Handles a position that is out of range: the partition is read again from its beginning. The longer it was
    /// well, the sooner this happens.
    pub(super) fn handle_lost_position(
        &self,
        log: TopicPartition,
        parts: &mut BTreeMap<TopicPartition, PartitionReading>,
        lost: &mut LostPositions,
    ) {
        if lost.record_loss(log, Instant::now()) {
            let (module, topic, partition) = (&self.module, self.topics.name(log.topic), log.partition.0);
            warn!(module, topic, partition, "a position is out of range: the partition is read from its beginning");
        }
        self.positions.mark_past_unneeded(log);
        if let Some(part) = parts.get_mut(&log) {
            part.stage = ReadingStage::Waiting;
        }
    }

    /// Continues with another client at the old reader's positions. `None` when `stop` is cancelled.
    pub(super) fn replace_reader(
        &self,
        old: TopicReader,
        client: &Arc<Client>,
        parts: &BTreeMap<TopicPartition, PartitionReading>,
        rights: &ReadingRights,
        stop: &CancellationToken,
    ) -> Result<Option<TopicReader>, ModuleError> {
        drop(old);
        let Some(mut reader) = create_reader(client, &self.topics.names(), stop) else { return Ok(None) };
        for log in parts.keys().filter(|log| rights.is_open(log.topic)) {
            Self::resume(*log, &mut reader, parts)?;
        }
        Ok(Some(reader))
    }

    /// Reads a partition from its position on, unless it waits for its bounds.
    pub(super) fn resume(
        log: TopicPartition,
        reader: &mut TopicReader,
        parts: &BTreeMap<TopicPartition, PartitionReading>,
    ) -> Result<(), ModuleError> {
        match parts.get(&log).filter(|part| !matches!(part.stage, ReadingStage::Waiting)) {
            Some(part) => reader.start(log, StartAt::Offset(part.position)),
            None => Ok(()),
        }
    }

    /// Starts reading a partition again at its position, if it still stands at `at`.
    pub(super) fn restart_if_at(
        &self,
        log: TopicPartition,
        at: Offset,
        reader: &mut TopicReader,
        parts: &BTreeMap<TopicPartition, PartitionReading>,
    ) -> Result<(), ModuleError> {
        let stands = |part: &&PartitionReading| part.position == at && !matches!(part.stage, ReadingStage::Waiting);
        if parts.get(&log).filter(stands).is_some() {
            reader.start(log, StartAt::Offset(at))?;
            self.metrics.count_reader_restart();
        }
        Ok(())
    }
}
