//! The reader: takes batches of records and feeds storage with what they tell.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::clock;
use crate::config::Start;
use crate::kafka::{Client, Code, Event, ModuleError, Reader, Record, StartAt};
use crate::metrics::own::ModuleMetrics;
use crate::model::{Offset, Order, Partition, Timestamp};
use crate::storage::{Build, Cluster, Past, SourceId};

use super::parts::{Begin, Order as ScoutsOrder, Positions};
use super::translate::Translator;

/// Records and events taken at a time.
const BATCH: usize = 2_000;
/// How long an idle reader waits before it looks at its orders again.
const IDLE: Duration = Duration::from_millis(100);

/// The live reader.
pub struct Reading {
    pub client: Arc<Client>,
    pub topic: String,
    pub start: Start,
    pub module: String,
    pub cluster: Arc<Cluster>,
    pub translator: Translator,
    pub positions: Arc<Positions>,
    pub metrics: ModuleMetrics,
}

/// A partition that is being read.
#[derive(Debug)]
struct Part {
    source: SourceId,
    stage: Stage,
    /// The offset that the next record has at the least.
    position: Offset,
}

#[derive(Debug)]
enum Stage {
    /// Read from the beginning, beside what is shown.
    Building(Building),
    /// What comes happens now.
    Live(Past),
    /// It has to be read anew, once its bounds are known.
    Waiting,
}

/// A partition on its way to be shown.
#[derive(Debug)]
struct Building {
    build: Build,
    /// Where it will have caught up.
    end: Offset,
    /// What it was read up to; `None` while it is on its way.
    reached: Option<Reached>,
    /// How often the end has been moved on.
    moves: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    /// To where the log went when that was asked, which may be some time ago.
    Asked,
    /// To the log's end.
    End,
}

/// How often the end may be moved on: each time there is less to read, but groups never stop committing.
const MOVES: u32 = 5;

impl Building {
    const fn new(build: Build, end: Offset) -> Self {
        Self { build, end, reached: None, moves: 0 }
    }
}

impl Reading {
    /// Reads until it is told to stop. Partitions to read come through `begun`; `behind` is told about those
    /// whose past somebody else reads.
    pub fn run(
        mut self,
        orders: &Receiver<ScoutsOrder>,
        behind: Option<&Sender<Begin>>,
        stop: &CancellationToken,
    ) -> Result<(), ModuleError> {
        let Some((first, mut reader)) = open(&self.client, &self.topic, orders, stop)? else { return Ok(()) };
        let mut parts: BTreeMap<Partition, Part> = BTreeMap::new();
        let mut complaints = Complaints::default();
        let mut first = Some(first);
        while !stop.is_cancelled() {
            for order in first.take().into_iter().chain(orders.try_iter()) {
                match order {
                    ScoutsOrder::Begin(begin) => self.begin(begin, &mut reader, behind, &mut parts)?,
                    ScoutsOrder::End { partition, end } => self.extend(partition, end, &mut parts),
                }
            }
            let lost = self.take_batch(&mut reader, &mut parts, &mut complaints);
            self.end_past(&mut parts);
            for partition in lost {
                reader.stop(partition)?;
                self.positions.want_again(partition);
                self.positions.drop_past(partition);
                if let Some(part) = parts.get_mut(&partition) {
                    part.stage = Stage::Waiting;
                }
            }
        }
        Ok(())
    }

    fn begin(
        &mut self,
        begin: Begin,
        reader: &mut Reader,
        behind: Option<&Sender<Begin>>,
        parts: &mut BTreeMap<Partition, Part>,
    ) -> Result<(), ModuleError> {
        let Begin { partition, start, end, late } = begin;
        let source = self.cluster.source(&self.module, partition.0);
        let from_start = late || self.start == Start::Earliest || parts.contains_key(&partition);
        let (at, stage, position) = if from_start {
            (StartAt::Beginning, Stage::Building(Building::new(self.cluster.build(source), end)), start)
        } else {
            let past = if behind.is_some() { Past::Ahead } else { Past::Read };
            (StartAt::Offset(end), Stage::Live(past), end)
        };
        reader.start(partition, at)?;
        debug!(module = self.module, partition = partition.0, from = position.0, to = end.0, "reading begins");
        let mut part = Part { source, stage, position };
        match behind {
            // A failing send means that the past's reader has ended, which is told by itself.
            Some(behind) if !from_start => drop(behind.send(begin)),
            Some(_) | None => drop(part.settle(partition, &self.positions)),
        }
        self.positions.reach(partition, part.position);
        parts.insert(partition, part);
        tell_progress(&self.positions, &self.metrics);
        Ok(())
    }

    /// The log goes further by now: a partition has caught up once that has been read, too. Else a group would
    /// appear with a lag that it never had, from commits made while its past was read.
    fn extend(&self, partition: Partition, end: Offset, parts: &mut BTreeMap<Partition, Part>) {
        let Some(part) = parts.get_mut(&partition) else { return };
        if let Stage::Building(building) = &mut part.stage {
            let far = part.position < end && building.moves < MOVES;
            (building.end, building.moves) = (end, building.moves.saturating_add(1));
            building.reached = (!far).then_some(Reached::End);
            if part.settle(partition, &self.positions) {
                tell_progress(&self.positions, &self.metrics);
            }
        }
    }

    /// Takes what is there; tells which partitions' positions are out of range.
    fn take_batch(
        &mut self,
        reader: &mut Reader,
        parts: &mut BTreeMap<Partition, Part>,
        complaints: &mut Complaints,
    ) -> Vec<Partition> {
        let batch = reader.poll(BATCH, IDLE);
        let now = clock::now();
        let (mut lost, mut settled, mut answered) = (Vec::new(), false, false);
        let mut events = batch.iter().peekable();
        while let Some(event) = events.next() {
            let partition = match event {
                Event::Record(first) => {
                    let Some(part) = parts.get_mut(&first.partition) else { continue };
                    let more = iter::from_fn(|| match events.peek() {
                        Some(Event::Record(next)) if next.partition == first.partition => match events.next() {
                            Some(Event::Record(next)) => Some(next),
                            _ => None,
                        },
                        _ => None,
                    });
                    part.take(iter::once(first).chain(more), &mut self.translator, &self.cluster, now);
                    first.partition
                }
                Event::End { partition, offset } => {
                    let Some(part) = parts.get_mut(&partition) else { continue };
                    part.end(offset);
                    partition
                }
                Event::OutOfRange { partition } => {
                    warn!(module = self.module, partition = partition.0, "position out of range: reading it anew");
                    lost.push(partition);
                    continue;
                }
                Event::Failed { partition, code } => {
                    complaints.tell(&self.module, partition, code);
                    continue;
                }
            };
            answered = true;
            complaints.clear(partition);
            if let Some(part) = parts.get_mut(&partition) {
                settled |= part.settle(partition, &self.positions);
                self.positions.reach(partition, part.position);
            }
        }
        drop(events);
        drop(batch);
        self.translator.flush();
        if answered {
            self.metrics.answered();
            self.metrics.health().advance(now);
        }
        if settled {
            tell_progress(&self.positions, &self.metrics);
        }
        lost
    }

    /// A live stream that ran ahead of its past does so no longer once that has been read.
    fn end_past(&self, parts: &mut BTreeMap<Partition, Part>) {
        for partition in self.positions.take_past() {
            if let Some(Part { stage: Stage::Live(past), source, .. }) = parts.get_mut(&partition) {
                *past = Past::Read;
                self.cluster.close_past(*source);
            }
        }
    }
}

fn tell_progress(positions: &Positions, metrics: &ModuleMetrics) {
    if let Some((done, all)) = positions.progress() {
        metrics.progress(done, all);
    }
}

impl Part {
    /// Takes a run of records in.
    fn take<'a>(
        &mut self,
        records: impl Iterator<Item = Record<'a>>,
        translator: &mut Translator,
        cluster: &Cluster,
        now: Timestamp,
    ) {
        let position = &mut self.position;
        let updates = records.filter_map(|record| {
            *position = record.offset.next();
            Some((Order(record.offset.0), translator.update(&record)?))
        });
        match &mut self.stage {
            Stage::Building(building) => building.build.apply(updates, now),
            Stage::Live(past) => cluster.apply(self.source, *past, updates, now),
            Stage::Waiting => drop(updates),
        }
    }

    /// The last stable offset has been reached.
    fn end(&mut self, offset: Offset) {
        self.position = self.position.max(offset);
        if let Stage::Building(building) = &mut self.stage {
            // Transactions' marks and compaction leave no record: the event alone tells the end.
            building.reached = Some(Reached::End);
        }
    }

    /// Shows what was built once it has caught up; tells whether it just did.
    fn settle(&mut self, partition: Partition, positions: &Positions) -> bool {
        if let Stage::Building(building) = &mut self.stage
            && building.reached.is_none()
            && self.position >= building.end
        {
            building.reached = Some(Reached::Asked);
            positions.want_end(partition);
        }
        match std::mem::replace(&mut self.stage, Stage::Waiting) {
            Stage::Building(Building { build, reached: Some(Reached::End), .. }) => {
                build.publish();
                self.stage = Stage::Live(Past::Read);
                positions.catch_up(partition);
                true
            }
            Stage::Live(past) => {
                self.stage = Stage::Live(past);
                if past == Past::Read {
                    positions.catch_up(partition);
                }
                false
            }
            other @ (Stage::Building(_) | Stage::Waiting) => {
                self.stage = other;
                false
            }
        }
    }
}

/// Errors of partitions, told once per change.
#[derive(Debug, Default)]
struct Complaints {
    told: BTreeMap<Option<Partition>, Code>,
}

impl Complaints {
    fn tell(&mut self, module: &str, partition: Option<Partition>, code: Code) {
        if self.told.insert(partition, code) != Some(code) {
            let partition = partition.map(|partition| partition.0);
            warn!(module, partition, %code, "reading the offsets topic fails");
        }
    }

    fn clear(&mut self, partition: Partition) {
        if !self.told.is_empty() {
            self.told.remove(&Some(partition));
            self.told.remove(&None);
        }
    }
}

/// Waits for the first partition, and opens the reader then: once the client knows the topic, reading starts at
/// once, else librdkafka looks for it half a second later.
fn open<T>(
    client: &Arc<Client>,
    topic: &str,
    begun: &Receiver<T>,
    stop: &CancellationToken,
) -> Result<Option<(T, Reader)>, ModuleError> {
    while !stop.is_cancelled() {
        client.serve();
        match begun.recv_timeout(IDLE) {
            Ok(first) => return Ok(Some((first, Reader::new(Arc::clone(client), topic)?))),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
    Ok(None)
}

/// The reader of the past, behind a live reader that began at the end.
pub struct Backfill {
    pub client: Arc<Client>,
    pub topic: String,
    pub module: String,
    pub cluster: Arc<Cluster>,
    pub translator: Translator,
    pub positions: Arc<Positions>,
    pub metrics: ModuleMetrics,
}

impl Backfill {
    /// Reads each partition up to where the live reader began, then lets go of it. The live reader forgets the
    /// tombstones that it kept for this past: no more are to come by then.
    pub fn run(mut self, begun: &Receiver<Begin>, stop: &CancellationToken) -> Result<(), ModuleError> {
        let Some((first, mut reader)) = open(&self.client, &self.topic, begun, stop)? else { return Ok(()) };
        let mut first = Some(first);
        let mut parts: BTreeMap<Partition, (Part, Offset)> = BTreeMap::new();
        while !stop.is_cancelled() {
            for Begin { partition, start, end, .. } in first.take().into_iter().chain(begun.try_iter()) {
                let source = self.cluster.source(&self.module, partition.0);
                reader.start(partition, StartAt::Beginning)?;
                parts.insert(partition, (Part { source, stage: Stage::Live(Past::Behind), position: start }, end));
            }
            for partition in self.positions.take_no_past() {
                reader.stop(partition)?;
                parts.remove(&partition);
            }
            self.take_batch(&mut reader, &mut parts);
            let done: Vec<_> = parts.iter().filter(|(_, (part, end))| part.position >= *end).map(|(p, _)| *p).collect();
            for partition in done {
                reader.stop(partition)?;
                parts.remove(&partition);
                self.positions.end_past(partition);
                tell_progress(&self.positions, &self.metrics);
                info!(module = self.module, partition = partition.0, "the past has been read");
            }
        }
        Ok(())
    }

    fn take_batch(&mut self, reader: &mut Reader, parts: &mut BTreeMap<Partition, (Part, Offset)>) {
        let mut again = Vec::new();
        let batch = reader.poll(BATCH, IDLE);
        let now = clock::now();
        for event in batch.iter() {
            match event {
                Event::Record(record) => {
                    let Some((part, end)) = parts.get_mut(&record.partition) else { continue };
                    if record.offset < *end {
                        part.take(iter::once(record), &mut self.translator, &self.cluster, now);
                    } else {
                        part.position = record.offset;
                    }
                }
                Event::End { partition, offset } => {
                    if let Some((part, _)) = parts.get_mut(&partition) {
                        part.end(offset);
                    }
                }
                Event::OutOfRange { partition } => again.push(partition),
                // The live reader meets and tells the same.
                Event::Failed { .. } => {}
            }
        }
        drop(batch);
        self.translator.flush();
        for partition in again {
            if let Err(error) = reader.start(partition, StartAt::Beginning) {
                warn!(partition = partition.0, %error, "the past cannot be read anew");
            }
        }
    }
}
