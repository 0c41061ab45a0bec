//! The reader of the past, behind a live reader that began at the end.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock;
use crate::kafka::{Client, Event, Log, ModuleError, Reader, StartAt};
use crate::metrics::own::ModuleMetrics;
use crate::model::Offset;
use crate::storage::{Cluster, Past};

use super::part::{Part, Stage};
use super::parts::{Begin, Positions};
use super::reader::{BATCH, IDLE, open};
use super::translate::Translator;

/// See the module.
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
        let Some((first, mut reader)) = open(&self.client, &[&self.topic], begun, stop)? else { return Ok(()) };
        let mut first = Some(first);
        let mut parts: BTreeMap<Log, (Part, Offset)> = BTreeMap::new();
        while !stop.is_cancelled() {
            for Begin { log, start, end, .. } in first.take().into_iter().chain(begun.try_iter()) {
                let source = self.cluster.source(&self.module, log.partition.0);
                reader.start(log, StartAt::Beginning)?;
                parts.insert(log, (Part { source, stage: Stage::Live(Past::Behind), position: start }, end));
            }
            for log in self.positions.take_no_past() {
                reader.stop(log)?;
                parts.remove(&log);
            }
            self.take_batch(&mut reader, &mut parts);
            let done: Vec<_> =
                parts.iter().filter(|(_, (part, end))| part.position >= *end).map(|(log, _)| *log).collect();
            for log in done {
                reader.stop(log)?;
                parts.remove(&log);
                self.positions.end_past(log);
                self.positions.tell(&self.metrics);
                info!(module = self.module, partition = log.partition.0, "the past has been read");
            }
        }
        Ok(())
    }

    fn take_batch(&mut self, reader: &mut Reader, parts: &mut BTreeMap<Log, (Part, Offset)>) {
        let mut again = Vec::new();
        let batch = reader.poll(BATCH, IDLE);
        let now = clock::as_of();
        for event in batch.iter() {
            match event {
                Event::Record(record) => {
                    let Some((part, end)) = parts.get_mut(&record.log) else { continue };
                    if record.offset < *end {
                        part.take(iter::once(record), &mut self.translator, &self.cluster, now);
                    } else {
                        part.position = record.offset;
                    }
                }
                Event::End { log, offset } => {
                    if let Some((part, _)) = parts.get_mut(&log) {
                        part.end(offset);
                    }
                }
                Event::OutOfRange { log } => again.push(log),
                // The live reader meets and tells the same.
                Event::Failed { .. } => {}
            }
        }
        drop(batch);
        self.translator.flush();
        for log in again {
            if let Err(error) = reader.start(log, StartAt::Beginning) {
                warn!(partition = log.partition.0, %error, "the past cannot be read anew");
            }
        }
    }
}
