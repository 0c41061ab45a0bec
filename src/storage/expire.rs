//! When groups without members are forgotten (RULES.md, `expire-group`).

use std::time::Duration;

use super::source::Origin;

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

    /// From when on a commit is too old to be taken in. By default none is: a partition of a group that lives may
    /// have been idle for weeks, and only the group's newest commit tells.
    pub(super) const fn of_commits(self) -> Option<Duration> {
        self.set
    }

    /// When a group is forgotten whose newest commit has this origin.
    pub(super) fn of_groups(self, origin: Origin) -> Option<Duration> {
        let unset = match origin {
            Origin::OffsetsTopic | Origin::ShareState => None,
            Origin::ZooKeeper => self.zookeeper,
        };
        self.set.or(unset)
    }
}
