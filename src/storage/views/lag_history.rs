//! The recent history of lags, as a sparkline shows it.
//!
//! It is derived from commits. A commit that was read live carries the lag that it left. Just before it, the lag was
//! greater by the distance that the commit moved. The lag at other moments lies between these two values.
//!
//! A commit that was replayed at the start says nothing about the lag at its time. Its lag is computed from the first
//! log end that was read: good enough for the status, but not a history.

use crate::model::{Commit, CommitLag, Lag, Offset, Timestamp};

use crate::storage::windows::window::Window;

/// A time, and the lag at that time.
pub type LagPoint = (Timestamp, Lag);

/// The largest number of points of a history. A sparkline is about a hundred pixels wide.
const POINTS: usize = 24;

/// A commit: its time, the lag just before, and the lag that it left.
#[derive(Clone, Copy, Debug)]
struct LagStep {
    time: Timestamp,
    before: Lag,
    after: Lag,
}

/// The history of the lag of one partition, from its commits.
#[derive(Clone, Debug)]
pub struct LagHistory {
    /// Sorted by time.
    steps: Vec<LagStep>,
    /// The timestamp of the newest commit.
    newest: Timestamp,
    /// The lag now.
    current: Option<Lag>,
}

impl LagHistory {
    /// The history of a window. `current` is the current lag of its newest commit.
    #[must_use]
    pub fn of(window: &Window, current: Option<Lag>) -> Self {
        Self { steps: steps(window), newest: window.newest().timestamp, current }
    }

    /// The time from which on the lag is known.
    ///
    /// If the lag is 0 now, it has been 0 since the newest commit, because a log only grows.
    fn known_from(&self) -> Option<Timestamp> {
        let first = self.steps.first().map(|step| step.time);
        first.or_else(|| (self.current == Some(Lag(0))).then_some(self.newest))
    }
}

/// The commits of a window that were read live.
fn steps(window: &Window) -> Vec<LagStep> {
    let mut last = None;
    let mut steps = Vec::new();
    for Commit { offset, timestamp: time, lag, .. } in window.iter() {
        if let CommitLag::Known(after) = lag {
            let went = last.map_or(0, |last: Offset| offset.0.saturating_sub(last.0));
            steps.push(LagStep { time, before: Lag(after.0.saturating_add_signed(went)), after });
        }
        last = Some(offset);
    }
    // A window is ordered by position in the source, and clocks may be set back.
    steps.sort_by_key(|step| step.time);
    steps
}

/// The history of the lag of one partition, oldest point first.
#[must_use]
pub fn partition_lag_history(window: &Window) -> Vec<LagPoint> {
    let sides = |step: &LagStep| [(step.time, step.before), (step.time, step.after)];
    let mut points: Vec<LagPoint> = steps(window).iter().flat_map(sides).collect();
    points.dedup();
    thinned(&points)
}

/// The sum of the lags of several partitions as of their last commits, from the time on at which all lags are known.
///
/// Empty if that is never, and if the lag is always 0.
#[must_use]
pub fn group_lag_history(courses: &[LagHistory]) -> Vec<LagPoint> {
    let starts: Option<Vec<Timestamp>> = courses.iter().map(LagHistory::known_from).collect();
    let Some(from) = starts.and_then(|starts| starts.into_iter().max()) else { return Vec::new() };
    let places = courses.iter().enumerate();
    let mut steps: Vec<(usize, LagStep)> =
        places.flat_map(|(place, course)| course.steps.iter().map(move |step| (place, *step))).collect();
    steps.sort_by_key(|(_, step)| step.time);
    let mut sum = LagSum { lags: vec![Lag(0); courses.len()], whole: 0 };
    let mut points: Vec<LagPoint> = Vec::new();
    // Commits with the same time were made by one request.
    for at_once in steps.chunk_by(|(_, one), (_, other)| one.time == other.time) {
        let Some((_, LagStep { time, .. })) = at_once.first() else { continue };
        at_once.iter().for_each(|(place, step)| sum.set(*place, step.before));
        let before = sum.whole;
        at_once.iter().for_each(|(place, step)| sum.set(*place, step.after));
        if *time < from {
            continue;
        }
        // At the first moment not all lags before it are known.
        points.extend((*time > from && before != sum.whole).then_some((*time, Lag(before))));
        points.push((*time, Lag(sum.whole)));
    }
    if points.iter().all(|(_, lag)| lag.0 == 0) { Vec::new() } else { thinned(&points) }
}

/// Lags by partition, and their sum.
struct LagSum {
    lags: Vec<Lag>,
    whole: u64,
}

impl LagSum {
    fn set(&mut self, place: usize, lag: Lag) {
        if let Some(held) = self.lags.get_mut(place) {
            self.whole = self.whole.saturating_sub(held.0).saturating_add(lag.0);
            *held = lag;
        }
    }
}

/// Reduces points to at most [`POINTS`]. Each run of neighbours is replaced by its highest point, because peaks matter.
fn thinned(points: &[LagPoint]) -> Vec<LagPoint> {
    let run = points.len().div_ceil(POINTS).max(1);
    points.chunks(run).filter_map(|run| run.iter().copied().max_by_key(|(_, lag)| *lag)).collect()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::model::Order;

    /// Commits at these times, of these offsets, that left these lags.
    fn window(commits: &[(i64, i64, CommitLag)]) -> Window {
        let commit = |(time, offset, lag): &(i64, i64, CommitLag)| Commit {
            order: Order(*time),
            offset: Offset(*offset),
            timestamp: Timestamp(*time),
            lag: *lag,
        };
        let mut window = Window::new(commit(&commits[0]));
        commits[1..].iter().for_each(|next| window.push(commit(next), NonZeroUsize::new(100).unwrap()));
        window
    }

    fn course(commits: &[(i64, i64, u64)], current: u64) -> LagHistory {
        let known: Vec<_> =
            commits.iter().map(|(time, offset, lag)| (*time, *offset, CommitLag::Known(Lag(*lag)))).collect();
        LagHistory::of(&window(&known), Some(Lag(current)))
    }

    fn plain(points: &[LagPoint]) -> Vec<(i64, u64)> {
        points.iter().map(|(time, lag)| (time.0, lag.0)).collect()
    }

    #[test]
    fn a_lag_was_more_just_before_a_commit_by_as_much_as_that_went_on() {
        let known = |time, offset, lag| (time, offset, CommitLag::Known(Lag(lag)));
        let window = window(&[(1, 100, CommitLag::Pending), known(2, 110, 5), known(3, 110, 8), known(4, 60, 70)]);
        assert_eq!(plain(&partition_lag_history(&window)), [(2, 15), (2, 5), (3, 8), (4, 20), (4, 70)]);
    }

    #[test]
    fn lags_are_added_up_from_when_all_are_known() {
        let courses = [course(&[(1, 0, 5), (3, 0, 7), (9, 10, 1)], 2), course(&[(4, 0, 10), (9, 5, 20)], 30)];
        assert_eq!(plain(&group_lag_history(&courses)), [(4, 17), (9, 36), (9, 21)]);
        assert_eq!(plain(&group_lag_history(&courses[..1])), [(1, 5), (3, 7), (9, 11), (9, 1)]);
        assert_eq!(plain(&group_lag_history(&[])), []);
    }

    #[test]
    fn what_was_replayed_is_no_history() {
        let replayed = window(&[(1, 0, CommitLag::Pending), (2, 0, CommitLag::Unknown)]);
        let live = course(&[(5, 0, 3)], 4);
        assert_eq!(plain(&group_lag_history(&[LagHistory::of(&replayed, Some(Lag(9))), live.clone()])), []);
        assert_eq!(plain(&group_lag_history(&[LagHistory::of(&replayed, None), live.clone()])), []);
        // The lag there is 0 now, so it has been 0 since its commit.
        assert_eq!(plain(&group_lag_history(&[LagHistory::of(&replayed, Some(Lag(0))), live])), [(5, 3)]);
    }

    #[test]
    fn where_nothing_ever_waited_there_is_no_trail() {
        assert_eq!(plain(&group_lag_history(&[course(&[(1, 5, 0), (2, 5, 0)], 0)])), []);
    }

    #[test]
    fn a_long_trail_keeps_its_peaks() {
        let long: Vec<(i64, i64, u64)> = (0..100).map(|time| (time, 0, if time == 50 { 999 } else { 1 })).collect();
        let trail = plain(&group_lag_history(&[course(&long, 1)]));
        assert!(trail.len() <= POINTS && trail.contains(&(50, 999)), "{trail:?}");
    }
}
