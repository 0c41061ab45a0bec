//! When groups without members are removed (docs/src/reference/storage-rules.md, Expiry).

use std::time::Duration;

use crate::model::Timestamp;
use crate::wall_clock::ExpiryTime;

use crate::storage::sources::source::SourceKind;

/// See the module documentation.
#[derive(Clone, Copy, Debug)]
pub struct ExpiryPolicy {
    /// The age for all sources. Commits older than it are dropped.
    set: Option<Duration>,
    /// The age for groups from ZooKeeper, if none is set for all sources.
    zookeeper: Option<Duration>,
}

impl ExpiryPolicy {
    /// Groups never expire. Only their sources remove them.
    pub const NEVER: Self = Self { set: None, zookeeper: None };

    /// The default: groups from Kafka never expire, because Kafka says when a group is gone. Groups from ZooKeeper
    /// expire after 7 days, because nothing else ends them.
    pub const BY_SOURCE: Self = Self { set: None, zookeeper: Some(Duration::from_secs(604_800)) };

    /// Groups of all sources expire at this age of their newest commit.
    #[must_use]
    pub const fn after(age: Duration) -> Self {
        Self { set: Some(age), zookeeper: None }
    }

    /// Whether a commit is too old to be taken in.
    ///
    /// By default none is: a partition of a group that is alive may have been idle for weeks, and only the newest
    /// commit of the whole group shows that it is alive.
    pub(crate) fn is_commit_too_old(self, commit: Timestamp, now: ExpiryTime) -> bool {
        now.trusted && self.set.is_some_and(|most| is_older(commit, now.time, most))
    }

    /// Whether a group expires. `newest` and `origin` are time and origin of its newest commit.
    ///
    /// `brought` is the newest commit that the same source has brought, of any group. The age is measured against it if
    /// it is later than `newest` and not ahead of the clock, else against the clock. So while a source is silent its
    /// groups do not age, since nothing tells whether they are alive.
    pub(crate) fn is_group_expired(
        self,
        newest: Timestamp,
        origin: SourceKind,
        brought: Option<Timestamp>,
        now: ExpiryTime,
    ) -> bool {
        let unset = match origin {
            SourceKind::OffsetsTopic | SourceKind::ShareState => None,
            SourceKind::ZooKeeper => self.zookeeper,
        };
        let by = brought.filter(|brought| newest < *brought && *brought <= now.time).unwrap_or(now.time);
        now.trusted && self.set.or(unset).is_some_and(|most| is_older(newest, by, most))
    }
}

/// Whether `time` is more than `age` before `now`.
fn is_older(time: Timestamp, now: Timestamp, age: Duration) -> bool {
    i128::from(now.since(time)) > i128::try_from(age.as_millis()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: i64 = 604_800_000;
    const NOW: Timestamp = Timestamp(100 * WEEK);

    /// Whether a group from ZooKeeper expires whose newest commit has this age by the wall clock, in milliseconds.
    fn ends(age: i64, brought: Option<i64>, believed: bool) -> bool {
        let before = |age: i64| Timestamp(NOW.0 - age);
        let now = ExpiryTime { time: NOW, trusted: believed };
        ExpiryPolicy::BY_SOURCE.is_group_expired(before(age), SourceKind::ZooKeeper, brought.map(before), now)
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
        let set = ExpiryPolicy::after(Duration::from_secs(1));
        assert!(set.is_commit_too_old(Timestamp(0), ExpiryTime::from(NOW)));
        assert!(!set.is_commit_too_old(Timestamp(0), ExpiryTime { time: NOW, trusted: false }));
        assert!(!ExpiryPolicy::BY_SOURCE.is_commit_too_old(Timestamp(0), ExpiryTime::from(NOW)));
    }
}
