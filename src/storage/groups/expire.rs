//! When groups without members are removed (docs/src/reference/storage-rules.md, Expiry).

use std::time::Duration;

use crate::model::Timestamp;
use crate::storage::sources::source::Origin;
use crate::wall_clock::AsOf;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Expire {
    /// Holds for every source; commits older than this are not taken in either.
    set: Option<Duration>,
    /// Holds for groups from ZooKeeper where nothing is set.
    zookeeper: Option<Duration>,
}

impl Expire {
    /// Nothing ends a group but word from its source.
    pub const NEVER: Self = Self { set: None, zookeeper: None };

    /// Nothing is set: Kafka says when a group is gone, and in ZooKeeper nothing else ends one.
    pub const BY_SOURCE: Self = Self { set: None, zookeeper: Some(Duration::from_secs(604_800)) };

    /// So long after the newest commit, whatever the source.
    #[must_use]
    pub const fn after(age: Duration) -> Self {
        Self { set: Some(age), zookeeper: None }
    }

    /// Whether a commit is too old to be taken in. By default none is: a partition of a group that lives may have been
    /// idle for weeks, and only the group's newest commit tells.
    pub(crate) fn refuses(self, commit: Timestamp, now: AsOf) -> bool {
        now.believed && self.set.is_some_and(|most| is_older(commit, now.time, most))
    }

    /// Whether a group ends whose newest commit has this time and origin. `brought` is the newest that the commit's
    /// source has brought, of whatever group: while a source is silent its groups do not age, since nothing tells whether
    /// they are. A time ahead of the clock tells nothing.
    pub(crate) fn ends(self, newest: Timestamp, origin: Origin, brought: Option<Timestamp>, now: AsOf) -> bool {
        let unset = match origin {
            Origin::OffsetsTopic | Origin::ShareState => None,
            Origin::ZooKeeper => self.zookeeper,
        };
        let by = brought.filter(|brought| newest < *brought && *brought <= now.time).unwrap_or(now.time);
        now.believed && self.set.or(unset).is_some_and(|most| is_older(newest, by, most))
    }
}

/// Whether a time lies further back than an age.
fn is_older(time: Timestamp, now: Timestamp, age: Duration) -> bool {
    i128::from(now.since(time)) > i128::try_from(age.as_millis()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: i64 = 604_800_000;
    const NOW: Timestamp = Timestamp(100 * WEEK);

    /// Whether a group of ZooKeeper's ends, whose newest commit is so old by the wall clock, in milliseconds.
    fn ends(age: i64, brought: Option<i64>, believed: bool) -> bool {
        let before = |age: i64| Timestamp(NOW.0 - age);
        let now = AsOf { time: NOW, believed };
        Expire::BY_SOURCE.ends(before(age), Origin::ZooKeeper, brought.map(before), now)
    }

    #[test]
    fn a_group_ages_by_the_newest_commit_of_its_source() {
        assert!(ends(WEEK + 1, Some(0), true));
        assert!(!ends(WEEK, Some(0), true));
        // The source has been silent for a day.
        assert!(!ends(WEEK + 1, Some(86_400_000), true));
        assert!(ends(WEEK + 86_400_001, Some(86_400_000), true));
    }

    #[test]
    fn where_its_source_brought_nothing_newer_it_ages_by_the_clock() {
        for brought in [None, Some(WEEK + 1), Some(WEEK + 2)] {
            assert!(ends(WEEK + 1, brought, true), "{brought:?}");
        }
        assert!(!ends(WEEK, None, true));
    }

    #[test]
    fn a_commit_ahead_of_the_clock_ages_nothing() {
        assert!(!ends(WEEK, Some(-WEEK), true));
        assert!(ends(WEEK + 1, Some(-WEEK), true));
        assert!(!ends(-WEEK, Some(-WEEK), true));
    }

    #[test]
    fn by_a_clock_that_is_not_believed_nothing_expires() {
        assert!(!ends(10 * WEEK, Some(0), false));
        let set = Expire::after(Duration::from_secs(1));
        assert!(set.refuses(Timestamp(0), AsOf::from(NOW)));
        assert!(!set.refuses(Timestamp(0), AsOf { time: NOW, believed: false }));
        assert!(!Expire::BY_SOURCE.refuses(Timestamp(0), AsOf::from(NOW)));
    }
}
