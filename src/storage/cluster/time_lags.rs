//! The time lags of a cluster: what they are computed from, and the time lookups that they need.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hashbrown::HashSet;

use crate::model::{Partition, Timestamp};
use crate::time_lag::Exactness;

use crate::storage::cluster::{Cluster, millis};
use crate::storage::topics::list_offsets::TimesFound;
use crate::storage::windows::settle::{Moment, TimeLookup};

impl Cluster {
    /// Applies the answers of brokers to time lookups.
    pub fn apply_times(&self, found: &[TimesFound], now: Timestamp) {
        self.change_topics(|topics| found.iter().for_each(|found| topics.date(found, now)));
    }

    /// Thins the time indexes that are too large, except those of partitions in `asked`, for which lookups go on.
    pub fn thin_times(&self, asked: &[TimeLookup], now: Timestamp) {
        let asked: HashSet<(usize, Partition)> =
            asked.iter().map(|lagging| (lagging.topic.slot, lagging.partition)).collect();
        self.change_topics(|topics| topics.thin(|slot, partition| asked.contains(&(slot, partition)), now));
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
}
