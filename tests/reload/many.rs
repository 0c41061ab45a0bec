//! Many reloads under load.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::Instant;

use procfs::process::Process;

use super::{COMMITTED, File, is_replaced, lags};
use crate::chaos::short_or;
use crate::rig::broker::Spec;
use crate::rig::maven::Version;
use crate::rig::page::whole;
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds};

/// What a process holds: threads, file descriptors, resident memory in MB.
fn held(id: u32) -> (u64, usize, u64) {
    let process = Process::new(i32::try_from(id).unwrap()).unwrap();
    let status = process.status().unwrap();
    (status.threads, process.fd_count().unwrap(), status.vmrss.unwrap() / 1024)
}

/// Scrapes until `stop`: the group is shown once, and never older than 5 s. Returns the number of pages.
fn watch(program: &Program, committed: &AtomicI64, stop: &AtomicBool) -> usize {
    let (mut pages, mut history) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        history.push((Instant::now(), committed.load(Ordering::Relaxed)));
        let page = program.page();
        let shown: Vec<_> = page.with(COMMITTED, &[("consumergroup", "live")]).map(|(_, offset)| offset).collect();
        let oldest = history.iter().rev().find(|(at, _)| at.elapsed() > seconds(5)).map_or(0, |(_, offset)| *offset);
        assert_eq!(shown.len(), 1, "{shown:?}\n{}", program.log());
        assert!(whole(shown[0]) >= oldest, "{} is older than {oldest}\n{}", shown[0], program.log());
        assert_eq!(lags(&page).len(), 21, "{}", program.log());
        pages += 1;
        pause(seconds(1) / 20);
    }
    pages
}

#[test]
fn many_reloads_under_load_lose_double_and_gain_nothing() {
    let cluster = Spec::new(Version::LATEST).offsets_partitions(8).start();
    cluster.create_topic("orders", 1);
    cluster.produce("orders", 0, 100_000);
    let mut committer = Committer::new(cluster.port());
    for group in 0..20 {
        committer.commit(&format!("group-{group}"), "orders", &[(0, group)]);
    }
    committer.commit("live", "orders", &[(0, 0)]);
    let mut file = File::new(&cluster.bootstrap());
    let mut program = file.start();
    let id = program.id();
    let (committed, stop) = (AtomicI64::new(0), AtomicBool::new(false));
    let (plain, replacing) = (short_or(100, 1_000), short_or(5, 50));
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let next = committed.load(Ordering::Relaxed) + 1;
                committer.commit("live", "orders", &[(0, next)]);
                committed.store(next, Ordering::Relaxed);
                pause(seconds(1) / 50);
            }
        });
        let watcher = scope.spawn(|| watch(&program, &committed, &stop));
        let mut turn = |round: usize| {
            file.change(&program, |file| file.more = format!("[metrics]\nlabels = {{ turn = \"{round}\" }}"));
        };
        (0..plain / 10).for_each(&mut turn);
        let before = held(id);
        let began = Instant::now();
        (plain / 10..plain).for_each(&mut turn);
        let (each, after) = (began.elapsed() / u32::try_from(plain).unwrap(), held(id));
        println!("{plain} reloads that start no module, {each:?} each: {before:?} before, {after:?} after");
        let profile = |client: usize| format!("[client-profile.p]\nclient-id = \"client-{client}\"");
        let mut replace = |round: usize| {
            file.change(&program, |file| {
                let names = "client-profile = \"p\"".to_owned();
                (file.cluster, file.consumer, file.more) = (names.clone(), names, profile(round));
            });
            eventually(seconds(30), "replaced modules", || {
                is_replaced(&program, "cluster.local", round)?;
                is_replaced(&program, "consumer.local", round)
            });
        };
        replace(1);
        let middle = held(id);
        (2..=replacing).for_each(&mut replace);
        // Closed clients end their threads in the background.
        let after = eventually(seconds(20), "as many threads and descriptors as before", || {
            let after = held(id);
            if after.0 <= middle.0 + 2 && after.1 <= middle.1 + 4 {
                Ok(after)
            } else {
                Err(format!("{middle:?} {after:?}"))
            }
        });
        println!("{replacing} reloads that replace both modules: {middle:?} before, {after:?} after");
        stop.store(true, Ordering::Relaxed);
        load.join().unwrap();
        println!("{} pages, {} commits", watcher.join().unwrap(), committed.load(Ordering::Relaxed));
        assert!(after.2 <= middle.2 + 15, "memory: {before:?} {middle:?} {after:?}");
    });
    program.terminate();
}
