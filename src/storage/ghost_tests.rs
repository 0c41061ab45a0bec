//! Groups that are in two partitions of the offsets topic, because it has grown. Through the public interface of storage.
//!
//! With 4 partitions `trades` is in partition 1 and with 6 in partition 3.

use std::sync::Arc;

use super::*;
use crate::model::{Name, Order, Partition, offsets_partition};
use crate::storage::limit_tests::Limited;
use crate::storage::tests::{cluster, commit, members, view_of};

const NOW: Timestamp = Timestamp(1_000_000_000);
const DAY: i64 = 86_400_000;
const OLD: i32 = 1;
const RIGHT: i32 = 3;

fn grown() -> Arc<Cluster> {
    let place = |partitions| offsets_partition(Name(b"trades"), partitions);
    assert_eq!((place(4), place(6)), (Some(Partition(OLD)), Some(Partition(RIGHT))));
    let cluster = cluster();
    cluster.set_offsets_partitions("m", 6);
    cluster
}

fn live(cluster: &Cluster, partition: i32, updates: Vec<(i64, Update<'_>)>) {
    let source = cluster.source("m", partition);
    cluster.apply(source, PastState::Read, updates.into_iter().map(|(order, update)| (Order(order), update)), NOW);
}

fn build(cluster: &Arc<Cluster>, partition: i32, updates: Vec<(i64, Update<'_>)>) {
    let mut build = cluster.start_build(cluster.source("m", partition));
    build.apply(updates.into_iter().map(|(order, update)| (Order(order), update)), NOW);
    build.publish();
}

/// Each group with its state, members, and commits as `partition=offset`.
fn shown(cluster: &Cluster) -> Vec<String> {
    let view = view_of(cluster);
    let each = view.groups.iter().map(|group| {
        let topics = view.topics_of(group).iter().flat_map(|topic| view.commits(topic));
        let commits: Vec<String> =
            topics.map(|commit| format!("{}={}", commit.partition.0, commit.committed.0)).collect();
        format!("{} {} {}: {}", group.label.name(), group.state.name(), group.members.len(), commits.join(" "))
    });
    each.collect()
}

fn before() -> Vec<(i64, Update<'static>)> {
    let both = members("trades", 1, &[("m", "t", &[0, 1])]);
    vec![(901, both), (902, commit("trades", "t", 0, 70, 10)), (903, commit("trades", "t", 1, 80, 20))]
}

#[test]
fn the_old_partition_counts_until_the_right_one_has_a_record_and_never_after() {
    let cluster = grown();
    live(&cluster, OLD, before());
    assert_eq!(shown(&cluster), ["trades stable 1: 0=70 1=80"]);
    // What follows is older by its time and its order: clocks of brokers differ, and offsets begin at 0.
    live(&cluster, RIGHT, vec![(1, commit("trades", "t", 0, 71, 5))]);
    assert_eq!(shown(&cluster), ["trades empty 0: 0=71"]);
    // The old coordinator lets its members time out, and expires its commits.
    live(&cluster, RIGHT, vec![(2, members("trades", 1, &[("m", "t", &[0])]))]);
    let dropped = || cluster.dropped().find(|(why, _)| *why == DropReason::Superseded).map(|(_, count)| count);
    assert_eq!(dropped(), Some(0));
    live(&cluster, OLD, vec![(904, members("trades", 99, &[])), (905, commit("trades", "t", 1, 81, 999))]);
    live(&cluster, OLD, vec![(906, Update::GroupTombstone { group: Name(b"trades") })]);
    assert_eq!(shown(&cluster), ["trades stable 1: 0=71"]);
    assert_eq!(dropped(), Some(1));
}

#[test]
fn in_whichever_order_the_partitions_are_read_the_right_one_counts() {
    let right = || vec![(1, commit("trades", "t", 0, 71, 5))];
    for old_first in [true, false] {
        let cluster = grown();
        let read = [(OLD, before()), (RIGHT, right())];
        let read: Vec<_> = if old_first { read.into() } else { read.into_iter().rev().collect() };
        read.into_iter().for_each(|(partition, updates)| build(&cluster, partition, updates));
        assert_eq!(shown(&cluster), ["trades empty 0: 0=71"], "{old_first}");
    }
}

#[test]
fn a_group_that_is_in_its_old_partition_alone_is_shown_until_its_tombstones() {
    let cluster = grown();
    build(&cluster, OLD, before());
    build(&cluster, RIGHT, Vec::new());
    assert_eq!(shown(&cluster), ["trades stable 1: 0=70 1=80"]);
    live(&cluster, OLD, vec![(904, members("trades", 99, &[])), (905, gone(0)), (906, gone(1))]);
    assert_eq!(shown(&cluster), ["trades empty 0: "]);
    live(&cluster, OLD, vec![(907, Update::GroupTombstone { group: Name(b"trades") })]);
    assert!(cluster.shards().iter().all(|shard| shard.is_empty()));
}

fn gone(partition: i32) -> Update<'static> {
    Update::CommitTombstone { group: Name(b"trades"), topic: Name(b"t"), partition: Partition(partition) }
}

/// A group that is in the partition [`RIGHT`] with 6 partitions, and there too with 4 or not.
fn neighbour(with_four: bool) -> String {
    let place =
        |name: &String, partitions| offsets_partition(Name(name.as_bytes()), partitions) == Some(Partition(RIGHT));
    let names = (0..).map(|number| format!("team-{number}"));
    // With 5 partitions it is elsewhere in either case.
    names.into_iter().find(|name| place(name, 6) && !place(name, 5) && place(name, 4) == with_four).unwrap()
}

#[test]
fn a_group_that_is_a_day_older_than_a_commit_of_the_grown_topic_is_gone() {
    let (moved, stayed) = (neighbour(false), neighbour(true));
    let ends_in = |old: i32, group: &str, at: i64, now: i64| {
        let cluster = grown();
        live(&cluster, old, before());
        live(&cluster, RIGHT, vec![(1, commit(group, "t", 0, 1, at))]);
        cluster.expire(Timestamp(now));
        !shown(&cluster).iter().any(|group| group.starts_with("trades"))
    };
    let ends = |group: &str, at: i64, now: i64| ends_in(OLD, group, at, now);
    // The newest record of the group is of time 20.
    assert!(ends(&moved, DAY + 20, NOW.0));
    assert!(!ends(&moved, DAY + 19, NOW.0));
    // A group that was in this partition before says nothing of the brokers: they may not have been restarted.
    assert!(!ends(&stayed, DAY + 20, NOW.0));
    // No number of partitions has put it into the last one: the number that is known may be wrong.
    assert!(!ends_in(5, &moved, DAY + 20, NOW.0));
    // A time ahead of the clock says nothing.
    assert!(!ends(&moved, DAY + 20, DAY));
}

#[test]
fn the_partition_counts_again_when_the_number_changes() {
    let cluster = cluster();
    cluster.set_offsets_partitions("m", 4);
    live(&cluster, OLD, before());
    live(&cluster, RIGHT, vec![(1, members("trades", 1, &[]))]);
    assert_eq!(shown(&cluster), ["trades stable 1: 0=70 1=80"], "with 4 partitions it is in the old one");
    cluster.set_offsets_partitions("m", 6);
    assert_eq!(shown(&cluster), ["trades stable 1: 0=70 1=80"]);
    live(&cluster, RIGHT, vec![(2, members("trades", 1, &[]))]);
    assert_eq!(shown(&cluster), ["trades empty 0: "]);
    live(&cluster, OLD, vec![(904, commit("trades", "t", 0, 1, 1))]);
    assert_eq!(shown(&cluster), ["trades empty 0: "]);
}

#[test]
fn nothing_is_a_ghost_while_the_number_of_partitions_is_not_known() {
    let cluster = cluster();
    cluster.set_offsets_partitions("m", 0);
    live(&cluster, OLD, before());
    live(&cluster, RIGHT, vec![(1, commit("trades", "t", 0, 71, 30))]);
    assert_eq!(shown(&cluster), ["trades stable 1: 0=71 1=80"]);
}

#[test]
fn what_was_refused_of_the_old_partition_makes_the_group_incomplete_until_the_right_one_has_a_record() {
    for is_read_again in [false, true] {
        let limited = Limited::new(StorageLimits { groups: Some(1), ..StorageLimits::default() }, ExpiryPolicy::NEVER);
        let cluster = &limited.cluster;
        cluster.set_offsets_partitions("m", 6);
        live(cluster, 0, vec![(1, commit("first", "t", 0, 1, 1))]);
        live(cluster, OLD, before());
        assert_eq!((cluster.refused_groups(), cluster.incomplete_groups()), (1, 0));
        limited.budget.set_limits(StorageLimits::default());
        live(cluster, OLD, vec![(904, commit("trades", "t", 0, 72, 30))]);
        assert_eq!((cluster.refused_groups(), cluster.incomplete_groups()), (0, 1));
        let right = vec![(1, commit("trades", "t", 0, 73, 40))];
        if is_read_again {
            build(cluster, RIGHT, right)
        } else {
            live(cluster, RIGHT, right)
        }
        assert_eq!((cluster.refused_groups(), cluster.incomplete_groups()), (0, 0));
        let view = view_of(cluster);
        assert!(view.groups.iter().all(|group| !group.lost.any()));
    }
}
