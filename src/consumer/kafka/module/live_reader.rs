//! The reader: takes batches of records and updates storage with their content.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use hashbrown::HashSet;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::clock;
use crate::consumer::kafka::StartMode;
use crate::consumer::takeover::Takeover;
use crate::invariant::broken;
use crate::kafka::{ClientSupervisor, ReaderEvent, StartAt, TopicIndex, TopicPartition, TopicReader};
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::ModuleError;
use crate::model::{Offset, Operation};
use crate::storage::{Cluster, PastState};

use super::lost_positions::LostPositions;
use super::opening::{IDLE, open_reader};
use super::partition_reading::{CatchUp, PartitionReading, ReadingStage};
use super::read_errors::ReadErrors;
use super::reader_progress::{ReadablePartition, ReaderMessage, ReaderProgress};
use super::reading_rights::{ReadStep, ReadingRights};
use super::source_topics::{OFFSETS, SHARE_STATE, SourceTopics};
use super::translate::Translator;

/// Maximum number of records and events taken at a time.
pub const BATCH: usize = 2_000;
/// How long a reader waits that has partitions to read for the first time.
const BUSY: Duration = Duration::from_millis(10);

/// What follows from a batch, beside what was read.
#[derive(Debug, Default)]
struct BatchEffects {
    /// Partitions whose positions are out of range.
    out_of_range: Vec<TopicPartition>,
    /// Topics that may not be read.
    refused: BTreeSet<TopicIndex>,
}

/// The live reader.
pub struct LiveReader {
    pub supervisor: ClientSupervisor,
    pub topics: SourceTopics,
    pub start: StartMode,
    pub takeover: Takeover,
    /// Partitions that are read from their ends once the module shows what it reads.
    pub waiting: Vec<ReadablePartition>,
    pub module: String,
    pub cluster: Arc<Cluster>,
    pub translator: Translator,
    pub positions: Arc<ReaderProgress>,
    pub metrics: ModuleMetrics,
}

impl LiveReader {
    /// Runs until `stop` is cancelled. `notices` brings the partitions to read. Partitions whose past another
    /// reader reads are passed on to `behind`.
    pub fn run(
        mut self,
        notices: &Receiver<ReaderMessage>,
        behind: Option<&Sender<ReadablePartition>>,
        stop: &CancellationToken,
    ) -> Result<(), ModuleError> {
        // The reader of the past begins once it is known that the topic may be read.
        self.positions.set_refused(OFFSETS, Operation::Read, behind.is_some());
        let Self { supervisor, topics, takeover, positions, .. } = &mut self;
        let nothing = || {
            // On a cluster without the offsets topic there is nothing to read.
            if takeover.begins(|| positions.part_count() == Some(0)) {
                takeover.remove_old_sources(&HashSet::new(), &HashSet::new());
            }
        };
        let opened = open_reader(supervisor, &topics.names(), notices, nothing, stop);
        let Some((first, mut reader)) = opened else { return Ok(()) };
        let mut parts: BTreeMap<TopicPartition, PartitionReading> = BTreeMap::new();
        let (mut errors, mut lost) = (ReadErrors::default(), LostPositions::default());
        let mut rights = ReadingRights::default();
        let mut first = Some(first);
        while !stop.is_cancelled() {
            if let Some(client) = self.supervisor.check(Instant::now()) {
                rights.restart_trials(Instant::now());
                reader = match self.replace_reader(reader, &client, &parts, &rights, stop)? {
                    Some(reader) => reader,
                    None => return Ok(()),
                };
            }
            for notice in first.take().into_iter().chain(notices.try_iter()) {
                match notice {
                    ReaderMessage::Begin(begin) => {
                        // It grows with partitions that are added, of which groups get their share.
                        let partitions = self.positions.partition_count(OFFSETS);
                        self.cluster.set_offsets_partitions(&self.module, partitions);
                        self.add_partition(begin, &parts, &mut rights);
                    }
                    ReaderMessage::End { log, end } => self.set_end(log, end, &mut parts),
                    ReaderMessage::Stuck { log, at } if rights.is_open(log.topic) => {
                        self.restart_if_at(log, at, &mut reader, &parts)?;
                    }
                    ReaderMessage::Stuck { .. } => {}
                    ReaderMessage::Tail { log, tail } => self.accept_tail(log, tail, &reader, &mut parts),
                }
            }
            self.take_over(&mut parts, &mut rights);
            self.apply_filters(&mut reader, &mut parts)?;
            self.close_undescribed(&mut reader, &parts, &mut rights)?;
            self.end_silent_trials(&reader, &mut rights);
            for step in rights.take_due(Instant::now(), |topic| self.may_describe(topic)) {
                match step {
                    ReadStep::Begin(begin) => self.begin_partition(begin, &mut reader, behind, &mut parts)?,
                    ReadStep::Resume(log) => Self::resume(log, &mut reader, &parts)?,
                }
            }
            let BatchEffects { out_of_range, refused } =
                self.handle_batch(&mut reader, &mut parts, &mut errors, &mut rights);
            self.apply_past_read(&mut parts);
            for topic in refused {
                self.close_refused(topic, &mut reader, &parts, &mut rights)?;
            }
            for log in out_of_range {
                reader.stop(log)?;
                self.handle_lost_position(log, &mut parts, &mut lost);
            }
            for log in lost.take_due(Instant::now()) {
                self.positions.request_reread(log);
            }
        }
        Ok(())
    }

    /// Adds a partition to read, now or once the module shows what it reads.
    fn add_partition(
        &mut self,
        begin: ReadablePartition,
        parts: &BTreeMap<TopicPartition, PartitionReading>,
        rights: &mut ReadingRights,
    ) {
        if self.takeover.shows() || self.reads_from_start(&begin, parts) {
            rights.add(begin);
        } else {
            self.waiting.push(begin);
        }
    }

    fn begin_partition(
        &mut self,
        begin: ReadablePartition,
        reader: &mut TopicReader,
        behind: Option<&Sender<ReadablePartition>>,
        parts: &mut BTreeMap<TopicPartition, PartitionReading>,
    ) -> Result<(), ModuleError> {
        let ReadablePartition { log, start, end, .. } = begin;
        let from_start = self.reads_from_start(&begin, parts);
        let source = match log.topic {
            SHARE_STATE => self.cluster.share_source(&self.module, log.partition.0),
            TopicIndex(_) => self.cluster.source(&self.module, log.partition.0),
        };
        let (at, stage, position) = if from_start {
            (StartAt::Beginning, ReadingStage::CatchingUp(CatchUp::new(self.cluster.start_build(source), end)), start)
        } else {
            let past = if behind.is_some() { PastState::Ahead } else { PastState::Read };
            (StartAt::Offset(end), ReadingStage::Live(past), end)
        };
        reader.start(log, at)?;
        let topic = self.topics.name(log.topic);
        debug!(
            module = self.module,
            topic,
            partition = log.partition.0,
            from = position.0,
            to = end.0,
            "reading begins"
        );
        let part = PartitionReading { source, stage, position };
        match behind {
            // A failing send means that the reader of the past has ended, which is reported separately.
            Some(behind) if !from_start => drop(behind.send(begin)),
            // Reading starts at the end and nothing reads the past, so the partition has caught up.
            None if !from_start => self.positions.mark_caught_up(log),
            Some(_) | None => {}
        }
        self.positions.set_position(log, part.position);
        parts.insert(log, part);
        self.publish_if_complete(log, parts);
        self.positions.report_progress(&self.metrics);
        Ok(())
    }

    fn reads_from_start(&self, begin: &ReadablePartition, parts: &BTreeMap<TopicPartition, PartitionReading>) -> bool {
        // The progress of a share group needs a snapshot and all updates since then.
        begin.late
            || self.start == StartMode::Earliest
            || begin.log.topic == SHARE_STATE
            || parts.contains_key(&begin.log)
    }

    fn set_end(&self, log: TopicPartition, end: Offset, parts: &mut BTreeMap<TopicPartition, PartitionReading>) {
        // The partition monitor was asked for this end by `PartitionReading::request_end_if_reached`.
        let Some(part) = parts.get_mut(&log) else {
            return broken("only the ends of partitions that are read are asked for");
        };
        part.set_end(end);
        if self.publish_if_complete(log, parts) {
            self.positions.report_progress(&self.metrics);
        }
    }

    /// Publishes what was read from a partition once all of it has been read. Returns whether that happened now.
    pub(super) fn publish_if_complete(
        &self,
        log: TopicPartition,
        parts: &mut BTreeMap<TopicPartition, PartitionReading>,
    ) -> bool {
        let Some(part) = parts.get_mut(&log) else {
            broken("only partitions that are read are settled");
            return false;
        };
        part.request_end_if_reached(log, &self.positions);
        if !self.takeover.shows() {
            return false;
        }
        if log.topic != SHARE_STATE {
            return part.publish_if_complete(log, &self.positions);
        }
        // The state of one share group is spread over all partitions: a part of it would give a wrong sum.
        let states = || parts.iter().filter(|(log, _)| log.topic == SHARE_STATE);
        let whole = states().count() >= self.positions.partition_count(SHARE_STATE);
        if !whole || !states().all(|(_, part)| part.is_read_completely()) {
            return false;
        }
        let states = parts.iter_mut().filter(|(log, _)| log.topic == SHARE_STATE);
        states.fold(false, |settled, (log, part)| part.publish_if_complete(*log, &self.positions) || settled)
    }

    /// Handles the available records and events.
    fn handle_batch(
        &mut self,
        reader: &mut TopicReader,
        parts: &mut BTreeMap<TopicPartition, PartitionReading>,
        errors: &mut ReadErrors,
        rights: &mut ReadingRights,
    ) -> BatchEffects {
        // A partition that is being built waits for notices from the partition monitor.
        let building = parts.values().any(|part| matches!(part.stage, ReadingStage::CatchingUp(_)));
        let batch = reader.poll(BATCH, if building { BUSY } else { IDLE });
        let now = clock::expiry_time();
        let (mut effects, mut settled, mut answered) = (BatchEffects::default(), false, false);
        let mut events = batch.iter().peekable();
        while let Some(event) = events.next() {
            let log = match event {
                ReaderEvent::Record(first) => {
                    let Some(part) = parts.get_mut(&first.log) else { continue };
                    let more = iter::from_fn(|| match events.peek() {
                        Some(ReaderEvent::Record(next)) if next.log == first.log => match events.next() {
                            Some(ReaderEvent::Record(next)) => Some(next),
                            _ => None,
                        },
                        _ => None,
                    });
                    part.apply_records(iter::once(first).chain(more), &mut self.translator, &self.cluster, now);
                    first.log
                }
                ReaderEvent::End { log, offset } => {
                    let Some(part) = parts.get_mut(&log) else { continue };
                    part.record_end(offset);
                    log
                }
                ReaderEvent::OutOfRange { log } => {
                    self.positions.record_arrival(Some(log));
                    effects.out_of_range.push(log);
                    self.record_access(log.topic, rights);
                    continue;
                }
                ReaderEvent::Failed { log: Some(log), code } if code.is_refusal() => {
                    effects.refused.insert(log.topic);
                    continue;
                }
                ReaderEvent::Failed { log, code } => {
                    self.positions.record_arrival(log);
                    errors.log_change(&self.module, &self.topics, log, code);
                    continue;
                }
            };
            answered = true;
            errors.clear(log);
            self.record_access(log.topic, rights);
            settled |= self.publish_if_complete(log, parts);
            if let Some(part) = parts.get(&log) {
                self.positions.record_position(log, part.position);
            }
        }
        drop(events);
        drop(batch);
        self.translator.flush_counters();
        if self.translator.has_share_groups() {
            self.positions.record_share_group();
        }
        if answered {
            self.metrics.record_answer();
            self.metrics.health().record_advance(clock::tick());
        }
        if settled {
            self.positions.report_progress(&self.metrics);
        }
        effects
    }

    /// Applies that the past of partitions has been read: their live streams no longer run ahead of it.
    fn apply_past_read(&self, parts: &mut BTreeMap<TopicPartition, PartitionReading>) {
        for log in self.positions.take_past_read() {
            if let Some(PartitionReading { stage: ReadingStage::Live(past), source, .. }) = parts.get_mut(&log) {
                *past = PastState::Read;
                self.cluster.drop_pending_tombstones(*source);
            }
        }
    }
}
