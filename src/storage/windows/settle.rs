//! Settles time lags: gives each commit that leaves records unread the append time of the oldest of them, once, as soon
//! as it is known well enough.
//!
//! From then on the time lag grows with the clock, and neither a thinned index nor a better answer makes it jump. Where
//! the append time is not known well enough, it returns what brokers have to be asked for.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::model::{Lag, Offset, Partition, TimeLag, Timestamp, TopicId};
use crate::time_lag::{Exactness, Span, waiting};

use crate::storage::cluster::Cluster;
use crate::storage::groups::group::GroupTopic;
use crate::storage::topics::names::TopicName;
use crate::storage::topics::partition::PartitionState;
use crate::storage::topics::time_index::Dates;
use crate::storage::topics::{Topic, Topics};
use crate::storage::windows::since::Since;
use crate::storage::windows::slot::Slot;
use crate::storage::windows::slots::Standing;

/// Number of records of one partition that are listed one by one: as many as may be looked up. Above it, one record
/// stands for all that lie between the same cuts, up to [`MOST_AIMS`].
const AIMS: usize = 64;
const MOST_AIMS: usize = 128;

/// A partition with commits whose time lag is not known well enough.
#[derive(Clone, Debug)]
pub struct TimeLookup {
    /// The topic.
    pub topic: Arc<TopicName>,
    /// The topic's id.
    pub id: Option<TopicId>,
    /// The partition.
    pub partition: Partition,
    /// The log start.
    pub start: Option<Offset>,
    /// The log end.
    pub end: Offset,
    /// Whether its records have timestamps.
    pub dates: Dates,
    /// The oldest unconsumed record of each of these commits, without repetitions.
    pub aims: Vec<WantedTime>,
}

/// A record whose append time is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedTime {
    /// The offset of the record.
    pub record: Offset,
    /// The known range of its append time. `None` if it is older than all that is known.
    pub span: Option<Span>,
}

/// The inputs of all time lags of a cluster at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub now: Timestamp,
    pub exactness: Exactness,
    /// Whether the first time lookups are done. From then on rough values are shown, too.
    pub past_read: bool,
}

impl Moment {
    /// The age of the oldest record that is not committed. `None` while it is unknown.
    pub fn time_lag(self, slot: &Slot, standing: Standing, state: &PartitionState) -> Option<TimeLag> {
        state.bounds.end?;
        // For a share group this is the first unfinished record. Its lag may be 0 although records lie between that one
        // and the log end: members may have finished all of them.
        let committed = slot.window.newest().offset;
        if slot.source.is_share() && standing.lag(state.bounds) == Some(Lag(0)) {
            return Some(TimeLag::ZERO);
        }
        let Some(record) = state.oldest_unread(committed) else { return Some(TimeLag::ZERO) };
        if record == committed
            && let Some(since) = slot.waits_since()
        {
            return Some(since.time_lag(self.now));
        }
        let span = state.span(record, self.now)?;
        let told =
            self.exactness.is_close(&span, self.now) || self.past_read && self.exactness.is_rough(&span, self.now);
        told.then(|| waiting(span.estimate, self.now))
    }

    /// Settles the newest commit of a slot. Returns the record to look up if it cannot be settled.
    fn settle(self, slot: &mut Slot, state: &PartitionState, given_up: impl Fn(Offset) -> bool) -> Option<WantedTime> {
        let committed = slot.window.newest().offset;
        let record = state.oldest_unread(committed);
        if record.is_none() && state.bounds.end.is_some() {
            // A log that was truncated may grow again, with other records.
            slot.unsettle();
        }
        let record = record?;
        // If retention has deleted the committed record, the oldest unconsumed record changes with the log start. Then
        // its time is computed each time.
        let told = slot.waits_since().filter(|_| record == committed);
        if told.is_some_and(|told| told.settled) {
            return None;
        }
        let undated = state.dates() == Dates::Missing(state.bounds.start);
        let Some(span) = state.span(record, self.now) else {
            return (!undated).then_some(WantedTime { record, span: None });
        };
        let close = self.exactness.is_close(&span, self.now);
        let settled = self.exactness.stays_close(&span, self.now) || undated || given_up(record);
        let rough = self.past_read && self.exactness.is_rough(&span, self.now);
        if record == committed && (settled || rough && !close) {
            slot.settle(self.since(told, &span, settled));
        }
        (!settled && !close).then_some(WantedTime { record, span: Some(span) })
    }

    /// The append time to use from now on. The previous one is kept as long as it may be right.
    fn since(self, told: Option<Since>, span: &Span, settled: bool) -> Since {
        match told {
            Some(told) if !settled => told,
            Some(told) if self.exactness.stands_for(told.time, span, self.now) => Since { settled, ..told },
            Some(told) => Since { time: self.exactness.best(span, self.now), settled, least: told.time_lag(self.now) },
            None if settled => Since { time: self.exactness.best(span, self.now), settled, least: TimeLag::ZERO },
            None => Since { time: span.estimate, settled, least: TimeLag::ZERO },
        }
    }
}

impl Cluster {
    /// Settles all commits that can be settled, and returns what has to be looked up.
    ///
    /// For a record for which `given_up` returns true, the best time within the known range is used.
    #[must_use]
    pub fn settle(&self, now: Timestamp, given_up: impl Fn(&TopicName, Partition, Offset) -> bool) -> Vec<TimeLookup> {
        let (topics, moment) = (self.topics(), self.moment(now));
        let mut lagging = HashMap::new();
        for mut shard in self.shards().iter() {
            for topic in shard.values_mut().flat_map(|group| group.topics.iter_mut()) {
                settle_topic(topic, &topics, moment, &given_up, &mut lagging);
            }
        }
        lagging.into_values().collect()
    }
}

fn settle_topic(
    held: &mut GroupTopic,
    topics: &Topics,
    moment: Moment,
    given_up: impl Fn(&TopicName, Partition, Offset) -> bool,
    lagging: &mut HashMap<(usize, Partition), TimeLookup>,
) {
    let Some(topic) = topics.get(&held.name) else { return };
    for slot in held.slots.iter_mut() {
        let partition = slot.partition;
        let Some(state) = topic.state(partition) else { continue };
        let Some(aim) = moment.settle(slot, state, |record| given_up(&topic.name, partition, record)) else { continue };
        let Some(end) = state.bounds.end else { continue };
        let place = lagging.entry((topic.name.slot, partition));
        place.or_insert_with(|| TimeLookup::of(topic, partition, state, end)).aim_at(aim);
    }
}

impl WantedTime {
    fn ends(&self) -> Option<(Timestamp, Timestamp)> {
        self.span.map(|span| (span.earliest, span.latest))
    }
}

impl TimeLookup {
    fn of(topic: &Topic, partition: Partition, state: &PartitionState, end: Offset) -> Self {
        Self {
            topic: Arc::clone(&topic.name),
            id: topic.id,
            partition,
            start: state.bounds.start,
            end,
            dates: state.dates(),
            aims: Vec::new(),
        }
    }

    fn aim_at(&mut self, aim: WantedTime) {
        let stood_for = |other: &WantedTime| *other == aim || self.aims.len() >= AIMS && other.ends() == aim.ends();
        if self.aims.len() < MOST_AIMS && !self.aims.iter().any(stood_for) {
            self.aims.push(aim);
        }
    }
}
