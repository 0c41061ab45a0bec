//! The reader: takes batches of records and feeds storage with what they tell.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::clock;
use crate::config::Start;
use crate::kafka::{Client, Code, Event, ModuleError, Reader, StartAt};
use crate::metrics::own::ModuleMetrics;
use crate::model::{Offset, Partition};
use crate::storage::{Cluster, Past};

use super::part::{Building, Part, Stage};
use super::parts::{Begin, Notice, Positions};
use super::translate::Translator;

/// Records and events taken at a time.
pub const BATCH: usize = 2_000;
/// How long an idle reader waits before it looks at its orders again.
pub const IDLE: Duration = Duration::from_millis(100);
const BUSY: Duration = Duration::from_millis(10);
/// How long an answer is waited for, and with it a stop.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

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

impl Reading {
    /// Reads until it is told to stop. Partitions to read come through `notices`; `behind` is told about those
    /// whose past somebody else reads.
    pub fn run(
        mut self,
        notices: &Receiver<Notice>,
        behind: Option<&Sender<Begin>>,
        stop: &CancellationToken,
    ) -> Result<(), ModuleError> {
        let Some((first, mut reader)) = open(&self.client, &self.topic, notices, stop)? else { return Ok(()) };
        let mut parts: BTreeMap<Partition, Part> = BTreeMap::new();
        let mut complaints = Complaints::default();
        let mut first = Some(first);
        while !stop.is_cancelled() {
            for notice in first.take().into_iter().chain(notices.try_iter()) {
                match notice {
                    Notice::Begin(begin) => self.begin(begin, &mut reader, behind, &mut parts)?,
                    Notice::End { partition, end } => self.extend(partition, end, &mut parts),
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
            // From the end on, and nothing behind it: there is nothing to catch up with.
            None if !from_start => self.positions.catch_up(partition),
            Some(_) | None => drop(part.settle(partition, &self.positions)),
        }
        self.positions.reach(partition, part.position);
        parts.insert(partition, part);
        self.positions.tell(&self.metrics);
        Ok(())
    }

    fn extend(&self, partition: Partition, end: Offset, parts: &mut BTreeMap<Partition, Part>) {
        if let Some(part) = parts.get_mut(&partition) {
            part.extend(end);
            if part.settle(partition, &self.positions) {
                self.positions.tell(&self.metrics);
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
        // What is being built waits for word from the scout.
        let building = parts.values().any(|part| matches!(part.stage, Stage::Building(_)));
        let batch = reader.poll(BATCH, if building { BUSY } else { IDLE });
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
            self.positions.tell(&self.metrics);
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

/// Waits for the first partition, and opens the reader then. A client that knows the topic by then starts reading
/// at once, else librdkafka looks for it half a second later.
pub fn open<T>(
    client: &Arc<Client>,
    topic: &str,
    begun: &Receiver<T>,
    stop: &CancellationToken,
) -> Result<Option<(T, Reader)>, ModuleError> {
    let mut known = false;
    while !stop.is_cancelled() {
        client.serve();
        known = known || client.metadata(METADATA_TIMEOUT, |name| name == topic).is_ok();
        match begun.recv_timeout(IDLE) {
            Ok(first) => return Ok(Some((first, Reader::new(Arc::clone(client), topic)?))),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
    Ok(None)
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
