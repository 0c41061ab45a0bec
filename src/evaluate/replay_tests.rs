//! The status over months in which a group commits every five minutes.

use super::*;
use crate::model::Order;
use crate::storage::Window;

const TEN: NonZeroUsize = NonZeroUsize::new(10).unwrap();
const RULES: EvaluatorRules = EvaluatorRules { intervals: TEN, minimum_complete: 0.0, allowed_lag: Lag(0) };
/// Seconds between two commits, and the number of commits in three months.
const EVERY: i64 = 300;
const COMMITS: i64 = 90 * 24 * 12;
const PER_HOUR: i64 = 12;
const PER_DAY: i64 = 24 * PER_HOUR;

/// Replays the commits of a group, one per step, `None` for no commit. `end` gives the log end at a step.
///
/// Returns each step at which the status changed.
fn replay(end: impl Fn(i64) -> i64, committed: impl Fn(i64) -> Option<i64>) -> Vec<(i64, PartitionStatus)> {
    let mut window: Option<Window> = None;
    let mut ends: Vec<Offset> = Vec::new();
    let mut told = vec![(0, PartitionStatus::Ok)];
    for step in 0..COMMITS {
        let end = Offset(end(step));
        if ends.len() == TEN.get() {
            ends.remove(0);
        }
        ends.push(end);
        let at = Timestamp(step * EVERY * 1000);
        if let Some(offset) = committed(step).map(Offset) {
            let lag = CommitLag::Known(end.lag_behind(offset));
            let commit = Commit { order: Order(step), offset, timestamp: at, lag };
            match &mut window {
                Some(window) => window.push(commit, TEN),
                None => window = Some(Window::new(commit)),
            }
        }
        let Some(window) = &window else { continue };
        let log =
            LogState { current_lag: Some(end.lag_behind(window.newest().offset)), ends: &ends, ..LogState::default() };
        let status = evaluate_partition(window.iter(), &log, at, &RULES).status;
        if told.last().unwrap().1 != status {
            told.push((step, status));
        }
    }
    told
}

/// A thousand records per step.
fn steady(step: i64) -> i64 {
    (step + 1) * 1000
}

#[test]
fn a_group_that_keeps_up_is_ok_for_three_months() {
    assert_eq!(replay(steady, |step| Some(steady(step))), [(0, PartitionStatus::Ok)]);
}

#[test]
fn a_group_that_catches_up_now_and_then_is_ok() {
    let committed = |step: i64| Some(steady(step) - step % 9 * 100);
    assert_eq!(replay(steady, committed), [(0, PartitionStatus::Ok)]);
}

#[test]
fn an_idle_topic_is_ok_whether_its_group_commits_or_not() {
    assert_eq!(replay(|_| 1000, |_| Some(1000)), [(0, PartitionStatus::Ok)]);
    assert_eq!(replay(|_| 1000, |step| (step < 20).then_some(1000)), [(0, PartitionStatus::Ok)]);
}

#[test]
fn a_group_that_goes_silent_after_a_month_has_stopped_once_the_silence_outlasts_the_window() {
    let silent = 30 * PER_DAY;
    let committed = |step: i64| (step < silent).then(|| steady(step) - 500);
    // Ten commits span nine intervals, and the last of them was at silent - 1. The group lags all the time, so it is
    // WARN before. The very first commit is alone in its window, so all offsets are equal.
    let told = replay(steady, committed);
    assert_eq!(
        told[1..],
        [(0, PartitionStatus::Stall), (1, PartitionStatus::Warn), (silent + 9, PartitionStatus::Stop)]
    );
}

#[test]
fn a_group_that_stands_still_stalls_when_its_last_progress_leaves_the_window() {
    let stuck = 60 * PER_DAY;
    let committed = |step: i64| Some(steady(step.min(stuck)));
    assert_eq!(
        replay(steady, committed),
        [(0, PartitionStatus::Ok), (stuck + 10, PartitionStatus::Stall)],
        "its lag was 0 at `stuck`, which rule 5 forgives until that commit has left"
    );
}

#[test]
fn a_group_that_falls_behind_is_warned_of_until_it_gains_ground() {
    let (slow, fast) = (10 * PER_DAY, 20 * PER_DAY);
    let committed = |step: i64| {
        let lost = (step.min(fast) - slow).max(0) * 10 - (step - fast).max(0) * 50;
        Some(steady(step) - lost.max(0))
    };
    let told = [(0, PartitionStatus::Ok), (slow + 10, PartitionStatus::Warn), (fast + 1, PartitionStatus::Ok)];
    assert_eq!(replay(steady, committed), told);
}

#[test]
fn a_group_that_is_reset_rewinds_until_it_is_back_or_the_step_has_left_the_window() {
    let reset = 45 * PER_DAY;
    // A hundred thousand records back, then `gained` thousand closer to the end with each step.
    let after = |gained: i64| {
        let committed = move |step: i64| {
            let lost = if step < reset { 1 } else { (100 - (step - reset) * gained).max(1) };
            Some(steady(step) - lost * 1000)
        };
        let told = replay(steady, committed).into_iter();
        told.filter(|(step, _)| (reset..reset + 10).contains(step)).collect::<Vec<_>>()
    };
    assert_eq!(after(40), [(reset, PartitionStatus::Rewind), (reset + 3, PartitionStatus::Ok)]);
    assert_eq!(after(1), [(reset, PartitionStatus::Rewind), (reset + 9, PartitionStatus::Ok)]);
}
