//! Partitions are added to the offsets topic, and brokers restarted one after the other: the page against the tools.
//!
//! Brokers place groups by the number of partitions that they found when they started.

use super::*;
use crate::rig::tools::{GROUPS, rows};
use crate::rig::wire::Committer;

const BEFORE: i32 = 4;
const AFTER: i32 = 6;

/// Where Kafka puts a group: Java's hash of its name, its sign taken off.
fn partition(group: &str, partitions: i32) -> i32 {
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    hash.checked_abs().unwrap_or(0) % partitions
}

/// A name for a group that has another partition afterwards, or the same.
fn name(begin: &str, moves: bool) -> String {
    let names = (0..).map(|number| format!("{begin}-{number}"));
    names.into_iter().find(|name| self::moves(name) == moves).unwrap()
}

fn moves(group: &str) -> bool {
    partition(group, BEFORE) != partition(group, AFTER)
}

struct Grown {
    program: Program,
    clients: Clients,
    cluster: Cluster,
    /// Groups with a member, of both protocols, that move and that stay.
    live: Vec<String>,
    /// Groups without members, whose last commits are 1 and 2.
    idle: Vec<String>,
}

impl Grown {
    fn start() -> Self {
        let offsets = u32::try_from(BEFORE).unwrap();
        let cluster = Spec::new(Version::V4_4).nodes(2).offsets_partitions(offsets).quick_groups().start();
        cluster.create_topic("t", 2);
        for partition in 0..2 {
            cluster.produce("t", partition, 10);
        }
        let program = Program::quick(&cluster.bootstrap(), OWNERS);
        let clients = cluster.clients("all");
        let live =
            [("old", true), ("old", false), ("new", true), ("new", false)].map(|(kind, moves)| name(kind, moves));
        let idle = [true, false].map(|moves| name("idle", moves));
        for group in &live {
            if group.starts_with("old") {
                clients.classic(group, group, "t", &[]);
            } else {
                clients.modern(group, group, "t", &[]);
            }
        }
        for group in &idle {
            Committer::new(cluster.port()).commit(group, "t", &[(0, 1), (1, 2)]);
        }
        program.await_ready(seconds(60));
        Self { program, clients, cluster, live: live.into(), idle: idle.into() }
    }

    /// The groups on a page are those that the tool lists.
    fn lists_the_same(&self, program: &Program, what: &str) {
        eventually(seconds(60), what, || {
            let listed: BTreeSet<String> = list(self.cluster.tools()).into_keys().collect();
            let shown: BTreeSet<String> = program.page().groups().into_iter().map(str::to_owned).collect();
            let all = self.live.iter().chain(&self.idle).all(|group| listed.contains(group));
            if listed == shown && all { Ok(()) } else { Err(format!("\nlisted {listed:?}\nshown  {shown:?}")) }
        });
    }

    /// Types, states, members, owners, commits and lags of groups are on a page as the tools have them.
    fn agrees(&self, program: &Program, what: &str, groups: &[&String], wanted: impl Fn(&Said) -> bool) {
        let groups: Vec<&str> = groups.iter().map(|group| group.as_str()).collect();
        eventually(seconds(60), what, || {
            let theirs = Said::by(self.cluster.tools(), &self.clients, consumer(&groups))?;
            let mut ours = Said::on(&program.page(), consumer(&groups));
            // To the tool a group that commits alone is a classic one.
            for (kind, ..) in ours.groups.values_mut().filter(|(kind, ..)| kind == "simple") {
                *kind = "classic".to_owned();
            }
            if ours != theirs {
                return Err(format!("\nours   {ours:?}\ntheirs {theirs:?}"));
            }
            if wanted(&ours) { Ok(()) } else { Err(format!("\nboth {ours:?}")) }
        });
    }

    fn replayed(&self) -> Program {
        Program::quick(&self.cluster.bootstrap(), OWNERS).ready()
    }

    /// What a page has of the idle groups' commits.
    fn idle_commits(&self, program: &Program) -> Vec<(i32, i64)> {
        let places = program.page().places("kafka_consumergroup_current_offset");
        let of = |name: &String| {
            let own = places.iter().filter(|((group, ..), _)| group == name);
            own.map(|((.., partition), offset)| (*partition, *offset)).collect::<Vec<_>>()
        };
        self.idle.iter().flat_map(of).collect()
    }
}

#[test]
fn a_grown_offsets_topic_is_read_as_the_brokers_do_before_and_after_each_is_restarted() {
    let mut grown = Grown::start();
    let (live, idle) = (grown.live.clone(), grown.idle.clone());
    let live: Vec<&String> = live.iter().collect();
    let all: Vec<&String> = live.iter().copied().chain(&idle).collect();
    let consumed = |groups: &[&String], said: &Said| {
        groups.iter().all(|group| committed(said, group) == 20 && said.groups[*group].2 == 1)
    };
    let whole = |said: &Said| consumed(&live, said) && idle.iter().all(|group| committed(said, group) == 3);
    grown.lists_the_same(&grown.program, "groups before");
    grown.agrees(&grown.program, "groups before", &all, whole);

    let alter = ["--alter", "--topic", "__consumer_offsets", "--partitions", &AFTER.to_string()];
    grown.cluster.tools().topics(&alter);
    grown.program.page_where(seconds(30), "more partitions that are read", |page| {
        let read = page.family("warrener_offsets_topic_lag").count();
        if read == usize::try_from(AFTER).unwrap() { Ok(()) } else { Err(read.to_string()) }
    });
    grown.lists_the_same(&grown.program, "groups of brokers with the old number");
    grown.agrees(&grown.program, "groups of brokers with the old number", &all, whole);
    let replayed = grown.replayed();
    grown.lists_the_same(&replayed, "the same from the records alone");
    grown.agrees(&replayed, "the same from the records alone", &all, whole);
    drop(replayed);

    for broker in 0..2 {
        grown.cluster.await_in_sync();
        grown.cluster.stop(broker);
        grown.cluster.start();
        grown.lists_the_same(&grown.program, "groups after the restart of a broker");
        let replayed = grown.replayed();
        grown.lists_the_same(&replayed, "the same from the records alone, after the restart of a broker");
    }

    // A new coordinator does not know the group. That ends a consumer of the protocol of KIP-848, and another one comes.
    let ended = live.iter().find(|group| group.starts_with("new") && moves(group)).unwrap();
    grown.clients.modern("another", ended, "t", &[]);

    // Those that moved have read everything again; their old coordinators let their members time out meanwhile.
    for program in [&grown.program, &grown.replayed()] {
        grown.agrees(program, "groups of brokers with the new number", &live, |said| consumed(&live, said));
        grown.agrees(program, "an idle group that stays", &[&idle[1]], |said| committed(said, &idle[1]) == 3);
        grown.lists_the_same(program, "groups of brokers with the new number");
        // Kafka still lists the idle group that moves, from its old partition, and knows no offsets of it.
        assert_eq!(grown.idle_commits(program), [(0, 1), (1, 2), (0, 1), (1, 2)]);
    }
    let described = ["--describe", "--group", &idle[0], "--offsets"];
    let (Ok(said) | Err(said)) = grown.cluster.tools().ask(GROUPS, &described);
    assert!(rows(&said).is_empty(), "{said}");
    // With its first commit there, the page has that commit alone, as the tool.
    Committer::new(grown.cluster.port()).commit(&idle[0], "t", &[(1, 7)]);
    for program in [&grown.program, &grown.replayed()] {
        grown.agrees(program, "an idle group that commits again", &all, |said| committed(said, &idle[0]) == 7);
    }
    for member in live.iter().map(|group| if group == ended { "another" } else { group.as_str() }) {
        grown.clients.stop(member);
    }
    grown.agrees(&grown.program, "groups without members", &all, |said| {
        said.groups.values().all(|(_, state, members)| (state.as_str(), *members) == ("empty", 0))
    });
    grown.lists_the_same(&grown.program, "groups without members");
}
