//! Sums over the partitions of a group's topic.

use crate::lag::RetentionUsed;
use crate::model::{Lag, Partition, TimeLag, Timestamp};

use crate::storage::groups::owners::PartitionOwner;
use crate::storage::views::commit::CommitView;

/// Sums over the partitions of a group's topic, or over all partitions of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupStats {
    /// Partitions with a commit whose lag is known.
    pub known: u64,
    /// Partitions with a commit whose lag is unknown.
    pub unknown: u64,
    /// Sum of the committed offsets.
    pub committed: i64,
    /// Sum of the known lags.
    pub lag: u64,
    /// Greatest lag. `None` while the lag of a partition is unknown.
    pub lag_max: Option<Lag>,
    /// Greatest time lag. `None` while the time lag of a partition is unknown.
    pub time_lag: Option<TimeLag>,
    /// Greatest share of the retained log that is unread. `None` while it is unknown for a partition.
    pub retention_used: Option<RetentionUsed>,
    /// Commits read while the group was followed live.
    pub commits: u64,
    /// Timestamp of the newest commit.
    pub newest: Option<Timestamp>,
    /// Partitions assigned to members.
    pub assigned: u64,
    /// Partitions assigned to members and never committed.
    pub uncommitted: u64,
}

impl GroupStats {
    /// The sums of no partitions.
    pub const NONE: Self = Self {
        known: 0,
        unknown: 0,
        committed: 0,
        lag: 0,
        lag_max: Some(Lag(0)),
        time_lag: Some(TimeLag::ZERO),
        retention_used: Some(RetentionUsed::NONE),
        commits: 0,
        newest: None,
        assigned: 0,
        uncommitted: 0,
    };

    /// Adds a commit that was made at `at`.
    pub(crate) fn add(&mut self, commit: &CommitView, at: Timestamp) {
        let CommitView { committed, bounds, .. } = *commit;
        self.newest = self.newest.max(Some(at));
        self.committed = self.committed.saturating_add(committed.0);
        let known = commit.lag();
        match known {
            Some(Lag(lag)) => {
                self.known = self.known.saturating_add(1);
                self.lag = self.lag.saturating_add(lag);
            }
            None => self.unknown = self.unknown.saturating_add(1),
        }
        self.lag_max = if_both(self.lag_max, known, Ord::max);
        self.time_lag = if_both(self.time_lag, commit.time_lag, Ord::max);
        self.retention_used = if_both(self.retention_used, RetentionUsed::by(committed, bounds), Ord::max);
    }

    /// Adds the assigned partitions of a topic, sorted by partition. A partition with several owners, as in a share
    /// group, counts once.
    pub(crate) fn add_assigned(&mut self, assigned: &[PartitionOwner], is_committed: impl Fn(Partition) -> bool) {
        for same in assigned.chunk_by(|one, other| one.partition == other.partition) {
            self.assigned = self.assigned.saturating_add(1);
            let never = same.first().is_some_and(|one| !is_committed(one.partition));
            self.uncommitted = self.uncommitted.saturating_add(u64::from(never));
        }
    }

    /// The sums of the partitions of both.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            known: self.known.saturating_add(other.known),
            unknown: self.unknown.saturating_add(other.unknown),
            committed: self.committed.saturating_add(other.committed),
            lag: self.lag.saturating_add(other.lag),
            lag_max: if_both(self.lag_max, other.lag_max, Ord::max),
            time_lag: if_both(self.time_lag, other.time_lag, Ord::max),
            retention_used: if_both(self.retention_used, other.retention_used, Ord::max),
            commits: self.commits.saturating_add(other.commits),
            newest: self.newest.max(other.newest),
            assigned: self.assigned.saturating_add(other.assigned),
            uncommitted: self.uncommitted.saturating_add(other.uncommitted),
        }
    }

    /// Whether there is a commit among the partitions.
    #[must_use]
    pub const fn has_commits(&self) -> bool {
        self.known > 0 || self.unknown > 0
    }
}

fn if_both<T>(a: Option<T>, b: Option<T>, join: impl FnOnce(T, T) -> T) -> Option<T> {
    Some(join(a?, b?))
}
