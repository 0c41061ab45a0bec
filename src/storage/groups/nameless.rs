//! States of share groups in topics whose names are not known yet. Their records name topics by id only.

use std::collections::BTreeMap;

use crate::model::TopicId;

use crate::storage::limits::budget::Growth;
use crate::storage::lists::allocation;
use crate::storage::sources::source::SourceId;
use crate::storage::windows::group_partition::CommitOutcome;
use crate::storage::windows::group_partitions::GroupPartitions;

/// States in topics whose names are not known, by topic id.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "a word for the many groups that have none")]
pub(crate) struct UnnamedTopics(Option<Box<BTreeMap<TopicId, GroupPartitions>>>);

impl UnnamedTopics {
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|topics| topics.is_empty())
    }

    /// Removes what came from a source.
    pub fn remove_source(&mut self, source: SourceId) {
        self.change(|_, slots| slots.retain(|slot| slot.source != source));
    }

    /// Adds what another reading of the same group has found.
    pub fn merge(&mut self, other: Self) {
        for (id, slots) in other.0.into_iter().flat_map(|topics| *topics) {
            self.0.get_or_insert_default().entry(id).or_default().merge(slots);
        }
    }

    /// Calls `take` with the state of one topic. Adds to `growth` by how much the memory has grown beside what `take`
    /// adds.
    pub fn apply(
        &mut self,
        topic: TopicId,
        growth: &mut Growth,
        take: impl FnOnce(&mut GroupPartitions, &mut Growth) -> CommitOutcome,
    ) -> CommitOutcome {
        let topics = self.0.get_or_insert_default();
        let slots = topics.entry(topic).or_insert_with(|| {
            let slots = GroupPartitions::default();
            growth.resize(0, topic_bytes(&slots));
            slots
        });
        let taken = take(slots, growth);
        if slots.is_empty() {
            growth.resize(topic_bytes(slots), 0);
            topics.remove(&topic);
            self.0.take_if(|topics| topics.is_empty());
        }
        taken
    }

    pub fn change(&mut self, mut change: impl FnMut(TopicId, &mut GroupPartitions)) {
        if let Some(topics) = &mut self.0 {
            topics.iter_mut().for_each(|(id, slots)| change(*id, slots));
        }
        self.remove_empty();
    }

    /// Number of partitions.
    pub fn partitions(&self) -> usize {
        self.lists().map(GroupPartitions::len).fold(0, usize::saturating_add)
    }

    /// The memory that it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        self.lists().map(topic_bytes).fold(0, usize::saturating_add)
    }

    fn lists(&self) -> impl Iterator<Item = &GroupPartitions> {
        self.0.iter().flat_map(|topics| topics.values())
    }

    /// Removes topics without state.
    fn remove_empty(&mut self) {
        if let Some(topics) = &mut self.0 {
            topics.retain(|_, slots| !slots.is_empty());
        }
        self.0.take_if(|topics| topics.is_empty());
    }
}

fn topic_bytes(slots: &GroupPartitions) -> usize {
    allocation::map_entries::<TopicId, GroupPartitions>(1).saturating_add(slots.heap_bytes())
}
