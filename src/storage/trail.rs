//! How lags went lately, as far as commits tell: what a sparkline shows.
//!
//! A commit that came in live carries the lag that it left, and that is all the past that is known for certain. What
//! was replayed at the start says nothing about its time: its lag is settled against the first log end that was read,
//! which judges a window well enough but is no history.

use crate::model::{Lag, Timestamp};

use super::window::{LagThen, Window};

/// A lag and when it was so.
pub type Point = (Timestamp, Lag);

/// The most points of a trail: a sparkline is some hundred pixels wide.
const POINTS: usize = 16;

/// What the commits of one partition say about its lag.
#[derive(Clone, Debug)]
pub struct Course {
    /// By time.
    points: Vec<Point>,
    /// When the newest commit was made.
    newest: Timestamp,
    /// The lag now.
    current: Option<Lag>,
}

impl Course {
    /// Of a window whose newest commit's lag is `current` now.
    #[must_use]
    pub fn of(window: &Window, current: Option<Lag>) -> Self {
        Self { points: points(window), newest: window.newest().timestamp, current }
    }

    /// From when on its lag is known: where nothing waits now, nothing has since its newest commit, for a log only
    /// grows.
    fn known_from(&self) -> Option<Timestamp> {
        let first = self.points.first().map(|(time, _)| *time);
        first.or_else(|| (self.current == Some(Lag(0))).then_some(self.newest))
    }
}

/// The commits of a window that came in live: when each was made, and the lag that it left.
#[must_use]
pub fn points(window: &Window) -> Vec<Point> {
    let live = window.iter().filter_map(|commit| match commit.lag {
        LagThen::Known(lag) => Some((commit.timestamp, lag)),
        LagThen::Pending | LagThen::Unknown => None,
    });
    let mut points: Vec<Point> = live.collect();
    // A window is ordered by the offsets topic, and clocks may be set back.
    points.sort_by_key(|(time, _)| *time);
    points
}

/// The sum of the lags of several partitions as of their last commits, from when on all of them are known. Empty where
/// that is never, and where nothing ever waited.
#[must_use]
pub fn trail(courses: &[Course]) -> Vec<Point> {
    let from: Option<Vec<Timestamp>> = courses.iter().map(Course::known_from).collect();
    let Some(from) = from.and_then(|from| from.into_iter().max()) else { return Vec::new() };
    let mut steps: Vec<(Timestamp, usize, Lag)> = Vec::new();
    for (place, course) in courses.iter().enumerate() {
        steps.extend(course.points.iter().map(|(time, lag)| (*time, place, *lag)));
    }
    steps.sort_by_key(|(time, ..)| *time);
    let (mut lags, mut whole) = (vec![Lag(0); courses.len()], 0_u64);
    let mut points: Vec<Point> = Vec::new();
    for (time, place, lag) in steps {
        if let Some(held) = lags.get_mut(place) {
            whole = whole.saturating_sub(held.0).saturating_add(lag.0);
            *held = lag;
        }
        let time = time.max(from);
        match points.last_mut() {
            Some((last, sum)) if *last == time => *sum = Lag(whole),
            Some(_) | None => points.push((time, Lag(whole))),
        }
    }
    if points.iter().all(|(_, lag)| lag.0 == 0) { Vec::new() } else { thinned(&points) }
}

/// At most so many points as are drawn: of those that go together the highest, since peaks are what is looked for.
fn thinned(points: &[Point]) -> Vec<Point> {
    let run = points.len().div_ceil(POINTS).max(1);
    points.chunks(run).filter_map(|run| run.iter().copied().max_by_key(|(_, lag)| *lag)).collect()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::model::{Offset, Order};
    use crate::storage::Commit;

    fn window(commits: &[(i64, LagThen)]) -> Window {
        let commit = |(time, lag): &(i64, LagThen)| Commit {
            order: Order(*time),
            offset: Offset(*time),
            timestamp: Timestamp(*time),
            lag: *lag,
        };
        let mut window = Window::new(commit(&commits[0]));
        commits[1..].iter().for_each(|next| window.push(commit(next), NonZeroUsize::new(100).unwrap()));
        window
    }

    fn known(commits: &[(i64, u64)]) -> Vec<(i64, LagThen)> {
        commits.iter().map(|(time, lag)| (*time, LagThen::Known(Lag(*lag)))).collect()
    }

    fn course(commits: &[(i64, u64)], current: u64) -> Course {
        Course::of(&window(&known(commits)), Some(Lag(current)))
    }

    fn summed(courses: &[Course]) -> Vec<(i64, u64)> {
        trail(courses).iter().map(|(time, lag)| (time.0, lag.0)).collect()
    }

    #[test]
    fn lags_are_added_up_from_when_all_are_known() {
        let courses = [course(&[(1, 5), (3, 7), (9, 1)], 2), course(&[(4, 10), (6, 20)], 30)];
        assert_eq!(summed(&courses), [(4, 17), (6, 27), (9, 21)]);
        assert_eq!(summed(&courses[..1]), [(1, 5), (3, 7), (9, 1)]);
        assert_eq!(summed(&[]), []);
    }

    #[test]
    fn what_was_replayed_is_no_history() {
        let replayed = window(&[(1, LagThen::Pending), (2, LagThen::Unknown)]);
        let live = course(&[(5, 3)], 4);
        assert_eq!(summed(&[Course::of(&replayed, Some(Lag(9))), live.clone()]), []);
        assert_eq!(summed(&[Course::of(&replayed, None), live.clone()]), []);
        // Nothing waits there now: so nothing has since its commit.
        assert_eq!(summed(&[Course::of(&replayed, Some(Lag(0))), live]), [(5, 3)]);
    }

    #[test]
    fn where_nothing_ever_waited_there_is_no_trail() {
        assert_eq!(summed(&[course(&[(1, 0), (2, 0)], 0)]), []);
    }

    #[test]
    fn a_long_trail_keeps_its_peaks() {
        let long: Vec<(i64, u64)> = (0..100).map(|time| (time, if time == 50 { 999 } else { 1 })).collect();
        let trail = summed(&[course(&long, 1)]);
        assert!(trail.len() <= POINTS && trail.contains(&(50, 999)), "{trail:?}");
    }
}
