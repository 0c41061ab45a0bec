//! What a group that was read again from the beginning takes over from the one that was held.

use crate::storage::groups::group::Group;
use crate::storage::rules::StorageRules;

impl Group {
    /// Continues the windows from before a rebuild.
    pub fn continue_windows(&mut self, before: &Self, rules: &StorageRules) {
        for topic in self.topics.iter_mut() {
            let place = before.find(topic.name.label.name().0);
            let Some(held) = place.ok().and_then(|place| before.topics.get(place)) else { continue };
            for slot in topic.partitions.iter_mut() {
                if let Some(earlier) = held.partitions.get(slot.partition) {
                    topic.commits = topic.commits.saturating_add(slot.continue_window(earlier, rules));
                }
            }
        }
        self.count_again();
    }

    /// Takes over counters and append times from before a rebuild.
    pub fn take_over_counters(&mut self, before: &Self) {
        self.generations = before.generations;
        for topic in self.topics.iter_mut() {
            let place = before.find(topic.name.label.name().0);
            let Some(held) = place.ok().and_then(|place| before.topics.get(place)) else { continue };
            topic.commits = held.commits;
            for slot in topic.partitions.iter_mut() {
                if let Some(earlier) = held.partitions.get(slot.partition) {
                    slot.keep_append_time(earlier);
                }
            }
        }
    }

    /// Resets the counters, after they were handed over.
    pub fn reset_counts(&mut self) {
        self.generations = 0;
        self.topics.iter_mut().for_each(|topic| topic.commits = 0);
    }
}
