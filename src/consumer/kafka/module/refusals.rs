//! What the reader does when a topic may not be read, and when it may be read again.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::kafka::{TopicIndex, TopicPartition, TopicReader};
use crate::metrics::exporter_metrics::RefreshKind;
use crate::model::{ModuleError, Operation, Right};

use super::live_reader::LiveReader;
use super::partition_reading::{PartitionReading, ReadingStage};
use super::reading_rights::ReadingRights;
use super::source_topics::{OFFSETS, SHARE_STATE};

impl LiveReader {
    /// Whether a topic may be described, as far as the partition monitor knows. Without this right nothing is read:
    /// librdkafka would ask brokers about the topic every second.
    pub fn may_describe(&self, topic: TopicIndex) -> bool {
        !self.positions.is_refused(topic, Operation::Describe)
    }

    /// Stops reading topics that may not be described.
    pub fn close_undescribed(
        &self,
        reader: &mut TopicReader,
        parts: &BTreeMap<TopicPartition, PartitionReading>,
        rights: &mut ReadingRights,
    ) -> Result<(), ModuleError> {
        for topic in [OFFSETS, SHARE_STATE] {
            if rights.is_read(topic) && !self.may_describe(topic) {
                self.close(topic, reader, parts, rights)?;
            }
        }
        Ok(())
    }

    /// Stops reading a topic that a broker refuses.
    pub fn close_refused(
        &self,
        topic: TopicIndex,
        reader: &mut TopicReader,
        parts: &BTreeMap<TopicPartition, PartitionReading>,
        rights: &mut ReadingRights,
    ) -> Result<(), ModuleError> {
        if !rights.is_read(topic) {
            return Ok(());
        }
        self.metrics.record_refusal(RefreshKind::Commits, Right::to_read(self.topics.name(topic)));
        self.positions.set_refused(topic, Operation::Read, true);
        self.close(topic, reader, parts, rights)
    }

    fn close(
        &self,
        topic: TopicIndex,
        reader: &mut TopicReader,
        parts: &BTreeMap<TopicPartition, PartitionReading>,
        rights: &mut ReadingRights,
    ) -> Result<(), ModuleError> {
        let reading = parts.iter().filter(|(_, part)| !matches!(part.stage, ReadingStage::Waiting));
        rights.close(topic, reading.map(|(log, _)| *log), Instant::now());
        if topic == SHARE_STATE {
            // Without it only share groups lack offsets. The offsets topic is always required.
            self.positions.exclude_topic(SHARE_STATE);
            self.positions.report_progress(&self.metrics);
        }
        reader.close(topic)
    }

    /// Records that a topic was read.
    pub fn record_access(&self, topic: TopicIndex, rights: &mut ReadingRights) {
        if rights.record_answer(topic) {
            self.positions.set_refused(topic, Operation::Read, false);
            self.metrics.record_granted_right(&Right::to_read(self.topics.name(topic)));
        }
    }
}
