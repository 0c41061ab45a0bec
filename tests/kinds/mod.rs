//! Groups of every type, with real clients: what the page says is what Kafka's tools say.

mod deletions;
mod grown;
mod listing;
mod members;
mod other_clients;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::clients::Clients;
use crate::rig::judge::{Asked, Said, list};
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::{eventually, seconds};

const OWNERS: &str = "[metrics]\nowners = true\n";

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

/// Committed in all partitions together.
pub fn committed(said: &Said, group: &str) -> i64 {
    said.commits.iter().filter(|((of, ..), _)| of == group).map(|(_, offset)| offset).sum()
}

pub fn gone(page: &Page, group: &str) -> Result<(), String> {
    if page.groups().contains(group) { Err(format!("{group} is on the page")) } else { Ok(()) }
}

#[test]
fn what_the_tools_list_is_on_the_page_and_nothing_else() {
    let world = world();
    eventually(seconds(60), "the groups that the tool lists", || {
        let listed: BTreeSet<String> = list(world.cluster.tools()).into_keys().collect();
        let shown: BTreeSet<String> = world.watched.page().groups().into_iter().map(str::to_owned).collect();
        if listed == shown { Ok(()) } else { Err(format!("\nlisted {listed:?}\nshown  {shown:?}")) }
    });
}

const SUBTOPOLOGIES: &[&str] = &["lives-words", "lives-streams-counts-repartition"];
