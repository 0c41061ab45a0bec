//! The brokers and programs that the tests compare: one set for each release.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::process::Process;
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{eventually, seconds};

/// A broker with every situation that the tests compare, and two programs: one that saw it all happen and one that was
/// started afterwards.
pub struct World {
    pub watched: Program,
    pub replayed: Program,
    _members: Vec<Process>,
    pub cluster: Cluster,
}

/// Once per release for all tests here; a test that fails leaves it usable for the rest.
pub fn world(version: Version) -> MutexGuard<'static, World> {
    static V4_4: OnceLock<Option<Mutex<World>>> = OnceLock::new();
    static V4_3: OnceLock<Option<Mutex<World>>> = OnceLock::new();
    static V3_9: OnceLock<Option<Mutex<World>>> = OnceLock::new();
    let cell = match version {
        Version::V4_4 => &V4_4,
        Version::V4_3 => &V4_3,
        Version::V3_9 => &V3_9,
        Version::V2_8 | Version::V1_1 => panic!("its tools lie elsewhere"),
    };
    // What failed once is not tried again for each test: its panic was printed for the first.
    let world = cell.get_or_init(|| std::panic::catch_unwind(|| Mutex::new(build(version))).ok());
    world.as_ref().expect("the situations could not be set up").lock().unwrap_or_else(PoisonError::into_inner)
}

fn build(version: Version) -> World {
    let cluster = Spec::new(version).lasting().start();
    let tools = cluster.tools();
    let owners = "[metrics]\nowners = true\n";
    for (topic, partitions) in [("orders", 3), ("cleaned", 1), ("paid", 1), ("doomed", 2), ("spare", 1)] {
        cluster.create_topic(topic, partitions);
    }
    for partition in 0..3 {
        cluster.produce("orders", partition, 20);
    }
    cluster.produce("cleaned", 0, 100);
    cluster.produce("paid", 0, 5);
    cluster.produce("doomed", 0, 7);
    // The offsets topic comes into being with the first group, so this one also has to wait for it.
    let watched = Program::quick(&cluster.bootstrap(), owners);
    let mut members = vec![tools.consumer("idle", "orders", &[])];
    tools.consume("gone", "orders", 8);
    tools.consume("lagging", "orders", 15);
    // A member that reads on and never commits: its group lags with a member, one topic of it uncommitted.
    members.push(tools.consumer("lagging", "orders", &["enable.auto.commit=false"]));
    members.push(tools.consumer("stuck", "spare", &["enable.auto.commit=false"]));
    tools.consume("deleted", "orders", 3);
    tools.consume("rewound", "orders", 40);
    simple_commits(&cluster);
    eventually(seconds(60), "members of the live groups", || {
        let rows = tools.describe("--offsets");
        let joined = |group: &str| rows.iter().any(|row| row["GROUP"] == group && row["CONSUMER-ID"] != "-");
        let caught_up = rows.iter().filter(|row| row["GROUP"] == "idle" && row["LAG"] == "0").count();
        match ["idle", "lagging", "stuck"].iter().all(|group| joined(group)) && caught_up == 3 {
            true => Ok(()),
            false => Err(format!("{rows:?}")),
        }
    });
    // Now that the watching program has seen the first state, all that takes something back.
    watched.await_ready(seconds(60));
    watched.page_where(seconds(30), "commits of all groups", |page| {
        let all = ["idle", "gone", "deleted", "rewound", "below", "ahead", "two-topics", "tx-committed"];
        match all.iter().find(|group| !page.groups().contains(**group)) {
            Some(missing) => Err(format!("no {missing}")),
            None => Ok(()),
        }
    });
    tools.groups(&["--delete", "--group", "deleted"]);
    tools.groups(&["--reset-offsets", "--group", "rewound", "--all-topics", "--to-offset", "2", "--execute"]);
    tools.delete_records("cleaned", 50);
    tools.topics(&["--delete", "--topic", "doomed"]);
    let replayed = Program::quick(&cluster.bootstrap(), owners).ready();
    World { watched, replayed, _members: members, cluster }
}

fn simple_commits(cluster: &Cluster) {
    let mut committer = Committer::new(cluster.port());
    committer.commit("below", "cleaned", &[(0, 10)]);
    committer.commit("above", "cleaned", &[(0, 60)]);
    committer.commit("ahead", "paid", &[(0, 25)]);
    committer.commit("two-topics", "doomed", &[(0, 4), (1, 0)]);
    committer.commit("two-topics", "paid", &[(0, 1)]);
    cluster.transact("tx-committed", "paid", 3, true);
    committer.commit("tx-aborted", "paid", &[(0, 1)]);
    cluster.transact("tx-aborted", "paid", 4, false);
    cluster.transact("tx-only-aborted", "paid", 4, false);
}
