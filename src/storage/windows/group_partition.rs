//! How commits enter the window of one partition of a group (docs/src/reference/storage-rules.md, Taking in a commit).

use std::time::Duration;

use crate::lag::OffsetBounds;
use crate::model::{Commit, CommitLag, Partition, Timestamp};

use crate::storage::rules::StorageRules;
use crate::storage::sources::dropped::DropReason;
use crate::storage::sources::source::SourceId;
use crate::storage::windows::append_time::{AppendTime, PackedAppendTime};
use crate::storage::windows::arriving::ArrivingCommit;
use crate::storage::windows::window::Window;

/// A partition that a group has committed.
#[derive(Clone, Debug)]
pub struct GroupPartition {
    pub partition: Partition,
    pub source: SourceId,
    pub window: Window,
    /// Append time of the record that the newest commit names, which is the next to be consumed.
    append_time: PackedAppendTime,
}

/// The result of taking in a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It was added to the window.
    Added,
    /// It was already known, and changes nothing.
    Repeated,
    /// It was dropped.
    Dropped(DropReason),
}

impl GroupPartition {
    /// Creates the slot from the first commit of a partition.
    pub fn new(first: &ArrivingCommit, bounds: OffsetBounds) -> Self {
        let window = Window::new(Commit { lag: commit_lag(first, bounds), ..first.commit });
        Self { partition: first.partition, source: first.source, window, append_time: PackedAppendTime::NONE }
    }

    /// Whether the slot is shown, in a group that is a share group or is not.
    ///
    /// The state of share groups is in a topic of its own, which may be read before the group's own records say that it
    /// is a share group. Until then it is not shown.
    pub const fn is_shown(&self, is_share: bool) -> bool {
        is_share || !self.source.is_share()
    }

    /// Append time of the oldest unconsumed record, if known. `None` while there is no lag.
    ///
    /// If there is no lag, the next record that is appended is the one that the newest commit names.
    pub fn append_time(&self) -> Option<AppendTime> {
        self.append_time.get()
    }

    /// Sets the append time of the oldest unconsumed record. It is valid until the next commit.
    pub fn set_append_time(&mut self, since: AppendTime) {
        self.append_time = PackedAppendTime::of(since);
    }

    /// Takes over the append time from before a rebuild, if the newest commit is still at the same offset.
    pub fn keep_append_time(&mut self, before: &Self) {
        if self.window.newest().offset == before.window.newest().offset {
            self.append_time = before.append_time;
        }
    }

    /// Continues the window from before a rebuild, if the rebuild found the same history. Returns the number of commits
    /// that are newer than that window.
    ///
    /// If the newest commit now has a lower order than before, the source has another history, and the old window is
    /// dropped.
    pub fn continue_window(&mut self, before: &Self, rules: &StorageRules) -> u64 {
        let newest = before.window.newest().order;
        if before.source != self.source || self.window.newest().order < newest {
            return 0;
        }
        let found = std::mem::replace(&mut self.window, before.window.clone());
        let newer = found.iter().filter(|commit| commit.order > newest);
        newer.map(|commit| self.append(commit, rules)).fold(0, |count, ()| count.saturating_add(1))
    }

    /// Forgets the append time of the oldest unconsumed record.
    pub const fn clear_append_time(&mut self) {
        self.append_time = PackedAppendTime::NONE;
    }

    /// Keeps the commits for which `keep` returns true. Returns whether any is left.
    pub fn retain(&mut self, keep: impl Fn(&Commit) -> bool) -> bool {
        self.clear_append_time();
        self.window.retain(keep)
    }

    /// Takes in another commit. `commit.lag` is ignored: it is computed from `bounds` and from the place of the commit.
    pub fn add_commit(
        &mut self,
        arriving: &ArrivingCommit,
        bounds: OffsetBounds,
        rules: &StorageRules,
    ) -> CommitOutcome {
        let commit = arriving.commit;
        if arriving.source != self.source {
            return self.change_source(arriving, bounds);
        }
        if self.window.newest().order < commit.order {
            let newest = self.window.newest();
            if commit.offset != newest.offset {
                self.clear_append_time();
            }
            self.append(Commit { lag: commit_lag(arriving, bounds), ..commit }, rules);
            return CommitOutcome::Added;
        }
        self.insert_older(commit, rules)
    }

    /// Adds a commit that is newer than all held ones.
    fn append(&mut self, commit: Commit, rules: &StorageRules) {
        let newest = self.window.newest();
        if is_nearer(newest.timestamp, commit.timestamp, rules.min_distance) {
            let kept = Commit { timestamp: newest.timestamp, ..commit };
            self.window.replace(self.window.len().saturating_sub(1), kept);
        } else {
            self.window.push(commit, rules.intervals);
        }
    }

    /// Takes in a commit of another source, which takes the window over if it has a later timestamp.
    fn change_source(&mut self, arriving: &ArrivingCommit, bounds: OffsetBounds) -> CommitOutcome {
        if arriving.commit.timestamp <= self.window.newest().timestamp {
            return CommitOutcome::Dropped(DropReason::Superseded);
        }
        *self = Self::new(arriving, bounds);
        CommitOutcome::Added
    }

    fn insert_older(&mut self, commit: Commit, rules: &StorageRules) -> CommitOutcome {
        let older = self.window.iter().filter(|held| held.order < commit.order).count();
        if self.window.iter().nth(older).is_some_and(|held| held.order == commit.order) {
            return CommitOutcome::Repeated;
        }
        let commit = Commit { lag: CommitLag::Unknown, ..commit };
        let before = older.checked_sub(1).and_then(|index| Some((index, self.window.iter().nth(index)?)));
        if let Some((index, held)) = before
            && is_nearer(held.timestamp, commit.timestamp, rules.min_distance)
        {
            self.window.replace(index, Commit { timestamp: held.timestamp, ..commit });
            return CommitOutcome::Added;
        }
        if older == 0 && self.window.len() >= rules.intervals.get() {
            return CommitOutcome::Dropped(DropReason::Late);
        }
        self.window.insert(older, commit, rules.intervals);
        CommitOutcome::Added
    }
}

fn is_nearer(before: Timestamp, after: Timestamp, distance: Duration) -> bool {
    !distance.is_zero() && i128::from(after.since(before)) < i128::try_from(distance.as_millis()).unwrap_or(i128::MAX)
}

/// The commit lag of the newest commit, against the log end known now and without regard to the log start
/// (docs/src/reference/status-rules.md, Commit lag).
fn commit_lag(arriving: &ArrivingCommit, bounds: OffsetBounds) -> CommitLag {
    let plain = OffsetBounds { start: None, ..bounds };
    match arriving.position().lag(plain) {
        Some(lag) => CommitLag::Known(lag),
        // Once a log end is known, the number of finished records may have changed.
        None if arriving.source.is_share() => CommitLag::Unknown,
        None => CommitLag::Pending,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::model::{Lag, Offset, Order};
    use crate::storage::expire::ExpiryPolicy;
    use crate::storage::sources::source::SourceKind;
    use crate::storage::windows::share_progress::ShareProgress;

    const NO_END: OffsetBounds = OffsetBounds { start: None, end: None };
    const END_100: OffsetBounds = OffsetBounds { start: None, end: Some(Offset(100)) };

    fn rules(intervals: usize, min_distance: u64) -> StorageRules {
        let intervals = NonZeroUsize::new(intervals).unwrap();
        StorageRules { intervals, min_distance: Duration::from_secs(min_distance), expire: ExpiryPolicy::NEVER }
    }

    fn commit(order: i64, offset: i64, seconds: i64) -> Commit {
        let (order, offset, timestamp) = (Order(order), Offset(offset), Timestamp(seconds * 1000));
        Commit { order, offset, timestamp, lag: CommitLag::Unknown }
    }

    fn slot(first: Commit, bounds: OffsetBounds) -> GroupPartition {
        GroupPartition::new(&from(SourceId(0), first), bounds)
    }

    fn from(source: SourceId, commit: Commit) -> ArrivingCommit {
        ArrivingCommit { source, partition: Partition(0), commit, progress: None }
    }

    fn held(slot: &GroupPartition) -> Vec<(i64, i64, CommitLag)> {
        slot.window.iter().map(|c| (c.order.0, c.offset.0, c.lag)).collect()
    }

    #[test]
    fn a_newer_commit_is_appended_with_its_lag_then() {
        let mut slot = slot(commit(1, 90, 1), END_100);
        assert_eq!(slot.add_commit(&from(SourceId(0), commit(2, 101, 2)), END_100, &rules(3, 0)), CommitOutcome::Added);
        assert_eq!(held(&slot), [(1, 90, CommitLag::Known(Lag(10))), (2, 101, CommitLag::Known(Lag(0)))]);
    }

    #[test]
    fn a_commit_without_a_log_end_is_kept() {
        assert_eq!(held(&slot(commit(1, 90, 1), NO_END)), [(1, 90, CommitLag::Pending)]);
    }

    #[test]
    fn a_repetition_changes_nothing() {
        let mut slot = slot(commit(1, 90, 1), END_100);
        slot.add_commit(&from(SourceId(0), commit(2, 91, 2)), END_100, &rules(3, 0));
        let before = held(&slot);
        assert_eq!(
            slot.add_commit(&from(SourceId(0), commit(1, 7, 9)), END_100, &rules(3, 0)),
            CommitOutcome::Repeated
        );
        assert_eq!(
            slot.add_commit(&from(SourceId(0), commit(2, 7, 9)), END_100, &rules(3, 0)),
            CommitOutcome::Repeated
        );
        assert_eq!(held(&slot), before);
    }

    #[test]
    fn an_older_commit_goes_to_its_place_without_a_lag() {
        let mut slot = slot(commit(1, 10, 1), END_100);
        slot.add_commit(&from(SourceId(0), commit(5, 50, 5)), END_100, &rules(3, 0));
        assert_eq!(slot.add_commit(&from(SourceId(0), commit(3, 30, 3)), END_100, &rules(3, 0)), CommitOutcome::Added);
        assert_eq!(held(&slot)[1], (3, 30, CommitLag::Unknown));
        assert_eq!(slot.add_commit(&from(SourceId(0), commit(4, 40, 4)), END_100, &rules(3, 0)), CommitOutcome::Added);
        assert_eq!(held(&slot).iter().map(|c| c.0).collect::<Vec<_>>(), [3, 4, 5]);
        let late = slot.add_commit(&from(SourceId(0), commit(2, 20, 2)), END_100, &rules(3, 0));
        assert_eq!(late, CommitOutcome::Dropped(DropReason::Late));
    }

    #[test]
    fn a_commit_too_near_its_predecessor_replaces_it_but_for_the_time() {
        let mut slot = slot(commit(1, 10, 100), END_100);
        slot.add_commit(&from(SourceId(0), commit(2, 20, 104)), END_100, &rules(10, 5));
        assert_eq!(held(&slot), [(2, 20, CommitLag::Known(Lag(80)))]);
        assert_eq!(slot.window.newest().timestamp, Timestamp(100_000));
        slot.add_commit(&from(SourceId(0), commit(9, 30, 105)), END_100, &rules(10, 5));
        assert_eq!(slot.window.len(), 2);
        slot.add_commit(&from(SourceId(0), commit(5, 25, 101)), END_100, &rules(10, 5));
        assert_eq!(held(&slot), [(5, 25, CommitLag::Unknown), (9, 30, CommitLag::Known(Lag(70)))]);
    }

    #[test]
    fn the_lag_of_a_share_group_is_less_by_what_is_done_with() {
        let share = |done| ArrivingCommit {
            progress: Some(ShareProgress::new(Offset(90), done, &[])),
            ..from(SourceId::new(0, SourceKind::ShareState), commit(1, 92, 1))
        };
        let lag = |done, bounds| GroupPartition::new(&share(done), bounds).window.newest().lag;
        assert_eq!(lag(Some(4), END_100), CommitLag::Known(Lag(6)));
        assert_eq!(lag(None, END_100), CommitLag::Unknown);
        assert_eq!(lag(Some(4), NO_END), CommitLag::Unknown);
    }

    #[test]
    fn another_source_takes_over_only_when_it_is_later() {
        let mut slot = slot(commit(1000, 10, 100), END_100);
        let earlier = slot.add_commit(&from(SourceId(1), commit(2, 99, 100)), END_100, &rules(10, 0));
        assert_eq!(earlier, CommitOutcome::Dropped(DropReason::Superseded));
        assert_eq!(
            slot.add_commit(&from(SourceId(1), commit(2, 99, 101)), END_100, &rules(10, 0)),
            CommitOutcome::Added
        );
        assert_eq!((slot.source, held(&slot)), (SourceId(1), vec![(2, 99, CommitLag::Known(Lag(1)))]));
    }
}
