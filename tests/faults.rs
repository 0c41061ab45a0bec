//! Brokers that are down, die, hang and come back.

use std::collections::BTreeSet;
use std::time::Instant;

use rdkafka::admin::{NewTopic, TopicReplication};
use rdkafka::producer::Producer;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::program::{Program, quick};
use crate::rig::wire::Committer;
use crate::rig::{eventually, seconds};

const COMMITTED: &str = "kafka_consumergroup_current_offset";
const END: &str = "kafka_topic_partition_current_offset";
const LAG: &str = "kafka_consumergroup_lag";

fn value(page: &Page, family: &str) -> Option<f64> {
    page.value(family, &[("topic", "orders"), ("partition", "0")])
}

fn up(page: &Page) -> (Option<f64>, Option<f64>) {
    let of = |kind| page.value("warrener_up", &[("kind", kind)]);
    (of("cluster"), of("consumer"))
}

/// All is known: 10 records, `committed` of them committed.
fn right(page: &Page, committed: f64) -> Result<(), String> {
    let found = (value(page, COMMITTED), value(page, END), value(page, LAG), up(page));
    let wanted = (Some(committed), Some(10.0), Some(10.0 - committed), (Some(1.0), Some(1.0)));
    if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
}

/// The broker is gone: the commit is known, as it was, and nothing that needs the log end.
fn blind(page: &Page, committed: f64) -> Result<(), String> {
    let found = (value(page, COMMITTED), value(page, END), value(page, LAG), up(page));
    let sum = page.value("kafka_consumergroup_lag_sum", &[("topic", "orders")]);
    let wanted = (Some(committed), None, None, (Some(0.0), Some(0.0)));
    if found == wanted && sum.is_none() { Ok(()) } else { Err(format!("{found:?}, lag sum {sum:?}")) }
}

/// Until it is right again; within 15 s of the broker's return.
fn recovers(program: &Program, back: Instant, committed: f64) {
    let patience = seconds(15).saturating_sub(back.elapsed());
    program.page_where(patience, "right page after the broker's return", |page| right(page, committed));
}

#[test]
fn a_broker_down_at_start_then_killed_frozen_and_restarted_costs_only_what_is_not_known() {
    let mut cluster = Spec::new(Version::LATEST).prepare();
    let program = Program::quick(&cluster.bootstrap(), "");
    let file = quick(&cluster.bootstrap(), "", "").replace("offset-refresh = 1", "offset-refresh = 4");
    let slow = Program::with_config(&file);
    let [down, killed, frozen] = [(); 3].map(|()| Program::quick(&cluster.bootstrap(), ""));
    program.page_where(seconds(15), "page that says it is down", |page| match up(page) {
        (Some(0.0), Some(0.0)) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(program.get("/-/ready").status, 503);
    down.terminate();
    cluster.start();
    let mut committer = fill(&cluster);
    let back = Instant::now();
    for program in [&program, &slow, &killed, &frozen] {
        recovers(program, back, 4.0);
        program.await_ready(seconds(15));
    }

    cluster.kill(0);
    program.page_where(seconds(40), "page without log ends after the kill", |page| blind(page, 4.0));
    killed.terminate();
    cluster.start();
    let back = Instant::now();
    recovers(&program, back, 4.0);
    // At any setting: 5 s and one offset refresh.
    slow.page_where(seconds(9).saturating_sub(back.elapsed()), "right page at a slow refresh", |page| right(page, 4.0));

    cluster.freeze(0);
    program.page_where(seconds(60), "page without log ends in the frost", |page| blind(page, 4.0));
    frozen.terminate();
    cluster.thaw(0);
    recovers(&program, Instant::now(), 4.0);
    committer.commit("billing", "orders", &[(0, 7)]);
    program.page_where(seconds(5), "commit after the frost", |page| right(page, 7.0));

    cluster.kill(0);
    cluster.start();
    recovers(&program, Instant::now(), 7.0);
    program.terminate();
    slow.terminate();
}

fn fill(cluster: &Cluster) -> Committer {
    cluster.create_topic("orders", 1);
    cluster.produce("orders", 0, 10);
    let mut committer = Committer::new(cluster.port());
    committer.commit("billing", "orders", &[(0, 4)]);
    committer
}

#[test]
fn one_broker_of_three_that_dies_takes_only_its_partitions_log_ends_with_it() {
    let mut cluster = Spec::new(Version::LATEST).nodes(3).start();
    let placed = [&[1][..], &[2], &[3]];
    cluster.create(NewTopic::new("spread", 3, TopicReplication::Variable(&placed)));
    let mut committer = Committer::new(cluster.port());
    for partition in 0..3 {
        cluster.produce("spread", partition, 10);
        committer.commit("billing", "spread", &[(partition, 6)]);
    }
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    let known = |page: &Page, family: &str| -> BTreeSet<String> {
        page.with(family, &[("topic", "spread")]).map(|(labels, _)| labels["partition"].clone()).collect()
    };
    let (all, two) = (["0", "1", "2"].map(str::to_owned).into(), ["0", "1"].map(str::to_owned).into());
    let expect = |page: &Page, wanted: &BTreeSet<String>| {
        let found = [known(page, END), known(page, LAG)];
        let sum = page.value("kafka_consumergroup_lag_sum", &[("topic", "spread")]).is_some();
        match found.iter().all(|found| found == wanted) && sum == (wanted.len() == 3) {
            true => Ok(()),
            false => Err(format!("{found:?}, lag sum {sum}")),
        }
    };
    program.page_where(seconds(20), "all three", |page| expect(page, &all));
    cluster.kill(2);
    program.page_where(seconds(30), "two of three", |page| {
        let found = known(page, END);
        assert!(found.is_superset(&two), "the living brokers' log ends are gone: {found:?}");
        assert_eq!(known(page, COMMITTED), all);
        expect(page, &two)
    });
    let partitions = |known| [("topic", "spread"), ("known", known)];
    let page = program.page();
    assert_eq!(page.value("kafka_consumergroup_partitions", &partitions("true")), Some(2.0));
    assert_eq!(page.value("kafka_consumergroup_partitions", &partitions("false")), Some(1.0));
    cluster.start();
    program.page_where(seconds(15), "all three again", |page| expect(page, &all));
    program.terminate();
}

#[test]
fn an_open_transaction_holds_a_partition_back_and_is_told_of() {
    let cluster = Spec::new(Version::LATEST).offsets_partitions(2).start();
    cluster.create_topic("t", 1);
    cluster.produce("t", 0, 5);
    cluster.transact("seed", "t", 1, true);
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    let open = cluster.begin_commit("g", "t", 3);
    let lags = |page: &Page| -> Vec<f64> { page.family("warrener_offsets_topic_lag").map(|(_, lag)| lag).collect() };
    program.page_where(seconds(10), "partition that is held back", |page| {
        let lags = lags(page);
        if lags.iter().filter(|lag| **lag > 0.0).count() == 1 { Ok(()) } else { Err(format!("{lags:?}")) }
    });
    // Its commit is not made yet, and may never be.
    assert!(!program.page().groups().contains("g"));
    let held = |line: &&str| line.contains("an open transaction blocks a partition") && line.contains("partition=");
    let told = |count: usize| {
        let log = program.log();
        if log.lines().filter(|line| held(line)).count() == count { Ok(()) } else { Err(log) }
    };
    told(0).unwrap();
    eventually(seconds(75), "line about the partition", || told(1));
    open.commit_transaction(seconds(60)).unwrap();
    program.page_where(seconds(10), "commit of the transaction", |page| {
        let lags = lags(page);
        let read = page.groups().contains("g") && lags.iter().all(|lag| *lag == 0.0);
        if read { Ok(()) } else { Err(format!("{lags:?}")) }
    });
    eventually(seconds(10), "line that it goes on", || {
        let log = program.log();
        if log.contains("a partition makes progress again") { Ok(()) } else { Err(log) }
    });
    told(1).unwrap();
}

#[test]
fn a_topic_deleted_and_created_again_starts_anew() {
    let cluster = Spec::common();
    cluster.create_topic("phoenix", 1);
    cluster.produce("phoenix", 0, 30);
    let mut committer = Committer::new(cluster.port());
    committer.commit("phoenix-reader", "phoenix", &[(0, 20)]);
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    let at = |page: &Page| {
        let of = |family| page.value(family, &[("topic", "phoenix")]);
        (of(END), of(COMMITTED))
    };
    let await_page = |what: &str, wanted| {
        program.page_where(seconds(20), what, |page| match at(page) {
            found if found == wanted => Ok(()),
            found => Err(format!("{found:?}")),
        });
    };
    await_page("first life", (Some(30.0), Some(20.0)));
    cluster.delete_topic("phoenix");
    await_page("death", (None, None));
    eventually(seconds(20), "second creation", || {
        std::panic::catch_unwind(|| cluster.create_topic("phoenix", 1)).map_err(|_| "still being deleted".to_owned())
    });
    cluster.produce("phoenix", 0, 3);
    await_page("second life", (Some(3.0), None));
    committer.commit("phoenix-reader", "phoenix", &[(0, 1)]);
    await_page("commit in the second life", (Some(3.0), Some(1.0)));
}
