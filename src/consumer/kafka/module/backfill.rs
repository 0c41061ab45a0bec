//! The reader of the past, for a live reader that started at the end.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::{self, later};
use crate::consumer::takeover::remove_refused;
use crate::kafka::{ClientSupervisor, ReaderEvent, StartAt, TopicPartition, TopicReader};
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::ModuleError;
use crate::model::{Offset, Operation};
use crate::storage::{Cluster, PastState};

use super::live_reader::BATCH;
use super::lost_positions::LostPositions;
use super::opening::{IDLE, create_reader, open_reader};
use super::partition_reading::{PartitionReading, ReadingStage};
use super::reader_progress::{ReadablePartition, ReaderProgress};
use super::source_topics::OFFSETS;
use super::translate::Translator;

/// See the module documentation.
pub struct Backfill {
    pub supervisor: ClientSupervisor,
    pub topic: String,
    pub module: String,
    pub cluster: Arc<Cluster>,
    pub translator: Translator,
    pub positions: Arc<ReaderProgress>,
    pub metrics: ModuleMetrics,
}

/// The past of one partition.
pub(super) struct BackfillPartition {
    pub(super) part: PartitionReading,
    /// Where the live reader started.
    pub(super) end: Offset,
    /// When the last record, event or error arrived, or reading began.
    pub(super) last_arrival: Instant,
    /// Whether the log has reported that it stands still.
    logged: bool,
}

/// How long a partition that is not read to its end may bring nothing.
const STUCK: Duration = Duration::from_secs(60);
/// How long nothing is read after a refusal, at least.
const REFUSED: Duration = Duration::from_secs(60);

impl Backfill {
    /// Reads each partition up to where the live reader started, then stops reading it. The live reader then drops
    /// the tombstones that it kept for this past, because no older commits can follow.
    pub fn run(mut self, begun: &Receiver<ReadablePartition>, stop: &CancellationToken) -> Result<(), ModuleError> {
        let opened = open_reader(&mut self.supervisor, &[&self.topic], begun, || (), stop);
        let Some((first, mut reader)) = opened else { return Ok(()) };
        let mut first = Some(first);
        let (mut parts, mut lost): (BTreeMap<TopicPartition, BackfillPartition>, _) =
            (BTreeMap::new(), LostPositions::default());
        // When reading may be tried again, while nothing is read because it is refused.
        let mut paused: Option<Instant> = None;
        while !stop.is_cancelled() {
            if let Some(filters) = self.translator.changed_filters() {
                remove_refused(&self.cluster, &self.module, &filters);
            }
            if let Some(client) = self.supervisor.check(Instant::now()) {
                drop(reader);
                reader = match create_reader(&client, &[&self.topic], stop) {
                    Some(reader) => reader,
                    None => return Ok(()),
                };
                if paused.is_none() {
                    resume(&mut reader, &mut parts)?;
                }
            }
            self.pause_or_resume(&mut paused, &mut reader, &mut parts)?;
            for ReadablePartition { log, start, end, .. } in first.take().into_iter().chain(begun.try_iter()) {
                let source = self.cluster.source(&self.module, log.partition.0);
                if paused.is_none() {
                    reader.start(log, StartAt::Beginning)?;
                }
                let part = PartitionReading { source, stage: ReadingStage::Live(PastState::Behind), position: start };
                parts.insert(log, BackfillPartition { part, end, last_arrival: Instant::now(), logged: false });
            }
            for log in self.positions.take_past_unneeded() {
                reader.stop(log)?;
                parts.remove(&log);
            }
            for log in self.handle_batch(&mut reader, &mut parts, &mut paused) {
                if lost.record_loss(log, Instant::now()) {
                    warn!(
                        module = self.module,
                        partition = log.partition.0,
                        "a position of the backfill is out of range: the partition is read from its beginning"
                    );
                }
            }
            if paused.is_none() {
                for log in lost.take_due(Instant::now()) {
                    if parts.contains_key(&log) {
                        reader.start(log, StartAt::Beginning)?;
                    }
                }
                self.restart_stuck(&mut reader, &mut parts)?;
            }
            let now = Instant::now();
            let is_done = |log, piece| paused.is_none() && self.is_read(log, piece, &reader, now);
            let done: Vec<_> = parts.iter().filter(|(log, piece)| is_done(**log, piece)).map(|(log, _)| *log).collect();
            for log in done {
                reader.stop(log)?;
                parts.remove(&log);
                self.positions.mark_past_read(log);
                self.positions.report_progress(&self.metrics);
                info!(module = self.module, partition = log.partition.0, "the backfill of a partition is complete");
            }
        }
        Ok(())
    }

    /// Stops reading while the live reader may not read the topic, and goes on once both may.
    fn pause_or_resume(
        &self,
        paused: &mut Option<Instant>,
        reader: &mut TopicReader,
        parts: &mut BTreeMap<TopicPartition, BackfillPartition>,
    ) -> Result<(), ModuleError> {
        let now = Instant::now();
        let refused = |operation| self.positions.is_refused(OFFSETS, operation);
        let is_refused = refused(Operation::Read) || refused(Operation::Describe);
        match *paused {
            None if is_refused => *paused = Some(now),
            Some(until) if !is_refused && until <= now => {
                *paused = None;
                return resume(reader, parts);
            }
            None => return Ok(()),
            Some(_) => {}
        }
        reader.close(OFFSETS)
    }

    /// Restarts partitions that have brought nothing for long, since they have records up to their ends.
    fn restart_stuck(
        &self,
        reader: &mut TopicReader,
        parts: &mut BTreeMap<TopicPartition, BackfillPartition>,
    ) -> Result<(), ModuleError> {
        let now = Instant::now();
        for (log, piece) in parts {
            if now.saturating_duration_since(piece.last_arrival) < STUCK {
                continue;
            }
            piece.last_arrival = now;
            reader.start(*log, StartAt::Offset(piece.part.position))?;
            self.metrics.count_reader_restart();
            if !std::mem::replace(&mut piece.logged, true) {
                let (partition, at) = (log.partition.0, piece.part.position.0);
                warn!(
                    module = self.module,
                    partition, at, "the backfill of a partition makes no progress: its reading is restarted"
                );
            }
        }
        Ok(())
    }

    /// Handles the available records and events. Returns the partitions whose positions are out of range.
    fn handle_batch(
        &mut self,
        reader: &mut TopicReader,
        parts: &mut BTreeMap<TopicPartition, BackfillPartition>,
        paused: &mut Option<Instant>,
    ) -> Vec<TopicPartition> {
        let mut again = Vec::new();
        let batch = reader.poll(BATCH, IDLE);
        let now = clock::expiry_time();
        for event in batch.iter() {
            match event {
                ReaderEvent::Record(record) => {
                    let Some(BackfillPartition { part, end, last_arrival: heard, .. }) = parts.get_mut(&record.log)
                    else {
                        continue;
                    };
                    *heard = Instant::now();
                    if record.offset < *end {
                        part.apply_records(iter::once(record), &mut self.translator, &self.cluster, now);
                    } else {
                        part.position = record.offset;
                    }
                }
                ReaderEvent::End { log, offset } => {
                    if let Some(piece) = parts.get_mut(&log) {
                        piece.last_arrival = Instant::now();
                        piece.part.record_end(offset);
                    }
                }
                ReaderEvent::OutOfRange { log } => again.push(log),
                ReaderEvent::Failed { code, .. } if code.is_refusal() => *paused = Some(later(Instant::now(), REFUSED)),
                // The live reader gets and reports the same error.
                ReaderEvent::Failed { log, .. } => {
                    let concerned = parts.iter_mut().filter(|(of, _)| log.is_none_or(|log| log == **of));
                    concerned.for_each(|(_, piece)| piece.last_arrival = Instant::now());
                }
            }
        }
        drop(batch);
        self.translator.flush_counters();
        again
    }
}

/// Reads all partitions from their positions on.
fn resume(
    reader: &mut TopicReader,
    parts: &mut BTreeMap<TopicPartition, BackfillPartition>,
) -> Result<(), ModuleError> {
    for (log, piece) in parts {
        piece.last_arrival = Instant::now();
        reader.start(*log, StartAt::Offset(piece.part.position))?;
    }
    Ok(())
}
