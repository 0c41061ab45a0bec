//! A ZooKeeper that lies, beside good ones in the same process.

mod table;
mod weight;

use std::collections::BTreeMap;
use std::time::Instant;

use crate::rig::fake_zookeeper::FakeZooKeeper;
use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::zookeeper::{Release, Znodes, ZooKeeper};
use crate::rig::{eventually, pause, seconds};

use super::COMMITTED;

/// A cluster that nobody answers for and its consumer: topics are not hidden then, though nobody names them.
fn section(name: &str, servers: &str) -> String {
    format!(
        "[cluster.{name}]\nclass-name = \"kafka\"\nservers = [\"127.0.0.1:1\"]\n\
         [consumer.{name}]\nclass-name = \"kafka_zk\"\ncluster = \"{name}\"\nservers = [{servers}]\n\
         zookeeper-timeout = 6\n"
    )
}

fn committed(page: &Page, cluster: &str) -> BTreeMap<(String, String, i32), i64> {
    let of = page.with(COMMITTED, &[("cluster", cluster)]);
    of.map(|(labels, value)| {
        let place = (labels["consumergroup"].clone(), labels["topic"].clone(), labels["partition"].parse().unwrap());
        (place, crate::rig::page::whole(value))
    })
    .collect()
}

/// One commit, of group `g` to topic `t`.
fn right(page: &Page, cluster: &str, offset: i64) -> Result<(), String> {
    let found = committed(page, cluster);
    let expected = BTreeMap::from([(("g".to_owned(), "t".to_owned(), 0), offset)]);
    if found == expected { Ok(()) } else { Err(format!("{cluster}: {found:?}")) }
}

/// The lies of all tables.
pub fn all() -> Vec<table::Row> {
    [table::about_sessions, table::about_frames, table::about_trees, table::about_events]
        .into_iter()
        .flat_map(|table: fn() -> Vec<table::Row>| table())
        .collect()
}

/// Whether a lie is that nothing may be read. A root that was refused is asked for again after a minute.
pub fn refuses(lie: &str) -> bool {
    lie.contains("nobody read")
}

/// Seconds of processor and bytes of memory that a process has taken.
struct Taken {
    processor: f64,
    memory: u64,
}

fn taken(program: &mut Program) -> Taken {
    let id = program.id();
    let of = |file: &str| std::fs::read_to_string(format!("/proc/{id}/{file}")).unwrap();
    let stat = of("stat");
    let ticks: Vec<f64> =
        stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|n| n.parse().unwrap()).collect();
    let status = of("status");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    Taken { processor: ticks.iter().sum::<f64>() / 100.0, memory: kilobytes << 10 }
}

/// A real ZooKeeper, and a program that follows it beside others.
struct Good {
    // Ended before its servers are.
    program: Program,
    znodes: Znodes,
    offset: i64,
    _zookeeper: ZooKeeper,
}

impl Good {
    fn beside(fakes: &[(String, &FakeZooKeeper)]) -> Self {
        let zookeeper = ZooKeeper::start(Release::V3_8);
        let others: String = fakes.iter().map(|(name, fake)| section(name, &fake.server())).collect();
        let program = Program::with_config(&format!("{}{others}", section("good", &zookeeper.servers())));
        let mut good = Self { program, znodes: zookeeper.znodes(), offset: 0, _zookeeper: zookeeper };
        good.commit();
        good
    }

    /// A commit, which is on the page within 5 s.
    fn commit(&mut self) {
        self.offset += 1;
        self.znodes.put("/consumers/g/offsets/t/0", &self.offset.to_string());
        let offset = self.offset;
        self.program.page_where(seconds(5), "commit of the good cluster", |page| right(page, "good", offset));
    }
}

/// All of them are told at the same time, for as long as it takes to try the longest pauses and time limits.
fn survives(rows: Vec<table::Row>) {
    let fakes: Vec<(String, FakeZooKeeper)> =
        (0..rows.len()).map(|number| (format!("c{number}"), FakeZooKeeper::start())).collect();
    fakes.iter().for_each(|(_, fake)| fake.put("/consumers/g/offsets/t/0", "1"));
    let named: Vec<(String, &FakeZooKeeper)> = fakes.iter().map(|(name, fake)| (name.clone(), fake)).collect();
    let mut good = Good::beside(&named);
    let all_right = |page: &Page, offset: i64, is_meant: &dyn Fn(&str) -> bool| {
        let wrong =
            rows.iter().zip(&fakes).filter(|((lie, _), _)| is_meant(lie)).filter_map(|((lie, _), (name, _))| {
                right(page, name, offset).err().map(|error| format!("{lie}: {error}"))
            });
        let wrong: Vec<String> = wrong.collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    };
    good.program.page_where(seconds(20), "page before the lies", |page| all_right(page, 1, &|_| true));

    let (before, began) = (taken(&mut good.program), Instant::now());
    fakes.iter().zip(&rows).for_each(|((_, fake), (_, lie))| fake.lie(lie.clone()));
    while began.elapsed() < seconds(30) {
        good.commit();
        pause(seconds(1));
    }
    let (after, lied) = (taken(&mut good.program), began.elapsed());
    let processor = (after.processor - before.processor) / lied.as_secs_f64();
    let grown = after.memory.saturating_sub(before.memory) >> 20;
    println!("{} lies: {processor:.2} of a core, {grown} MiB more", rows.len());
    assert!(good.program.runs(), "{}", good.program.log());
    // Some of them send a megabyte at a time, and the heap keeps what it was given.
    assert!(grown < 300, "{grown} MiB more");
    assert!(processor < 0.8, "{processor} of a core");
    for ((lie, _), (_, fake)) in rows.iter().zip(&fakes) {
        assert!(fake.requests() > 1, "nobody was told that it {lie}");
    }
    let log = good.program.log();
    let told = log.lines().filter(|line| line.contains("ZooKeeper is")).count();
    assert!(told <= 6 * rows.len() + 2, "{told} lines for {} lies:\n{log}", rows.len());

    for (_, fake) in &fakes {
        fake.put("/consumers/g/offsets/t/0", "2");
        fake.repent();
    }
    eventually(seconds(20), "page after the lies", || all_right(&good.program.page(), 2, &|lie| !refuses(lie)));
    good.commit();
    eventually(seconds(75), "page after the refusals", || all_right(&good.program.page(), 2, &refuses));
    // Each is followed, by watches, as before.
    fakes.iter().for_each(|(_, fake)| fake.put("/consumers/g/offsets/t/0", "3"));
    eventually(seconds(5), "page of the changes", || all_right(&good.program.page(), 3, &|_| true));
    good.program.terminate();
}

#[test]
fn lies_about_sessions_cost_the_liars_alone() {
    survives(table::about_sessions());
}

#[test]
fn lies_about_frames_cost_the_liars_alone() {
    survives(table::about_frames());
}

#[test]
fn lies_about_trees_cost_the_liars_alone() {
    survives(table::about_trees());
}

#[test]
fn lies_about_events_cost_the_liars_alone() {
    survives(table::about_events());
}

#[test]
fn a_program_that_is_lied_to_stops_within_two_seconds() {
    let rows: Vec<table::Row> = table::about_sessions().into_iter().chain(table::about_frames()).collect();
    let fakes: Vec<FakeZooKeeper> = rows.iter().map(|_| FakeZooKeeper::start()).collect();
    fakes.iter().zip(&rows).for_each(|(fake, (_, lie))| fake.lie(lie.clone()));
    let sections: String =
        fakes.iter().enumerate().map(|(number, fake)| section(&format!("c{number}"), &fake.server())).collect();
    let mut program = Program::with_config(&sections);
    eventually(seconds(20), "lies", || match fakes.iter().map(FakeZooKeeper::requests).min() {
        Some(1..) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let began = Instant::now();
    program.signal(libc::SIGTERM);
    let status = program.wait(seconds(10));
    assert!(began.elapsed() < seconds(2), "{:?}:\n{}", began.elapsed(), program.log());
    assert_eq!(status.code(), Some(0));
}
