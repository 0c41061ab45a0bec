//! States of share groups in topics whose names are not known yet. Their records name topics by id only.

use std::collections::BTreeMap;

use crate::model::TopicId;

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

    /// Calls `take` with the state of one topic.
    pub fn apply(&mut self, topic: TopicId, take: impl FnOnce(&mut GroupPartitions) -> CommitOutcome) -> CommitOutcome {
        let topics = self.0.get_or_insert_default();
        let slots = topics.entry(topic).or_default();
        let taken = take(slots);
        if slots.is_empty() {
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

    /// Removes topics without state.
    fn remove_empty(&mut self) {
        if let Some(topics) = &mut self.0 {
            topics.retain(|_, slots| !slots.is_empty());
        }
        self.0.take_if(|topics| topics.is_empty());
    }
}
