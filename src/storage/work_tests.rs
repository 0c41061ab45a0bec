//! The work that storage does with large inputs: it is linear, and little of it is done while a lock is held.

use std::sync::Arc;

use super::tests::{cluster, commit, members, metadata, view_of};
use super::*;
use crate::model::{Name, Offset, Order, Partition, TopicId};
use crate::storage::lists::work;

const NOW: Timestamp = Timestamp(1_000_000);
const SIZES: [usize; 4] = [1_000, 2_000, 4_000, 8_000];
/// The largest number of items that are visited or moved during one hold of a shard's lock.
const MOST_A_HOLD: usize = 10_000;
/// The same for one step of bounded size: a search, and a move within a run.
const A_STEP: usize = 1_000;

/// Checks that `work`, which gets the size, is linear, and that no lock is held for more than `most_held` items.
fn is_linear(most_held: impl Fn(usize) -> usize, work: impl Fn(usize) -> (usize, usize)) {
    let done: Vec<(usize, usize)> = SIZES.map(work).to_vec();
    for (size, (_, held)) in SIZES.iter().zip(&done) {
        assert!(*held <= most_held(*size), "{held} items at a hold, for {size}");
    }
    for pair in done.windows(2) {
        // A search needs one more step when the size doubles.
        assert!(pair[1].0 > 0 && pair[1].0 <= pair[0].0 * 5 / 2, "{done:?}");
    }
}

/// Names that are not sorted.
fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{:05}", number * 7_919 % 100_003)).collect()
}

fn with_topics(names: &[String], partitions: usize) -> Arc<Cluster> {
    let cluster = cluster();
    apply_metadata(&cluster, names, partitions, 1);
    cluster
}

fn apply_metadata(cluster: &Cluster, names: &[String], partitions: usize, first: u128) {
    let topics: Vec<_> = names.iter().zip(first..).map(|(name, id)| (&**name, id, partitions)).collect();
    cluster.apply_metadata(metadata(&topics), NOW);
}

fn live<'a>(cluster: &Cluster, updates: impl IntoIterator<Item = Update<'a>>) {
    cluster.apply(cluster.source("m", 0), Past::Read, (1..).map(Order).zip(updates), NOW);
}

fn fact(kind: GroupKind, fact: GroupFact<'_>) -> Update<'_> {
    Update::Fact { group: Name(b"g"), kind, at: NOW, fact }
}

fn current<'a>(id: &'a str, owned: OwnedUpdate<'a>) -> GroupFact<'a> {
    let current = CurrentUpdate { epoch: 1, settled: true, owned };
    GroupFact::Current { id: Name(id.as_bytes()), current: Some(current) }
}

fn member(id: &str) -> GroupFact<'_> {
    GroupFact::Member { id: Name(id.as_bytes()), who: Some((Name(b"app"), Name(b"/h"))) }
}

const fn epoch<'a>() -> GroupFact<'a> {
    GroupFact::Epoch(Some(EpochUpdate { number: 1, validated_topology: Some(1) }))
}

fn numbers(count: usize) -> std::ops::Range<i32> {
    0..i32::try_from(count).unwrap()
}

fn assignment<'a>(generation: i32, topics: impl Iterator<Item = &'a str>) -> Update<'a> {
    let assigned = topics.map(|topic| (Name(topic.as_bytes()), vec![Partition(0)])).collect();
    let (id, client_id, client_host) = (Name(b"m"), Name(b"app"), Name(b"/h"));
    Update::Members(MembersUpdate {
        group: Name(b"g"),
        protocol_type: Name(b"consumer"),
        protocol: Name(b"range"),
        at: NOW,
        generation,
        members: vec![MemberUpdate { id, client_id, client_host, assigned }],
    })
}

fn texts(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str)
}

/// Topics that groups show, with the number of their assigned partitions.
fn shown(cluster: &Cluster) -> Vec<(String, usize)> {
    let topics = view_of(cluster).group_topics;
    topics.iter().map(|topic| (topic.name.label.name().to_string(), topic.assigned.len())).collect()
}

#[test]
fn topics_that_only_an_assignment_names_are_neither_shown_nor_known_to_the_cluster_until_the_metadata_names_them() {
    let cluster = with_topics(&[], 1);
    live(&cluster, [assignment(1, ["there", "nowhere", "committed"].into_iter()), commit("g", "committed", 0, 4, 10)]);
    assert_eq!(shown(&cluster), [("committed".to_owned(), 1)]);
    assert_eq!(cluster.names_held(), 1);
    cluster.apply_metadata(metadata(&[("there", 1, 1), ("committed", 2, 1)]), NOW);
    assert_eq!(shown(&cluster), [("committed".to_owned(), 1), ("there".to_owned(), 1)]);
    assert_eq!(cluster.names_held(), 2);
    assert_eq!(cluster.group(Name(b"g")).unwrap().topics.len(), 2);
    assert_eq!(cluster.consumers_of(Name(b"there")).len(), 1);
    assert!(cluster.consumers_of(Name(b"nowhere")).is_empty());
}

#[test]
fn an_assignment_has_room_for_ten_thousand_topics_that_are_not_there_and_any_number_that_are() {
    let names = names(30_000);
    let (there, not_there) = names.split_at(15_000);
    let cluster = with_topics(there, 1);
    live(&cluster, [assignment(1, texts(&names))]);
    assert_eq!((shown(&cluster).len(), cluster.cut_topics()), (15_000, 5_000));
    assert_eq!(cluster.take_first_cut(), Some(Cut { group: "g".to_owned(), topics: 5_000 }));
    live(&cluster, [assignment(2, texts(&names))]);
    // It is returned once, and counted each time.
    assert_eq!((cluster.cut_topics(), cluster.take_first_cut()), (10_000, None));
    assert_eq!(cluster.names_held(), 15_000);
    apply_metadata(&cluster, &names, 1, 1);
    let kept = shown(&cluster);
    assert_eq!(kept.len(), 25_000);
    let mut by_name: Vec<&str> = texts(not_there).collect();
    by_name.sort_unstable();
    let is_kept = |name: &str| kept.binary_search_by(|(held, _)| held.as_str().cmp(name)).is_ok();
    assert!(by_name[..10_000].iter().all(|name| is_kept(name)) && !by_name[10_000..].iter().any(|name| is_kept(name)));
}

#[test]
fn before_there_is_metadata_no_topic_of_an_assignment_is_too_many() {
    let cluster = cluster();
    let names = names(30_000);
    live(&cluster, [assignment(1, texts(&names))]);
    assert_eq!((shown(&cluster).len(), cluster.cut_topics(), cluster.names_held()), (0, 0, 0));
    apply_metadata(&cluster, &names[..12_000], 1, 1);
    assert_eq!((shown(&cluster).len(), cluster.cut_topics()), (12_000, 8_000));
    apply_metadata(&cluster, &names[..12_000], 1, 1);
    assert_eq!((shown(&cluster).len(), cluster.cut_topics()), (12_000, 8_000));
}

#[test]
fn topics_of_a_topology_that_are_too_many_are_counted_once_a_record() {
    let names = names(12_000);
    for cluster in [with_topics(&[], 1), cluster()] {
        let topology = |epoch| {
            let sources = vec![(Name(b"0"), texts(&names).map(|topic| Name(topic.as_bytes())).collect())];
            fact(GroupKind::Streams, GroupFact::Topology(Some(TopologyUpdate { epoch, sources })))
        };
        let tasks = OwnedUpdate::Tasks(vec![(Name(b"0"), vec![Partition(0)])]);
        let facts = [member("m"), epoch(), current("m", tasks)].map(|one| fact(GroupKind::Streams, one));
        live(&cluster, facts.into_iter().chain([topology(1)]));
        assert!(shown(&cluster).is_empty());
        for _ in 0..2 {
            apply_metadata(&cluster, &[], 1, 1);
            assert!(shown(&cluster).is_empty());
            assert_eq!(cluster.cut_topics(), 2_000);
        }
        cluster.apply(cluster.source("m", 0), Past::Read, [(Order(100), topology(2))], NOW);
        assert!(shown(&cluster).is_empty());
        assert_eq!(cluster.cut_topics(), 4_000);
    }
}

#[test]
fn an_assignment_is_made_while_no_lock_is_held() {
    for there in [true, false] {
        is_linear(
            |_| A_STEP,
            |size| {
                let names = names(size);
                let cluster = if there { with_topics(&names, 1) } else { with_topics(&[], 1) };
                live(&cluster, [assignment(1, texts(&names))]);
                work::of(|| live(&cluster, [assignment(2, texts(&names))]))
            },
        );
    }
}

#[test]
fn a_topic_that_comes_up_is_found_in_assignments_while_no_lock_is_held() {
    is_linear(
        |_| A_STEP,
        |size| {
            let names = names(size);
            let cluster = with_topics(&[], 1);
            live(&cluster, [assignment(1, texts(&names))]);
            work::of(|| apply_metadata(&cluster, &names, 1, 1))
        },
    );
}

#[test]
fn names_by_id_are_looked_up() {
    is_linear(
        |_| A_STEP,
        |size| {
            let names = names(size);
            let cluster = with_topics(&names, 1);
            let ids = || names.iter().zip(1_000_000_u128..).map(|(name, id)| (TopicId(id), name));
            let written = ids().map(|(id, name)| (id, Name(name.as_bytes()))).collect();
            let owned = OwnedUpdate::Partitions(ids().map(|(id, _)| (id, vec![Partition(0)])).collect());
            let facts = [GroupFact::TopicNames(Some(written)), member("m"), epoch(), current("m", owned)];
            let work = work::of(|| live(&cluster, facts.map(|one| fact(GroupKind::Consumer, one))));
            assert!(work.1 <= A_STEP, "{work:?}");
            let work = work::of(|| cluster.find_owners());
            assert_eq!(shown(&cluster).len(), size);
            work
        },
    );
}

#[test]
fn subtopologies_are_looked_up() {
    is_linear(
        |_| A_STEP,
        |size| {
            let names = names(size);
            let cluster = with_topics(&names, 1);
            let name = |name: &'static str| Name(name.as_bytes());
            let names: Vec<&'static str> = names.into_iter().map(|name| &*name.leak()).collect();
            let sources = names.iter().map(|topic| (name(topic), vec![name(topic)])).collect();
            let tasks = OwnedUpdate::Tasks(names.iter().map(|topic| (name(topic), vec![Partition(0)])).collect());
            let topology = GroupFact::Topology(Some(TopologyUpdate { epoch: 1, sources }));
            live(
                &cluster,
                [topology, member("m"), epoch(), current("m", tasks)].map(|one| fact(GroupKind::Streams, one)),
            );
            let work = work::of(|| cluster.find_owners());
            assert_eq!(shown(&cluster).len(), size);
            work
        },
    );
}

#[test]
fn the_topics_of_a_subtopology_have_its_tasks_together() {
    is_linear(
        |_| A_STEP,
        |size| {
            let names = names(size);
            let cluster = with_topics(&names, 2);
            let sources = vec![(Name(b"0"), texts(&names).map(|topic| Name(topic.as_bytes())).collect())];
            let tasks = || OwnedUpdate::Tasks(vec![(Name(b"0"), numbers(size).map(Partition).collect())]);
            let topology = GroupFact::Topology(Some(TopologyUpdate { epoch: 1, sources }));
            let facts = [topology, member("m"), member("n"), epoch(), current("m", tasks()), current("n", tasks())];
            live(&cluster, facts.map(|one| fact(GroupKind::Streams, one)));
            let work = work::of(|| cluster.find_owners());
            // A task has one owner, and a topic has the tasks for which it has partitions.
            let all: Vec<(String, usize)> = shown(&cluster);
            assert!(all.len() == size && all.iter().all(|(_, assigned)| *assigned == 2));
            work
        },
    );
}

#[test]
fn a_member_that_comes_or_goes_costs_the_same_in_a_large_group_and_a_small_one() {
    is_linear(
        |_| A_STEP,
        |size| {
            let (topics, members) = (names(1), names(size));
            let cluster = with_topics(&topics, size);
            let source = cluster.source("m", 0);
            let mut order = 0;
            let mut tell = |one| {
                order += 1;
                cluster.apply(source, Past::Read, [(Order(order), fact(GroupKind::Consumer, one))], NOW);
            };
            tell(epoch());
            let mut work = work::of(|| {
                for (id, partition) in members.iter().zip(0..) {
                    tell(member(id));
                    tell(current(id, OwnedUpdate::Partitions(vec![(TopicId(1), vec![Partition(partition)])])));
                }
            });
            assert_eq!(shown(&cluster), [(topics[0].clone(), size)]);
            let gone = work::of(|| {
                for id in &members {
                    let id = Name(id.as_bytes());
                    tell(GroupFact::Current { id, current: None });
                    tell(GroupFact::Member { id, who: None });
                }
            });
            assert!(
                shown(&cluster).is_empty() && view_of(&cluster).groups.iter().all(|group| group.members.is_empty())
            );
            // Only visits and moves of list items are counted. Here there are hardly any.
            assert!(work.0.max(gone.0) <= size, "{work:?} {gone:?}");
            work = (size, work.1.max(gone.1));
            work
        },
    );
}

#[test]
fn a_commit_moves_a_bounded_number_of_others_whichever_partition_or_topic_it_is_of() {
    is_linear(
        |_| A_STEP,
        |size| {
            let cluster = cluster();
            work::of(|| live(&cluster, numbers(size).rev().map(|partition| commit("g", "t", partition, 1, 10))))
        },
    );
    is_linear(
        |_| A_STEP,
        |size| {
            let (cluster, names) = (cluster(), names(size));
            work::of(|| live(&cluster, texts(&names).map(|topic| commit("g", topic, 0, 1, 10))))
        },
    );
}

#[test]
fn the_state_of_a_share_group_in_a_topic_costs_the_same_beside_many_others() {
    is_linear(
        |_| A_STEP,
        |size| {
            let names = names(size);
            let cluster = with_topics(&names, 1);
            let state = |id| {
                let state = ShareState { whole: true, start: Some(Offset(1)), done: Some(0), finished: Vec::new() };
                let (group, topic, partition) = (Name(b"g"), TopicId(id), Partition(0));
                Update::Share(ShareUpdate { group, topic, partition, at: NOW, state: Some(state) })
            };
            // Half of the topics have no name.
            let states = (1..).map(Order).zip((1..=2 * u128::try_from(size).unwrap()).map(state));
            let source = cluster.share_source("m", 0);
            work::of(|| cluster.apply(source, Past::Read, states, NOW))
        },
    );
}

#[test]
fn a_record_of_a_share_group_holds_a_lock_for_no_more_than_can_be_kept_of_it() {
    let cluster = with_topics(&["t".to_owned()], 1);
    let finished = (0..50_000).map(|number| (Offset(2 * number + 1), Offset(2 * number + 1))).collect();
    let state = ShareState { whole: true, start: Some(Offset(0)), done: None, finished };
    let (group, topic, partition) = (Name(b"g"), TopicId(1), Partition(0));
    let update = Update::Share(ShareUpdate { group, topic, partition, at: NOW, state: Some(state) });
    let (done, held) = work::of(|| cluster.apply(cluster.share_source("m", 0), Past::Read, [(Order(1), update)], NOW));
    assert!(done >= 50_000 && held <= MOST_A_HOLD, "{done} {held}");
}

#[test]
fn commits_to_topics_that_were_created_anew_are_looked_at_once() {
    is_linear(
        |_| A_STEP,
        |size| {
            let names = names(size);
            let cluster = with_topics(&names, 1);
            live(&cluster, texts(&names).map(|topic| commit("g", topic, 0, 1, 10)));
            apply_metadata(&cluster, &names, 1, 1);
            let work = work::of(|| apply_metadata(&cluster, &names, 1, 1_000_000));
            assert!(shown(&cluster).is_empty());
            work
        },
    );
}

#[test]
fn a_scrape_sees_all_of_an_assignment_or_nothing_of_it() {
    let cluster = with_topics(&["t".to_owned(), "u".to_owned()], 5_000);
    let partitions: Vec<i32> = numbers(5_000).collect();
    let generation = |number: i32| {
        let topic = if number % 2 == 0 { "t" } else { "u" };
        members("g", number, &[("m", topic, &partitions)])
    };
    let source = cluster.source("m", 0);
    cluster.apply(source, Past::Read, [(Order(0), generation(0))], NOW);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 1..200 {
                cluster.apply(source, Past::Read, [(Order(number.into()), generation(number))], NOW);
            }
        });
        let mut seen = 0;
        while !writer.is_finished() || seen == 0 {
            let topics = shown(&cluster);
            assert!(topics == [("t".to_owned(), 5_000)] || topics == [("u".to_owned(), 5_000)], "{topics:?}");
            seen += 1;
        }
    });
}
