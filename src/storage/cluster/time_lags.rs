//! The time lags of a cluster: what they are computed from, and the time lookups that they need.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use crate::invariant::broken;
use crate::model::{Offset, Partition, Timestamp};
use crate::time_lag::Exactness;

use crate::storage::cluster::{Cluster, millis};
use crate::storage::groups::group::GroupTopic;
use crate::storage::topics::Topics;
use crate::storage::topics::list_offsets::TimesFound;
use crate::storage::topics::names::{TopicKey, TopicName};
use crate::storage::windows::moment::Moment;
use crate::storage::windows::time_lookup::TimeLookup;

impl Cluster {
    /// Applies the answers of brokers to time lookups.
    pub fn apply_times(&self, found: &[TimesFound], now: Timestamp) {
        self.change_topics(|topics| found.iter().for_each(|found| topics.date(found, now)));
    }

    /// Thins the time indexes that are too large, except those of partitions in `asked`, for which lookups go on.
    pub fn thin_times(&self, asked: &[TimeLookup], now: Timestamp) {
        let kept: HashSet<(TopicKey, Partition)> =
            asked.iter().map(|lookup| (lookup.topic.key(), lookup.partition)).collect();
        self.change_topics(|topics| topics.thin(|topic, partition| kept.contains(&(topic, partition)), now));
    }

    /// Sets the interval of the refreshes of log ends. Time lags need not be more exact than that.
    pub fn refreshed_every(&self, every: Duration) {
        self.refresh.store(millis(every), Ordering::Relaxed);
    }

    /// Marks the first time lookups as done: all are answered, or the limit of lookups is reached.
    pub fn past_is_read(&self) {
        self.past_read.store(true, Ordering::Relaxed);
    }

    /// The inputs of all time lags of the cluster at `now`.
    pub(crate) fn moment(&self, now: Timestamp) -> Moment {
        let every = Duration::from_millis(self.refresh.load(Ordering::Relaxed));
        Moment { now, exactness: Exactness::of_refresh(every), past_read: self.past_read.load(Ordering::Relaxed) }
    }

    /// The largest error that time lags may have.
    #[must_use]
    pub fn exactness(&self) -> Exactness {
        self.moment(Timestamp(0)).exactness
    }

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
    lagging: &mut HashMap<(TopicKey, Partition), TimeLookup>,
) {
    let Some(topic) = topics.get(&held.name) else { return };
    for slot in held.slots.iter_mut() {
        let partition = slot.partition;
        let Some(state) = topic.state(partition) else { continue };
        let Some(aim) = moment.settle(slot, state, |record| given_up(&topic.name, partition, record)) else { continue };
        let Some(end) = state.bounds.end else {
            broken("a record that waits lies below a known log end");
            continue;
        };
        let place = lagging.entry((topic.name.key(), partition));
        place.or_insert_with(|| TimeLookup::of(topic, partition, state, end)).aim_at(aim);
    }
}
