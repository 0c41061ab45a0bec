//! The window: the last commits of one partition, oldest first, in the order of [`Order`].
//!
//! A million windows may exist, so a commit takes 16 bytes: its fields are stored as 32-bit differences to a base. If a
//! commit of a window does not fit, the whole window is stored in full width.

use std::num::NonZeroUsize;

use crate::model::{Commit, CommitLag, Lag, Offset, Order, Timestamp};

use crate::storage::lists::allocation;

/// See the module documentation.
#[derive(Clone, Debug)]
pub struct Window {
    order: i64,
    offset: i64,
    timestamp: i64,
    /// The newest commit, unless the window is wide. Most readers need only this one.
    newest: PackedCommit,
    older: Older,
}

/// The commits before the newest one.
#[derive(Clone, Debug)]
enum Older {
    /// There is only the newest commit.
    None,
    /// The oldest commit, and those between it and the newest. Oldest and newest decide whether a group is silent.
    Narrow(PackedCommit, Vec<PackedCommit>),
    /// All commits of a wide window, including the newest. Boxed, so that this variant is no larger than the other.
    #[expect(clippy::box_collection, reason = "rare, and the enum must stay small")]
    Wide(Box<Vec<Commit>>),
}

/// A commit as differences to the base. The lag is stored as it is; its two highest values mean pending and unknown.
#[derive(Clone, Copy, Debug)]
struct PackedCommit {
    order: i32,
    offset: i32,
    timestamp: i32,
    lag: u32,
}

/// Sets the capacity of a wide window apart from those of narrow ones.
const WIDE: usize = 1 << 32;
/// The first capacity for commits between the oldest and the newest.
const FIRST: usize = 3;

const UNKNOWN: u32 = u32::MAX;
const PENDING: u32 = u32::MAX - 1;
const NONE: PackedCommit = PackedCommit { order: 0, offset: 0, timestamp: 0, lag: UNKNOWN };
const ZERO: Commit = Commit { order: Order(0), offset: Offset(0), timestamp: Timestamp(0), lag: CommitLag::Unknown };

impl Window {
    /// Creates a window with one commit.
    #[must_use]
    pub fn new(first: Commit) -> Self {
        let mut window = Self::based_on(first);
        let Some(newest) = window.compress(first) else { return Self::pack(vec![first]) };
        window.newest = newest;
        window
    }

    fn based_on(base: Commit) -> Self {
        let (order, offset, timestamp) = (base.order.0, base.offset.0, base.timestamp.0);
        Self { order, offset, timestamp, newest: NONE, older: Older::None }
    }

    /// The number of commits, at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.older {
            Older::None => 1,
            Older::Narrow(_, between) => between.len().saturating_add(2),
            Older::Wide(commits) => commits.len(),
        }
    }

    /// How many commits its lists have room for. Where it has not changed for a commit, neither has the memory.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        match &self.older {
            Older::None => 0,
            Older::Narrow(_, between) => between.capacity(),
            Older::Wide(commits) => commits.capacity().saturating_add(WIDE),
        }
    }

    /// The memory that it takes beside its own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        Self::bytes_of(self.capacity())
    }

    /// The memory that a window of this [`capacity`](Self::capacity) takes beside its own size.
    pub(crate) fn bytes_of(capacity: usize) -> usize {
        match capacity.checked_sub(WIDE) {
            Some(wide) => allocation::list::<Vec<Commit>>(1).saturating_add(allocation::list::<Commit>(wide)),
            None => allocation::list::<PackedCommit>(capacity),
        }
    }

    /// Always false: a window without commits is removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The newest commit.
    #[must_use]
    #[inline]
    pub fn newest(&self) -> Commit {
        match &self.older {
            Older::None | Older::Narrow(..) => self.expand(self.newest),
            Older::Wide(commits) => commits.last().copied().unwrap_or_else(|| self.expand(self.newest)),
        }
    }

    /// The commits, oldest first.
    #[must_use]
    pub fn iter(&self) -> Commits<'_> {
        let (oldest, between, newest, wide): (_, &[PackedCommit], _, &[Commit]) = match &self.older {
            Older::None => (None, &[], Some(self.newest), &[]),
            Older::Narrow(oldest, between) => (Some(*oldest), between, Some(self.newest), &[]),
            Older::Wide(commits) => (None, &[], None, commits),
        };
        Commits { window: self, oldest, between: between.iter(), newest, wide: wide.iter() }
    }

    /// Appends a commit that is newer than all others. The oldest commit leaves when `capacity` is reached.
    pub fn push(&mut self, commit: Commit, capacity: NonZeroUsize) {
        let most = capacity.get();
        if most == 1 {
            *self = Self::new(commit);
            return;
        }
        while self.len() >= most {
            self.remove_oldest();
        }
        self.append(commit, most);
    }

    /// Inserts a commit before the one at `index`. The oldest commit leaves when `capacity` is reached.
    pub fn insert(&mut self, index: usize, commit: Commit, capacity: NonZeroUsize) {
        let mut commits: Vec<Commit> = self.iter().collect();
        commits.insert(index.min(commits.len()), commit);
        let surplus = commits.len().saturating_sub(capacity.get());
        commits.drain(..surplus);
        *self = Self::pack(commits);
    }

    /// Replaces the commit at `index`.
    pub fn replace(&mut self, index: usize, commit: Commit) {
        let mut commits: Vec<Commit> = self.iter().collect();
        if let Some(place) = commits.get_mut(index) {
            *place = commit;
        }
        *self = Self::pack(commits);
    }

    /// Keeps the commits for which `keep` returns true. Returns whether any is left.
    pub fn retain(&mut self, keep: impl Fn(&Commit) -> bool) -> bool {
        if !self.iter().all(|commit| keep(&commit)) {
            *self = Self::pack(self.iter().filter(keep).collect());
        }
        !self.is_empty()
    }

    /// Removes the oldest commits that exceed `capacity`.
    pub fn shrink(&mut self, capacity: NonZeroUsize) {
        while self.len() > capacity.get() {
            self.remove_oldest();
        }
    }

    fn remove_oldest(&mut self) {
        match &mut self.older {
            Older::Narrow(oldest, between) if !between.is_empty() => *oldest = between.remove(0),
            older @ (Older::None | Older::Narrow(..)) => *older = Older::None,
            Older::Wide(commits) => drop(commits.remove(0)),
        }
    }

    fn append(&mut self, commit: Commit, capacity: usize) {
        let Some(cell) = self.compress(commit).filter(|_| !matches!(self.older, Older::Wide(_))) else {
            *self = Self::pack(self.iter().chain([commit]).collect());
            return;
        };
        let before = std::mem::replace(&mut self.newest, cell);
        if let Older::Narrow(_, between) = &mut self.older {
            if between.len() == between.capacity() {
                // Doubled, but never beyond `capacity`, of which two are stored outside of this list.
                let room = capacity.saturating_sub(between.len()).saturating_sub(2).min(between.len().max(FIRST));
                between.reserve_exact(room);
            }
            between.push(before);
        } else {
            self.older = Older::Narrow(before, Vec::new());
        }
    }

    /// Packs commits into a window with the newest as base: narrow if all fit, else wide.
    fn pack(commits: Vec<Commit>) -> Self {
        let narrow = commits.split_last().and_then(|(newest, older)| {
            let mut window = Self::based_on(*newest);
            window.newest = window.compress(*newest)?;
            if let Some((oldest, between)) = older.split_first() {
                let cells = between.iter().map(|commit| window.compress(*commit)).collect::<Option<_>>()?;
                window.older = Older::Narrow(window.compress(*oldest)?, cells);
            }
            Some(window)
        });
        narrow.unwrap_or_else(|| Self { older: Older::Wide(Box::new(commits)), ..Self::based_on(ZERO) })
    }

    fn compress(&self, commit: Commit) -> Option<PackedCommit> {
        let near = |value: i64, base: i64| i32::try_from(value.checked_sub(base)?).ok();
        let lag = match commit.lag {
            CommitLag::Known(Lag(lag)) => u32::try_from(lag).ok().filter(|lag| *lag < PENDING)?,
            CommitLag::Pending => PENDING,
            CommitLag::Unknown => UNKNOWN,
        };
        Some(PackedCommit {
            order: near(commit.order.0, self.order)?,
            offset: near(commit.offset.0, self.offset)?,
            timestamp: near(commit.timestamp.0, self.timestamp)?,
            lag,
        })
    }

    #[inline]
    fn expand(&self, cell: PackedCommit) -> Commit {
        let far = |difference: i32, base: i64| base.saturating_add(i64::from(difference));
        Commit {
            order: Order(far(cell.order, self.order)),
            offset: Offset(far(cell.offset, self.offset)),
            timestamp: Timestamp(far(cell.timestamp, self.timestamp)),
            lag: match cell.lag {
                UNKNOWN => CommitLag::Unknown,
                PENDING => CommitLag::Pending,
                lag => CommitLag::Known(Lag(u64::from(lag))),
            },
        }
    }
}

/// Iterates over the commits of a window, oldest first. A scrape may read ten million of them.
#[derive(Clone, Debug)]
pub struct Commits<'a> {
    window: &'a Window,
    oldest: Option<PackedCommit>,
    between: std::slice::Iter<'a, PackedCommit>,
    newest: Option<PackedCommit>,
    /// Empty unless the window is wide.
    wide: std::slice::Iter<'a, Commit>,
}

impl Iterator for Commits<'_> {
    type Item = Commit;

    fn next(&mut self) -> Option<Commit> {
        let narrow = self.oldest.take().or_else(|| self.between.next().copied()).or_else(|| self.newest.take());
        narrow.map(|cell| self.window.expand(cell)).or_else(|| self.wide.next().copied())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let ends = usize::from(self.oldest.is_some()).saturating_add(usize::from(self.newest.is_some()));
        let len = ends.saturating_add(self.between.len()).saturating_add(self.wide.len());
        (len, Some(len))
    }
}

impl DoubleEndedIterator for Commits<'_> {
    fn next_back(&mut self) -> Option<Commit> {
        let narrow = self.newest.take().or_else(|| self.between.next_back().copied()).or_else(|| self.oldest.take());
        narrow.map(|cell| self.window.expand(cell)).or_else(|| self.wide.next_back().copied())
    }
}

impl ExactSizeIterator for Commits<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEN: NonZeroUsize = NonZeroUsize::new(10).unwrap();

    fn commit(order: i64, offset: i64, timestamp: i64, lag: CommitLag) -> Commit {
        Commit { order: Order(order), offset: Offset(offset), timestamp: Timestamp(timestamp), lag }
    }

    #[test]
    fn the_oldest_leaves_a_full_window() {
        let mut window = Window::new(commit(0, 0, 0, CommitLag::Pending));
        for n in 1..25 {
            window.push(commit(n, n * 3, n * 1000, CommitLag::Known(Lag(7))), TEN);
        }
        assert_eq!(window.iter().map(|c| c.order.0).collect::<Vec<_>>(), (15..25).collect::<Vec<_>>());
        assert_eq!(window.newest(), commit(24, 72, 24_000, CommitLag::Known(Lag(7))));
    }

    #[test]
    fn a_window_takes_what_is_too_far_for_32_bits_and_narrows_again() {
        let mut window = Window::new(commit(1, 5, 1, CommitLag::Known(Lag(1))));
        window.push(commit(2, i64::MAX, 2, CommitLag::Known(Lag(u64::MAX))), TEN);
        assert_eq!(window.newest().lag, CommitLag::Known(Lag(u64::MAX)));
        assert!(matches!(window.older, Older::Wide(_)));
        for n in 3..20 {
            window.push(commit(n, n, n, CommitLag::Unknown), TEN);
        }
        assert!(matches!(window.older, Older::Narrow(..)));
        assert_eq!(window.len(), 10);
    }

    #[test]
    fn a_full_window_of_ten_costs_less_than_250_bytes() {
        let mut window = Window::new(commit(0, 0, 0, CommitLag::Pending));
        (1..100).for_each(|n| window.push(commit(n, n, n, CommitLag::Unknown), TEN));
        let Older::Narrow(_, between) = &window.older else { panic!("wide") };
        assert!(size_of::<Window>() + between.capacity() * size_of::<PackedCommit>() <= 208);
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            values in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>(), any::<Option<u64>>()), 1..40),
            near in any::<bool>(),
        ) {
            let commits: Vec<Commit> = values.iter().map(|(a, b, c, lag)| {
                let cut = |v: &i64| if near { v % 100_000 } else { *v };
                let lag = lag.map_or(CommitLag::Pending, |lag| CommitLag::Known(Lag(lag)));
                commit(cut(a), cut(b), cut(c), lag)
            }).collect();
            let mut window = Window::new(commits[0]);
            commits[1..].iter().for_each(|c| window.push(*c, TEN));
            let kept = &commits[commits.len().saturating_sub(10)..];
            prop_assert_eq!(window.iter().collect::<Vec<_>>(), kept);
            prop_assert_eq!(window.iter().rev().collect::<Vec<_>>(), kept.iter().rev().copied().collect::<Vec<_>>());
            prop_assert_eq!(window.newest(), *kept.last().unwrap());
        }
    }
}
