//! Tests of rounds, requests and answers.

use super::answers::{AnswerEffects, FailureEffects};
use super::*;
use crate::model::{Offset, Partition};
use crate::storage::{Metadata, PartitionMetadata, TopicMetadata};

const EVERY: Duration = Duration::from_secs(10);

/// A topic `t` with these leaders.
fn layout(leaders: &[Option<i32>]) -> PartitionLayout {
    let partitions = leaders
        .iter()
        .map(|leader| PartitionMetadata { leader: leader.map(BrokerId), replicas: vec![], in_sync: 1 })
        .collect();
    let topics = vec![TopicMetadata { name: "t".to_owned(), id: None, partitions }];
    PartitionLayout::of(&Metadata { brokers: vec![], topics }, &BTreeMap::new())
}

fn plan(leaders: &[Option<i32>]) -> (RefreshPlan, Instant) {
    let now = Instant::now();
    let mut plan = RefreshPlan::new(EVERY);
    plan.set_layout(layout(leaders), now);
    (plan, now)
}

fn known(end: i64) -> PartitionOutcome {
    PartitionOutcome::Known(Some(Offset(0)), Offset(end))
}

/// Answers a request with the same outcome for all its partitions.
fn answer(plan: &mut RefreshPlan, ask: &OffsetsRequest, outcome: PartitionOutcome, now: Instant) -> AnswerEffects {
    plan.record_answer(ask.chunk, std::iter::repeat_n(outcome, ask.seats.len()), now)
}

fn seats(step: &DueWork) -> Vec<Vec<usize>> {
    step.requests.iter().map(|ask| ask.seats.clone()).collect()
}

#[test]
fn each_leader_is_asked_for_its_own_partitions() {
    let (mut plan, now) = plan(&[Some(1), Some(2), Some(1), None]);
    let step = plan.take_due_work(now);
    assert_eq!(seats(&step), [vec![0, 2], vec![1]]);
    assert_eq!(step.unknown, [3]);
    assert_eq!(plan.take_due_work(now), DueWork::default());
    assert_eq!(plan.next_due(), Some(now + EVERY));
}

#[test]
fn a_leader_of_many_is_asked_in_chunks() {
    let (mut plan, now) = plan(&[Some(1); 1201]);
    let sizes: Vec<usize> = plan.take_due_work(now).requests.iter().map(|ask| ask.seats.len()).collect();
    assert_eq!(sizes, [500, 500, 201]);
}

#[test]
fn a_round_is_complete_when_all_is_learnt() {
    let (mut plan, now) = plan(&[Some(1), Some(2)]);
    let step = plan.take_due_work(now);
    let later = now + Duration::from_millis(30);
    assert_eq!(answer(&mut plan, &step.requests[0], known(5), later).complete, None);
    let last = answer(&mut plan, &step.requests[1], known(6), later);
    assert_eq!(last.bounds, [(1, Some((Some(Offset(0)), Offset(6))))]);
    assert_eq!(last.complete, Some(Duration::from_millis(30)));
    assert_eq!(plan.take_due_work(later), DueWork::default());
}

#[test]
fn a_cluster_without_partitions_is_complete_at_once() {
    let (mut plan, now) = plan(&[]);
    assert_eq!(plan.take_due_work(now).complete, Some(Duration::ZERO));
    assert_eq!(plan.take_due_work(now + EVERY).complete, Some(Duration::ZERO));
}

#[test]
fn a_leader_that_does_not_answer_holds_nobody_up() {
    let (mut plan, now) = plan(&[Some(1), Some(2)]);
    let first = plan.take_due_work(now);
    answer(&mut plan, &first.requests[1], known(5), now);
    // Broker 1 is frozen: its request stays in flight over three rounds. Each round reports its partition once.
    for round in 1..=3 {
        let now = now + EVERY * round;
        let step = plan.take_due_work(now);
        assert_eq!((seats(&step), step.unknown.clone()), (vec![vec![1]], vec![0]));
        assert_eq!(answer(&mut plan, &step.requests[0], known(6), now).bounds.len(), 1);
    }
    let failed = plan.record_failure(first.requests[0].chunk, now + EVERY * 3);
    assert_eq!(failed.unknown, [0]);
}

#[test]
fn a_failure_is_told_once_a_round_however_often_it_is_repeated() {
    let (mut plan, mut now) = plan(&[Some(1), Some(1)]);
    let step = plan.take_due_work(now);
    let failed = plan.record_failure(step.requests[0].chunk, now);
    assert_eq!(failed, FailureEffects { leader: Some(BrokerId(1)), unknown: vec![0, 1], first: true });
    let (mut told, mut tries) = (0, 0);
    let end = now + EVERY * 3;
    while let Some(due) = plan.next_due().filter(|due| *due < end) {
        now = due;
        let step = plan.take_due_work(now);
        told += step.unknown.len();
        for ask in step.requests {
            tries += 1;
            told += plan.record_failure(ask.chunk, now).unknown.len();
        }
    }
    // Rounds two and three, two partitions each.
    assert_eq!(told, 4);
    assert!((13..=20).contains(&tries), "{tries}");
}

#[test]
fn the_chunk_that_a_failing_leader_is_asked_about_stands_for_its_others() {
    let (mut plan, now) = plan(&[Some(1); 1201]);
    for ask in plan.take_due_work(now).requests {
        plan.record_failure(ask.chunk, now);
    }
    let now = now + EVERY;
    let step = plan.take_due_work(now);
    assert_eq!((step.requests.len(), step.unknown.len()), (1, 0));
    assert_eq!(plan.record_failure(step.requests[0].chunk, now).unknown.len(), 1201);
}

#[test]
fn a_leader_that_comes_back_is_asked_for_everything_at_once() {
    let (mut plan, now) = plan(&[Some(1); 1201]);
    let step = plan.take_due_work(now);
    for ask in &step.requests {
        plan.record_failure(ask.chunk, now);
    }
    let retry = plan.next_due().unwrap();
    assert_eq!(retry, now + Duration::from_millis(250));
    let probe = plan.take_due_work(retry);
    assert_eq!(probe.requests.iter().map(|ask| ask.seats.len()).collect::<Vec<_>>(), [500]);
    let settled = answer(&mut plan, &probe.requests[0], known(5), retry);
    assert!(settled.wants_metadata);
    assert_eq!(plan.take_due_work(retry).requests.iter().map(|ask| ask.seats.len()).collect::<Vec<_>>(), [500, 201]);
}

#[test]
fn a_partition_that_moved_waits_for_metadata() {
    let (mut plan, now) = plan(&[Some(1), Some(1)]);
    let step = plan.take_due_work(now);
    let settled = plan.record_answer(step.requests[0].chunk, [known(5), PartitionOutcome::Moved].into_iter(), now);
    assert!(settled.wants_metadata);
    assert_eq!(settled.bounds, [(0, Some((Some(Offset(0)), Offset(5)))), (1, None)]);
    assert_eq!(plan.take_due_work(now), DueWork::default());
    plan.set_layout(layout(&[Some(1), Some(2)]), now);
    let step = plan.take_due_work(now);
    assert_eq!(seats(&step), [vec![1]]);
    let settled = answer(&mut plan, &step.requests[0], known(7), now);
    assert_eq!(settled.bounds, [(1, Some((Some(Offset(0)), Offset(7))))]);
    assert_eq!(settled.complete, Some(Duration::ZERO));
}

#[test]
fn each_partition_of_a_silent_leader_is_told_once_a_round_whether_it_was_asked_about_or_not() {
    let (mut plan, now) = plan(&[Some(1); 1201]);
    let mut requests = Vec::new();
    for round in 0..3 {
        let at = now + EVERY * round;
        let DueWork { requests: asks, unknown: mut told, .. } = plan.take_due_work(at);
        requests.push(asks.len());
        asks.iter().for_each(|ask| told.extend(plan.record_failure(ask.chunk, at).unknown));
        told.sort_unstable();
        assert_eq!(told, (0..1201).collect::<Vec<_>>());
    }
    assert_eq!(requests, [3, 1, 1]);
}

#[test]
fn a_partition_that_is_refused_waits_for_the_next_round() {
    let (mut plan, now) = plan(&[Some(1)]);
    let step = plan.take_due_work(now);
    let settled = answer(&mut plan, &step.requests[0], PartitionOutcome::Refused, now);
    assert_eq!((settled.bounds, settled.wants_metadata), (vec![(0, None)], false));
    assert_eq!(plan.next_due(), Some(now + EVERY));
    let step = plan.take_due_work(now + EVERY);
    assert_eq!((seats(&step), step.unknown), (vec![vec![0]], vec![]));
}

#[test]
fn a_partition_without_a_right_waits_for_a_minute_and_is_unknown_in_each_round() {
    let (mut plan, now) = plan(&[Some(1), Some(1)]);
    let step = plan.take_due_work(now);
    let outcomes = [PartitionOutcome::Forbidden, known(5)].into_iter();
    let settled = plan.record_answer(step.requests[0].chunk, outcomes, now);
    assert_eq!((settled.forbidden, settled.wants_metadata), (vec![0], true));
    assert_eq!(settled.bounds, [(0, None), (1, Some((Some(Offset(0)), Offset(5))))]);
    assert_eq!(settled.complete, Some(Duration::ZERO));
    for round in 1..=5 {
        let at = now + EVERY * round;
        let step = plan.take_due_work(at);
        assert_eq!((seats(&step), step.unknown.clone()), (vec![vec![1]], vec![0]));
        assert_eq!(answer(&mut plan, &step.requests[0], known(6), at).complete, Some(Duration::ZERO));
    }
    let step = plan.take_due_work(now + EVERY * 6);
    assert_eq!(seats(&step), [vec![0, 1]]);
    answer(&mut plan, &step.requests[0], known(7), now + EVERY * 6);
    assert_eq!(seats(&plan.take_due_work(now + EVERY * 7)), [vec![0, 1]]);
}

#[test]
fn answers_find_their_partitions_in_a_newer_layout() {
    let (mut plan, now) = plan(&[Some(1), Some(1)]);
    let step = plan.take_due_work(now);
    plan.set_layout(layout(&[Some(1)]), now);
    assert_eq!(plan.take_due_work(now), DueWork::default());
    let settled = answer(&mut plan, &step.requests[0], known(5), now);
    assert_eq!(settled.bounds, [(0, Some((Some(Offset(0)), Offset(5))))]);
    assert_eq!(plan.layout().topic_and_partition(0), Some(("t", Partition(0))));
    plan.set_layout(layout(&[Some(1), Some(2), Some(2)]), now);
    assert_eq!(seats(&plan.take_due_work(now)), [vec![1, 2]]);
}

#[test]
fn a_round_that_was_slept_through_is_not_made_up_for() {
    let (mut plan, now) = plan(&[Some(1)]);
    plan.take_due_work(now);
    let later = now + EVERY * 100;
    plan.take_due_work(later);
    assert_eq!(plan.next_due(), Some(later + EVERY));
}

#[test]
fn an_answer_to_nothing_changes_nothing() {
    let (mut plan, now) = plan(&[Some(1)]);
    plan.take_due_work(now);
    assert_eq!(plan.record_answer(99, std::iter::empty(), now), AnswerEffects::default());
    assert_eq!(plan.record_failure(99, now), FailureEffects::default());
}

#[test]
fn an_answer_that_is_too_short_refuses_the_rest() {
    let (mut plan, now) = plan(&[Some(1), Some(1)]);
    let step = plan.take_due_work(now);
    let settled = plan.record_answer(step.requests[0].chunk, std::iter::once(known(5)), now);
    assert_eq!(settled.bounds, [(0, Some((Some(Offset(0)), Offset(5)))), (1, None)]);
}

#[test]
fn a_cluster_that_comes_back_is_asked_at_once() {
    let (mut plan, now) = plan(&[Some(1)]);
    let step = plan.take_due_work(now);
    answer(&mut plan, &step.requests[0], known(5), now);
    let later = now + EVERY / 2;
    plan.start_round_now(later);
    let step = plan.take_due_work(later);
    assert_eq!((seats(&step), step.unknown), (vec![vec![0]], vec![]));
    assert_eq!(plan.next_due(), Some(later + EVERY));
}
