//! The limits of storage (docs/src/reference/storage-rules.md, Limits of storage).

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::{Lag, Name, Offset, Order, Partition, TopicId};
use crate::storage::limits::budget::Budget;
use crate::storage::tests::{bounds, commit, members, metadata};

const NOW: Timestamp = Timestamp(1_000_000);

/// A cluster with its part of the limits.
pub(super) struct Limited {
    pub cluster: Arc<Cluster>,
    pub budget: Arc<Budget>,
}

impl Limited {
    pub fn new(limits: StorageLimits, expire: ExpiryPolicy) -> Self {
        let budget = Arc::new(Budget::default());
        budget.set_limits(limits);
        let rules = StorageRules { intervals: NonZeroUsize::new(3).unwrap(), min_distance: Duration::ZERO, expire };
        Self { cluster: Arc::new(Cluster::new("c", rules, &budget)), budget }
    }

    pub fn view(&self) -> ClusterView {
        let rules =
            EvaluatorRules { intervals: self.cluster.rules().intervals, minimum_complete: 0.0, allowed_lag: Lag(0) };
        ClusterView::of(&self.cluster, NOW, &rules)
    }

    fn live(&self, updates: Vec<(i64, Update<'_>)>) {
        self.stream(PastState::Read, updates);
    }

    fn stream(&self, past: PastState, updates: Vec<(i64, Update<'_>)>) {
        let updates = updates.into_iter().map(|(order, update)| (Order(order), update));
        self.cluster.apply(self.cluster.source("m", 0), past, updates, NOW);
    }

    fn build(&self, updates: Vec<(i64, Update<'_>)>) {
        let mut build = self.cluster.start_build(self.cluster.source("m", 0));
        build.apply(updates.into_iter().map(|(order, update)| (Order(order), update)), NOW);
        build.publish();
    }

    /// The names of the groups that are shown, and the numbers of those that are refused and incomplete.
    fn shown(&self) -> (Vec<String>, usize, usize) {
        let names = self.view().groups.iter().map(|group| group.label.name().to_string()).collect();
        (names, self.cluster.refused_groups(), self.cluster.incomplete_groups())
    }

    fn lost(&self) -> LostRecords {
        self.view().groups[0].lost
    }

    fn dropped(&self) -> u64 {
        self.cluster.dropped().find(|(why, _)| *why == DropReason::Limited).unwrap().1
    }
}

fn groups(most: u64) -> StorageLimits {
    StorageLimits { groups: Some(most), ..StorageLimits::default() }
}

fn of_groups(most: u64) -> Limited {
    Limited::new(groups(most), ExpiryPolicy::NEVER)
}

fn gone<'a>(group: &'a str, topic: &'a str, partition: i32) -> Update<'a> {
    let (group, topic) = (Name(group.as_bytes()), Name(topic.as_bytes()));
    Update::CommitTombstone { group, topic, partition: Partition(partition) }
}

fn group_gone(group: &str) -> Update<'_> {
    Update::GroupTombstone { group: Name(group.as_bytes()) }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_new_group_is_refused_at_the_limit_and_the_growth_of_a_known_one_is_not() {
    let limited = of_groups(1);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 1, 1)), (3, commit("b", "t", 1, 1, 1))]);
    limited.live(vec![(4, commit("a", "u", 5, 1, 1)), (5, members("a", 1, &[("m", "t", &[0])]))]);
    assert_eq!(limited.shown(), (names(&["a"]), 1, 0));
    assert_eq!((limited.dropped(), limited.budget.usage().group_partitions), (2, 2));
    assert_eq!(limited.lost(), LostRecords::NONE);
}

#[test]
fn partitions_and_memory_limit_new_groups_too() {
    let limits = StorageLimits { group_partitions: Some(2), ..StorageLimits::default() };
    let limited = Limited::new(limits, ExpiryPolicy::NEVER);
    let all = [("a", 0), ("a", 1), ("a", 2), ("b", 0)];
    limited.live((1..).zip(all.map(|(group, partition)| commit(group, "t", partition, 1, 1))).collect());
    assert_eq!(limited.shown(), (names(&["a"]), 1, 0));
    let limits = StorageLimits { memory: Some(1), ..StorageLimits::default() };
    let limited = Limited::new(limits, ExpiryPolicy::NEVER);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 1, 1))]);
    assert_eq!(limited.shown(), (names(&["a"]), 1, 0), "the names of topics are measured later");
}

#[test]
fn a_refused_group_gets_in_with_its_next_record_and_its_sums_are_unknown_until_all_is_read_again() {
    let limited = of_groups(1);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 7, 1)), (3, commit("b", "t", 1, 8, 1))]);
    limited.live(vec![(4, members("b", 1, &[("m", "t", &[0])])), (5, gone("a", "t", 0))]);
    assert_eq!(limited.shown(), (vec![], 1, 0));
    limited.live(vec![(6, commit("b", "t", 0, 9, 2))]);
    assert_eq!(limited.shown(), (names(&["b"]), 0, 1));
    assert_eq!(limited.lost(), LostRecords { commits: true, members: true });
    // The tombstone of a partition says as much as a commit.
    limited.live(vec![(7, gone("b", "t", 1))]);
    assert_eq!(limited.lost(), LostRecords { commits: false, members: true });
    limited.live(vec![(8, members("b", 2, &[("m", "t", &[0])]))]);
    assert_eq!((limited.lost(), limited.shown()), (LostRecords::NONE, (names(&["b"]), 0, 0)));
}

#[test]
fn a_refused_group_counts_until_nothing_is_left_of_it() {
    let limited = of_groups(1);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 7, 1)), (3, commit("b", "t", 1, 8, 1))]);
    limited.live(vec![(4, members("b", 1, &[("m", "t", &[0])])), (5, commit("c", "t", 0, 1, 1))]);
    assert_eq!(limited.cluster.refused_groups(), 2);
    limited.live(vec![(6, gone("b", "t", 0)), (7, gone("b", "t", 1)), (8, gone("c", "t", 0))]);
    assert_eq!(limited.cluster.refused_groups(), 1);
    limited.live(vec![(9, group_gone("b"))]);
    assert_eq!(limited.cluster.refused_groups(), 0);
}

#[test]
fn an_incomplete_group_that_is_empty_is_refused_again_until_nothing_is_left_of_it() {
    let limited = of_groups(1);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 7, 1)), (3, commit("b", "t", 1, 8, 1))]);
    limited.live(vec![(4, gone("a", "t", 0)), (5, commit("b", "t", 1, 9, 1)), (6, gone("b", "t", 1))]);
    assert_eq!(limited.shown(), (vec![], 1, 0));
    limited.live(vec![(7, commit("b", "t", 2, 1, 1))]);
    assert_eq!((limited.shown(), limited.lost().commits), ((names(&["b"]), 0, 1), true));
    limited.live(vec![(8, gone("b", "t", 0))]);
    assert_eq!((limited.shown(), limited.lost().commits), ((names(&["b"]), 0, 0), false));
}

#[test]
fn a_raised_limit_lets_refused_groups_in_and_a_lowered_one_removes_none() {
    let limited = of_groups(1);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 1, 1)), (3, commit("c", "t", 0, 1, 1))]);
    limited.budget.set_limits(groups(2));
    limited.live(vec![(4, commit("c", "t", 0, 2, 1)), (5, commit("b", "t", 0, 2, 1))]);
    assert_eq!(limited.shown(), (names(&["a", "c"]), 1, 0));
    limited.budget.set_limits(groups(1));
    limited.live(vec![(6, commit("c", "t", 1, 2, 1)), (7, commit("d", "t", 0, 2, 1))]);
    assert_eq!(limited.shown(), (names(&["a", "c"]), 2, 0));
    limited.budget.set_limits(StorageLimits::default());
    limited.live(vec![(8, commit("b", "t", 0, 3, 1)), (9, commit("d", "t", 0, 3, 1))]);
    assert_eq!(limited.shown(), (names(&["a", "b", "c", "d"]), 0, 0));
}

#[test]
fn a_group_that_expires_or_is_removed_makes_room_and_is_forgotten() {
    let limited = Limited::new(groups(1), ExpiryPolicy::after(Duration::from_secs(100)));
    let at = |seconds: i64| NOW.0 + seconds * 1_000;
    limited.live(vec![(1, commit("a", "t", 0, 1, at(0))), (2, commit("b", "t", 0, 1, at(0)))]);
    limited.cluster.expire(Timestamp(at(200)));
    assert_eq!(limited.shown(), (vec![], 1, 0));
    limited.live(vec![(3, commit("b", "t", 1, 1, at(200)))]);
    assert_eq!(limited.shown(), (names(&["b"]), 0, 1));
    assert!(limited.cluster.remove_group(Name(b"b")));
    assert_eq!(limited.shown(), (vec![], 0, 0));
    limited.live(vec![(4, commit("b", "t", 1, 1, at(201)))]);
    assert_eq!(limited.shown(), (names(&["b"]), 0, 0), "as the rule of removals by request says");
}

#[test]
fn a_group_whose_members_are_lost_does_not_expire() {
    let limited = Limited::new(groups(1), ExpiryPolicy::after(Duration::from_secs(100)));
    limited.live(vec![(1, commit("a", "t", 0, 1, NOW.0)), (2, members("b", 1, &[("m", "t", &[0])]))]);
    limited.live(vec![(3, gone("a", "t", 0)), (4, commit("b", "t", 0, 1, NOW.0))]);
    limited.cluster.expire(Timestamp(NOW.0 + 200_000));
    assert_eq!(limited.shown(), (names(&["b"]), 0, 1));
    limited.live(vec![(5, members("b", 2, &[]))]);
    limited.cluster.expire(Timestamp(NOW.0 + 200_000));
    assert_eq!(limited.shown(), (vec![], 0, 0));
}

#[test]
fn a_source_that_is_read_again_refuses_no_group_that_is_held_and_completes_those_that_are_not() {
    let limited = of_groups(2);
    let log = || {
        vec![
            (1, commit("c", "t", 0, 5, 1)),
            (2, commit("a", "t", 0, 5, 1)),
            (3, commit("b", "t", 0, 5, 1)),
            (4, commit("b", "t", 1, 5, 1)),
        ]
    };
    limited.live(log());
    assert_eq!(limited.shown(), (names(&["a", "c"]), 1, 0));
    limited.live(vec![(5, gone("c", "t", 0)), (6, commit("b", "t", 2, 1, 1))]);
    assert_eq!(limited.shown(), (names(&["a", "b"]), 0, 1));
    let again = || log().into_iter().chain([(5, gone("c", "t", 0)), (6, commit("b", "t", 2, 1, 1))]).collect();
    limited.build(again());
    // Group c was first in the past, but a and b were held.
    assert_eq!(limited.shown(), (names(&["a", "b"]), 0, 0));
    assert_eq!(limited.view().group_topics[1].len(), 3);
    limited.budget.set_limits(groups(0));
    limited.build(again());
    assert_eq!(limited.shown(), (names(&["a", "b"]), 0, 0));
}

#[test]
fn reading_from_the_beginning_holds_no_more_than_fits_and_counts_the_rest() {
    let limited = of_groups(3);
    let all: Vec<String> = (0..100).map(|group| format!("g{group}")).collect();
    let log: Vec<_> = (1..).zip(all.iter().map(|group| commit(group, "t", 0, 1, 1))).collect();
    let mut build = limited.cluster.start_build(limited.cluster.source("m", 0));
    build.apply(log.iter().map(|(order, update)| (Order(*order), update.clone())), NOW);
    assert_eq!(limited.budget.usage().groups, 3, "before it is published");
    assert_eq!(limited.cluster.refused_groups(), 0);
    build.publish();
    assert_eq!(limited.shown(), (names(&["g0", "g1", "g2"]), 97, 0));
    let held = limited.budget.usage().memory;
    let source = limited.cluster.source("m", 0);
    limited.cluster.remove_source(source);
    assert_eq!((limited.budget.usage().groups, limited.shown()), (0, (vec![], 0, 0)));
    assert!(limited.budget.usage().memory < held / 10);
    drop(limited.cluster.start_build(source));
    assert_eq!(limited.budget.usage().groups, 0);
}

#[test]
fn the_past_brings_back_nothing_that_a_refused_record_has_replaced_or_deleted() {
    let limited = of_groups(1);
    let new = vec![(10, commit("a", "t", 0, 1, 1)), (11, commit("b", "t", 0, 90, 2)), (12, gone("b", "t", 1))];
    limited.stream(PastState::Ahead, new);
    limited.stream(PastState::Ahead, vec![(13, gone("a", "t", 0)), (14, commit("b", "t", 2, 5, 2))]);
    // Group a is held still, because its tombstone is remembered.
    assert_eq!(limited.cluster.refused_groups(), 1);
    limited.budget.set_limits(groups(5));
    let old = vec![(1, commit("b", "t", 0, 10, 1)), (2, commit("b", "t", 1, 10, 1)), (3, commit("b", "t", 3, 10, 1))];
    limited.stream(PastState::Behind, old);
    let view = limited.view();
    let shown =
        view.commits(&view.group_topics[0]).map(|commit| (commit.partition.0, commit.committed.0)).collect::<Vec<_>>();
    assert_eq!((shown, limited.lost().commits), (vec![(3, 10)], true));
    limited.cluster.drop_pending_tombstones(limited.cluster.source("m", 0));
    limited.live(vec![(20, commit("b", "t", 0, 91, 2)), (21, commit("b", "t", 2, 6, 2))]);
    assert_eq!(limited.shown(), (names(&["b"]), 0, 0));
}

#[test]
fn a_change_of_a_state_that_was_refused_is_not_applied() {
    let limited = of_groups(1);
    let state = |order, whole, start: i64| {
        let state = ShareState { whole, start: Some(Offset(start)), done: Some(0), finished: Vec::new() };
        let (group, topic) = (Name(b"s"), TopicId(1));
        (order, Update::Share(ShareUpdate { group, topic, partition: Partition(0), at: NOW, state: Some(state) }))
    };
    let epoch = GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: None }));
    limited.cluster.apply_metadata(metadata(&[("t", 1, 1)]), NOW);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), state(2, true, 5), (3, gone("a", "t", 0))]);
    limited.live(vec![state(4, false, 7)]);
    assert_eq!(limited.shown(), (vec![], 1, 0));
    limited.live(vec![(5, Update::Fact { group: Name(b"s"), kind: GroupKind::Share, at: NOW, fact: epoch })]);
    limited.live(vec![state(6, false, 8)]);
    assert_eq!(limited.cluster.incomplete_groups(), 1);
    limited.live(vec![state(7, true, 9)]);
    let view = limited.view();
    let shown: Vec<_> = view.commits(&view.group_topics[0]).map(|commit| commit.committed.0).collect();
    assert_eq!((shown, limited.cluster.incomplete_groups()), (vec![9], 0));
}

#[test]
fn where_not_every_refused_record_can_be_noted_nothing_is_believed_until_it_is_read_again() {
    let limited = of_groups(1);
    limited.budget.add_notes(1 << 30);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 7, 1)), (3, gone("b", "t", 0))]);
    assert_eq!(limited.cluster.refused_groups(), 1, "it is not noted which partition that was");
    limited.live(vec![(4, gone("a", "t", 0)), (5, commit("b", "t", 0, 8, 1))]);
    assert_eq!((limited.shown(), limited.lost().any()), ((names(&["b"]), 0, 1), true));
    limited.build(vec![(5, commit("b", "t", 0, 8, 1))]);
    assert_eq!((limited.shown(), limited.lost().any()), ((names(&["b"]), 0, 0), false));
}

#[test]
fn beyond_a_million_refused_groups_every_new_group_may_be_one_of_them() {
    let limited = of_groups(1);
    limited.budget.add_names(1_000_000);
    limited.live(vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 7, 1))]);
    assert_eq!(limited.cluster.refused_groups(), 0);
    limited.budget.set_limits(StorageLimits::default());
    // Any shard may have refused it, so only groups of the same shard are in doubt.
    limited.live(vec![(3, commit("b", "t", 0, 8, 1))]);
    let view = limited.view();
    assert_eq!((view.groups[0].lost.any(), view.groups[1].lost.any()), (false, true));
}

#[test]
fn clusters_share_the_limits() {
    let rules = StorageRules {
        intervals: NonZeroUsize::new(3).unwrap(),
        min_distance: Duration::ZERO,
        expire: ExpiryPolicy::NEVER,
    };
    let storage = Storage::new(["one", "two"], rules);
    storage.set_limits(groups(2));
    for (cluster, group) in [("one", "a"), ("two", "a"), ("one", "b"), ("two", "b")] {
        let cluster = storage.cluster(cluster).unwrap();
        let update = (Order(i64::from(group.as_bytes()[0])), commit(group, "t", 0, 1, 1));
        cluster.apply(cluster.source("m", 0), PastState::Read, [update], NOW);
    }
    assert_eq!((storage.usage().groups, storage.limits()), (2, groups(2)));
    assert_eq!(storage.clusters().iter().map(|cluster| cluster.refused_groups()).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn the_memory_of_topics_counts() {
    let limited = of_groups(1);
    let before = limited.budget.usage().memory;
    limited.cluster.apply_metadata(metadata(&[("t", 1, 1_000)]), NOW);
    let named = limited.budget.usage().memory;
    assert!(named > before + 100_000, "{named}");
    let found: Vec<_> = (0..1_000).map(|partition| bounds("t", partition, 0, 9)).collect();
    limited.cluster.apply_bounds(&found, NOW);
    limited.cluster.expire(NOW);
    assert!(limited.budget.usage().memory > named);
}

#[test]
fn a_group_whose_commits_are_all_too_old_is_not_refused() {
    let limited = Limited::new(groups(1), ExpiryPolicy::after(Duration::from_secs(100)));
    limited.live(vec![(1, commit("a", "t", 0, 1, NOW.0)), (2, commit("b", "t", 0, 1, NOW.0 - 200_000))]);
    assert_eq!((limited.shown(), limited.dropped()), ((names(&["a"]), 0, 0), 0));
}
