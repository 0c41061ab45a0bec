//! The reader when the configuration changes: it takes the place of another one, and takes on other filters.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use crate::consumer::takeover::remove_refused;
use crate::kafka::{TopicPartition, TopicReader};
use crate::model::ModuleError;

use super::live_reader::LiveReader;
use super::partition_reading::{PartitionReading, ReadingStage};
use super::reading_rights::ReadingRights;

impl LiveReader {
    /// Takes the place of another module once that is allowed: shows what was read beside it.
    pub(super) fn take_over(
        &mut self,
        parts: &mut BTreeMap<TopicPartition, PartitionReading>,
        rights: &mut ReadingRights,
    ) {
        let Self { takeover, positions, waiting, .. } = self;
        if !takeover.begins(|| {
            let read = parts.iter().filter(|(log, part)| positions.counts(**log) && part.is_read_completely());
            positions.part_count() == Some(read.count().saturating_add(waiting.len()))
        }) {
            return;
        }
        for log in parts.keys().copied().collect::<Vec<_>>() {
            self.publish_if_complete(log, parts);
        }
        let is_shown = |part: &&PartitionReading| matches!(part.stage, ReadingStage::Live(_));
        let shown = parts.values().filter(is_shown).map(|part| part.source).collect();
        let waiting = std::mem::take(&mut self.waiting);
        let waiting_sources = waiting.iter().map(|begin| self.cluster.source(&self.module, begin.log.partition.0));
        let known: HashSet<_> = parts.values().map(|part| part.source).chain(waiting_sources).collect();
        self.takeover.remove_old_sources(&shown, &known);
        waiting.into_iter().for_each(|begin| rights.add(begin));
        self.positions.report_progress(&self.metrics);
    }

    /// Takes on filters that have changed: removes what they refuse. A partition that is still read for the first time
    /// is read again.
    pub(super) fn apply_filters(
        &mut self,
        reader: &mut TopicReader,
        parts: &mut BTreeMap<TopicPartition, PartitionReading>,
    ) -> Result<(), ModuleError> {
        let Some(filters) = self.translator.changed_filters() else { return Ok(()) };
        remove_refused(&self.cluster, &self.module, &filters);
        for (log, part) in parts {
            if matches!(part.stage, ReadingStage::CatchingUp(_)) {
                reader.stop(*log)?;
                part.stage = ReadingStage::Waiting;
                self.positions.request_reread(*log);
            }
        }
        Ok(())
    }
}
