//! The status of groups in storage, as views show it.

use std::num::NonZeroUsize;

use super::tests::{bounds, cluster, commit, live, members, metadata};
use super::*;
use crate::evaluate::{GroupEvaluation, GroupStatus, PartitionStatus};
use crate::model::Lag;

/// The windows of [`cluster`] hold three commits.
const RULES: EvaluatorRules =
    EvaluatorRules { intervals: NonZeroUsize::new(3).unwrap(), minimum_complete: 0.0, allowed_lag: Lag(0) };

fn seconds(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1000)
}

/// The status of each partition of a view, in the view's order.
fn statuses(view: &ClusterView) -> Vec<PartitionStatus> {
    view.group_topics.iter().flat_map(|topic| view.commits(topic)).map(|commit| commit.status).collect()
}

fn status_at(cluster: &Cluster, now: Timestamp) -> Vec<PartitionStatus> {
    statuses(&ClusterView::of(cluster, now, &RULES))
}

/// `group` commits three times to partition 0 of `t`, a minute apart, up to second 120 and offset 30.
fn commits(cluster: &Cluster, group: &'static str) {
    live(
        cluster,
        vec![
            (1, commit(group, "t", 0, 10, 0)),
            (2, commit(group, "t", 0, 20, 60_000)),
            (3, commit(group, "t", 0, 30, 120_000)),
        ],
    );
}

fn end(cluster: &Cluster, end: i64) {
    cluster.apply_bounds(&[bounds("t", 0, 0, end)], seconds(0));
}

#[test]
fn a_group_stops_once_the_refreshes_that_saw_it_at_the_end_are_forgotten() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 1)]), seconds(0));
    commits(&cluster, "a");
    for (log_end, status) in
        [(30, PartitionStatus::Ok), (40, PartitionStatus::Ok), (50, PartitionStatus::Ok), (60, PartitionStatus::Stop)]
    {
        end(&cluster, log_end);
        assert_eq!(status_at(&cluster, seconds(241)), [status], "{log_end}");
    }
}

#[test]
fn a_log_end_that_is_not_known_any_more_leaves_the_stop_standing() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 1)]), seconds(0));
    commits(&cluster, "a");
    end(&cluster, 60);
    let failed = LogBounds { start: None, end: None, ..bounds("t", 0, 0, 0) };
    (0..9).for_each(|_| cluster.apply_bounds(&[failed], seconds(0)));
    let view = ClusterView::of(&cluster, seconds(241), &RULES);
    assert_eq!((view.group_topics[0].stats.unknown, statuses(&view)), (1, vec![PartitionStatus::Stop]));
}

#[test]
fn before_any_log_end_is_read_nobody_is_in_trouble() {
    let cluster = cluster();
    commits(&cluster, "a");
    assert_eq!(status_at(&cluster, seconds(900_000)), [PartitionStatus::Ok]);
}

#[test]
fn the_first_log_end_settles_the_lags_of_commits_that_came_before_it() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 1)]), seconds(0));
    commits(&cluster, "a");
    // Commit lags of 15, 5 and 0: the group was at the end once, so rule 5 applies. Computed from the last log end,
    // they would not include 0.
    end(&cluster, 25);
    (0..3).for_each(|_| end(&cluster, 500));
    assert_eq!(status_at(&cluster, seconds(240)), [PartitionStatus::Ok]);
    live(&cluster, vec![(4, commit("a", "t", 0, 31, 180_000))]);
    assert_eq!(status_at(&cluster, seconds(240)), [PartitionStatus::Ok]);
    end(&cluster, 600);
    live(&cluster, vec![(5, commit("a", "t", 0, 32, 200_000))]);
    end(&cluster, 700);
    live(&cluster, vec![(6, commit("a", "t", 0, 33, 210_000))]);
    assert_eq!(status_at(&cluster, seconds(215)), [PartitionStatus::Warn]);
}

#[test]
fn log_ends_of_a_topic_that_was_created_anew_excuse_nobody() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 1)]), seconds(0));
    live(&cluster, vec![(1, commit("z", "u", 0, 1, 1_000))]);
    end(&cluster, 5);
    cluster.apply_metadata(metadata(&[("t", 2, 1)]), seconds(0));
    live(&cluster, vec![(2, commit("a", "t", 0, 10, 60_000)), (3, commit("a", "t", 0, 20, 120_000))]);
    end(&cluster, 60);
    assert_eq!(status_at(&cluster, seconds(181))[0], PartitionStatus::Stop);
}

#[test]
fn a_group_is_judged_by_all_its_topics_and_a_topic_by_all_its_partitions() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 2), ("u", 2, 1), ("v", 3, 7)]), seconds(0));
    commits(&cluster, "a");
    // A partition that the metadata does not name counts too. A topic that is only assigned does not.
    live(&cluster, vec![(4, commit("a", "u", 5, 1, 120_000)), (5, members("a", 1, &[("m", "v", &[0])]))]);
    end(&cluster, 60);
    let view = ClusterView::of(&cluster, seconds(900), &RULES);
    let of = |status, [complete, committed, partitions]: [u64; 3]| GroupEvaluation {
        status,
        complete,
        committed,
        partitions,
    };
    let topics: Vec<_> = view.group_topics.iter().map(|topic| topic.evaluation).collect();
    assert_eq!(topics, [of(GroupStatus::Err, [1, 1, 2]), of(GroupStatus::Ok, [0, 1, 2]), GroupEvaluation::NONE]);
    assert_eq!(view.groups[0].evaluation, of(GroupStatus::Err, [1, 2, 4]));
}

#[test]
fn a_hidden_topic_counts_for_nothing() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 1), ("u", 2, 1)]), seconds(0));
    commits(&cluster, "a");
    live(&cluster, vec![(4, commit("a", "u", 0, 1, 120_000))]);
    end(&cluster, 60);
    let group = || ClusterView::of(&cluster, seconds(900), &RULES).groups[0].evaluation;
    assert_eq!(group(), GroupEvaluation { status: GroupStatus::Err, complete: 1, committed: 2, partitions: 2 });
    (0..2).for_each(|_| cluster.apply_metadata(metadata(&[("u", 2, 1)]), seconds(0)));
    assert_eq!(group(), GroupEvaluation { status: GroupStatus::Ok, complete: 0, committed: 1, partitions: 1 });
}

#[test]
fn the_evaluators_settings_reach_every_partition() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 1)]), seconds(0));
    live(&cluster, vec![(1, commit("a", "t", 0, 10, 0)), (2, commit("a", "t", 0, 20, 60_000))]);
    end(&cluster, 60);
    let status = |rules| statuses(&ClusterView::of(&cluster, seconds(900), &rules));
    assert_eq!(status(RULES), [PartitionStatus::Stop]);
    assert_eq!(status(EvaluatorRules { allowed_lag: Lag(40), ..RULES }), [PartitionStatus::Ok]);
    assert_eq!(status(EvaluatorRules { allowed_lag: Lag(39), ..RULES }), [PartitionStatus::Stop]);
    assert_eq!(status(EvaluatorRules { minimum_complete: 0.7, ..RULES }), [PartitionStatus::Ok]);
}
