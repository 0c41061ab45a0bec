//! Ensembles that are down, die, hang and come back.

use std::time::Instant;

use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::zookeeper::{Release, Znodes, ZooKeeper};
use crate::rig::{eventually, seconds};

use super::{commit, commits, following, says, shows};

/// Threads and open files, of the kernel.
fn holds(program: &mut Program) -> [usize; 2] {
    let id = program.id();
    ["task", "fd"].map(|what| std::fs::read_dir(format!("/proc/{id}/{what}")).unwrap().count())
}

fn up(page: &Page, expected: f64) -> Result<(), String> {
    let said = says(page, "warrener_up");
    if said == Some(expected) { Ok(()) } else { Err(format!("{said:?}")) }
}

/// What `/api/exporter` says is wrong with a consumer's module; empty while nothing is.
fn trouble_of(exporter: &str, module: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(exporter).unwrap();
    let modules = body["modules"].as_array().unwrap();
    let ours = modules.iter().find(|one| one["kind"] == "consumer" && one["module"] == module).unwrap();
    ours["trouble"].as_str().unwrap_or_default().to_owned()
}

/// So many watches are set, however many sessions there were.
fn set(zookeeper: &ZooKeeper, watches: u64) {
    eventually(seconds(10), "watches", || match zookeeper.watches() {
        found if found == watches => Ok(()),
        other => Err(other.to_string()),
    });
}

fn survives(release: Release) {
    let mut zookeeper = ZooKeeper::prepare(release, 1, "");
    let mut program = following(&zookeeper, "zookeeper-timeout = 4");
    let down = following(&zookeeper, "zookeeper-timeout = 4");
    program.page_where(seconds(5), "module that is down", |page| up(page, 0.0));
    assert_eq!(program.get("/-/ready").status, 503);
    eventually(seconds(10), "line that says why", || {
        let log = program.log();
        if log.contains("Connection refused") { Ok(()) } else { Err(log) }
    });
    // The status page says it, too.
    eventually(seconds(10), "cause on the status page", || {
        let exporter = program.get("/api/exporter");
        let cause = trouble_of(exporter.text(), "zk");
        if cause.contains("Connection refused") { Ok(()) } else { Err(exporter.text().to_owned()) }
    });
    down.terminate();
    zookeeper.restart();
    let znodes = zookeeper.znodes();
    let mut expected = commits([("a", "t", 0, 5), ("a", "t", 1, 6), ("b", "u", 0, 7)]);
    for ((group, topic, partition), offset) in &expected {
        znodes.put(&commit(group, topic, *partition), &offset.to_string());
    }
    program
        .page_where(seconds(10), "commits after the start", |page| shows(page, &expected).and_then(|()| up(page, 1.0)));
    // Groups, two groups with their offsets, two topics, three partitions.
    set(&zookeeper, 10);
    let held = holds(&mut program);

    for round in 0..3 {
        zookeeper.freeze(0);
        let page = program.page_where(seconds(20), "module that is down", |page| up(page, 0.0));
        shows(&page, &expected).unwrap();
        zookeeper.thaw(0);
        let back = Instant::now();
        znodes.put(&commit("a", "t", 0), &(10 + round).to_string());
        expected.insert(("a".to_owned(), "t".to_owned(), 0), 10 + round);
        let patience = seconds(10).saturating_sub(back.elapsed());
        program.page_where(patience, "right page after the frost", |page| {
            shows(page, &expected).and_then(|()| up(page, 1.0))
        });
        set(&zookeeper, 10);
        eventually(seconds(10), "threads and files as before", || {
            let now = holds(&mut program);
            if now.iter().zip(held).all(|(now, before)| *now <= before) {
                Ok(())
            } else {
                Err(format!("{now:?}, {held:?}"))
            }
        });
    }

    zookeeper.kill(0);
    let page = program.page_where(seconds(20), "module that is down", |page| up(page, 0.0));
    shows(&page, &expected).unwrap();
    zookeeper.restart();
    let back = Instant::now();
    znodes.delete("/consumers/b");
    znodes.put(&commit("a", "t", 2), "1");
    expected.retain(|(group, ..), _| group == "a");
    expected.insert(("a".to_owned(), "t".to_owned(), 2), 1);
    let patience = seconds(10).saturating_sub(back.elapsed());
    program.page_where(patience, "right page after the restart", |page| {
        shows(page, &expected).and_then(|()| up(page, 1.0))
    });
    // A window goes on over sessions: the first partition has had five commits.
    let detail = program.get("/v3/kafka/local/consumer/a").text().to_owned();
    assert!(detail.contains(r#""offset":5"#) && detail.contains(r#""offset":12"#), "{detail}");
    program.terminate();
}

#[test]
fn zookeeper_3_8_down_at_start_frozen_and_restarted_costs_nothing_that_lasts() {
    survives(Release::V3_8);
}

#[test]
fn zookeeper_3_4_down_at_start_frozen_and_restarted_costs_nothing_that_lasts() {
    survives(Release::V3_4);
}

fn right(page: &Page, offset: i64) -> Result<(), String> {
    shows(page, &commits([("a", "t", 0, offset)])).and_then(|()| up(page, 1.0))
}

/// Kills the server that is asked, and commits through another one.
fn lose_one(zookeeper: &mut ZooKeeper, znodes: &Znodes, program: &Program, offset: i64) {
    let lost = zookeeper.busiest();
    zookeeper.kill(lost);
    let died = Instant::now();
    znodes.put(&commit("a", "t", 0), &offset.to_string());
    let patience = seconds(10).saturating_sub(died.elapsed());
    program.page_where(patience, "commit through another server", |page| right(page, offset));
    set(zookeeper, 5);
}

/// A killed server is not started again here: one of 3.4.10 may then serve a tree that others do not have
/// (ZOOKEEPER-2845), and nobody who asks it could tell.
#[test]
fn one_of_three_servers_of_3_4_that_dies_costs_nothing() {
    let mut zookeeper = ZooKeeper::three(Release::V3_4);
    let znodes = zookeeper.znodes();
    znodes.put(&commit("a", "t", 0), "1");
    let program = following(&zookeeper, "zookeeper-timeout = 4");
    program.page_where(seconds(10), "first commit", |page| right(page, 1));
    lose_one(&mut zookeeper, &znodes, &program, 2);
    program.terminate();
}

#[test]
fn one_of_three_servers_of_3_8_that_dies_costs_nothing_and_two_the_news_alone() {
    let mut zookeeper = ZooKeeper::three(Release::V3_8);
    let znodes = zookeeper.znodes();
    znodes.put(&commit("a", "t", 0), "1");
    let program = following(&zookeeper, "zookeeper-timeout = 4");
    program.page_where(seconds(10), "first commit", |page| right(page, 1));
    for offset in 2..4 {
        lose_one(&mut zookeeper, &znodes, &program, offset);
        zookeeper.restart();
    }

    // The last one of three has nobody to ask what is new: what is shown stays, and what it says is not.
    let alone = zookeeper.busiest();
    (0..3).filter(|index| *index != alone).for_each(|index| zookeeper.kill(index));
    eventually(seconds(30), "read-only session", || {
        let log = program.log();
        if log.contains("cut off from the others") { Ok(()) } else { Err(log) }
    });
    program.page_where(seconds(5), "last state, from a server that answers", |page| right(page, 3));
    // Who knows nothing yet is told what that one has.
    let fresh = following(&zookeeper, "");
    fresh.page_where(seconds(10), "state of the read-only server", |page| right(page, 3));
    zookeeper.restart();
    znodes.put(&commit("a", "t", 0), "9");
    for program in [&program, &fresh] {
        program.page_where(seconds(20), "commit through all", |page| right(page, 9));
    }
    fresh.terminate();
    set(&zookeeper, 5);
    program.terminate();
}
