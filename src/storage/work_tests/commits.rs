//! The work with commits and states of share groups: each moves a bounded number of others.

use super::*;

#[test]
fn a_commit_moves_a_bounded_number_of_others_whichever_partition_or_topic_it_is_of() {
    is_linear(
        |_| A_STEP,
        |size| {
            let cluster = cluster();
            work_counter::measure(|| {
                live(&cluster, numbers(size).rev().map(|partition| commit("g", "t", partition, 1, 10)))
            })
        },
    );
    is_linear(
        |_| A_STEP,
        |size| {
            let (cluster, names) = (cluster(), names(size));
            work_counter::measure(|| live(&cluster, texts(&names).map(|topic| commit("g", topic, 0, 1, 10))))
        },
    );
}

#[test]
fn the_state_of_a_share_group_in_a_topic_costs_the_same_beside_many_others() {
    is_linear(
        |_| A_STEP,
        |size| {
            let names = names(size);
            let cluster = with_topics(&names, 1);
            let state = |id| {
                let state = ShareState { whole: true, start: Some(Offset(1)), done: Some(0), finished: Vec::new() };
                let (group, topic, partition) = (Name(b"g"), TopicId(id), Partition(0));
                Update::Share(ShareUpdate { group, topic, partition, at: NOW, state: Some(state) })
            };
            // Half of the topics have no name.
            let states = (1..).map(Order).zip((1..=2 * u128::try_from(size).unwrap()).map(state));
            let source = cluster.share_source("m", 0);
            work_counter::measure(|| cluster.apply(source, PastState::Read, states, NOW))
        },
    );
}

#[test]
fn a_record_of_a_share_group_holds_a_lock_for_no_more_than_can_be_kept_of_it() {
    let cluster = with_topics(&["t".to_owned()], 1);
    let finished = (0..50_000).map(|number| (Offset(2 * number + 1), Offset(2 * number + 1))).collect();
    let state = ShareState { whole: true, start: Some(Offset(0)), done: None, finished };
    let (group, topic, partition) = (Name(b"g"), TopicId(1), Partition(0));
    let update = Update::Share(ShareUpdate { group, topic, partition, at: NOW, state: Some(state) });
    let (done, held) = work_counter::measure(|| {
        cluster.apply(cluster.share_source("m", 0), PastState::Read, [(Order(1), update)], NOW)
    });
    assert!(done >= 50_000 && held <= MOST_A_HOLD, "{done} {held}");
}

#[test]
fn commits_to_topics_that_were_created_anew_are_looked_at_once() {
    is_linear(
        |_| A_STEP,
        |size| {
            let names = names(size);
            let cluster = with_topics(&names, 1);
            live(&cluster, texts(&names).map(|topic| commit("g", topic, 0, 1, 10)));
            apply_metadata(&cluster, &names, 1, 1);
            let work = work_counter::measure(|| apply_metadata(&cluster, &names, 1, 1_000_000));
            assert!(shown(&cluster).is_empty());
            work
        },
    );
}
