//! The simulation: decides what happens at which tick. It is deterministic; the time is an argument.

use super::commit_pattern::SimulatedLog;
use super::simulated_group::SimulatedGroup;
pub(super) use super::simulated_partition::DemoAction;
use super::simulated_partition::SimulatedPartition;
use super::topics_and_groups::{COMMIT_EVERY, DemoTopic, GROUPS, TOPICS};
use crate::model::{self, Name, Offset, Partition, Timestamp};
use crate::offsets::encode::EncodeError;

/// Name of the offsets topic.
pub(super) const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Number of partitions of the offsets topic. It is small, because each may grow to 5 MiB.
pub(super) const OFFSETS_PARTITIONS: i32 = 4;
/// Number of ticks that are simulated at once at the start, so that there is a past.
pub(super) const PAST: i64 = 120;

/// The state of the simulation between two ticks.
#[derive(Debug)]
pub(super) struct Scenario {
    tick: i64,
    partitions: Vec<SimulatedPartition>,
    groups: Vec<SimulatedGroup>,
}

impl Scenario {
    pub(super) fn new() -> Self {
        let places: Vec<SimulatedPartition> = TOPICS.iter().flat_map(places).collect();
        let companies = GROUPS.iter().map(|group| SimulatedGroup::new(group, &places)).collect();
        Self { tick: 0, partitions: places, groups: companies }
    }

    /// All partitions of all topics.
    pub(super) fn partitions(&self) -> &[SimulatedPartition] {
        &self.partitions
    }

    /// Corrects a log end, in case a record was lost or written twice.
    pub(super) fn set_log_end(&mut self, place: usize, end: Offset) {
        if let Some(place) = self.partitions.get_mut(place) {
            place.log.end = end.0;
        }
    }

    /// Simulates one tick.
    pub(super) fn next_tick(&mut self, now: Timestamp) -> Result<Vec<DemoAction>, EncodeError> {
        let mut actions = Vec::new();
        let tick = self.tick;
        for (place, at) in self.partitions.iter_mut().enumerate() {
            at.write(place, tick, &mut actions);
        }
        for (index, company) in self.groups.iter_mut().enumerate() {
            let mut records = company.member_records(tick, now)?;
            // Groups commit on different ticks.
            let turn = i64::try_from(index).unwrap_or(0);
            if tick.saturating_add(turn) % COMMIT_EVERY == 0 {
                records.extend(company.commit_records(tick, now, &self.partitions)?);
            }
            let partition = offsets_partition(company.name());
            actions.extend(records.into_iter().map(|(key, value)| DemoAction::Offsets { partition, key, value }));
        }
        self.tick = tick.saturating_add(1);
        Ok(actions)
    }
}

/// The partition of the offsets topic that holds a group.
pub(super) fn offsets_partition(group: &str) -> i32 {
    model::offsets_partition(Name(group.as_bytes()), OFFSETS_PARTITIONS).map_or(0, |Partition(number)| number)
}

fn places(topic: &'static DemoTopic) -> impl Iterator<Item = SimulatedPartition> {
    (0..topic.partitions).map(move |partition| {
        let last = partition.saturating_add(1) == topic.partitions;
        let log = SimulatedLog { start: 0, end: 0, rate: topic.rate, purged: None, last };
        SimulatedPartition { topic, partition: Partition(partition), log }
    })
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
