//! Members that join, leave, die, wait or are converted.

use super::*;

/// What gives up a classic member that has died after 3 s.
const QUICK: &[&str] = &["session.timeout.ms=3000", "heartbeat.interval.ms=500"];

/// The client ids of those who own anything.
fn owners(said: &Said, group: &str) -> BTreeSet<String> {
    let owned = said.owners.iter().filter(|((of, ..), _)| of == group);
    owned.flat_map(|(_, owners)| owners).map(|[_, _, client]| client.clone()).collect()
}

#[test]
fn members_that_join_leave_and_die_do_so_on_the_page() {
    let World { clients, cluster, .. } = world();
    let world = world();
    for topic in ["lives", "lives-share", "lives-words"] {
        world.topic(topic, 4, 5);
    }
    let doomed = cluster.clients("doomed");
    let groups = ["lives-classic", "lives-consumer", "lives-share", "lives-streams"];
    let [classic, modern, share, streams] = groups;
    let asked =
        Asked { consumer: &[classic, modern], share: &[share], streams: &[streams], subtopologies: SUBTOPOLOGIES };
    let all = |said: &Said, state: &str, members: i64, owning: &[&str]| {
        let kinds = ["classic", "consumer", "share", "streams"];
        groups.iter().zip(kinds).all(|(group, kind)| {
            // A streams application's clients have names of their own, made from its client id.
            let whole = owners(said, group).iter().all(|owner| owning.iter().any(|one| owner.starts_with(one)));
            is(said, group, kind, state, members) && owners(said, group).len() == owning.len() && whole
        })
    };
    clients.classic("lives-a1", classic, "lives", QUICK);
    clients.modern("lives-a2", modern, "lives", &[]);
    cluster.tools().share_from_the_start(share);
    clients.share("lives-a3", share, "lives-share");
    clients.streams("lives-a4", streams, "lives-words");
    let said = world.agree("one member each", asked, |said| {
        let lags: Vec<i64> = said.lags.iter().filter(|((of, ..), _)| of == share).map(|(_, lag)| *lag).collect();
        let whole = committed(said, classic) == 20 && committed(said, streams) == 40 && lags == [0; 4];
        all(said, "stable", 1, &["lives-a"]) && whole
    });
    assert_eq!(committed(&said, modern), 20);
    doomed.classic("lives-b1", classic, "lives", QUICK);
    doomed.modern("lives-b2", modern, "lives", &[]);
    doomed.share("lives-b3", share, "lives-share");
    doomed.streams("lives-b4", streams, "lives-words");
    world.agree("two members each", asked, |said| all(said, "stable", 2, &["lives-a", "lives-b"]));
    world.agree_anew(asked);
    drop(doomed);
    world.agree("one member each again", asked, |said| all(said, "stable", 1, &["lives-a"]));
    for name in ["lives-a1", "lives-a2", "lives-a3", "lives-a4"] {
        clients.stop(name);
    }
    let empty = |said: &Said, group: &str, kind| is(said, group, kind, "empty", 0);
    world.agree("no members", asked, |said| {
        let kinds = ["classic", "consumer", "share", "streams"];
        groups.iter().zip(kinds).all(|(group, kind)| empty(said, group, kind))
    });
    world.agree_anew(asked);
}

#[test]
fn a_group_converted_member_by_member_and_back_while_it_runs() {
    let world = world();
    let World { clients, .. } = world;
    world.topic("rolled", 4, 10);
    let asked = consumer(&["rolled"]);
    let rolled = |said: &Said, kind: &str, clients: [&str; 2]| {
        let clients = clients.map(str::to_owned);
        is(said, "rolled", kind, "stable", 2) && owners(said, "rolled").into_iter().eq(clients)
    };
    clients.classic("rolled-a", "rolled", "rolled", &[]);
    clients.classic("rolled-b", "rolled", "rolled", &[]);
    world.agree("a classic group", asked, |said| {
        rolled(said, "classic", ["rolled-a", "rolled-b"]) && committed(said, "rolled") == 40
    });
    clients.stop("rolled-a");
    clients.modern("rolled-c", "rolled", "rolled", &[]);
    world.agree("half of it converted", asked, |said| rolled(said, "consumer", ["rolled-b", "rolled-c"]));
    world.agree_anew(asked);
    clients.stop("rolled-b");
    clients.modern("rolled-d", "rolled", "rolled", &[]);
    let all = world.agree("all of it converted", asked, |said| rolled(said, "consumer", ["rolled-c", "rolled-d"]));
    assert_eq!(committed(&all, "rolled"), 40);
    clients.stop("rolled-c");
    clients.classic("rolled-e", "rolled", "rolled", &[]);
    world.agree("half of it back", asked, |said| rolled(said, "consumer", ["rolled-d", "rolled-e"]));
    clients.stop("rolled-d");
    clients.classic("rolled-f", "rolled", "rolled", &[]);
    world.agree("all of it back", asked, |said| rolled(said, "classic", ["rolled-e", "rolled-f"]));
    world.cluster.produce("rolled", 0, 1);
    world.agree("commits that go on", asked, |said| committed(said, "rolled") == 41);
    world.agree_anew(asked);
}

#[test]
fn a_name_serves_groups_of_one_type_after_another() {
    let world = world();
    let World { clients, .. } = world;
    world.topic("reborn", 2, 3);
    let asked = consumer(&["reborn"]);
    let is = |said: &Said, kind: &str, members: i64| {
        is(said, "reborn", kind, if members == 0 { "empty" } else { "stable" }, members)
            && committed(said, "reborn") == 6
    };
    clients.classic("reborn-a", "reborn", "reborn", &[]);
    world.agree("a classic group", asked, |said| is(said, "classic", 1));
    clients.stop("reborn-a");
    world.agree("an empty classic group", asked, |said| is(said, "classic", 0));
    clients.modern("reborn-b", "reborn", "reborn", &[]);
    world.agree("the same by the later protocol", asked, |said| is(said, "consumer", 1));
    clients.stop("reborn-b");
    world.agree("that group without members", asked, |said| is(said, "consumer", 0));
    world.agree_anew(asked);
    clients.classic("reborn-c", "reborn", "reborn", &[]);
    world.agree("a classic group again", asked, |said| is(said, "classic", 1));
    clients.stop("reborn-c");
    world.cluster.tools().groups(&["--delete", "--group", "reborn"]);
    world.watched.page_where(seconds(2), "page without a deleted group", |page| gone(page, "reborn"));
    clients.share("reborn-d", "reborn", "reborn");
    let asked = Asked { share: &["reborn"], ..Asked::default() };
    let shares = |said: &Said| said.groups["reborn"] == ("share".to_owned(), "stable".to_owned(), 1);
    world.agree("a share group of that name", asked, |said| shares(said) && said.owners.len() == 2);
    world.agree_anew(asked);
    // The commits went with the group that was deleted.
    let left: Vec<_> = world.watched.page().places("kafka_consumergroup_current_offset").into_keys().collect();
    assert!(left.iter().all(|(group, ..)| group != "reborn"), "{left:?}");
}

#[test]
fn a_subscription_by_regular_expression_takes_topics_in_as_they_come() {
    let world = world();
    world.topic("matching-a", 2, 3);
    world.clients.consumer("matching", "matching", &["pattern=matching-.*", "group.protocol=consumer"]);
    let asked = consumer(&["matching"]);
    let first = |said: &Said| is(said, "matching", "consumer", "stable", 1) && committed(said, "matching") == 6;
    world.agree("the first topic", asked, |said| first(said) && said.owners.len() == 2);
    world.topic("matching-b", 1, 4);
    world.agree("another one", asked, |said| said.owners.len() == 3 && committed(said, "matching") == 10);
    world.agree_anew(asked);
}

#[test]
fn static_members_keep_their_place_until_they_are_gone_for_good() {
    let world = world();
    let World { clients, .. } = world;
    world.topic("static", 2, 2);
    let groups = ["static-classic", "static-consumer"];
    let [classic, modern] = groups;
    let asked = consumer(&groups);
    let start = |turn: &str| {
        clients.classic(&format!("static-a{turn}"), classic, "static", &["group.instance.id=one"]);
        clients.modern(&format!("static-b{turn}"), modern, "static", &["group.instance.id=one"]);
    };
    let both = |said: &Said, members: i64| {
        let states = if members == 0 { "empty" } else { "stable" };
        is(said, classic, "classic", states, members) && is(said, modern, "consumer", states, members)
    };
    start("1");
    let first = world.agree("static members", asked, |said| both(said, 1) && committed(said, modern) == 4);
    clients.stop("static-a1");
    clients.stop("static-b1");
    // Away, but not gone: the group keeps a place for them as long as their session lasts.
    let away = Said::by(world.cluster.tools(), clients, asked).unwrap();
    assert_eq!(away.groups[classic].2, 1);
    start("2");
    // Each has another member id now. A broker keeps the client id that a classic one had before.
    world.agree("the same members again", asked, |said| {
        both(said, 1) && said.owners.iter().all(|(place, owner)| first.owners[place].is_disjoint(owner))
    });
    clients.stop("static-b2");
    world.agree("one whose session ends", asked, |said| is(said, modern, "consumer", "empty", 0));
    clients.leave("static-a2");
    world.agree("one that is taken away", asked, |said| both(said, 0));
    world.agree_anew(asked);
}

#[test]
fn groups_in_the_middle_of_something_say_of_what() {
    let world = world();
    let World { clients, .. } = world;
    world.topic("middle", 4, 1);
    let asked = Asked { streams: &["middle-streams"], subtopologies: &["middle-words"], ..consumer(&["middle"]) };
    let waits = Asked { streams: &["middle-slow"], subtopologies: &["middle"], ..Asked::default() };
    let delay = "streams.initial.rebalance.delay.ms=12000";
    world.cluster.tools().configure_group("middle-slow", delay);
    clients.modern("middle-a", "middle", "middle", &[]);
    clients.waiting("middle-c", "middle-streams", "middle-words");
    world.agree("a topology without its topic", asked, |said| {
        is(said, "middle", "consumer", "stable", 1) && is(said, "middle-streams", "streams", "not_ready", 1)
    });
    clients.waiting("middle-d", "middle-slow", "middle");
    world.agree("a broker that waits for more members", waits, |said| {
        is(said, "middle-slow", "streams", "assigning", 1)
    });
    clients.freeze("middle-a");
    clients.modern("middle-b", "middle", "middle", &[]);
    // Since 4.4 Kafka's tools list as a member's own also what it is to give back: the page does not, and is looked at
    // alone.
    let fresh = Program::quick(&world.cluster.bootstrap(), OWNERS).ready();
    let said = eventually(seconds(40), "a member that lets nothing go", || {
        let [said, anew] = [&world.watched, &fresh].map(|program| Said::on(&program.page(), asked));
        let reconciling = is(&said, "middle", "consumer", "reconciling", 2);
        if reconciling && said == anew { Ok(said) } else { Err(format!("{said:?} {anew:?}")) }
    });
    assert_eq!(owners(&said, "middle").into_iter().collect::<Vec<_>>(), ["middle-a"]);
    clients.thaw("middle-a");
    world.agree("partitions shared", asked, |said| {
        is(said, "middle", "consumer", "stable", 2) && owners(said, "middle").len() == 2
    });
}

#[test]
fn a_group_of_another_protocol_type_has_members_and_owns_nothing() {
    let world = world();
    let World { clients, .. } = world;
    clients.connect("worker-a", "workers");
    clients.connect("worker-b", "workers");
    let wanted = |page: &Page, members: usize| {
        let theirs = clients.describe("workers")?;
        let [state, protocol_type, protocol] = [0, 1, 2].map(|index| theirs[index].clone());
        let info = [("consumergroup", "workers"), ("type", "classic")];
        let info: Vec<_> = page
            .with("kafka_consumergroup_info", &info)
            .map(|(labels, _)| ["protocol_type", "protocol"].map(|key| labels[key].clone()))
            .collect();
        let said = Said::on(page, consumer(&["workers"]));
        let count = theirs[3..].iter().filter(|member| !member.is_empty()).count();
        let expected = ("classic".to_owned(), state.to_lowercase(), i64::try_from(count).unwrap());
        let same = said.groups.get("workers") == Some(&expected) && info == [[protocol_type, protocol]];
        let still = count == members && said.owners.is_empty() && said.commits.is_empty();
        if same && still { Ok(()) } else { Err(format!("\nours   {said:?} {info:?}\ntheirs {theirs:?}")) }
    };
    world.watched.page_where(seconds(30), "two workers", |page| wanted(page, 2));
    let replayed = Program::quick(&world.cluster.bootstrap(), OWNERS).ready();
    replayed.page_where(seconds(30), "two workers from the records alone", |page| wanted(page, 2));
    clients.stop("worker-a");
    world.watched.page_where(seconds(30), "one worker", |page| wanted(page, 1));
    clients.stop("worker-b");
    // It has neither commits nor members now, and is there until the coordinator deletes it.
    world.watched.page_where(seconds(30), "no workers", |page| wanted(page, 0));
}
