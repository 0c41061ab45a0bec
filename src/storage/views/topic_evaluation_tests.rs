//! All views of one storage agree about a group.

use proptest::prelude::*;

use crate::evaluate::{GroupEvaluation, PartitionStatus};
use crate::model::{Lag, Partition};
use crate::storage::groups::protocol_records::GroupState;
use crate::storage::tests::{bounds, cluster, commit, live, members, metadata};
use crate::storage::*;

const NOW: Timestamp = Timestamp(1_000_000);
const GROUPS: [&str; 3] = ["a", "b", "c"];
const TOPICS: [&str; 3] = ["t", "u", "v"];

fn rules() -> EvaluatorRules {
    let intervals = std::num::NonZeroUsize::new(3).unwrap();
    EvaluatorRules { intervals, minimum_complete: 0.0, allowed_lag: Lag(0) }
}

/// One step: group, topic, partition, an offset or log end, an age in milliseconds, and the kind of change.
type Step = (usize, usize, i32, i64, i64, u8);

fn step() -> impl Strategy<Value = Step> {
    (0..GROUPS.len(), 0..TOPICS.len(), 0..5_i32, 0..100_i64, 0..200_000_i64, 0..10_u8)
}

/// A storage after these steps. The metadata names some of the topics, with some of the partitions.
fn storage_of(partitions: &[usize], steps: &[Step]) -> Arc<Cluster> {
    let cluster = cluster();
    let named: Vec<(&str, u128, usize)> =
        TOPICS.into_iter().zip(1..).zip(partitions).map(|((name, id), count)| (name, id, *count)).collect();
    cluster.apply_metadata(metadata(&named), Timestamp(0));
    for (order, (group, topic, partition, number, ago, kind)) in (1..).zip(steps) {
        // A partition that is only assigned, neither named nor committed, counts only in a detail, which lists it.
        let count = i32::try_from(partitions.get(*topic).copied().unwrap_or(0)).unwrap();
        let assigned: Vec<i32> = [*partition, 0, 1].into_iter().filter(|partition| *partition < count).collect();
        let (group, topic) = (GROUPS[*group], TOPICS[*topic]);
        match kind {
            0 => live(&cluster, vec![(order, members(group, 1, &[("m", topic, &assigned)]))]),
            1..=3 => cluster.apply_bounds(&[bounds(topic, *partition, 0, *number)], NOW),
            _ => live(&cluster, vec![(order, commit(group, topic, *partition, *number, NOW.0 - ago))]),
        }
    }
    cluster
}

/// What a view says of a group: its state, its evaluation, and for each partition with a commit the status and lag.
type Said = (GroupState, GroupEvaluation, Vec<(String, Partition, PartitionStatus, Option<Lag>)>);

fn by_view(view: &ClusterView, group: &GroupView) -> Said {
    let rows = view.topics_of(group).iter().flat_map(|topic| {
        let name = topic.name.label.name().to_string();
        view.commits(topic).map(move |commit| (name.clone(), commit.partition, commit.status, commit.lag()))
    });
    (group.state, group.evaluation, rows.collect())
}

fn by_detail(detail: &GroupDetail) -> Said {
    let mut rows = Vec::new();
    let whole = detail.evaluate(NOW, &rules(), |one| {
        if one.detail.window.is_some() {
            let name = detail.topics[one.topic].name.label.name().to_string();
            rows.push((name, one.partition(), one.evaluation.status, one.detail.current_lag()));
        }
    });
    (detail.state, whole, rows)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_views_agree(partitions in prop::collection::vec(0..4_usize, 0..3), steps in prop::collection::vec(step(), 0..40)) {
        let cluster = storage_of(&partitions, &steps);
        let (rules, view) = (rules(), ClusterView::of(&cluster, NOW, &rules()));
        let mut summaries = cluster.group_summaries(SummaryQuery { now: NOW, rules: &rules, topic: None, with_history: false });
        summaries.sort_by(|one, other| one.label.name().cmp(&other.label.name()));
        let names = |labels: Vec<&Arc<Label>>| labels.iter().map(|label| label.name().to_string()).collect::<Vec<_>>();
        prop_assert_eq!(
            names(view.groups.iter().map(|group| &group.label).collect()),
            names(summaries.iter().map(|summary| &summary.label).collect())
        );
        for (group, summary) in view.groups.iter().zip(&summaries) {
            let stats = view.topics_of(group).iter().map(|topic| topic.stats).fold(GroupStats::NONE, GroupStats::merge);
            prop_assert_eq!(stats, summary.stats);
            prop_assert_eq!(group.evaluation, summary.evaluation);
            let detail = cluster.group(group.label.name()).unwrap();
            prop_assert_eq!(by_view(&view, group), by_detail(&detail));
        }
    }
}
