//! The states of share groups, through the public interface of storage.

use std::sync::Arc;

use crate::lag::OffsetBounds;
use crate::model::{CommitLag, Lag, Name, Offset, Order, Partition, TimeLag, Timestamp, TopicId};
use crate::storage::sources::source::PastState;
use crate::storage::tests::{bounds, cluster, commit, metadata, view_of};
use crate::storage::{Cluster, ClusterView, EpochUpdate, GroupFact, GroupKind, ShareState, ShareUpdate, Update};

const NOW: Timestamp = Timestamp(1_000_000);

fn epoch() -> Update<'static> {
    let fact = GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: None }));
    Update::Fact { group: Name(b"g"), kind: GroupKind::Share, at: Timestamp(10), fact }
}

fn no_epoch() -> Update<'static> {
    Update::Fact { group: Name(b"g"), kind: GroupKind::Share, at: Timestamp(10), fact: GroupFact::Epoch(None) }
}

fn share(partition: i32, state: Option<ShareState>) -> Update<'static> {
    let (topic, partition, at) = (TopicId(7), Partition(partition), Timestamp(500));
    Update::Share(ShareUpdate { group: Name(b"g"), topic, partition, at, state })
}

/// A snapshot.
fn whole(partition: i32, start: i64, done: Option<u32>) -> Update<'static> {
    state(partition, true, (start, done), &[])
}

/// An update.
fn change(partition: i32, start: i64, done: Option<u32>) -> Update<'static> {
    state(partition, false, (start, done), &[])
}

fn state(partition: i32, whole: bool, (start, done): (i64, Option<u32>), finished: &[(i64, i64)]) -> Update<'static> {
    let start = (start >= 0).then_some(Offset(start));
    let finished = finished.iter().map(|(first, last)| (Offset(*first), Offset(*last))).collect();
    share(partition, Some(ShareState { whole, start, done, finished }))
}

fn live(cluster: &Cluster, updates: Vec<(i64, Update<'static>)>) {
    let source = cluster.share_source("m", 0);
    cluster.apply(source, PastState::Read, updates.into_iter().map(|(order, update)| (Order(order), update)), NOW);
}

fn own(cluster: &Cluster, order: i64, update: Update<'static>) {
    cluster.apply(cluster.source("m", 0), PastState::Read, [(Order(order), update)], NOW);
}

/// A cluster with a share group and topic `t` of three partitions, whose log ends are 100.
fn scene() -> Arc<Cluster> {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 7, 3)]), NOW);
    cluster.apply_bounds(&[0, 1, 2].map(|partition| bounds("t", partition, 0, 100)), NOW);
    own(&cluster, 1, epoch());
    cluster
}

/// Partition, start offset and lag of all partitions that are shown.
fn shown(cluster: &Cluster) -> Vec<(i32, i64, Option<u64>)> {
    let view: ClusterView = view_of(cluster);
    let topics = view.group_topics.iter().flat_map(|topic| view.commits(topic));
    topics.map(|commit| (commit.partition.0, commit.committed.0, commit.lag().map(|Lag(lag)| lag))).collect()
}

/// Offsets and commit lags of the commits that are held of a partition.
fn held(cluster: &Cluster, partition: usize) -> Vec<(i64, CommitLag)> {
    let group = cluster.group(Name(b"g")).unwrap();
    let mut partitions = group.partitions(&group.topics[0]);
    let window = partitions.nth(partition).unwrap().window.unwrap();
    window.iter().map(|commit| (commit.offset.0, commit.lag)).collect()
}

#[test]
fn the_start_offset_is_what_is_committed_and_what_is_done_with_is_not_lag() {
    let cluster = scene();
    live(&cluster, vec![(1, whole(0, 40, Some(0))), (2, whole(1, 10, None)), (3, whole(2, -1, Some(0)))]);
    assert_eq!(shown(&cluster), [(0, 40, Some(60)), (1, 10, None)]);
    live(&cluster, vec![(4, change(0, -1, Some(5))), (5, change(1, 20, Some(1))), (6, change(2, 3, Some(0)))]);
    assert_eq!(shown(&cluster), [(0, 40, Some(55)), (1, 20, Some(79)), (2, 3, Some(97))]);
    // Brokers before 4.2 do not write the count. Without unread records none is needed.
    live(&cluster, vec![(7, change(0, 50, None)), (8, change(1, 100, None))]);
    assert_eq!(shown(&cluster), [(0, 50, None), (1, 100, Some(0)), (2, 3, Some(97))]);
}

#[test]
fn changes_make_a_window_and_what_is_only_written_down_again_does_not() {
    let cluster = scene();
    live(&cluster, vec![(1, whole(0, 10, Some(0))), (2, change(0, 20, Some(3))), (3, whole(0, 20, Some(3)))]);
    assert_eq!(held(&cluster, 0), [(10, CommitLag::Known(Lag(90))), (20, CommitLag::Known(Lag(77)))]);
    live(&cluster, vec![(4, change(0, -1, Some(3))), (2, change(0, 99, None))]);
    assert_eq!(held(&cluster, 0).len(), 3);
    assert_eq!(shown(&cluster), [(0, 20, Some(77))]);
}

#[test]
fn a_window_follows_the_first_record_that_is_left_and_the_time_lag_is_its_age() {
    let cluster = scene();
    live(&cluster, vec![(1, state(0, true, (10, Some(5)), &[(10, 12), (20, 21)]))]);
    live(&cluster, vec![(2, state(0, false, (-1, Some(12)), &[(13, 19)]))]);
    assert_eq!(held(&cluster, 0), [(13, CommitLag::Known(Lag(85))), (22, CommitLag::Known(Lag(78)))]);
    assert_eq!(shown(&cluster), [(0, 10, Some(78))]);
    let time_lag = || {
        let view = view_of(&cluster);
        view.commits(&view.group_topics[0]).next().unwrap().time_lag
    };
    // The append time of record 22 is unknown. Without unread records none is needed.
    assert_eq!(time_lag(), None);
    live(&cluster, vec![(3, state(0, false, (-1, Some(90)), &[(22, 99)]))]);
    assert_eq!((shown(&cluster), time_lag()), (vec![(0, 10, Some(0))], Some(TimeLag::ZERO)));
}

#[test]
fn a_state_that_is_gone_or_has_no_start_any_more_is_no_commit() {
    let cluster = scene();
    live(&cluster, vec![(1, whole(0, 10, Some(0))), (2, whole(1, 10, Some(0)))]);
    live(&cluster, vec![(3, share(0, None)), (4, whole(1, -1, None)), (5, change(2, -1, Some(4)))]);
    assert!(shown(&cluster).is_empty());
    // The count of its finished records is gone, too.
    live(&cluster, vec![(6, whole(0, 10, None))]);
    assert_eq!(shown(&cluster), [(0, 10, None)]);
}

#[test]
fn a_topic_whose_name_is_not_known_yet_is_shown_once_it_is() {
    let cluster = cluster();
    own(&cluster, 1, epoch());
    live(&cluster, vec![(1, whole(0, 10, Some(1))), (2, change(0, 20, Some(2))), (3, whole(1, 5, Some(0)))]);
    live(&cluster, vec![(4, share(1, None))]);
    assert!(shown(&cluster).is_empty());
    cluster.apply_metadata(metadata(&[("t", 7, 3)]), NOW);
    cluster.apply_bounds(&[bounds("t", 0, 0, 100)], NOW);
    assert_eq!(shown(&cluster), [(0, 20, Some(78))]);
    assert_eq!(held(&cluster, 0).len(), 2);
}

#[test]
fn nothing_is_left_of_a_group_that_is_gone_before_its_topic_had_a_name() {
    let cluster = cluster();
    live(&cluster, vec![(1, whole(0, 10, Some(1))), (2, share(0, None)), (3, share(1, None))]);
    assert!(cluster.shards().iter().all(|shard| shard.is_empty()));
}

#[test]
fn it_shows_with_the_group_s_own_records_alone_and_never_as_a_simple_group() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 7, 3)]), NOW);
    live(&cluster, vec![(1, whole(0, 10, Some(1)))]);
    assert!(view_of(&cluster).groups.is_empty() && cluster.used_groups().is_empty());
    assert!(cluster.group(Name(b"g")).is_none() && cluster.consumers_of(Name(b"t")).is_empty());
    own(&cluster, 1, epoch());
    assert_eq!((view_of(&cluster).groups.len(), cluster.consumers_of(Name(b"t")).len()), (1, 1));
    own(&cluster, 2, no_epoch());
    assert!(view_of(&cluster).groups.is_empty());
}

#[test]
fn what_was_built_beside_takes_the_place_of_what_was_shown() {
    let cluster = scene();
    live(&cluster, vec![(1, whole(0, 10, Some(1))), (2, whole(1, 10, Some(1)))]);
    let mut build = cluster.start_build(cluster.share_source("m", 0));
    build.apply([(Order(1), whole(0, 10, Some(1))), (Order(3), change(0, 30, Some(4)))], NOW);
    assert_eq!(shown(&cluster).len(), 2);
    build.publish();
    assert_eq!(shown(&cluster), [(0, 30, Some(66))]);
    cluster.remove_source(cluster.share_source("m", 0));
    assert!(shown(&cluster).is_empty());
}

#[test]
fn commits_that_the_name_left_behind_and_the_state_of_a_share_group_take_turns_by_their_time() {
    let cluster = scene();
    own(&cluster, 2, commit("g", "t", 0, 90, 400));
    live(&cluster, vec![(1, whole(0, 10, Some(1)))]);
    assert_eq!(shown(&cluster), [(0, 10, Some(89))]);
    own(&cluster, 3, commit("g", "t", 0, 91, 499));
    assert_eq!(shown(&cluster), [(0, 10, Some(89))]);
    own(&cluster, 4, commit("g", "t", 0, 92, 501));
    assert_eq!(shown(&cluster), [(0, 92, Some(8))]);
}

#[test]
fn a_group_that_is_removed_by_hand_is_gone_with_what_has_no_name() {
    let cluster = scene();
    let nameless = ShareUpdate {
        group: Name(b"g"),
        topic: TopicId(8),
        partition: Partition(0),
        at: Timestamp(500),
        state: Some(ShareState { whole: true, start: Some(Offset(1)), done: None, finished: Vec::new() }),
    };
    live(&cluster, vec![(1, whole(0, 10, Some(1))), (2, Update::Share(nameless))]);
    assert!(cluster.remove_group(Name(b"g")));
    assert!(cluster.shards().iter().all(|shard| shard.is_empty()));
}

#[test]
fn the_bounds_of_a_log_are_those_of_the_topic_with_the_id() {
    let cluster = scene();
    live(&cluster, vec![(1, whole(0, 10, Some(1)))]);
    let view = view_of(&cluster);
    let commit = view.commits(&view.group_topics[0]).next().unwrap();
    assert_eq!(commit.bounds, OffsetBounds { start: Some(Offset(0)), end: Some(Offset(100)) });
}
