//! The play itself: who does what at which tick. Deterministic; what time it is, is an argument.

use super::cast::{COMMIT_EVERY, GROUPS, Retention, TOPICS, Topic};
use super::company::Company;
use super::pace::Log;
use crate::model::{self, Name, Offset, Partition, Timestamp};
use crate::offsets::encode::EncodeError;

/// The offsets topic.
pub(super) const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Its partitions. Few, because each may come to hold 5 MiB.
pub(super) const OFFSETS_PARTITIONS: i32 = 4;
/// Ticks that are played at once at start, so that there is a past.
pub(super) const PAST: i64 = 120;

/// Ticks between two purges of a partition.
const SHORT: i64 = 120;
const LONG: i64 = 1800;

/// Something to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// So many records to a partition, by its place among all: see [`Scenario::places`].
    Write { place: usize, count: i64 },
    /// One record so large that the broker throws away all before it.
    Purge { place: usize },
    /// A record of the offsets topic.
    Offsets { partition: i32, key: Vec<u8>, value: Option<Vec<u8>> },
}

/// A partition of a topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) topic: &'static Topic,
    pub(super) partition: Partition,
    pub(super) log: Log,
}

/// The state of the play between two ticks.
#[derive(Debug)]
pub(super) struct Scenario {
    tick: i64,
    places: Vec<Place>,
    companies: Vec<Company>,
}

impl Scenario {
    pub(super) fn new() -> Self {
        let places: Vec<Place> = TOPICS.iter().flat_map(places).collect();
        let companies = GROUPS.iter().map(|group| Company::new(group, &places)).collect();
        Self { tick: 0, places, companies }
    }

    /// Every partition of every topic.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Takes in where a log really ends, should a record have been lost or written twice.
    pub(super) fn observe(&mut self, place: usize, end: Offset) {
        if let Some(place) = self.places.get_mut(place) {
            place.log.end = end.0;
        }
    }

    /// Plays one tick.
    pub(super) fn play(&mut self, now: Timestamp) -> Result<Vec<Action>, EncodeError> {
        let mut actions = Vec::new();
        let tick = self.tick;
        for (place, at) in self.places.iter_mut().enumerate() {
            at.write(place, tick, &mut actions);
        }
        for (index, company) in self.companies.iter_mut().enumerate() {
            let mut records = company.live(tick, now)?;
            // Not all on the same tick.
            let turn = i64::try_from(index).unwrap_or(0);
            if tick.saturating_add(turn) % COMMIT_EVERY == 0 {
                records.extend(company.commit(tick, now, &self.places)?);
            }
            let partition = offsets_partition(company.name());
            actions.extend(records.into_iter().map(|(key, value)| Action::Offsets { partition, key, value }));
        }
        self.tick = tick.saturating_add(1);
        Ok(actions)
    }
}

/// Where Kafka puts a group.
pub(super) fn offsets_partition(group: &str) -> i32 {
    model::offsets_partition(Name(group.as_bytes()), OFFSETS_PARTITIONS).map_or(0, |Partition(number)| number)
}

fn places(topic: &'static Topic) -> impl Iterator<Item = Place> {
    (0..topic.partitions).map(move |partition| {
        let last = partition.saturating_add(1) == topic.partitions;
        let log = Log { start: 0, end: 0, rate: topic.rate, purged: None, last };
        Place { topic, partition: Partition(partition), log }
    })
}

impl Place {
    fn write(&mut self, place: usize, tick: i64, actions: &mut Vec<Action>) {
        if self.is_purged(place, tick) {
            actions.push(Action::Purge { place });
            self.log.end = self.log.end.saturating_add(1);
            self.log.purged = Some(tick);
        }
        let partition = i64::from(self.partition.0);
        let count = match tick {
            0 => self.topic.existing,
            _ if self.topic.rate == 0 => 0,
            _ => self.topic.rate.saturating_add(tick.saturating_add(partition) % 3).saturating_sub(1),
        };
        if count > 0 {
            actions.push(Action::Write { place, count });
            self.log.end = self.log.end.saturating_add(count);
        }
        // The embedded broker has the log begin after the batch that made it drop the large one.
        if self.log.purged == Some(tick) {
            self.log.start = self.log.end;
        }
    }

    /// One partition a tick at most, since each costs 5 MiB for a moment. The long ones fall into the part of a
    /// cycle in which every group has caught up; a topic that nobody writes to has nothing to lose.
    fn is_purged(&self, place: usize, tick: i64) -> bool {
        let partition = i64::from(self.partition.0);
        match self.topic.retention {
            Retention::Broker => false,
            Retention::Long if self.topic.rate == 0 => false,
            Retention::Long => tick % LONG == 1740_i64.saturating_add(i64::try_from(place).unwrap_or(0)),
            Retention::Short => tick % SHORT == partition.saturating_mul(5).saturating_add(100),
        }
    }
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
