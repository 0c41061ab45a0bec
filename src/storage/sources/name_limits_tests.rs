//! Names that are too long, in every kind of update.

use crate::model::{LONGEST_GROUP, LONGEST_TOPIC, Name, Offset, Order, Partition, TopicId};
use crate::storage::tests::{bounds, cluster, commit, live, members, metadata, view_of};
use crate::storage::*;

const ID: TopicId = TopicId(7);

/// A name with this many bytes.
fn name(bytes: usize) -> String {
    "n".repeat(bytes)
}

fn fact<'a>(group: &'a str, fact: GroupFact<'a>) -> Update<'a> {
    let kind = match fact {
        GroupFact::Topology(_) => GroupKind::Streams,
        GroupFact::Epoch(_)
        | GroupFact::TargetEpoch(_)
        | GroupFact::Member { .. }
        | GroupFact::Current { .. }
        | GroupFact::TopicNames(_) => GroupKind::Consumer,
    };
    Update::Fact { group: Name(group.as_bytes()), kind, at: Timestamp(1), fact }
}

/// One update of each kind, with these names of group and topic.
fn each_kind<'a>(group: &'a str, topic: &'a str) -> Vec<Update<'a>> {
    let (name, partition) = (Name(group.as_bytes()), Partition(0));
    let member = |id| MemberUpdate {
        id: Name(id),
        client_id: Name(b"c"),
        client_host: Name(b"h"),
        assigned: vec![(Name(topic.as_bytes()), vec![partition])],
    };
    let named = Name(topic.as_bytes());
    let state = ShareState { whole: true, start: Some(Offset(1)), done: None, finished: Vec::new() };
    let owned = OwnedUpdate::Partitions(vec![(ID, vec![partition])]);
    vec![
        commit(group, topic, 0, 1, 1),
        Update::CommitTombstone { group: name, topic: named, partition },
        members(group, 1, &[("m", topic, &[0])]),
        Update::GroupTombstone { group: name },
        Update::Registered { group: name, members: vec![member(b"m")] },
        fact(group, GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: Some(1) }))),
        fact(group, GroupFact::TargetEpoch(Some(1))),
        fact(group, GroupFact::Member { id: Name(b"m"), who: Some((Name(b"c"), Name(b"h"))) }),
        fact(
            group,
            GroupFact::Current { id: Name(b"m"), current: Some(CurrentUpdate { epoch: 1, settled: true, owned }) },
        ),
        fact(group, GroupFact::Topology(Some(TopologyUpdate { epoch: 1, sources: vec![(Name(b"s"), vec![named])] }))),
        fact(group, GroupFact::TopicNames(Some(vec![(ID, named)]))),
        Update::Share(ShareUpdate { group: name, topic: ID, partition, at: Timestamp(1), state: Some(state) }),
    ]
}

fn refused(cluster: &Cluster) -> u64 {
    cluster.dropped().find(|(why, _)| *why == DropReason::Name).unwrap().1
}

/// The groups and topic names that are held after an update was applied live, by a rebuild, and ahead of the past.
fn held_after(update: &Update<'_>) -> (usize, usize, u64) {
    let mut most = (0, 0, 0);
    for past in [Some(PastState::Read), Some(PastState::Ahead), None] {
        let cluster = cluster();
        let source = cluster.source("m", 0);
        match past {
            Some(past) => cluster.apply(source, past, [(Order(1), update.clone())], Timestamp(1)),
            None => {
                let mut build = cluster.start_build(source);
                build.apply([(Order(1), update.clone())], Timestamp(1));
                build.publish();
            }
        }
        let groups = cluster.shards().iter().map(|shard| shard.len()).sum();
        most = most.max((groups, cluster.names_held(), refused(&cluster)));
    }
    most
}

/// Partitions, and the indexes of the members that they are assigned to.
fn owned(assigned: &[PartitionOwner]) -> Vec<(Partition, usize)> {
    assigned.iter().map(|one| (one.partition, one.member)).collect()
}

#[test]
fn no_record_brings_a_group_with_too_long_a_name() {
    let group = name(LONGEST_GROUP + 1);
    for update in each_kind(&group, "t") {
        assert_eq!(held_after(&update), (0, 0, 1), "{update:?}");
    }
}

#[test]
fn no_record_brings_a_topic_with_too_long_a_name() {
    let topic = name(LONGEST_TOPIC + 1);
    for update in each_kind("g", &topic) {
        let (_, names, refused) = held_after(&update);
        let says_it = format!("{update:?}").contains(&topic);
        assert_eq!((names, refused), (0, u64::from(says_it)), "{update:?}");
    }
}

#[test]
fn the_longest_names_are_taken_in() {
    let (group, topic) = (name(LONGEST_GROUP), name(LONGEST_TOPIC));
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[(&topic, 1, 1)]), Timestamp(0));
    live(&cluster, (1..).zip(each_kind(&group, &topic).into_iter().take(1)).collect());
    let view = view_of(&cluster);
    let shown: Vec<_> = view.group_topics.iter().map(|one| (one.group.name(), one.name.label.name())).collect();
    assert_eq!(shown, [(Name(group.as_bytes()), Name(topic.as_bytes()))]);
    assert_eq!(refused(&cluster), 0);
}

#[test]
fn what_is_left_of_an_assignment_counts() {
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 2)]), Timestamp(0));
    let topic = name(LONGEST_TOPIC + 1);
    live(&cluster, vec![(1, members("g", 1, &[("m", &topic, &[0]), ("n", "t", &[0, 1])]))]);
    let view = view_of(&cluster);
    let shown: Vec<_> = view.group_topics.iter().map(|one| (one.name.label.name(), owned(&one.assigned))).collect();
    assert_eq!(shown, [(Name(b"t"), vec![(Partition(0), 1), (Partition(1), 1)])]);
    assert_eq!((view.groups[0].members.len(), refused(&cluster)), (2, 1));
}

#[test]
fn no_metadata_and_no_log_end_brings_a_topic_with_too_long_a_name() {
    let cluster = cluster();
    let topic = name(LONGEST_TOPIC + 1);
    cluster.apply_metadata(metadata(&[("t", 1, 1), (&topic, 2, 1)]), Timestamp(0));
    cluster.apply_bounds(&[bounds("t", 0, 0, 9), bounds(&topic, 0, 0, 9)], Timestamp(0));
    let named: Vec<_> = cluster.topics().named().map(|topic| topic.name.label.name().to_string()).collect();
    assert_eq!((named, cluster.names_held(), refused(&cluster)), (vec!["t".to_owned()], 1, 1));
}

#[test]
fn members_whose_long_ids_are_shown_alike_remain_two() {
    let id = |different| format!("{}{different}{}", "i".repeat(20_000), "d".repeat(12_000));
    let (one, other, shown) = (id('1'), id('2'), format!("{}…{}", "i".repeat(200), "d".repeat(50)));
    let member = |id| fact("g", GroupFact::Member { id: Name(id), who: Some((Name(id), Name(id))) });
    let epoch = GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: None }));
    let cluster = cluster();
    cluster.apply_metadata(metadata(&[("t", 1, 2)]), Timestamp(0));
    live(&cluster, vec![(1, fact("g", epoch)), (2, member(one.as_bytes())), (3, member(other.as_bytes()))]);
    live(&cluster, vec![(4, members("h", 1, &[(&one, "t", &[0]), (&other, "t", &[1])]))]);
    let alike = vec![shown.clone(), shown];
    let view = view_of(&cluster);
    let ids = view.groups.iter().map(|group| group.members.iter().map(|member| member.id.name().to_string()).collect());
    assert_eq!(ids.collect::<Vec<Vec<_>>>(), [alike.clone(), alike]);
    assert_eq!(owned(&view.group_topics[0].assigned), [(Partition(0), 0), (Partition(1), 1)]);
    // Each is removed by its own tombstone.
    live(&cluster, vec![(5, fact("g", GroupFact::Member { id: Name(one.as_bytes()), who: None }))]);
    assert_eq!(view_of(&cluster).groups[0].members.len(), 1);
}
