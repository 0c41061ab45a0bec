//! How many topics of an assignment are kept without being named by the metadata.

use super::*;

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
    assert_eq!((shown(&cluster).len(), cluster.dropped_topics()), (15_000, 5_000));
    assert_eq!(cluster.take_first_dropped(), Some(DroppedTopics { group: "g".to_owned(), topics: 5_000 }));
    live(&cluster, [assignment(2, texts(&names))]);
    // It is returned once, and counted each time.
    assert_eq!((cluster.dropped_topics(), cluster.take_first_dropped()), (10_000, None));
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
    assert_eq!((shown(&cluster).len(), cluster.dropped_topics(), cluster.names_held()), (0, 0, 0));
    apply_metadata(&cluster, &names[..12_000], 1, 1);
    assert_eq!((shown(&cluster).len(), cluster.dropped_topics()), (12_000, 8_000));
    apply_metadata(&cluster, &names[..12_000], 1, 1);
    assert_eq!((shown(&cluster).len(), cluster.dropped_topics()), (12_000, 8_000));
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
            assert_eq!(cluster.dropped_topics(), 2_000);
        }
        cluster.apply(cluster.source("m", 0), PastState::Read, [(Order(100), topology(2))], NOW);
        assert!(shown(&cluster).is_empty());
        assert_eq!(cluster.dropped_topics(), 4_000);
    }
}
