//! One partition of a topic while it is read: built beside what is shown, then followed live.

use tracing::debug;

use crate::kafka::{Log, Record};
use crate::model::{Offset, Order};
use crate::storage::{Build, Cluster, Past, SourceId};
use crate::wall_clock::AsOf;

use super::parts::Positions;
use super::translate::Translator;

/// A partition that is being read.
#[derive(Debug)]
pub struct Part {
    pub source: SourceId,
    pub stage: Stage,
    /// The offset that the next record has at the least.
    pub position: Offset,
}

#[derive(Debug)]
pub enum Stage {
    /// Read from the beginning, beside what is shown.
    Building(Building),
    /// What comes happens now.
    Live(Past),
    /// It has to be read anew, once its bounds are known.
    Waiting,
}

/// A partition on its way to be shown.
#[derive(Debug)]
pub struct Building {
    build: Build,
    /// Where it will have caught up.
    end: Offset,
    /// What it was read up to; `None` while it is on its way.
    reached: Option<Reached>,
    /// How often the end has been moved on.
    moves: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// To where the log went when that was asked, which may be some time ago.
    Asked,
    /// To the log's end.
    End,
}

/// How often the end may be moved on: each time there is less to read, but groups never stop committing.
const MOVES: u32 = 5;

impl Building {
    /// On the way to `end`.
    pub const fn new(build: Build, end: Offset) -> Self {
        Self { build, end, reached: None, moves: 0 }
    }
}

impl Part {
    /// Takes a run of records in.
    pub fn take<'a>(
        &mut self,
        records: impl Iterator<Item = Record<'a>>,
        translator: &mut Translator,
        cluster: &Cluster,
        now: AsOf,
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
    pub fn end(&mut self, offset: Offset) {
        self.position = self.position.max(offset);
        if let Stage::Building(building) = &mut self.stage {
            // Transactions' marks and compaction leave no record: the event alone tells the end.
            building.reached = Some(Reached::End);
        }
    }

    /// The log goes further by now: a partition has caught up once that has been read, too. Else a group would
    /// appear with a lag that it never had, from commits made while its past was read.
    pub fn extend(&mut self, end: Offset) {
        if let Stage::Building(building) = &mut self.stage {
            let far = self.position < end && building.moves < MOVES;
            (building.end, building.moves) = (end, building.moves.saturating_add(1));
            building.reached = (!far).then_some(Reached::End);
        }
    }

    /// Asks how far the log goes by now once it has been read up to where it went.
    pub fn arrive(&mut self, log: Log, positions: &Positions) {
        if let Stage::Building(building) = &mut self.stage
            && building.reached.is_none()
            && self.position >= building.end
        {
            building.reached = Some(Reached::Asked);
            debug!(?log, at = self.position.0, "read up to where the log went");
            positions.want_end(log);
        }
    }

    /// Whether all of it has been read.
    pub const fn has_arrived(&self) -> bool {
        match &self.stage {
            Stage::Building(building) => matches!(building.reached, Some(Reached::End)),
            Stage::Live(_) => true,
            Stage::Waiting => false,
        }
    }

    /// Shows what was built once all of it has been read; tells whether it just did.
    pub fn settle(&mut self, log: Log, positions: &Positions) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Waiting) {
            Stage::Building(Building { build, reached: Some(Reached::End), .. }) => {
                build.publish();
                debug!(?log, at = self.position.0, "caught up");
                self.stage = Stage::Live(Past::Read);
                positions.catch_up(log);
                true
            }
            other @ (Stage::Building(_) | Stage::Live(_) | Stage::Waiting) => {
                self.stage = other;
                false
            }
        }
    }
}
