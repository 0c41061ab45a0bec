//! The time lags of a cluster: what they are computed from, and the time lookups that they need.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use crate::invariant::broken;
use crate::model::{Offset, Partition, Timestamp};
use crate::time_lag::Accuracy;

use crate::storage::cluster::{Cluster, millis};
use crate::storage::groups::group::GroupTopic;
use crate::storage::topics::Topics;
use crate::storage::topics::list_offsets::TimeLookupAnswer;
use crate::storage::topics::names::{TopicKey, TopicName};
use crate::storage::windows::moment::TimeLagInputs;
use crate::storage::windows::time_lookup::TimeLookup;

impl Cluster {
    /// Applies the answers of brokers to time lookups.
    pub fn apply_times(&self, found: &[TimeLookupAnswer], now: Timestamp) {
        self.change_topics(|topics| found.iter().for_each(|found| topics.apply_time_answer(found, now)));
    }

    /// Thins the time indexes that are too large, except those of partitions in `asked`, for which lookups go on.
    pub fn thin_times(&self, asked: &[TimeLookup], now: Timestamp) {
        let kept: HashSet<(TopicKey, Partition)> =
            asked.iter().map(|lookup| (lookup.topic.key(), lookup.partition)).collect();
        self.change_topics(|topics| {
            topics.thin_time_indexes(|topic, partition| kept.contains(&(topic, partition)), now)
        });
    }

    /// Sets the interval of the refreshes of log ends. Time lags need not be more exact than that.
    pub fn set_refresh_interval(&self, every: Duration) {
        self.refresh.store(millis(every), Ordering::Relaxed);
    }

    /// Marks the first time lookups as done: all are answered, or the limit of lookups is reached.
    pub fn set_past_read(&self) {
        self.past_read.store(true, Ordering::Relaxed);
    }

    /// The inputs of all time lags of the cluster at `now`.
    pub(crate) fn time_lag_inputs(&self, now: Timestamp) -> TimeLagInputs {
        let every = Duration::from_millis(self.refresh.load(Ordering::Relaxed));
        TimeLagInputs {
            now,
            accuracy: Accuracy::of_refresh(every),
            first_lookups_done: self.past_read.load(Ordering::Relaxed),
        }
    }

    /// The largest error that time lags may have.
    #[must_use]
    pub fn accuracy(&self) -> Accuracy {
        self.time_lag_inputs(Timestamp(0)).accuracy
    }

    /// Settles all commits that can be settled, and returns what has to be looked up.
    ///
    /// For a record for which `given_up` returns true, the best time within the known range is used.
    #[must_use]
    pub fn settle_time_lags(
        &self,
        now: Timestamp,
        given_up: impl Fn(&TopicName, Partition, Offset) -> bool,
    ) -> Vec<TimeLookup> {
        let (topics, moment) = (self.topics(), self.time_lag_inputs(now));
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
    moment: TimeLagInputs,
    given_up: impl Fn(&TopicName, Partition, Offset) -> bool,
    lagging: &mut HashMap<(TopicKey, Partition), TimeLookup>,
) {
    let Some(topic) = topics.get(&held.name) else { return };
    for slot in held.partitions.iter_mut() {
        let partition = slot.partition;
        let Some(state) = topic.state(partition) else { continue };
        let Some(aim) = moment.settle_slot(slot, state, |record| given_up(&topic.name, partition, record)) else {
            continue;
        };
        let Some(end) = state.bounds.end else {
            broken("a record that waits lies below a known log end");
            continue;
        };
        let place = lagging.entry((topic.name.key(), partition));
        place.or_insert_with(|| TimeLookup::of(topic, partition, state, end)).add_wanted(aim);
    }
}
