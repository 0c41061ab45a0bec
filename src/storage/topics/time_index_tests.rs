use super::*;

fn index(cuts: &[(i64, i64)]) -> TimeIndex {
    let mut index = TimeIndex::default();
    cuts.iter().for_each(|(time, offset)| index.insert(Timestamp(*time), Offset(*offset)));
    index
}

fn cuts(index: &TimeIndex) -> Vec<(i64, i64)> {
    index.entries.iter().map(|cut| (cut.time.0, cut.offset.0)).collect()
}

/// The earliest time, the estimate and the latest time.
fn span(index: &TimeIndex, record: i64, end: i64, now: i64) -> Option<(i64, i64, i64)> {
    let span = index.append_range(Offset(record), Offset(end), Timestamp(now))?;
    Some((span.earliest.0, span.estimate.0, span.latest.0))
}

#[test]
fn between_two_refreshes_records_came_one_by_one() {
    let mut index = TimeIndex::default();
    index.add_move(Timestamp(1_000), Offset(50), Timestamp(2_000), Offset(61));
    assert_eq!(span(&index, 50, 61, 9_000), Some((1_000, 1_000, 2_000)));
    assert_eq!(span(&index, 55, 61, 9_000), Some((1_000, 1_500, 2_000)));
    assert_eq!(span(&index, 60, 61, 9_000), Some((1_000, 2_000, 2_000)));
    assert_eq!(span(&index, 49, 61, 9_000), None, "older than all that was seen");
}

#[test]
fn one_record_came_some_time_between_two_refreshes() {
    let mut index = TimeIndex::default();
    index.add_move(Timestamp(1_000), Offset(5), Timestamp(2_000), Offset(6));
    assert_eq!(span(&index, 5, 6, 3_000), Some((1_000, 1_500, 2_000)));
}

#[test]
fn an_idle_hour_lies_between_two_records() {
    let mut index = TimeIndex::default();
    index.add_move(Timestamp(1_000), Offset(5), Timestamp(2_000), Offset(7));
    index.add_move(Timestamp(3_600_000), Offset(7), Timestamp(3_601_000), Offset(8));
    assert_eq!(span(&index, 6, 8, 4_000_000), Some((1_000, 2_000, 2_000)));
    assert_eq!(span(&index, 7, 8, 4_000_000), Some((3_600_000, 3_600_500, 3_601_000)));
}

#[test]
fn steady_refreshes_cost_a_cut_each() {
    let mut index = TimeIndex::default();
    for tick in 1..=10 {
        index.add_move(Timestamp(tick * 10), Offset(tick), Timestamp(tick * 10 + 10), Offset(tick + 1));
    }
    assert_eq!(cuts(&index), (1..=11).map(|tick| (tick * 10, tick)).collect::<Vec<_>>());
}

#[test]
fn an_answer_dates_its_record_and_bounds_those_before_it() {
    let mut index = index(&[(0, 0)]);
    index.add_answer(Timestamp(500), Some(TimestampOffset { offset: Offset(70), time: Timestamp(900) }), Offset(100));
    assert_eq!(cuts(&index), [(0, 0), (500, 70), (900, 70), (900, 71)]);
    assert_eq!(span(&index, 70, 100, 5_000), Some((900, 900, 900)));
    assert_eq!(span(&index, 69, 100, 5_000), Some((0, 500, 500)));
    assert_eq!(span(&index, 71, 100, 5_000), Some((900, 900, 5_000)));
}

#[test]
fn no_record_at_or_after_a_time_means_that_all_are_older() {
    let mut index = index(&[(100, 0)]);
    index.add_answer(Timestamp(700), None, Offset(10));
    assert_eq!(span(&index, 9, 10, 5_000), Some((100, 700, 700)));
    index.add_move(Timestamp(4_000), Offset(10), Timestamp(5_000), Offset(11));
    assert_eq!(span(&index, 10, 11, 6_000), Some((4_000, 4_500, 5_000)));
}

#[test]
fn the_first_record_dates_the_log_start() {
    let mut index = TimeIndex::default();
    index.add_first_record(Some(TimestampOffset { offset: Offset(12), time: Timestamp(300) }), Some(Offset(10)));
    assert_eq!(index.timestamps(), TimestampPresence::Present);
    for compacted_away_or_there in [10, 11, 12] {
        assert_eq!(span(&index, compacted_away_or_there, 20, 900), Some((300, 300, 300)));
    }
    assert_eq!(span(&index, 13, 20, 900), Some((300, 300, 900)));
}

#[test]
fn records_without_timestamps_leave_the_past_unknown() {
    let mut index = TimeIndex::default();
    index.add_first_record(None, Some(Offset(4)));
    assert_eq!(index.timestamps(), TimestampPresence::Missing(Some(Offset(4))));
    assert_eq!(span(&index, 4, 9, 900), None);
}

#[test]
fn a_time_to_come_is_told_as_it_is() {
    let index = index(&[(9_000, 5), (9_000, 6)]);
    assert_eq!(span(&index, 5, 6, 4_000), Some((9_000, 9_000, 9_000)));
    assert_eq!(span(&index, 6, 9, 4_000), Some((9_000, 9_000, 9_000)));
}

#[test]
fn what_contradicts_what_was_seen_gives_way() {
    let mut index = index(&[(1_000, 10), (2_000, 20)]);
    index.add_answer(Timestamp(50), Some(TimestampOffset { offset: Offset(15), time: Timestamp(60) }), Offset(20));
    assert_eq!(cuts(&index), [(1_000, 10), (1_000, 15), (1_000, 16), (2_000, 20)]);
    index.insert(Timestamp(9_000), Offset(12));
    assert_eq!(cuts(&index)[1], (1_000, 12));
}

#[test]
fn a_clock_that_is_set_back_leaves_no_time_to_come_behind() {
    let mut index = index(&[(1_000, 10)]);
    index.add_move(Timestamp(90_000), Offset(20), Timestamp(91_000), Offset(30));
    index.add_move(Timestamp(91_000), Offset(30), Timestamp(2_000), Offset(40));
    index.add_move(Timestamp(2_000), Offset(40), Timestamp(3_000), Offset(50));
    assert_eq!(span(&index, 45, 50, 3_000).map(|(earliest, _, latest)| (earliest, latest)), Some((2_000, 3_000)));
}

#[test]
fn a_shorter_log_forgets_its_old_end() {
    let mut index = index(&[(10, 1), (20, 5), (30, 9)]);
    index.truncate(Offset(5));
    assert_eq!(cuts(&index), [(10, 1), (20, 5)]);
}

#[test]
fn cuts_stay_few_and_the_old_ones_stand_further_apart() {
    let mut index = TimeIndex::default();
    let refresh = 10_000;
    for tick in 0..60_480 {
        let now = Timestamp((tick + 1) * refresh);
        index.add_move(Timestamp(tick * refresh), Offset(tick * 7), now, Offset(tick * 7 + 7));
        index.thin(Some(Offset(0)), now);
        assert!(index.entries.len() <= MOST);
    }
    let now = 60_480 * refresh;
    let widest = |from: i64, to: i64| {
        let pairs = index.entries.windows(2).filter(|pair| (from..to).contains(&(now - pair[1].time.0)));
        pairs.map(|pair| pair[1].time.since(pair[0].time)).max().unwrap()
    };
    assert!(widest(0, 100_000) <= 3 * refresh, "{}", widest(0, 100_000));
    assert!(widest(50_000_000, i64::MAX) < 4 * 50_000_000);
    assert_eq!(index.entries[0], TimeIndexEntry { time: Timestamp(0), offset: Offset(0) });
    for record in [1, 1_000, 400_000, 423_000] {
        let (earliest, _, latest) = span(&index, record, 60_480 * 7, now).unwrap();
        assert!((earliest..=latest).contains(&(record * refresh / 7)));
    }
}

#[test]
fn below_the_log_start_one_cut_is_enough() {
    let mut index = TimeIndex::default();
    (0..=60).for_each(|tick| index.insert(Timestamp(tick * 10), Offset(tick)));
    index.thin(Some(Offset(50)), Timestamp(1_000));
    assert_eq!(cuts(&index)[0], (500, 50));
    assert_eq!(index.entries.len(), 11);
}

proptest::proptest! {
    #[test]
    fn whatever_comes_times_never_run_backwards(
        steps in proptest::collection::vec((0..4_u8, -50_i64..500, -50_i64..500, -50_i64..500), 0..200)
    ) {
        let mut index = TimeIndex::default();
        for (what, time, offset, own) in steps {
            let (time, offset) = (Timestamp(time), Offset(offset));
            match what {
                0 => index.add_move(time, offset, Timestamp(own), offset.next()),
                1 => index.add_answer(time, Some(TimestampOffset { offset, time: Timestamp(own) }), offset),
                2 => index.add_answer(time, None, offset),
                _ => index.add_first_record(Some(TimestampOffset { offset, time }), Some(Offset(own))),
            }
            index.thin(Some(Offset(own)), Timestamp(500));
            proptest::prop_assert!(index.entries.is_sorted_by(|a, b| a.offset <= b.offset && a.time <= b.time));
            proptest::prop_assert!(index.entries.len() <= MOST + 3);
            for record in [-60, 0, 30, 499] {
                if let Some(span) = index.append_range(Offset(record), Offset(record + 1), Timestamp(400)) {
                    proptest::prop_assert!(span.earliest <= span.estimate && span.estimate <= span.latest);
                }
            }
        }
    }
}
