//! Which groups are shown: those that Kafka lists. Through the public interface of storage.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::{Name, Order, Partition};
use crate::storage::tests::{cluster, commit, live, members, metadata, view_of};

/// Each group with its type, state and number of members.
fn shown(cluster: &Cluster) -> Vec<String> {
    let view = view_of(cluster);
    let row = |group: &GroupView| {
        format!("{} {} {} {}", group.label.name(), group.kind.name(), group.state.name(), group.members.len())
    };
    view.groups.iter().map(row).collect()
}

fn used(cluster: &Cluster) -> Vec<String> {
    cluster.used_groups().iter().map(|label| label.name().to_string()).collect()
}

fn epoch(kind: GroupKind, number: Option<i32>) -> Update<'static> {
    let epoch = number.map(|number| EpochUpdate { number, validated_topology: None });
    Update::Fact { group: Name(b"a"), kind, at: Timestamp(10), fact: GroupFact::Epoch(epoch) }
}

fn gone(partition: i32) -> Update<'static> {
    Update::CommitTombstone { group: Name(b"a"), topic: Name(b"t"), partition: Partition(partition) }
}

#[test]
fn a_classic_group_is_there_from_its_first_record_to_its_tombstone() {
    let cluster = cluster();
    live(&cluster, vec![(1, members("a", 0, &[]))]);
    assert_eq!(shown(&cluster), ["a classic empty 0"]);
    live(&cluster, vec![(2, members("a", 1, &[("m", "t", &[0])])), (3, commit("a", "t", 0, 5, 10))]);
    assert_eq!(shown(&cluster), ["a classic stable 1"]);
    live(&cluster, vec![(4, members("a", 2, &[])), (5, gone(0))]);
    assert_eq!(shown(&cluster), ["a classic empty 0"]);
    let rows = cluster.group_summaries(SummaryQuery {
        now: Timestamp(20),
        rules: &EvaluatorRules {
            intervals: NonZeroUsize::MIN,
            minimum_complete: 0.0,
            allowed_lag: crate::model::Lag(0),
        },
        topic: None,
        with_history: false,
    });
    assert_eq!((rows.len(), rows[0].topics.len(), rows[0].stats.has_commits()), (1, 0, false));
    assert!(cluster.group(Name(b"a")).is_some_and(|detail| !detail.is_used()));
    live(&cluster, vec![(6, Update::GroupTombstone { group: Name(b"a") })]);
    assert!(shown(&cluster).is_empty() && cluster.shards().iter().all(|shard| shard.is_empty()));
}

#[test]
fn a_group_of_a_newer_type_is_there_while_its_epoch_is() {
    for (kind, name) in
        [(GroupKind::Consumer, "consumer"), (GroupKind::Share, "share"), (GroupKind::Streams, "streams")]
    {
        let cluster = cluster();
        live(&cluster, vec![(1, epoch(kind, Some(1)))]);
        assert_eq!(shown(&cluster), [format!("a {name} empty 0")]);
        live(&cluster, vec![(2, epoch(kind, None))]);
        assert!(shown(&cluster).is_empty() && cluster.shards().iter().all(|shard| shard.is_empty()), "{name}");
    }
}

#[test]
fn nothing_is_invented_for_a_group_that_has_commits_alone() {
    let cluster = cluster();
    live(&cluster, vec![(1, commit("a", "t", 0, 5, 10))]);
    assert_eq!(shown(&cluster), ["a simple empty 0"]);
    live(&cluster, vec![(2, gone(0))]);
    assert!(shown(&cluster).is_empty());
    // Nor while its topic is hidden, which a group with a record outlives.
    cluster.apply_metadata(metadata(&[("t", 1, 1)]), Timestamp(1));
    live(&cluster, vec![(3, commit("a", "t", 0, 5, 10)), (4, commit("b", "t", 0, 5, 10)), (5, members("b", 1, &[]))]);
    (0..2).for_each(|_| cluster.apply_metadata(metadata(&[("u", 2, 1)]), Timestamp(1)));
    assert_eq!(shown(&cluster), ["b classic empty 0"]);
}

#[test]
fn a_group_in_zookeeper_without_members_and_commits_is_not_there() {
    let cluster = cluster();
    let source = cluster.zookeeper_source("z");
    let member = MemberUpdate { id: Name(b"m"), client_id: Name(b""), client_host: Name(b""), assigned: Vec::new() };
    let registered = |members| (Order(1), Update::Registered { group: Name(b"a"), members });
    cluster.apply(source, PastState::Read, [registered(vec![member])], Timestamp(1));
    assert_eq!((shown(&cluster).len(), used(&cluster).len()), (1, 1));
    cluster.apply(source, PastState::Read, [registered(Vec::new())], Timestamp(1));
    assert!(shown(&cluster).is_empty());
}

#[test]
fn burrow_knows_only_groups_that_commit_or_have_members() {
    let cluster = cluster();
    live(&cluster, vec![(1, members("a", 1, &[])), (2, members("b", 1, &[("m", "t", &[0])]))]);
    live(&cluster, vec![(3, commit("c", "t", 0, 1, 1)), (4, members("c", 1, &[]))]);
    assert_eq!((shown(&cluster).len(), used(&cluster)), (3, vec!["b".to_owned(), "c".to_owned()]));
}

#[test]
fn an_empty_group_without_commits_expires_by_its_newest_record_where_an_age_is_set() {
    let age = Duration::from_secs(50);
    for (expire, left) in [(ExpiryPolicy::after(age), 1), (ExpiryPolicy::BY_SOURCE, 2), (ExpiryPolicy::NEVER, 2)] {
        let rules = StorageRules { intervals: NonZeroUsize::MIN, min_distance: Duration::ZERO, expire };
        let cluster = Arc::new(Cluster::new("c", rules, &Arc::default()));
        // The records are of times 1 and 2.
        live(&cluster, vec![(1, members("a", 1, &[])), (2, members("b", 2, &[("m", "t", &[0])]))]);
        cluster.expire(Timestamp(50_001));
        assert_eq!(shown(&cluster).len(), 2);
        cluster.expire(Timestamp(50_002));
        assert_eq!(shown(&cluster).len(), left);
    }
}
