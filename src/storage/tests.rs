//! Storage through its public interface: updates in, views out.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::lag::RetentionUsed;
use crate::model::{BrokerId, Name, Offset, Order, Partition, TopicId};

const NOW: Timestamp = Timestamp(1_000_000);

pub(super) fn cluster() -> Arc<Cluster> {
    expiring(ExpiryPolicy::NEVER)
}

fn expiring(expire: ExpiryPolicy) -> Arc<Cluster> {
    let rules = StorageRules { intervals: NonZeroUsize::new(3).unwrap(), min_distance: Duration::ZERO, expire };
    Arc::new(Cluster::new("c", rules, &Arc::default()))
}

pub(super) fn commit<'a>(group: &'a str, topic: &'a str, partition: i32, offset: i64, at: i64) -> Update<'a> {
    let (group, topic) = (Name(group.as_bytes()), Name(topic.as_bytes()));
    Update::Commit { group, topic, partition: Partition(partition), offset: Offset(offset), timestamp: Timestamp(at) }
}

fn gone<'a>(group: &'a str, topic: &'a str, partition: i32) -> Update<'a> {
    let (group, topic) = (Name(group.as_bytes()), Name(topic.as_bytes()));
    Update::CommitTombstone { group, topic, partition: Partition(partition) }
}

pub(super) fn members<'a>(group: &'a str, generation: i32, owners: &[(&'a str, &'a str, &[i32])]) -> Update<'a> {
    let member = |(id, topic, partitions): &(&'a str, &'a str, &[i32])| MemberUpdate {
        id: Name(id.as_bytes()),
        client_id: Name(b"client"),
        client_host: Name(b"/host"),
        assigned: vec![(Name(topic.as_bytes()), partitions.iter().map(|p| Partition(*p)).collect())],
    };
    Update::Members(MembersUpdate {
        group: Name(group.as_bytes()),
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at: Timestamp(i64::from(generation)),
        generation,
        members: owners.iter().map(member).collect(),
    })
}

fn group_tombstone(group: &str) -> Update<'_> {
    Update::GroupTombstone { group: Name(group.as_bytes()) }
}

pub(super) fn live(cluster: &Cluster, updates: Vec<(i64, Update<'_>)>) {
    let source = cluster.source("m", 0);
    cluster.apply(source, PastState::Read, updates.into_iter().map(|(order, update)| (Order(order), update)), NOW);
}

pub(super) fn metadata(topics: &[(&str, u128, usize)]) -> Metadata {
    let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
    let topic = |(name, id, partitions): &(&str, u128, usize)| TopicMetadata {
        name: (*name).to_owned(),
        id: (*id > 0).then_some(TopicId(*id)),
        partitions: vec![partition.clone(); *partitions],
    };
    Metadata { brokers: Vec::new(), topics: topics.iter().map(topic).collect() }
}

pub(super) fn bounds(topic: &str, partition: i32, start: i64, end: i64) -> LogBounds<'_> {
    LogBounds { topic, partition: Partition(partition), start: Some(Offset(start)), end: Some(Offset(end)) }
}

/// A view of all that is shown. Other tests check the status.
pub(super) fn view_of(cluster: &Cluster) -> ClusterView {
    let (intervals, allowed_lag) = (cluster.rules().intervals, crate::model::Lag(0));
    ClusterView::of(cluster, NOW, &EvaluatorRules { intervals, minimum_complete: 0.0, allowed_lag })
}

/// `group/topic/partition` and commit of all that is shown.
fn shown(cluster: &Cluster) -> Vec<(String, i64)> {
    let view = view_of(cluster);
    let mut all = Vec::new();
    for topic in &view.group_topics {
        for CommitView { partition, committed, .. } in view.commits(topic) {
            all.push((format!("{}/{}/{}", topic.group.name(), topic.name.label.name(), partition.0), committed.0));
        }
    }
    all
}

fn row(path: &str, committed: i64) -> (String, i64) {
    (path.to_owned(), committed)
}

#[test]
fn commits_are_shown_by_group_topic_and_partition() {
    let cluster = cluster();
    live(
        &cluster,
        vec![
            (1, commit("b", "t", 1, 5, 10)),
            (2, commit("a", "u", 0, 7, 10)),
            (3, commit("a", "t", 9, 1, 10)),
            (4, commit("b", "t", 0, 6, 10)),
        ],
    );
    assert_eq!(shown(&cluster), [row("a/t/9", 1), row("a/u/0", 7), row("b/t/0", 6), row("b/t/1", 5)]);
}

#[test]
fn a_commit_tombstone_removes_the_partition_and_the_last_one_the_group() {
    let cluster = cluster();
    live(&cluster, vec![(1, commit("a", "t", 0, 5, 10)), (2, commit("a", "t", 1, 6, 10)), (3, gone("a", "t", 0))]);
    assert_eq!(shown(&cluster), [row("a/t/1", 6)]);
    live(&cluster, vec![(4, gone("a", "t", 1))]);
    assert!(view_of(&cluster).groups.is_empty());
}

#[test]
fn a_tombstone_older_than_the_commit_changes_nothing() {
    let cluster = cluster();
    live(&cluster, vec![(5, commit("a", "t", 0, 5, 10)), (4, gone("a", "t", 0))]);
    assert_eq!(shown(&cluster), [row("a/t/0", 5)]);
}

#[test]
fn a_group_tombstone_removes_the_members_and_leaves_the_commits() {
    let cluster = cluster();
    live(&cluster, vec![(1, members("a", 1, &[("m", "t", &[0])])), (2, commit("a", "t", 0, 5, 10))]);
    live(&cluster, vec![(3, group_tombstone("a"))]);
    let view = view_of(&cluster);
    assert_eq!(
        (view.groups.len(), view.groups[0].kind, view.group_topics[0].stats.assigned),
        (1, GroupType::Simple, 0)
    );
    assert_eq!(shown(&cluster), [row("a/t/0", 5)]);
}

#[test]
fn owners_are_replaced_as_a_whole_by_each_generation() {
    let cluster = cluster();
    live(&cluster, vec![(1, members("a", 1, &[("m1", "t", &[0, 1]), ("m2", "u", &[0])]))]);
    live(&cluster, vec![(2, members("a", 2, &[("m2", "t", &[1])])), (3, commit("a", "t", 0, 5, 10))]);
    let view = view_of(&cluster);
    let topic = &view.group_topics[0];
    assert_eq!(
        (view.group_topics.len(), topic.assigned.to_vec()),
        (1, vec![PartitionOwner { partition: Partition(1), member: 0 }])
    );
    assert_eq!(topic.members[0].id.name(), Name(b"m2"));
    assert_eq!((topic.stats.assigned, topic.stats.uncommitted), (1, 1));
    live(&cluster, vec![(1, members("a", 1, &[("m1", "t", &[0, 1])]))]);
    assert_eq!(view_of(&cluster).groups[0].members.len(), 1);
}

#[test]
fn only_what_happens_live_is_counted() {
    let cluster = cluster();
    let source = cluster.source("m", 0);
    let mut build = cluster.start_build(source);
    build.apply([(Order(1), commit("a", "t", 0, 5, 10)), (Order(2), members("a", 7, &[]))], NOW);
    build.publish();
    live(&cluster, vec![(3, commit("a", "t", 0, 6, 11)), (4, members("a", 8, &[])), (5, members("a", 8, &[]))]);
    let view = view_of(&cluster);
    assert_eq!((view.groups[0].generations, view.group_topics[0].stats.commits), (1, 1));
}

#[test]
fn what_is_built_is_seen_once_it_is_published_in_the_place_of_what_was_there() {
    let cluster = cluster();
    live(&cluster, vec![(1, commit("a", "t", 0, 5, 10)), (2, commit("b", "t", 0, 5, 10))]);
    cluster.apply(cluster.source("m", 1), PastState::Read, [(Order(1), commit("c", "t", 0, 1, 10))], NOW);
    let mut build = cluster.start_build(cluster.source("m", 0));
    build.apply([(Order(9), commit("a", "t", 1, 8, 12))], NOW);
    assert_eq!(shown(&cluster), [row("a/t/0", 5), row("b/t/0", 5), row("c/t/0", 1)]);
    build.publish();
    assert_eq!(shown(&cluster), [row("a/t/1", 8), row("c/t/0", 1)]);
    assert_eq!(view_of(&cluster).group_topics[0].stats.commits, 1, "counters go on");
}

#[test]
fn a_build_that_is_dropped_leaves_nothing() {
    let cluster = cluster();
    let mut build = cluster.start_build(cluster.source("m", 0));
    build.apply([(Order(9), commit("a", "t", 1, 8, 12))], NOW);
    drop(build);
    assert!(shown(&cluster).is_empty());
}

#[test]
fn a_lost_partition_takes_exactly_its_groups_with_it() {
    let cluster = cluster();
    live(&cluster, vec![(1, commit("a", "t", 0, 5, 10))]);
    cluster.apply(cluster.source("m", 1), PastState::Read, [(Order(1), commit("c", "t", 0, 1, 10))], NOW);
    cluster.remove_source(cluster.source("m", 0));
    assert_eq!(shown(&cluster), [row("c/t/0", 1)]);
}

#[test]
fn a_group_with_two_sources_shows_the_later_commit() {
    let cluster = cluster();
    live(&cluster, vec![(900, commit("a", "t", 0, 50, 100))]);
    let other = cluster.source("zk", 0);
    cluster.apply(other, PastState::Read, [(Order(1), commit("a", "t", 0, 40, 90))], NOW);
    assert_eq!(shown(&cluster), [row("a/t/0", 50)]);
    cluster.apply(other, PastState::Read, [(Order(2), commit("a", "t", 0, 60, 110))], NOW);
    assert_eq!(shown(&cluster), [row("a/t/0", 60)]);
    assert_eq!(cluster.dropped().find(|(why, _)| *why == DropReason::Superseded), Some((DropReason::Superseded, 1)));
}

#[test]
fn the_past_behind_a_live_stream_does_not_bring_back_what_was_deleted() {
    let cluster = cluster();
    let source = cluster.source("m", 0);
    let ahead = vec![(Order(100), gone("a", "t", 0)), (Order(101), commit("b", "t", 0, 9, 90))];
    cluster.apply(source, PastState::Ahead, ahead, NOW);
    let behind = vec![
        (Order(1), commit("a", "t", 0, 5, 10)),
        (Order(2), commit("a", "t", 1, 5, 10)),
        (Order(3), commit("b", "t", 0, 7, 10)),
    ];
    cluster.apply(source, PastState::Behind, behind, NOW);
    cluster.drop_pending_tombstones(source);
    assert_eq!(shown(&cluster), [row("a/t/1", 5), row("b/t/0", 9)]);
    assert_eq!(view_of(&cluster).group_topics[0].stats.commits, 0, "the past is not live");
}

#[test]
fn sums_are_known_when_every_lag_is() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 2)]), NOW);
    cluster.apply_bounds(&[bounds("t", 0, 0, 10)], NOW);
    live(&cluster, vec![(1, commit("a", "t", 0, 4, 10)), (2, commit("a", "t", 1, 4, 10))]);
    let stats = |cluster: &Cluster| view_of(cluster).group_topics[0].stats;
    assert_eq!((stats(&cluster).known, stats(&cluster).unknown, stats(&cluster).lag), (1, 1, 6));
    cluster.apply_bounds(&[bounds("t", 1, 5, 10)], NOW);
    let known = stats(&cluster);
    assert_eq!((known.known, known.unknown, known.lag, known.committed), (2, 0, 11, 8));
    assert_eq!(known.retention_used.map(RetentionUsed::ratio), Some(1.0));
}

#[test]
fn a_topic_that_two_refreshes_do_not_name_is_hidden_until_it_is_back() {
    let cluster = cluster();
    live(&cluster, vec![(1, commit("a", "t", 0, 4, 10)), (2, commit("a", "u", 0, 4, 10))]);
    cluster.apply_metadata(metadata(&[("t", 1, 1), ("u", 2, 1)]), Timestamp(20));
    cluster.apply_metadata(metadata(&[("u", 2, 1)]), Timestamp(30));
    assert_eq!(shown(&cluster).len(), 2);
    cluster.apply_metadata(metadata(&[("u", 2, 1)]), Timestamp(40));
    assert_eq!(shown(&cluster), [row("a/u/0", 4)]);
    cluster.apply_metadata(metadata(&[("t", 1, 1), ("u", 2, 1)]), Timestamp(50));
    assert_eq!(shown(&cluster).len(), 2);
}

#[test]
fn a_topic_created_anew_drops_the_commits_to_the_old_one() {
    let cluster = cluster();
    live(&cluster, vec![(1, commit("a", "t", 0, 4, 10)), (2, commit("c", "u", 0, 1, 20))]);
    cluster.apply_metadata(metadata(&[("t", 1, 1), ("u", 9, 1)]), Timestamp(22));
    live(&cluster, vec![(3, commit("b", "t", 0, 1, 25)), (4, gone("c", "u", 0))]);
    // An answer without an id may be about either of the two topics.
    cluster.apply_metadata(metadata(&[("t", 0, 1)]), Timestamp(28));
    cluster.apply_metadata(metadata(&[("t", 2, 1)]), Timestamp(30));
    assert_eq!(shown(&cluster), [row("b/t/0", 1)]);
    live(&cluster, vec![(5, commit("a", "t", 0, 4, 15)), (6, commit("a", "t", 0, 0, 31))]);
    assert_eq!(shown(&cluster), [row("a/t/0", 0), row("b/t/0", 1)]);
    assert_eq!(cluster.dropped().find(|(why, _)| *why == DropReason::Recreated), Some((DropReason::Recreated, 1)));
}

#[test]
fn a_clock_ahead_of_the_brokers_costs_no_commit_to_a_new_topic() {
    let cluster = cluster();
    live(&cluster, vec![(1, commit("a", "t", 0, 4, 10))]);
    cluster.apply_metadata(metadata(&[("t", 1, 1)]), Timestamp(900));
    live(&cluster, vec![(2, commit("b", "t", 0, 1, 25))]);
    cluster.apply_metadata(metadata(&[("t", 2, 1)]), Timestamp(930));
    live(&cluster, vec![(3, commit("c", "t", 0, 1, 35))]);
    assert_eq!(shown(&cluster), [row("b/t/0", 1), row("c/t/0", 1)]);
}

#[test]
fn a_group_that_moved_to_another_partition_is_not_ended_by_the_one_it_left() {
    let cluster = cluster();
    let (old, new) = (cluster.source("m", 0), cluster.source("m", 7));
    cluster.apply(old, PastState::Read, [(Order(100), members("a", 1, &[("m1", "t", &[0])]))], NOW);
    cluster.apply(new, PastState::Read, [(Order(1), members("a", 2, &[("m2", "t", &[0])]))], NOW);
    cluster.apply(old, PastState::Read, [(Order(101), members("a", 1, &[])), (Order(102), group_tombstone("a"))], NOW);
    let view = view_of(&cluster);
    assert_eq!(view.groups[0].members[0].id.name(), Name(b"m2"));
}

#[test]
fn a_silent_group_expires_unless_it_has_members() {
    let cluster = expiring(ExpiryPolicy::after(Duration::from_secs(100)));
    live(&cluster, vec![(1, commit("a", "t", 0, 4, 950_000)), (2, commit("b", "t", 0, 4, 950_000))]);
    live(&cluster, vec![(3, members("b", 1, &[("m", "t", &[0])])), (4, commit("c", "t", 0, 4, 899_000))]);
    assert_eq!(cluster.dropped().find(|(why, _)| *why == DropReason::Expired), Some((DropReason::Expired, 1)));
    cluster.expire(Timestamp(1_050_000));
    assert_eq!(shown(&cluster).len(), 2);
    cluster.expire(Timestamp(1_050_001));
    assert_eq!(shown(&cluster), [row("b/t/0", 4)]);
}

#[test]
fn groups_and_topics_that_come_and_go_leave_nothing_behind() {
    let cluster = cluster();
    for round in 0..1_000 {
        let (group, topic) = (format!("g{round}"), format!("t{round}"));
        cluster.apply_metadata(metadata(&[(&topic, round + 1, 1)]), NOW);
        live(&cluster, vec![(1, commit(&group, &topic, 0, 4, 10)), (2, gone(&group, &topic, 0))]);
    }
    (0..3).for_each(|_| cluster.apply_metadata(metadata(&[]), NOW));
    assert!(cluster.shards().iter().all(|shard| shard.is_empty()));
    assert_eq!(cluster.names_held(), 0);
}
