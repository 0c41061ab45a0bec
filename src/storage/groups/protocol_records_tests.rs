//! Groups of the newer types, through the public interface of storage.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::evaluate::EvaluatorRules;
use crate::model::{BrokerId, Lag, Name, Offset, Order, Partition, Timestamp, TopicId};
use crate::storage::sources::source::PastState;
use crate::storage::{
    Cluster, CurrentUpdate, EpochUpdate, GroupFact, GroupKind, GroupState, GroupType, MemberUpdate, MembersUpdate,
    Metadata, OwnedUpdate, PartitionMetadata, PartitionOwner, Storage, StorageRules, TopicMetadata, TopologyUpdate,
    Update,
};

const NOW: Timestamp = Timestamp(1_000_000);
const KIND: [GroupKind; 3] = [GroupKind::Consumer, GroupKind::Share, GroupKind::Streams];

fn storage() -> Storage {
    Storage::new(
        ["c"],
        StorageRules {
            intervals: NonZeroUsize::MIN,
            min_distance: Duration::ZERO,
            expire: crate::storage::ExpiryPolicy::NEVER,
        },
    )
}

fn metadata(topics: &[(&str, u128, usize)]) -> Metadata {
    let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
    let topic = |(name, id, partitions): &(&str, u128, usize)| TopicMetadata {
        name: (*name).to_owned(),
        id: Some(TopicId(*id)),
        partitions: vec![partition.clone(); *partitions],
    };
    Metadata { brokers: Vec::new(), topics: topics.iter().map(topic).collect() }
}

fn fact(kind: GroupKind, fact: GroupFact<'static>) -> Update<'static> {
    Update::Fact { group: Name(b"g"), kind, at: Timestamp(10), fact }
}

fn epoch(number: i32) -> GroupFact<'static> {
    GroupFact::Epoch(Some(EpochUpdate { number, validated_topology: None }))
}

fn member(id: &'static str) -> GroupFact<'static> {
    GroupFact::Member { id: Name(id.as_bytes()), who: Some((Name(b"app"), Name(b"/10.0.0.1"))) }
}

fn left(id: &'static str) -> [GroupFact<'static>; 2] {
    let id = Name(id.as_bytes());
    [GroupFact::Current { id, current: None }, GroupFact::Member { id, who: None }]
}

fn owns(id: &'static str, epoch: i32, settled: bool, owned: &[(u128, &[i32])]) -> GroupFact<'static> {
    let partitions = |list: &[i32]| list.iter().copied().map(Partition).collect();
    let owned = owned.iter().map(|(topic, list)| (TopicId(*topic), partitions(list))).collect();
    let current = CurrentUpdate { epoch, settled, owned: OwnedUpdate::Partitions(owned) };
    GroupFact::Current { id: Name(id.as_bytes()), current: Some(current) }
}

fn runs(id: &'static str, epoch: i32, tasks: &[(&'static str, &[i32])]) -> GroupFact<'static> {
    let tasks = tasks.iter().map(|(sub, list)| (Name(sub.as_bytes()), list.iter().copied().map(Partition).collect()));
    let current = CurrentUpdate { epoch, settled: true, owned: OwnedUpdate::Tasks(tasks.collect()) };
    GroupFact::Current { id: Name(id.as_bytes()), current: Some(current) }
}

fn commit(offset: i64) -> Update<'static> {
    let (group, topic, partition) = (Name(b"g"), Name(b"t"), Partition(0));
    Update::Commit { group, topic, partition, offset: Offset(offset), timestamp: Timestamp(10) }
}

struct Scene {
    storage: Storage,
    order: i64,
}

/// Type, state, ids of members, generations, and owners of partitions: `t/0 a`.
type Shown = (GroupType, GroupState, Vec<String>, u64, Vec<String>);

impl Scene {
    fn new() -> Self {
        let scene = Self { storage: storage(), order: 0 };
        scene.cluster().apply_metadata(metadata(&[("t", 1, 2), ("u", 2, 1)]), NOW);
        scene
    }

    fn cluster(&self) -> std::sync::Arc<Cluster> {
        self.storage.cluster("c").unwrap()
    }

    fn live(&mut self, updates: Vec<Update<'static>>) {
        let first = self.order + 1;
        self.order += i64::try_from(updates.len()).unwrap();
        let cluster = self.cluster();
        cluster.apply(cluster.source("m", 0), PastState::Read, (first..).map(Order).zip(updates), NOW);
    }

    fn facts(&mut self, kind: GroupKind, facts: impl IntoIterator<Item = GroupFact<'static>>) {
        self.live(facts.into_iter().map(|one| fact(kind, one)).collect());
    }

    fn shown(&self) -> Option<Shown> {
        let rules = EvaluatorRules { intervals: NonZeroUsize::MIN, minimum_complete: 0.0, allowed_lag: Lag(0) };
        let view = self.storage.view(NOW, &rules);
        let cluster = &view.clusters[0];
        let group = cluster.groups.first()?;
        let members = group.members.iter().map(|member| member.id.name().to_string()).collect();
        let owners = cluster.topics_of(group).iter().flat_map(|topic| {
            let owner = |one: &PartitionOwner| {
                let name = topic.name.label.name();
                format!("{name}/{} {}", one.partition.0, topic.members[one.member].id.name())
            };
            topic.assigned.iter().map(owner).collect::<Vec<_>>()
        });
        Some((group.kind, group.state, members, group.generations, owners.collect()))
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn consumer(state: GroupState, members: &[&str], generations: u64, owners: &[&str]) -> Option<Shown> {
    Some((GroupType::Kind(GroupKind::Consumer), state, texts(members), generations, texts(owners)))
}

#[test]
fn a_consumer_group_goes_from_assigning_over_reconciling_to_stable() {
    let mut scene = Scene::new();
    scene.facts(GroupKind::Consumer, [member("a"), epoch(1)]);
    assert_eq!(scene.shown(), consumer(GroupState::Assigning, &["a"], 1, &[]));
    scene.facts(GroupKind::Consumer, [GroupFact::TargetEpoch(Some(1))]);
    assert_eq!(scene.shown(), consumer(GroupState::Reconciling, &["a"], 1, &[]));
    scene.facts(GroupKind::Consumer, [owns("a", 1, true, &[(1, &[0, 1]), (2, &[0])])]);
    assert_eq!(scene.shown(), consumer(GroupState::Stable, &["a"], 1, &["t/0 a", "t/1 a", "u/0 a"]));
    scene.facts(GroupKind::Consumer, [member("b"), epoch(2), GroupFact::TargetEpoch(Some(2))]);
    scene.facts(GroupKind::Consumer, [owns("a", 1, false, &[(1, &[0]), (2, &[0])])]);
    assert_eq!(scene.shown(), consumer(GroupState::Reconciling, &["a", "b"], 2, &["t/0 a", "u/0 a"]));
    scene.facts(GroupKind::Consumer, [owns("a", 2, true, &[(1, &[0]), (2, &[0])]), owns("b", 2, true, &[(1, &[1])])]);
    assert_eq!(scene.shown(), consumer(GroupState::Stable, &["a", "b"], 2, &["t/0 a", "t/1 b", "u/0 a"]));
}

#[test]
fn a_static_member_that_left_for_a_while_is_not_reconciled() {
    let mut scene = Scene::new();
    scene
        .facts(GroupKind::Consumer, [member("a"), epoch(3), GroupFact::TargetEpoch(Some(3)), owns("a", -2, true, &[])]);
    assert_eq!(scene.shown(), consumer(GroupState::Reconciling, &["a"], 1, &[]));
}

#[test]
fn a_group_whose_members_left_is_empty_and_gone_with_its_tombstones() {
    let mut scene = Scene::new();
    scene.live(vec![commit(5)]);
    scene.facts(GroupKind::Consumer, [member("a"), epoch(1), owns("a", 1, true, &[(1, &[0])])]);
    scene.facts(GroupKind::Consumer, left("a").into_iter().chain([epoch(2)]));
    assert_eq!(scene.shown(), consumer(GroupState::Empty, &[], 2, &[]));
    scene.facts(GroupKind::Consumer, [GroupFact::TargetEpoch(None), GroupFact::Epoch(None)]);
    assert_eq!(scene.shown(), Some((GroupType::Simple, GroupState::Empty, Vec::new(), 2, Vec::new())));
    let (group, topic, partition) = (Name(b"g"), Name(b"t"), Partition(0));
    scene.live(vec![Update::CommitTombstone { group, topic, partition }]);
    assert_eq!(scene.shown(), None);
    assert!(scene.cluster().shards().iter().all(|shard| shard.is_empty()));
}

fn classic(generation: i32) -> Update<'static> {
    let assigned = vec![(Name(b"t"), vec![Partition(0), Partition(1)])];
    let member = MemberUpdate { id: Name(b"old"), client_id: Name(b"app"), client_host: Name(b"/h"), assigned };
    Update::Members(MembersUpdate {
        group: Name(b"g"),
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at: Timestamp(10),
        generation,
        members: vec![member],
    })
}

#[test]
fn a_group_is_converted_and_converted_back_while_it_runs() {
    let mut scene = Scene::new();
    scene.live(vec![commit(5), classic(4)]);
    let before = scene.shown().unwrap();
    assert_eq!((before.0, before.4), (GroupType::Kind(GroupKind::Classic), texts(&["t/0 old", "t/1 old"])));
    scene.live(vec![Update::GroupTombstone { group: Name(b"g") }]);
    scene.facts(GroupKind::Consumer, [member("old"), epoch(5), GroupFact::TargetEpoch(Some(5))]);
    scene.facts(GroupKind::Consumer, [owns("old", 5, true, &[(1, &[0, 1])])]);
    assert_eq!(scene.shown(), consumer(GroupState::Stable, &["old"], 2, &["t/0 old", "t/1 old"]));
    scene.facts(
        GroupKind::Consumer,
        left("old").into_iter().chain([GroupFact::TargetEpoch(None), GroupFact::Epoch(None)]),
    );
    scene.live(vec![classic(6)]);
    let after = scene.shown().unwrap();
    assert_eq!((after.0, after.2, after.3), (GroupType::Kind(GroupKind::Classic), texts(&["old"]), 3));
    assert_eq!(after.4, texts(&["t/0 old", "t/1 old"]));
}

#[test]
fn members_that_share_a_partition_own_it_together() {
    let mut scene = Scene::new();
    scene.facts(GroupKind::Share, [member("a"), member("b"), epoch(2)]);
    scene.facts(GroupKind::Share, [owns("a", 2, true, &[(1, &[0, 1])]), owns("b", 2, true, &[(1, &[0])])]);
    let shown = scene.shown().unwrap();
    assert_eq!((shown.1, shown.4), (GroupState::Stable, texts(&["t/0 a", "t/0 b", "t/1 a"])));
    let rules = EvaluatorRules { intervals: NonZeroUsize::MIN, minimum_complete: 0.0, allowed_lag: Lag(0) };
    assert_eq!(scene.storage.view(NOW, &rules).clusters[0].group_topics[0].stats.assigned, 2);
}

fn topology(epoch: i32) -> GroupFact<'static> {
    let sources = vec![(Name(b"0"), vec![Name(b"t"), Name(b"u")]), (Name(b"1"), vec![Name(b"app-repartition")])];
    GroupFact::Topology(Some(TopologyUpdate { epoch, sources }))
}

#[test]
fn the_tasks_of_a_streams_group_are_the_partitions_of_their_source_topics() {
    let mut scene = Scene::new();
    scene.cluster().apply_metadata(metadata(&[("t", 1, 2), ("u", 2, 1), ("app-repartition", 3, 2)]), NOW);
    scene.facts(GroupKind::Streams, [member("a"), epoch(1)]);
    assert_eq!(scene.shown().unwrap().1, GroupState::NotReady, "no topology");
    scene.facts(GroupKind::Streams, [topology(0), GroupFact::TargetEpoch(Some(1))]);
    assert_eq!(scene.shown().unwrap().1, GroupState::NotReady, "none that was found good");
    scene.facts(GroupKind::Streams, [runs("a", 1, &[("0", &[0, 1]), ("1", &[1])])]);
    let owners = texts(&["app-repartition/1 a", "t/0 a", "t/1 a", "u/0 a"]);
    let shown = scene.shown().unwrap();
    assert_eq!((shown.1, shown.4), (GroupState::Stable, owners));
    let validated = |topology| GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: Some(topology) }));
    scene.facts(GroupKind::Streams, [validated(0)]);
    assert_eq!(scene.shown().unwrap().1, GroupState::Stable);
    scene.facts(GroupKind::Streams, [topology(1)]);
    assert_eq!(scene.shown().unwrap().1, GroupState::NotReady);
}

#[test]
fn a_topic_whose_name_is_not_known_yet_is_owned_once_it_is() {
    let mut scene = Scene::new();
    scene.facts(GroupKind::Consumer, [member("a"), epoch(1), owns("a", 1, true, &[(1, &[0]), (9, &[0])])]);
    assert_eq!(scene.shown().unwrap().4, texts(&["t/0 a"]));
    scene.cluster().apply_metadata(metadata(&[("t", 1, 2), ("late", 9, 1)]), NOW);
    assert_eq!(scene.shown().unwrap().4, texts(&["late/0 a", "t/0 a"]));
}

#[test]
fn names_that_the_broker_wrote_down_stand_for_ids_that_the_metadata_does_not_tell() {
    let mut scene = Scene::new();
    let names = GroupFact::TopicNames(Some(vec![(TopicId(77), Name(b"written")), (TopicId(78), Name(b"nowhere"))]));
    let owned: &[(u128, &[i32])] = &[(77, &[3]), (78, &[0])];
    scene.facts(GroupKind::Consumer, [names, member("a"), epoch(1), owns("a", 1, true, owned)]);
    assert_eq!(scene.shown().unwrap().4, [""; 0]);
    let mut without_ids = metadata(&[("t", 1, 2), ("written", 9, 4)]);
    without_ids.topics[1].id = None;
    scene.cluster().apply_metadata(without_ids, NOW);
    assert_eq!(scene.shown().unwrap().4, texts(&["written/3 a"]));
}

#[test]
fn what_was_built_from_the_beginning_shows_its_members_and_counts_no_epoch() {
    let scene = Scene::new();
    let mut build = scene.cluster().start_build(scene.cluster().source("m", 0));
    let facts = [member("a"), epoch(7), owns("a", 7, true, &[(2, &[0])]), GroupFact::TargetEpoch(Some(7))];
    let updates = (1..).map(Order).zip(facts.map(|one| fact(GroupKind::Consumer, one)));
    build.apply(updates, NOW);
    build.publish();
    assert_eq!(scene.shown(), consumer(GroupState::Stable, &["a"], 0, &["u/0 a"]));
}

#[test]
fn the_past_behind_a_live_stream_brings_no_member_back() {
    for kind in KIND {
        let scene = Scene::new();
        let source = scene.cluster().source("m", 0);
        let ahead = left("gone").into_iter().map(|one| fact(kind, one));
        scene.cluster().apply(source, PastState::Ahead, (100..).map(Order).zip(ahead), NOW);
        let behind = [member("gone"), member("there"), epoch(1)].map(|one| fact(kind, one));
        scene.cluster().apply(source, PastState::Behind, (1..).map(Order).zip(behind), NOW);
        scene.cluster().drop_pending_tombstones(source);
        assert_eq!(scene.shown().unwrap().2, texts(&["there"]));
    }
}

#[test]
fn a_group_that_moved_is_not_ended_by_the_partition_that_it_left() {
    let scene = Scene::new();
    let (old, new) = (scene.cluster().source("m", 0), scene.cluster().source("m", 7));
    let at = |at, fact| Update::Fact { group: Name(b"g"), kind: GroupKind::Consumer, fact, at: Timestamp(at) };
    let facts = [at(10, member("a")), at(10, epoch(1))];
    scene.cluster().apply(old, PastState::Read, (100..).map(Order).zip(facts), NOW);
    let facts = [at(20, member("b")), at(20, epoch(2))];
    scene.cluster().apply(new, PastState::Read, (1..).map(Order).zip(facts), NOW);
    let ends = left("a").into_iter().chain([GroupFact::Epoch(None)]).map(|one| at(30, one));
    scene.cluster().apply(old, PastState::Read, (200..).map(Order).zip(ends), NOW);
    assert_eq!(scene.shown().unwrap().2, texts(&["b"]));
}
