//! Tests paths and data, and the tree against a model of a server.

mod model;

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use regex::bytes::Regex;

use super::*;
use crate::config::Filter;
use crate::model::{Name, Order, Timestamp};
use model::{Held, Server, settle, tell, tree};

fn at(group: &'static str, topic: &'static str, partition: i32) -> TreePartition<'static> {
    TreePartition { group, topic, partition: Partition(partition) }
}

#[test]
fn paths_stand_for_what_the_old_consumer_keeps_there() {
    for (path, expected) in [
        ("/consumers", NodeKind::Groups),
        ("/consumers/g", NodeKind::Group("g")),
        ("/consumers/g/ids", NodeKind::Members("g")),
        ("/consumers/g/owners", NodeKind::OwnedTopics("g")),
        ("/consumers/g/owners/t", NodeKind::OwnedPartitions("g", "t")),
        ("/consumers/g/owners/t/0", NodeKind::Owner(at("g", "t", 0))),
        ("/consumers/g/offsets", NodeKind::Topics("g")),
        ("/consumers/g/offsets/t", NodeKind::Partitions("g", "t")),
        ("/consumers/g/offsets/t/2147483647", NodeKind::Commit(at("g", "t", i32::MAX))),
        ("/consumers/\u{fc} b/offsets/t.1/10", NodeKind::Commit(at("\u{fc} b", "t.1", 10))),
    ] {
        assert_eq!(node_kind(path), Some(expected), "{path}");
    }
}

#[test]
fn other_shapes_of_tree_stand_for_nothing() {
    for path in [
        "",
        "/",
        "/brokers",
        "/consumersx",
        "/consumers/",
        "/consumers//offsets",
        "/consumers/g/",
        "/consumers/g/other",
        "/consumers/g/ids/c",
        "/consumers/g/offsets/",
        "/consumers/g/offsets//0",
        "/consumers/g/offsets/t/",
        "/consumers/g/offsets/t/x",
        "/consumers/g/offsets/t/-1",
        "/consumers/g/offsets/t/+1",
        "/consumers/g/offsets/t/00",
        "/consumers/g/offsets/t/01",
        "/consumers/g/offsets/t/2147483648",
        "/consumers/g/offsets/t/0/more",
        "/consumers/g/owners/t/0/more",
    ] {
        assert_eq!(node_kind(path), None, "{path}");
    }
}

#[test]
fn an_offset_is_digits_and_nothing_else() {
    assert_eq!(parse_offset(b"0"), Some(Offset(0)));
    assert_eq!(parse_offset(b"9223372036854775807"), Some(Offset(i64::MAX)));
    let bad: [&[u8]; 10] =
        [b"", b" 1", b"1\n", b"-1", b"+1", b"1.0", b"0x1", b"9223372036854775808", b"\xff", "\u{663}".as_bytes()];
    for data in bad {
        assert_eq!(parse_offset(data), None, "{data:?}");
    }
}

#[test]
fn a_thread_is_a_consumer_and_a_number() {
    assert_eq!(consumer_of("g_host-1-ab-0"), Some("g_host-1-ab"));
    assert_eq!(consumer_of("g_custom-12"), Some("g_custom"));
    for text in ["", "g", "g-", "-0", "g-x", "g-0x", "g-+1"] {
        assert_eq!(consumer_of(text), None, "{text}");
    }
}

#[test]
fn a_members_host_is_in_its_id_unless_that_was_chosen() {
    let host = |group, consumer: &str| member_update(group, consumer.as_bytes()).client_host.to_string();
    assert_eq!(host("g", "g_kafka-3.example.com-1396460000000-1a2b3c4d"), "kafka-3.example.com");
    assert_eq!(member_update("g", b"g_\xff-1-ab").client_host, Name(b""));
    assert_eq!(host("g_h", "g_h_web-1-1396460000000-1a2b3c4d"), "web-1");
    for chosen in ["g_mine", "g_mine-1", "g_a-b-c", "g_a--1a", "x_host-1-ab", "", "g"] {
        assert_eq!(host("g", chosen), "", "{chosen}");
    }
}

#[test]
fn groups_appear_grow_and_go() {
    let (mut tree, mut server, mut held) = (tree(), Server::default(), Held::default());
    settle(&mut tree, &mut server, &mut held);
    assert!(tree.is_walked(), "there is no such node, and that is known");
    server.put("/consumers/g/offsets/t/0", b"5");
    server.put("/consumers/g/ids/g_h-1-ab", b"{}");
    server.put("/consumers/g/owners/t/0", b"g_h-1-ab-0");
    settle(&mut tree, &mut server, &mut held);
    assert_eq!(held, Held::of(&server));
    assert_eq!((held.commits.len(), held.members.len()), (1, 1));
    server.remove("/consumers/g");
    settle(&mut tree, &mut server, &mut held);
    assert_eq!(held, Held::default());
    server.put("/consumers/g/offsets/t/0", b"6");
    settle(&mut tree, &mut server, &mut held);
    assert_eq!(held, Held::of(&server));
    server.remove("/consumers");
    settle(&mut tree, &mut server, &mut held);
    assert_eq!((&held, tree.progress().1), (&Held::default(), 1));
    server.put("/consumers/h/offsets/t/0", b"7");
    settle(&mut tree, &mut server, &mut held);
    assert_eq!(held, Held::of(&server));
}

#[test]
fn data_that_is_no_number_is_counted_and_watched_on() {
    let (mut tree, mut server, mut held) = (tree(), Server::default(), Held::default());
    server.put("/consumers/g/offsets/t/0", b"5");
    assert_eq!(settle(&mut tree, &mut server, &mut held), []);
    server.put("/consumers/g/offsets/t/0", b"five");
    assert_eq!(settle(&mut tree, &mut server, &mut held), [NodeFault::Offset]);
    assert_eq!(held, Held::default(), "what was committed is not known any more");
    server.put("/consumers/g/offsets/t/0", b"6");
    assert_eq!(settle(&mut tree, &mut server, &mut held), []);
    assert_eq!(held, Held::of(&server));
}

#[test]
fn what_is_denied_is_never_asked_for() {
    let deny = |text| Filter::new(None, Some(Regex::new(text).unwrap()));
    let mut server = Server::default();
    for path in ["/consumers/no/offsets/t/0", "/consumers/never/ids/x", "/consumers/g/offsets/secret/0"] {
        server.put(path, b"1");
    }
    server.put("/consumers/g/owners/secret/0", b"g-0");
    server.put("/consumers/g/offsets/t/0", b"2");
    let mut tree = Tree::new([deny("^no$"), deny("^never$")], deny("secret"), TreeLimits::default());
    let mut held = Held::default();
    settle(&mut tree, &mut server, &mut held);
    let watched: Vec<&String> = server.children.iter().chain(&server.data).collect();
    let denied = ["no", "never", "secret"];
    assert!(!watched.iter().any(|path| path.split('/').any(|name| denied.contains(&name))), "{watched:?}");
    assert_eq!(held.commits.len(), 1);
}

#[test]
fn what_may_not_be_read_is_asked_for_again_and_let_go_once_it_is_gone() {
    let (mut tree, mut server, mut held) = (tree(), Server::default(), Held::default());
    server.put("/consumers/g/offsets/t/0", b"5");
    let secret: Arc<str> = "/consumers/g/offsets/t".into();
    while let Some(ask) = tree.next_request() {
        let answer = if ask.path == secret { NodeResponse::Refused } else { server.answer(&ask) };
        tell(&mut tree, &mut held, &ask.path, &answer);
    }
    assert!(tree.is_walked() && held == Held::default());
    let known = tree.progress().1;
    tree.request_refused();
    settle(&mut tree, &mut server, &mut held);
    assert_eq!((&held, tree.progress().1), (&Held::of(&server), known + 1));
    let none: Arc<str> = "/consumers/g/offsets".into();
    tree.apply_response(&secret, &NodeResponse::Refused);
    tree.apply_response(&none, &NodeResponse::Children(Vec::new()));
    assert_eq!(tree.progress().1, known);
}

#[test]
fn a_node_that_a_list_names_while_an_older_answer_says_that_it_is_missing_is_asked_for_again() {
    let (mut tree, mut server, mut held) = (tree(), Server::default(), Held::default());
    server.put("/consumers/g/offsets/t/0", b"5");
    settle(&mut tree, &mut server, &mut held);
    server.remove("/consumers/g/offsets/t/0");
    for path in std::mem::take(&mut server.fired) {
        tree.mark_changed(&path);
    }
    tree.request_changed(usize::MAX);
    let asks: Vec<NodeRequest> = std::iter::from_fn(|| tree.next_request()).collect();
    let node = asks.iter().find(|ask| ask.read == NodeRead::Data).unwrap();
    let list = asks.iter().find(|ask| &*ask.path == "/consumers/g/offsets/t").unwrap();
    let missing = server.answer(node);
    server.put("/consumers/g/offsets/t/0", b"6");
    let names = server.answer(list);
    tell(&mut tree, &mut held, &list.path, &names);
    tell(&mut tree, &mut held, &node.path, &missing);
    settle(&mut tree, &mut server, &mut held);
    assert_eq!(held, Held::of(&server));
}

#[derive(Clone, Debug)]
enum Step {
    Put(&'static str, &'static str),
    Remove(&'static str),
    /// Send the next request to the server.
    Ask,
    /// Deliver one of the answers to the tree. Answers and watches may overtake each other.
    Tell(usize),
    Fire(usize),
    /// Request up to this many changed nodes again.
    Release(usize),
}

const PATHS: [&str; 15] = [
    "/consumers",
    "/consumers/a",
    "/consumers/a/ids",
    "/consumers/a/ids/a_h-1-ab",
    "/consumers/a/ids/a_x",
    "/consumers/a/ids/a_x-7",
    "/consumers/a/owners/t",
    "/consumers/a/owners/t/0",
    "/consumers/a/owners/u/1",
    "/consumers/a/offsets",
    "/consumers/a/offsets/t",
    "/consumers/a/offsets/t/0",
    "/consumers/a/offsets/t/1",
    "/consumers/b/offsets/t/0",
    "/consumers/b/other/t/0",
];

fn step() -> impl Strategy<Value = Step> {
    let path = || prop::sample::select(&PATHS[..]);
    let data = prop::sample::select(&["1", "2", "3", "a_h-1-ab-0", "a_x", "a_x-7", "a_x-7-0", "", "x"][..]);
    prop_oneof![
        3 => (path(), data).prop_map(|(path, data)| Step::Put(path, data)),
        2 => path().prop_map(Step::Remove),
        4 => Just(Step::Ask),
        4 => any::<usize>().prop_map(Step::Tell),
        2 => any::<usize>().prop_map(Step::Fire),
        2 => (0..3_usize).prop_map(Step::Release),
    ]
}

proptest! {
    /// Whatever happens, and in whichever order it is reported: in the end everything is as on the server, and each
    /// node is watched once.
    #[test]
    fn nothing_is_lost_or_kept(steps in prop::collection::vec(step(), 0..200)) {
        let (mut tree, mut server, mut held) = (tree(), Server::default(), Held::default());
        let mut answers: Vec<(NodeRequest, NodeResponse)> = Vec::new();
        for step in steps {
            match step {
                Step::Put(path, data) => server.put(path, data.as_bytes()),
                Step::Remove(path) => server.remove(path),
                Step::Ask => {
                    if let Some(ask) = tree.next_request() {
                        let answer = server.answer(&ask);
                        answers.push((ask, answer));
                    }
                }
                Step::Tell(which) if !answers.is_empty() => {
                    let (ask, answer) = answers.remove(which % answers.len());
                    tell(&mut tree, &mut held, &ask.path, &answer);
                }
                Step::Fire(which) if !server.fired.is_empty() => {
                    let which = which % server.fired.len();
                    // If a watch has fired before its own answer was delivered, the answer must come first.
                    let path = Arc::clone(&server.fired[which]);
                    if !answers.iter().any(|(ask, _)| ask.path == path) {
                        server.fired.remove(which);
                        tree.mark_changed(&path);
                    }
                }
                Step::Release(most) => assert!(tree.request_changed(most) <= most),
                Step::Tell(_) | Step::Fire(_) => {}
            }
        }
        for (ask, answer) in answers {
            tell(&mut tree, &mut held, &ask.path, &answer);
        }
        settle(&mut tree, &mut server, &mut held);
        prop_assert_eq!(&held, &Held::of(&server));
        prop_assert!(tree.is_walked());
        prop_assert!(tree.is_tidy());
    }

    #[test]
    fn hostile_bytes_are_no_more_than_faults(path in ".{0,40}", data in prop::collection::vec(any::<u8>(), 0..40)) {
        let path: Arc<str> = format!("/consumers/{path}").into();
        let said = NodeResponse::Data { data: data.clone(), order: Order(i64::MIN), time: Timestamp(i64::MAX) };
        let mut tree = tree();
        tree.apply_response(&path, &said);
        tree.apply_response(&path, &NodeResponse::Children(vec![String::from_utf8_lossy(&data).into_owned(), "/".to_owned()]));
        let _ = (parse_offset(&data), node_kind(&path));
    }
}

#[test]
fn nothing_below_a_name_that_is_too_long_is_read() {
    let mut tree = Tree::new([Filter::default(), Filter::default()], Filter::default(), TreeLimits::default());
    let name = |bytes| "n".repeat(bytes);
    let (longest, topic) = (name(1024), name(249));
    let lists = [
        ("/consumers".to_owned(), vec![name(1025), longest.clone()]),
        (format!("/consumers/{longest}"), vec!["offsets".to_owned(), "owners".to_owned()]),
        (format!("/consumers/{longest}/offsets"), vec![name(250), topic.clone()]),
        (format!("/consumers/{longest}/owners"), vec![name(250)]),
    ];
    let mut asked = BTreeSet::new();
    for (path, names) in lists {
        tree.apply_response(&path.into(), &NodeResponse::Children(names));
        asked.extend(std::iter::from_fn(|| tree.next_request()).map(|ask| ask.path.to_string()));
    }
    assert_eq!((tree.take_long_name_count(), tree.take_long_name_count()), (3, 0));
    let below = |rest: &str| format!("/consumers/{longest}{rest}");
    let expected = [
        "/consumers".to_owned(),
        below(""),
        below("/ids"),
        below("/offsets"),
        below("/owners"),
        below(&format!("/offsets/{topic}")),
    ];
    assert!(asked.iter().all(|path| expected.contains(path)), "{asked:?}");
    assert!(asked.contains(&below(&format!("/offsets/{topic}"))));
}
