//! The work with assignments: it is done while no lock is held.

use super::*;

#[test]
fn an_assignment_is_made_while_no_lock_is_held() {
    for there in [true, false] {
        is_linear(
            |_| A_STEP,
            |size| {
                let names = names(size);
                let cluster = if there { with_topics(&names, 1) } else { with_topics(&[], 1) };
                live(&cluster, [assignment(1, texts(&names))]);
                work_counter::measure(|| live(&cluster, [assignment(2, texts(&names))]))
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
            work_counter::measure(|| apply_metadata(&cluster, &names, 1, 1))
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
            let work = work_counter::measure(|| live(&cluster, facts.map(|one| fact(GroupKind::Consumer, one))));
            assert!(work.1 <= A_STEP, "{work:?}");
            let work = work_counter::measure(|| cluster.compute_owners());
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
            let work = work_counter::measure(|| cluster.compute_owners());
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
            let work = work_counter::measure(|| cluster.compute_owners());
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
                cluster.apply(source, PastState::Read, [(Order(order), fact(GroupKind::Consumer, one))], NOW);
            };
            tell(epoch());
            let mut work = work_counter::measure(|| {
                for (id, partition) in members.iter().zip(0..) {
                    tell(member(id));
                    tell(current(id, OwnedUpdate::Partitions(vec![(TopicId(1), vec![Partition(partition)])])));
                }
            });
            assert_eq!(shown(&cluster), [(topics[0].clone(), size)]);
            let gone = work_counter::measure(|| {
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
fn a_scrape_sees_all_of_an_assignment_or_nothing_of_it() {
    let cluster = with_topics(&["t".to_owned(), "u".to_owned()], 5_000);
    let partitions: Vec<i32> = numbers(5_000).collect();
    let generation = |number: i32| {
        let topic = if number % 2 == 0 { "t" } else { "u" };
        members("g", number, &[("m", topic, &partitions)])
    };
    let source = cluster.source("m", 0);
    cluster.apply(source, PastState::Read, [(Order(0), generation(0))], NOW);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 1..200 {
                cluster.apply(source, PastState::Read, [(Order(number.into()), generation(number))], NOW);
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
