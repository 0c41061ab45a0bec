//! docs/src/reference/status-rules.md, Partition status: every rule with its limits.

use super::*;
use crate::model::Order;
use PartitionStatus::{Ok, Rewind, Stall, Stop, Warn};

/// Three commits at intervals of one and two minutes, each with a larger lag: WARN at second 200, STOP after second
/// 360.
const BEHIND: Case<'static> = Case {
    window: &[(10, 0, KNOWN_5), (20, 60, KNOWN_6), (30, 180, KNOWN_7)],
    ends: &[40, 50, 60],
    first_end: Some(15),
    current: Some(30),
    shared: false,
    now: 200_000,
    rules: RULES,
};
const RULES: EvaluatorRules =
    EvaluatorRules { intervals: NonZeroUsize::new(3).unwrap(), minimum_complete: 0.0, allowed_lag: Lag(0) };
const KNOWN_0: CommitLag = CommitLag::Known(Lag(0));
const KNOWN_5: CommitLag = CommitLag::Known(Lag(5));
const KNOWN_6: CommitLag = CommitLag::Known(Lag(6));
const KNOWN_7: CommitLag = CommitLag::Known(Lag(7));
const NULL: CommitLag = CommitLag::Unknown;
const PENDING: CommitLag = CommitLag::Pending;

#[derive(Clone, Copy)]
struct Case<'a> {
    /// Offset, second, commit lag.
    window: &'a [(i64, i64, CommitLag)],
    ends: &'a [i64],
    first_end: Option<i64>,
    current: Option<u64>,
    shared: bool,
    /// Milliseconds.
    now: i64,
    rules: EvaluatorRules,
}

impl Case<'_> {
    fn evaluate(&self) -> Evaluation {
        let window = self.window.iter().map(|(offset, second, lag)| Commit {
            order: Order(*second),
            offset: Offset(*offset),
            timestamp: Timestamp(second * 1000),
            lag: *lag,
        });
        let ends: Vec<Offset> = self.ends.iter().copied().map(Offset).collect();
        let log = LogState {
            current_lag: self.current.map(Lag),
            ends: &ends,
            first_end: self.first_end.map(Offset),
            shared: self.shared,
        };
        evaluate_partition(window, &log, Timestamp(self.now), &self.rules)
    }
}

#[track_caller]
fn assert_all(cases: &[(&str, PartitionStatus, Case<'_>)]) {
    for (name, status, case) in cases {
        assert_eq!(case.evaluate().status, *status, "{name}");
    }
}

fn allowing(allowed: u64) -> EvaluatorRules {
    EvaluatorRules { allowed_lag: Lag(allowed), ..RULES }
}

fn wanting(minimum_complete: f64) -> EvaluatorRules {
    EvaluatorRules { minimum_complete, ..RULES }
}

#[test]
fn rule_1_an_empty_window_or_one_that_is_too_young_is_ok() {
    let two = &BEHIND.window[..2];
    assert_all(&[
        ("empty", Ok, Case { window: &[], ..BEHIND }),
        ("less than the minimum", Ok, Case { window: two, rules: wanting(0.67), ..BEHIND }),
        ("just the minimum", Stop, Case { window: two, rules: wanting(2.0 / 3.0), ..BEHIND }),
        ("full", Warn, Case { rules: wanting(1.0), ..BEHIND }),
    ]);
    let complete = [0, 1, 2, 3].map(|held| Case { window: &BEHIND.window[..held], ..BEHIND }.evaluate().complete);
    assert_eq!(complete, [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
}

#[test]
fn rule_2_an_allowed_lag_is_ok_whatever_the_window_says() {
    let silent = Case { now: 9_000_000, ..BEHIND };
    assert_all(&[
        ("no lag", Ok, Case { current: Some(0), ..silent }),
        ("as much as is allowed", Ok, Case { current: Some(7), rules: allowing(7), ..silent }),
        ("one more than is allowed", Stop, Case { current: Some(8), rules: allowing(7), ..silent }),
        (
            "no lag any more after a rewind",
            Ok,
            Case { current: Some(0), window: &[(9, 0, NULL), (1, 60, NULL)], ..silent },
        ),
    ]);
}

#[test]
fn rule_3_a_silence_longer_than_the_window_is_a_stop() {
    let single = &[(10, 100, KNOWN_5)][..];
    let backwards = &[(10, 100, KNOWN_5), (20, 40, KNOWN_6)][..];
    assert_all(&[
        ("as long as the window", Warn, Case { now: 360_000, ..BEHIND }),
        ("longer, but within the second", Warn, Case { now: 360_999, ..BEHIND }),
        ("a second longer", Stop, Case { now: 361_000, ..BEHIND }),
        (
            "a log end at the commit: it was at the end a moment ago",
            Warn,
            Case { now: 361_000, ends: &[60, 30], ..BEHIND },
        ),
        ("a log end before the commit", Warn, Case { now: 361_000, ends: &[29, 60], ..BEHIND }),
        ("every log end after the commit", Stop, Case { now: 361_000, ends: &[31, 60], ..BEHIND }),
        ("no stored log end", Stop, Case { now: 361_000, ends: &[], ..BEHIND }),
        ("a single commit has no span", Stop, Case { window: single, now: 101_000, ..BEHIND }),
        ("a single commit of this very second", Stall, Case { window: single, now: 100_999, ..BEHIND }),
        ("a single commit dated ahead of the clock", Stall, Case { window: single, now: 40_000, ..BEHIND }),
        ("timestamps that run backwards", Stop, Case { window: backwards, now: 40_000, ..BEHIND }),
        ("a stop comes before a rewind", Stop, Case { window: &[(90, 0, NULL), (10, 60, NULL)], ..BEHIND }),
        ("a clock at the end of time", Stop, Case { now: i64::MAX, ..BEHIND }),
        ("a clock before all time", Warn, Case { now: i64::MIN, ..BEHIND }),
    ]);
}

#[test]
fn rule_4_a_step_back_that_is_not_made_good_is_a_rewind() {
    let went = |window| Case { window, ..BEHIND };
    assert_all(&[
        ("the last commit steps back", Rewind, went(&[(10, 0, KNOWN_5), (30, 90, KNOWN_6), (20, 180, KNOWN_7)])),
        ("not made good yet", Rewind, went(&[(30, 0, KNOWN_5), (10, 90, KNOWN_6), (29, 180, KNOWN_7)])),
        ("made good to the record", Warn, went(&[(30, 0, KNOWN_5), (10, 90, KNOWN_6), (30, 180, KNOWN_7)])),
        ("made good and more", Warn, went(&[(30, 0, KNOWN_5), (10, 90, KNOWN_6), (31, 180, KNOWN_7)])),
        (
            "only the first step back counts",
            Warn,
            went(&[(20, 0, KNOWN_5), (10, 60, KNOWN_5), (40, 90, KNOWN_6), (30, 180, KNOWN_7)]),
        ),
        ("a lag of 0 in the window does not excuse it", Rewind, went(&[(30, 0, KNOWN_0), (10, 180, KNOWN_7)])),
        ("it takes no lag", Rewind, Case { current: None, ends: &[], ..went(&[(30, 0, NULL), (10, 180, NULL)]) }),
    ]);
}

#[test]
fn rule_5_an_allowed_lag_within_the_window_is_ok() {
    let had = |window| Case { window, first_end: None, ..BEHIND };
    assert_all(&[
        ("the oldest", Ok, had(&[(10, 0, KNOWN_0), (20, 60, KNOWN_6), (30, 180, KNOWN_7)])),
        ("the newest", Ok, had(&[(10, 0, KNOWN_5), (20, 60, KNOWN_6), (30, 180, KNOWN_0)])),
        ("as much as is allowed", Ok, Case { rules: allowing(5), ..BEHIND }),
        ("less is allowed", Warn, Case { rules: allowing(4), ..BEHIND }),
        ("null is not 0", Warn, had(&[(10, 0, NULL), (20, 60, KNOWN_6), (30, 180, KNOWN_7)])),
        ("pending without a log end is not 0", Warn, had(&[(10, 0, PENDING), (20, 60, KNOWN_6), (30, 180, KNOWN_7)])),
        (
            "settled by the first log end",
            Ok,
            Case { first_end: Some(10), ..had(&[(10, 0, PENDING), (20, 60, KNOWN_6), (30, 180, KNOWN_7)]) },
        ),
        ("an allowed lag excuses a stall", Ok, had(&[(10, 0, KNOWN_0), (10, 60, KNOWN_6), (10, 180, KNOWN_7)])),
    ]);
}

#[test]
fn rule_6_equal_offsets_are_a_stall() {
    let at = |window| Case { window, ..BEHIND };
    assert_all(&[
        ("all equal", Stall, at(&[(10, 0, KNOWN_5), (10, 60, KNOWN_6), (10, 180, KNOWN_7)])),
        ("all but the first", Warn, at(&[(9, 0, KNOWN_5), (10, 60, KNOWN_6), (10, 180, KNOWN_7)])),
        ("all but the last", Warn, at(&[(10, 0, KNOWN_5), (10, 60, KNOWN_6), (11, 180, KNOWN_7)])),
        ("the lag may shrink: retention", Stall, at(&[(10, 0, KNOWN_7), (10, 60, KNOWN_6), (10, 180, KNOWN_5)])),
        ("the current lag alone is known", Stall, at(&[(10, 0, NULL), (10, 60, NULL), (10, 180, NULL)])),
    ]);
    let shared = |window| Case { shared: true, ..at(window) };
    assert_all(&[
        (
            "a share group that finishes nothing",
            Stall,
            shared(&[(10, 0, KNOWN_5), (10, 60, KNOWN_6), (10, 180, KNOWN_7)]),
        ),
        ("one that finishes other records", Ok, shared(&[(10, 0, KNOWN_7), (10, 60, KNOWN_6), (10, 180, KNOWN_6)])),
    ]);
}

#[test]
fn rule_7_a_lag_that_never_shrinks_is_a_warning() {
    let at = |window| Case { window, ..BEHIND };
    assert_all(&[
        ("it grows", Warn, BEHIND),
        ("it stays", Warn, at(&[(10, 0, KNOWN_5), (20, 60, KNOWN_5), (30, 180, KNOWN_5)])),
        ("it shrinks once", Ok, at(&[(10, 0, KNOWN_5), (20, 60, KNOWN_7), (30, 180, KNOWN_6)])),
        ("a null lag is skipped", Warn, at(&[(10, 0, KNOWN_5), (20, 60, NULL), (30, 180, KNOWN_5)])),
        ("it shrinks across a null lag", Ok, at(&[(10, 0, KNOWN_6), (20, 60, NULL), (30, 180, KNOWN_5)])),
        ("one known lag cannot shrink", Warn, at(&[(10, 0, NULL), (20, 60, NULL), (30, 180, KNOWN_5)])),
        ("the current lag alone is known", Warn, at(&[(10, 0, NULL), (20, 60, NULL), (30, 180, NULL)])),
        ("a settled lag counts", Ok, Case { first_end: Some(99), ..at(&[(10, 0, PENDING), (30, 180, KNOWN_7)]) }),
    ]);
}

#[test]
fn while_the_current_lag_is_unknown_a_group_is_accused_only_on_another_sign_of_records() {
    let nothing: Case<'_> = Case {
        window: &[(10, 0, NULL), (20, 60, NULL), (30, 180, PENDING)],
        ends: &[],
        first_end: None,
        current: None,
        ..BEHIND
    };
    let equal = &[(10, 0, NULL), (10, 180, NULL)][..];
    assert_all(&[
        ("nothing is known", Ok, nothing),
        ("silent, and nothing is known", Ok, Case { now: 900_000, ..nothing }),
        ("equal offsets, and nothing is known", Ok, Case { window: equal, ..nothing }),
        ("silent, and the log went on", Stop, Case { now: 900_000, ends: &[31], ..nothing }),
        ("silent at the last log end that was read", Ok, Case { now: 900_000, ends: &[30], ..nothing }),
        ("equal offsets below a log end", Stall, Case { window: equal, ends: &[11], ..nothing }),
        ("growing lags", Warn, Case { current: None, ends: &[], ..BEHIND }),
        ("no lag in the window", Ok, Case { window: &[(10, 0, KNOWN_5), (30, 180, KNOWN_0)], ..nothing }),
    ]);
}

#[test]
fn a_group_is_the_worst_of_its_partitions() {
    let of = |statuses: &[PartitionStatus]| {
        let mut group = GroupEvaluation::NONE;
        statuses.iter().for_each(|status| group.add(Evaluation { status: *status, complete: 0.0 }));
        group.status
    };
    assert_eq!(of(&[]), GroupStatus::Ok);
    assert_eq!(of(&[Ok, Ok]), GroupStatus::Ok);
    assert_eq!(of(&[Ok, Warn, Ok]), GroupStatus::Warn);
    for bad in [Stop, Stall, Rewind] {
        assert_eq!(of(&[Warn, bad, Ok]), GroupStatus::Err, "{bad:?}");
    }
}

#[test]
fn a_group_is_complete_by_the_partitions_that_it_commits_and_in_burrow_by_all_of_its_topics() {
    let mut orders = GroupEvaluation { partitions: 4, ..GroupEvaluation::NONE };
    for complete in [1.0, 0.9, 1.0] {
        orders.add(Evaluation { status: Ok, complete });
    }
    assert_eq!((orders.complete_ratio(), orders.complete_ratio_of_topics()), (Some(2.0 / 3.0), Some(0.5)));
    let payments = GroupEvaluation { status: GroupStatus::Warn, complete: 1, committed: 1, partitions: 1 };
    let both = GroupEvaluation { status: GroupStatus::Warn, complete: 3, committed: 4, partitions: 5 };
    assert_eq!(orders.merge(payments), both);
    let none = GroupEvaluation::NONE;
    assert_eq!((none.complete_ratio(), none.complete_ratio_of_topics()), (None, None));
}
