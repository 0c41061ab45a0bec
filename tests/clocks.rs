//! Wall clocks that are set while warrener runs.

use std::time::Instant;

use crate::rig::broker::Spec;
use crate::rig::clock::{Clock, Setback};
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::program::{Program, quick};
use crate::rig::wire::Committer;
use crate::rig::{pause, seconds};

const JUMPED: &str = "the wall clock has jumped: nothing expires for ten minutes";

fn up(page: &Page) -> [Option<f64>; 2] {
    ["cluster", "consumer"].map(|kind| page.value("warrener_up", &[("kind", kind)]))
}

fn committed(page: &Page, group: &str) -> Option<f64> {
    page.value("kafka_consumergroup_current_offset", &[("consumergroup", group)])
}

#[test]
fn a_clock_that_is_set_ends_no_group_and_hides_no_broker_that_is_down() {
    let mut cluster = Spec::new(Version::LATEST).start();
    cluster.create_topic("orders", 1);
    cluster.produce("orders", 0, 10);
    let mut committer = Committer::new(cluster.port());
    committer.commit("silent", "orders", &[(0, 4)]);
    committer.commit("busy", "orders", &[(0, 1)]);
    let clock = Clock::new();
    let file = quick(&cluster.bootstrap(), "", "[storage.default]\nexpire-group = \"1d\"\n");
    let mut program = Program::changed(&file, |command| clock.of(command)).ready();
    let jumps = |program: &Program| program.log().lines().filter(|line| line.contains(JUMPED)).count();
    assert_eq!((up(&program.page()), jumps(&program)), ([Some(1.0); 2], 0));

    clock.set("+10d");
    let began = Instant::now();
    let mut offset = 1;
    // Groups are looked over every thirty seconds.
    while began.elapsed() < seconds(35) {
        offset = offset % 9 + 1;
        committer.commit("busy", "orders", &[(0, offset)]);
        program.page_where(seconds(5), "commit that is made while the clock is ahead", |page| {
            let found = (committed(page, "busy"), committed(page, "silent"));
            let wanted = f64::from(i32::try_from(offset).unwrap());
            if found == (Some(wanted), Some(4.0)) { Ok(()) } else { Err(format!("{found:?}")) }
        });
        pause(seconds(1));
    }
    assert_eq!(jumps(&program), 1, "{}", program.log());
    assert_eq!(program.page().value("warrener_dropped_commits_total", &[("reason", "expired")]), Some(0.0));

    cluster.freeze(0);
    clock.set("-1h");
    program.page_where(seconds(40), "page that says the frozen broker is down", |page| match up(page) {
        [Some(0.0), Some(0.0)] => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert!(program.runs(), "{}", program.log());
    assert_eq!(jumps(&program), 2, "{}", program.log());
    cluster.thaw(0);
    program.page_where(seconds(40), "page that says it is up again", |page| match up(page) {
        [Some(1.0), Some(1.0)] => Ok(()),
        other => Err(format!("{other:?}")),
    });
    program.terminate();
}

#[test]
fn a_machine_whose_clock_is_set_back_holds_up_neither_commits_nor_log_ends() {
    let cluster = Spec::new(Version::LATEST).start();
    cluster.create_topic("orders", 1);
    let mut committer = Committer::new(cluster.port());
    committer.commit("busy", "orders", &[(0, 0)]);
    let setback = Setback::new();
    let file = quick(&cluster.bootstrap(), "", "");
    let program = Program::changed(&file, |command| setback.of(command)).ready();
    // Whatever waits, waits now.
    pause(seconds(2));
    setback.strike();
    for offset in 1..4_i32 {
        cluster.produce("orders", 0, 1);
        committer.commit("busy", "orders", &[(0, i64::from(offset))]);
        program.page_where(seconds(5), "commit and log end after the clock was set back", |page| {
            let end = page.value("kafka_topic_partition_current_offset", &[("topic", "orders")]);
            let found = (committed(page, "busy"), end, up(page));
            let wanted = (Some(f64::from(offset)), Some(f64::from(offset)), [Some(1.0); 2]);
            if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
        });
        pause(seconds(5));
    }
    program.terminate();
}
