//! A summary has the same numbers as `/metrics`.

use crate::evaluate::{GroupStatus, PartitionStatus};
use crate::model::{Lag, Name};
use crate::storage::tests::{bounds, cluster, commit, live, members, metadata};
use crate::storage::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn rules() -> EvaluatorRules {
    let intervals = std::num::NonZeroUsize::new(3).unwrap();
    EvaluatorRules { intervals, minimum_complete: 0.0, allowed_lag: Lag(0) }
}

/// `a` has stopped on one partition, stalls further behind on another, and owns one that it never committed.
fn busy() -> Arc<Cluster> {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 4), ("u", 2, 1)]), Timestamp(0));
    cluster.apply_bounds(&[bounds("t", 0, 0, 50), bounds("t", 1, 0, 900), bounds("u", 0, 0, 10)], Timestamp(0));
    let at = |ago: i64| NOW.0 - ago;
    live(
        &cluster,
        vec![
            (1, commit("a", "t", 0, 10, at(90_000))),
            (2, commit("a", "t", 0, 20, at(80_000))),
            (3, commit("a", "t", 1, 5, at(4_000))),
            (4, commit("a", "t", 1, 5, at(1_000))),
            (5, commit("a", "u", 0, 10, at(2_000))),
            (6, commit("b", "u", 0, 3, at(500))),
            (7, members("a", 1, &[("m", "t", &[0, 1, 2])])),
            (8, members("c", 1, &[("n", "u", &[0])])),
        ],
    );
    cluster
}

fn group_summaries(cluster: &Cluster, topic: Option<&str>) -> Vec<GroupSummary> {
    let rules = rules();
    let topic = topic.map(|topic| Name(topic.as_bytes()));
    let mut summaries = cluster.group_summaries(SummaryQuery { now: NOW, rules: &rules, topic, with_history: true });
    summaries.sort_by(|one, other| one.label.name().cmp(&other.label.name()));
    summaries
}

#[test]
fn a_glance_is_the_sum_of_what_the_view_has() {
    let cluster = busy();
    let view = ClusterView::of(&cluster, NOW, &rules());
    let summaries = group_summaries(&cluster, None);
    assert_eq!(summaries.len(), 3);
    for (group, summary) in view.groups.iter().zip(&summaries) {
        assert_eq!(group.label.name(), summary.label.name());
        let stats = view.topics_of(group).iter().map(|topic| topic.stats).reduce(GroupStats::merge).unwrap();
        assert_eq!(stats, summary.stats, "{}", group.label.name());
        assert_eq!(group.evaluation, summary.evaluation);
        assert_eq!((group.kind, group.state, group.members.len()), (summary.kind, summary.state, summary.members));
    }
}

#[test]
fn the_worst_partition_is_the_one_that_is_told_of() {
    let summaries = group_summaries(&busy(), None);
    let (a, c) = (&summaries[0], &summaries[2]);
    let worst = a.worst.as_ref().unwrap();
    assert_eq!((worst.status, worst.partition.0, a.troubled), (PartitionStatus::Stop, 0, 2));
    assert_eq!(worst.reason(NOW), "stopped: no commit for 1m20s, lag 30");
    assert_eq!((a.stats.assigned, a.stats.uncommitted), (3, 1));
    assert_eq!((c.lag(), c.time_lag(), c.worst.is_none()), (None, None, true), "it has committed nothing");
}

#[test]
fn of_a_topic_only_what_happens_there_is_told() {
    let summaries = group_summaries(&busy(), Some("u"));
    let names: Vec<String> = summaries.iter().map(|summary| summary.label.name().to_string()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!((summaries[0].lag(), summaries[0].evaluation.status), (Some(Lag(0)), GroupStatus::Ok));
    assert_eq!(summaries[1].lag(), Some(Lag(7)));
    assert!(group_summaries(&busy(), Some("nothing")).is_empty());
}
