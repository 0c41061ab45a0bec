//! Short forms of updates.

use crate::model::{BrokerId, Name, Offset, Partition, TopicId};
use crate::storage::{
    CurrentUpdate, EpochUpdate, GroupFact, GroupKind, LogBounds, MemberUpdate, MembersUpdate, OwnedUpdate,
    PartitionMetadata, ShareState, ShareUpdate, TopicMetadata, TopologyUpdate, Update,
};

use super::setting::ago;

/// Numbers of partitions.
type Numbers = &'static [i32];
/// A member: its id, its host, and what is assigned to it.
pub(super) type Member = (&'static [u8], &'static str, &'static [(&'static str, Numbers)]);

pub(super) fn commit(group: &'static [u8], topic: &'static str, place: (i32, i64), seconds: i64) -> Update<'static> {
    Update::Commit {
        group: Name(group),
        topic: Name(topic.as_bytes()),
        partition: Partition(place.0),
        offset: Offset(place.1),
        timestamp: ago(seconds),
    }
}

pub(super) fn commit_tombstone(group: &'static [u8], topic: &'static str, partition: i32) -> Update<'static> {
    Update::CommitTombstone { group: Name(group), topic: Name(topic.as_bytes()), partition: Partition(partition) }
}

pub(super) fn group_tombstone(group: &'static [u8]) -> Update<'static> {
    Update::GroupTombstone { group: Name(group) }
}

fn partitions(numbers: &[i32]) -> Vec<Partition> {
    numbers.iter().copied().map(Partition).collect()
}

fn member_update((id, host, assigned): &Member) -> MemberUpdate<'static> {
    MemberUpdate {
        id: Name(id),
        client_id: Name(b"worker"),
        client_host: Name(host.as_bytes()),
        assigned: assigned.iter().map(|(topic, list)| (Name(topic.as_bytes()), partitions(list))).collect(),
    }
}

/// Members of a classic group, whose protocol type and assignor are in `protocol`.
pub(super) fn members(
    group: &'static [u8],
    protocol: (&'static str, &'static str),
    generation: i32,
    members: &[Member],
) -> Update<'static> {
    Update::Members(MembersUpdate {
        group: Name(group),
        protocol_type: Name(protocol.0.as_bytes()),
        protocol: Name(protocol.1.as_bytes()),
        at: ago(200 - i64::from(generation)),
        generation,
        members: members.iter().map(member_update).collect(),
    })
}

pub(super) fn registered(group: &'static [u8], members: &[Member]) -> Update<'static> {
    Update::Registered { group: Name(group), members: members.iter().map(member_update).collect() }
}

/// Facts about one group.
pub(super) fn facts(
    group: &'static [u8],
    kind: GroupKind,
    facts: impl IntoIterator<Item = GroupFact<'static>>,
) -> Vec<Update<'static>> {
    let update = |fact| Update::Fact { group: Name(group), kind, at: ago(190), fact };
    facts.into_iter().map(update).collect()
}

pub(super) fn epoch(number: i32, topology: Option<i32>) -> GroupFact<'static> {
    GroupFact::Epoch(Some(EpochUpdate { number, validated_topology: topology }))
}

pub(super) fn joined(id: &'static str, host: &'static str) -> GroupFact<'static> {
    GroupFact::Member { id: Name(id.as_bytes()), who: Some((Name(b"worker"), Name(host.as_bytes()))) }
}

/// What a member owns, by the topics' ids.
pub(super) fn owns(id: &'static str, epoch: i32, owned: &[(u128, Numbers)]) -> GroupFact<'static> {
    let owned = owned.iter().map(|(topic, list)| (TopicId(*topic), partitions(list))).collect();
    current(id, epoch, OwnedUpdate::Partitions(owned))
}

/// The tasks that a member runs, by subtopology.
pub(super) fn runs(id: &'static str, epoch: i32, tasks: &[(&'static str, Numbers)]) -> GroupFact<'static> {
    let tasks = tasks.iter().map(|(subtopology, list)| (Name(subtopology.as_bytes()), partitions(list))).collect();
    current(id, epoch, OwnedUpdate::Tasks(tasks))
}

fn current(id: &'static str, epoch: i32, owned: OwnedUpdate<'static>) -> GroupFact<'static> {
    GroupFact::Current { id: Name(id.as_bytes()), current: Some(CurrentUpdate { epoch, settled: true, owned }) }
}

pub(super) fn topology(epoch: i32, sources: &[&'static str]) -> GroupFact<'static> {
    let sources = sources.iter().map(|topic| Name(topic.as_bytes())).collect();
    GroupFact::Topology(Some(TopologyUpdate { epoch, sources: vec![(Name(b"0"), sources)] }))
}

/// A start offset, how many records from there on are finished, and which: the first and the last of each range.
pub(super) type Shared = (i64, Option<u32>, &'static [(i64, i64)]);

/// The state of a share group in a partition of the topic with an id.
pub(super) fn share(
    group: &'static [u8],
    (topic, partition): (u128, i32),
    (start, done, finished): Shared,
    seconds: i64,
) -> Update<'static> {
    let finished = finished.iter().map(|(first, last)| (Offset(*first), Offset(*last))).collect();
    Update::Share(ShareUpdate {
        group: Name(group),
        topic: TopicId(topic),
        partition: Partition(partition),
        at: ago(seconds),
        state: Some(ShareState { whole: true, start: Some(Offset(start)), done, finished }),
    })
}

/// A topic, each of whose partitions has a leader, or none, and so many replicas in sync of the brokers 1 and 2.
pub(super) fn topic(name: &str, id: u128, partitions: &[(Option<i32>, usize)]) -> TopicMetadata {
    let partition = |(leader, in_sync): &(Option<i32>, usize)| PartitionMetadata {
        leader: leader.map(BrokerId),
        replicas: vec![BrokerId(1), BrokerId(2)],
        in_sync: *in_sync,
    };
    let id = (id > 0).then_some(TopicId(id));
    TopicMetadata { name: name.to_owned(), id, partitions: partitions.iter().map(partition).collect() }
}

/// What a refresh found in a partition: its log start and its log end, where it could tell.
pub(super) fn bounds(topic: &'static str, partition: i32, found: Option<(i64, i64)>) -> LogBounds<'static> {
    LogBounds {
        topic,
        partition: Partition(partition),
        start: found.map(|(start, _)| Offset(start)),
        end: found.map(|(_, end)| Offset(end)),
    }
}
