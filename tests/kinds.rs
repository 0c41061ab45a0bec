//! Groups of every type, with real clients: what the page says is what Kafka's tools say.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rdkafka::admin::{NewTopic, TopicReplication};

use crate::rig::broker::{Cluster, Spec};
use crate::rig::clients::Clients;
use crate::rig::judge::{Asked, Said, list};
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::{eventually, seconds};

const OWNERS: &str = "[metrics]\nowners = true\n";

/// What gives up a classic member that has died after 3 s.
const QUICK: &[&str] = &["session.timeout.ms=3000", "heartbeat.interval.ms=500"];

/// One broker, one JVM of clients and a program that sees it all happen, for all tests here.
pub struct World {
    pub watched: Program,
    pub clients: Clients,
    pub cluster: Cluster,
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let cluster = Spec::new(Version::LATEST).lasting().quick_groups().start();
        cluster.create_topic("seed", 1);
        let watched = Program::quick(&cluster.bootstrap(), OWNERS);
        let clients = cluster.clients("all");
        clients.classic("first", "first", "seed", &[]);
        watched.await_ready(seconds(60));
        World { watched, clients, cluster }
    })
}

impl World {
    /// A topic with this many records in each partition.
    pub fn topic(&self, name: &str, partitions: i32, records: usize) {
        self.cluster.create_topic(name, partitions);
        for partition in 0..partitions {
            self.cluster.produce(name, partition, records);
        }
    }

    /// Waits until both are still and say the same, and that is what was wanted.
    pub fn agree(&self, what: &str, asked: Asked<'_>, wanted: impl Fn(&Said) -> bool) -> Said {
        self.agree_on(&self.watched, what, asked, wanted)
    }

    fn agree_on(&self, program: &Program, what: &str, asked: Asked<'_>, wanted: impl Fn(&Said) -> bool) -> Said {
        eventually(seconds(40), what, || {
            let theirs = Said::by(self.cluster.tools(), &self.clients, asked)?;
            let ours = Said::on(&program.page(), asked);
            if ours != theirs {
                return Err(format!("\nours   {ours:?}\ntheirs {theirs:?}"));
            }
            if wanted(&ours) { Ok(ours) } else { Err(format!("\nboth {ours:?}")) }
        })
    }

    /// The same again with a program that was started afterwards.
    pub fn agree_anew(&self, asked: Asked<'_>) {
        let replayed = Program::quick(&self.cluster.bootstrap(), OWNERS).ready();
        self.agree_on(&replayed, "the same from the records alone", asked, |_| true);
    }
}

fn consumer<'a>(groups: &'a [&'a str]) -> Asked<'a> {
    Asked { consumer: groups, ..Asked::default() }
}

/// Type, state and number of members.
pub fn is(said: &Said, group: &str, kind: &str, state: &str, members: i64) -> bool {
    said.groups.get(group) == Some(&(kind.to_owned(), state.to_owned(), members))
}

/// The client ids of those who own anything.
fn owners(said: &Said, group: &str) -> BTreeSet<String> {
    let owned = said.owners.iter().filter(|((of, ..), _)| of == group);
    owned.flat_map(|(_, owners)| owners).map(|[_, _, client]| client.clone()).collect()
}

/// Committed in all partitions together.
pub fn committed(said: &Said, group: &str) -> i64 {
    said.commits.iter().filter(|((of, ..), _)| of == group).map(|(_, offset)| offset).sum()
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
    let reconciling = |program: &Program| {
        eventually(seconds(40), "a member that lets nothing go", || {
            let said = Said::on(&program.page(), asked);
            if is(&said, "middle", "consumer", "reconciling", 2) { Ok(said) } else { Err(format!("{said:?}")) }
        })
    };
    let said = reconciling(&world.watched);
    assert_eq!(owners(&said, "middle").into_iter().collect::<Vec<_>>(), ["middle-a"]);
    assert_eq!(reconciling(&Program::quick(&world.cluster.bootstrap(), OWNERS).ready()), said);
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
    // It has neither commits nor members now.
    world.watched.page_where(seconds(10), "no workers", |page| gone(page, "workers"));
}

pub fn gone(page: &Page, group: &str) -> Result<(), String> {
    if page.groups().contains(group) { Err(format!("{group} is on the page")) } else { Ok(()) }
}

#[test]
fn what_a_tombstone_ends_is_off_the_page_within_two_seconds() {
    let world = world();
    let World { clients, cluster, watched } = world;
    world.topic("kept", 2, 2);
    world.topic("dropped", 2, 3);
    let groups = ["ended-classic", "ended-consumer"];
    clients.classic("ended-a", groups[0], "kept,dropped", &[]);
    clients.modern("ended-b", groups[1], "kept,dropped", &[]);
    let all = |said: &Said| groups.iter().all(|group| committed(said, group) == 10);
    world.agree("commits of both topics", consumer(&groups), all);
    clients.stop("ended-a");
    clients.stop("ended-b");
    for group in groups {
        // The record was written at the latest when the tool has its answer.
        cluster.tools().groups(&["--delete-offsets", "--group", group, "--topic", "dropped"]);
        watched.page_where(seconds(2), "page without the offsets of one topic", |page| {
            let found = page.with("kafka_consumergroup_current_offset", &[("consumergroup", group)]);
            let topics: Vec<&str> = found.map(|(labels, _)| labels["topic"].as_str()).collect();
            if topics == ["kept", "kept"] { Ok(()) } else { Err(format!("{topics:?}")) }
        });
    }
    world.agree("the other topic", consumer(&groups), |said| {
        groups.iter().all(|group| committed(said, group) == 4 && said.groups[*group].2 == 0)
    });
    world.agree_anew(consumer(&groups));
    for group in groups {
        cluster.tools().groups(&["--delete", "--group", group]);
        watched.page_where(seconds(2), "page without a deleted group", |page| gone(page, group));
    }
    assert!(groups.iter().all(|group| !list(cluster.tools()).contains_key(*group)));
}

#[test]
fn a_topic_deleted_and_created_again_is_another_topic() {
    let world = world();
    let World { clients, cluster, watched } = world;
    world.topic("again", 2, 8);
    let groups = ["again-classic", "again-consumer", "again-idle"];
    clients.classic("again-a", groups[0], "again", &[]);
    clients.modern("again-b", groups[1], "again", &[]);
    clients.modern("again-c", groups[2], "again", &[]);
    let asked = consumer(&groups);
    world.agree("the first topic", asked, |said| groups.iter().all(|group| committed(said, group) == 16));
    clients.stop("again-c");
    cluster.delete_topic("again");
    // Two refreshes of the metadata, one a second, and one that was under way.
    watched.page_where(seconds(4), "page without the topic", |page| {
        let named: Vec<&str> =
            page.names().filter(|name| page.with(name, &[("topic", "again")]).next().is_some()).collect();
        if named.is_empty() { Ok(()) } else { Err(format!("{named:?}")) }
    });
    cluster.create(NewTopic::new("again", 3, TopicReplication::Fixed(1)));
    for partition in 0..3 {
        cluster.produce("again", partition, 2);
    }
    let now = consumer(&groups[..2]);
    let said = world.agree("the second topic", now, |said| {
        groups[..2].iter().all(|group| committed(said, group) == 6 && said.groups[*group].2 == 1)
    });
    assert_eq!(said.owners.len(), 6);
    world.agree_anew(now);
    cluster.grow_topic("again", 4);
    world.agree("a topic that has grown", now, |said| said.owners.len() == 8);
    // Its commits went with the topic, and it has no members.
    gone(&watched.page(), "again-idle").unwrap();
}

#[test]
fn what_the_tools_list_is_on_the_page_and_nothing_else() {
    let world = world();
    eventually(seconds(60), "the groups that the tools list", || {
        let tools = world.cluster.tools();
        let listed = list(tools);
        let of = |kinds: &[&str]| -> Vec<String> {
            listed.iter().filter(|(_, kind)| kinds.contains(&kind.as_str())).map(|(group, _)| group.clone()).collect()
        };
        let [consumers, shares, streams] = [of(&["classic", "consumer"]), of(&["share"]), of(&["streams"])];
        let page = world.watched.page();
        let shown: BTreeSet<String> = page.groups().into_iter().map(str::to_owned).collect();
        let unlisted: Vec<&String> = shown.iter().filter(|group| !listed.contains_key(*group)).collect();
        if !unlisted.is_empty() {
            return Err(format!("not listed: {unlisted:?}"));
        }
        let [consumers, shares, streams] = [&consumers, &shares, &streams]
            .map(|groups| groups.iter().map(String::as_str).filter(|group| *group != "workers").collect::<Vec<_>>());
        let asked = Asked { consumer: &consumers, share: &shares, streams: &streams, subtopologies: SUBTOPOLOGIES };
        let theirs = Said::by(tools, &world.clients, asked)?;
        let committing: BTreeSet<&String> = theirs.commits.keys().map(|(group, ..)| group).collect();
        let missing = theirs
            .groups
            .iter()
            .filter(|(group, (.., members))| (*members > 0 || committing.contains(group)) && !shown.contains(*group));
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("not shown: {missing:?}")) }
    });
}

const SUBTOPOLOGIES: &[&str] = &["lives-words", "lives-streams-counts-repartition"];
