//! Brokers that close connections on which nothing is asked.

use std::collections::BTreeSet;
use std::time::Instant;

use procfs::process::{FDTarget, Process};

use super::{logged_since, short_or};
use crate::rig::broker::Spec;
use crate::rig::maven::Version;
use crate::rig::program::{Program, quick};
use crate::rig::wire::Committer;
use crate::rig::{pause, seconds};

#[test]
fn connections_that_a_broker_closes_for_their_idleness_cost_no_line_of_the_log() {
    // The broker that does not lead the one partition of the offsets topic is never asked by the reader.
    let spec = Spec::new(Version::V4_4).nodes(2).offsets_partitions(1);
    let cluster = spec.property("connections.max.idle.ms=10000").start();
    cluster.create_topic("orders", 2);
    Committer::new(cluster.port()).commit("billing", "orders", &[(0, 0)]);
    // Time to be idle in.
    let file = quick(&cluster.bootstrap(), "", "").replace("-refresh = 1\n", "-refresh = 20\n");
    let mut program = Program::with_config(&file).ready();
    let (brokers, id) = (cluster.ports().collect(), program.id());
    let (lines, began) = (program.log().lines().count(), Instant::now());
    let (mut seen, mut closed, mut down) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    while began.elapsed() < short_or(seconds(30), seconds(120)) {
        let open = connections(id, &brokers);
        closed.extend(seen.difference(&open).copied());
        seen.extend(open);
        down.extend(program.page().family("warrener_up").filter(|(_, up)| *up != 1.0).map(|_| began.elapsed()));
        pause(seconds(1));
    }
    let logged = logged_since(&program, lines);
    println!("connections.max.idle.ms: {} of {} connections closed, logged {logged:#?}", closed.len(), seen.len());
    assert!(!closed.is_empty(), "no connection was closed");
    assert_eq!((&logged[..], &down[..]), (&[][..], &[][..]));
    program.terminate();
}

/// The process's own ports of its connections to these ports.
fn connections(id: u32, to: &BTreeSet<u16>) -> BTreeSet<u16> {
    let process = Process::new(i32::try_from(id).unwrap()).unwrap();
    let socket = |target| if let FDTarget::Socket(inode) = target { Some(inode) } else { None };
    let own: BTreeSet<u64> = process.fd().unwrap().flatten().filter_map(|fd| socket(fd.target)).collect();
    let all = procfs::net::tcp().unwrap().into_iter();
    all.filter(|entry| own.contains(&entry.inode) && to.contains(&entry.remote_address.port()))
        .map(|entry| entry.local_address.port())
        .collect()
}
