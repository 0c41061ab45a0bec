//! How far share groups have come, with real clients: what the page says is what Kafka's tool says.

use std::time::SystemTime;

use crate::kinds::{World, committed, gone, is, world};
use crate::rig::broker::Spec;
use crate::rig::client::Record;
use crate::rig::judge::{Asked, SHARE, Said};
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::{eventually, records, seconds};

fn share<'a>(groups: &'a [&'a str]) -> Asked<'a> {
    Asked { share: groups, ..Asked::default() }
}

fn now_millis() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

fn lag(said: &Said, group: &str) -> i64 {
    said.lags.iter().filter(|((of, ..), _)| of == group).map(|(_, lag)| lag).sum()
}

/// A topic of this name with records in each of three partitions, all of them for the share group of the same name.
fn prepare(world: &World, name: &str, records: usize) {
    world.cluster.tools().share_from_the_start(name);
    world.topic(name, 3, records);
}

/// Waits until the group, with one member, has finished all records. Brokers write the start offset down later.
fn finished(world: &World, group: &str) {
    finished_all(world, group, 3);
}

fn finished_all(world: &World, group: &str, partitions: usize) {
    world.agree("all finished", share(&[group]), |said| {
        is(said, group, "share", "stable", 1) && said.lags.len() == partitions && lag(said, group) == 0
    });
    world.watched.page_where(seconds(10), "no time lag", |page| {
        let found = page.with("kafka_consumergroup_lag_seconds", &[("consumergroup", group)]);
        let lags: Vec<f64> = found.map(|(_, lag)| lag).collect();
        if lags == vec![0.0; partitions] { Ok(()) } else { Err(format!("{lags:?}")) }
    });
}

#[test]
fn records_that_are_finished_out_of_their_order_are_no_lag() {
    let world = world();
    let World { clients, cluster, .. } = world;
    prepare(world, "shared", 10);
    let asked = share(&["shared"]);
    clients.share_that_holds("shared-a", "shared", "shared");
    // What was finished behind the first record is counted, though the start offset stands.
    let held = |said: &Said| committed(said, "shared") == 0 && (1..30).contains(&lag(said, "shared"));
    world.agree("a record that holds the start offset", asked, held);
    world.agree_anew(asked);
    clients.stop("shared-a");
    clients.share("shared-b", "shared", "shared");
    finished(world, "shared");
    clients.stop("shared-b");
    cluster.produce("shared", 1, 7);
    let left = world.agree("records that nobody takes", asked, |said| lag(said, "shared") == 7);
    assert!(is(&left, "shared", "share", "empty", 0) && left.commits.len() == 3, "{left:?}");
    world.agree_anew(asked);
}

#[test]
fn the_time_lag_of_a_share_group_is_the_age_of_the_first_record_that_is_left() {
    let World { clients, cluster, .. } = world();
    cluster.tools().share_from_the_start("aged");
    cluster.create_topic("aged", 1);
    let now = now_millis();
    // Records 0 to 9, ten minutes apart, the last of them an hour old.
    let times: Vec<i64> = (0..10).map(|number| now - 3_600_000 - (9 - number) * 600_000).collect();
    cluster.produce_at("aged", times.iter().map(|time| (0, *time)));
    clients.share_that_holds("aged-a", "aged", "aged");
    // One that saw the records come would take them for new.
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    program.page_where(seconds(40), "age of the record that is held", |page| {
        let of = [("consumergroup", "aged")];
        let value = |family: &str| page.with(family, &of).map(|(_, value)| value).collect::<Vec<_>>();
        let (lags, ages) = (value("kafka_consumergroup_lag"), value("kafka_consumergroup_lag_seconds"));
        let age = i32::try_from((now_millis() - times[0]) / 1000).map(f64::from).unwrap();
        match (&lags[..], &ages[..]) {
            ([lag], [shown]) if (1.0..10.0).contains(lag) && (shown - age).abs() <= 0.02 * age => Ok(()),
            _ => Err(format!("{lags:?}, {ages:?}, not {age}")),
        }
    });
    clients.stop("aged-a");
    clients.share("aged-b", "aged", "aged");
    finished_all(world(), "aged", 1);
}

#[test]
fn offsets_of_share_groups_that_are_set_back_or_deleted_are_so_on_the_page() {
    let world = world();
    let World { clients, cluster, watched } = world;
    prepare(world, "moved", 2);
    let asked = share(&["moved"]);
    clients.share("moved-a", "moved", "moved");
    finished(world, "moved");
    clients.stop("moved-a");
    let reset = ["--reset-offsets", "--group", "moved", "--topic", "moved", "--to-earliest", "--execute"];
    // The broker lets go of a member some time after it has left.
    eventually(seconds(20), "offsets set back", || cluster.tools().ask(SHARE, &reset).map(drop));
    // Since 4.4 the broker writes down with them that nothing is finished.
    let all_is_left = |said: &Said| said.lags.len() == 3 && said.lags.values().all(|lag| *lag == 2);
    world.agree("offsets set back", asked, |said| said.commits.len() == 3 && all_is_left(said));
    world.agree_anew(asked);
    cluster.tools().run(SHARE, &["--delete-offsets", "--group", "moved", "--topic", "moved"]);
    watched.page_where(seconds(2), "page without the offsets", |page| no_offsets(page, "moved"));
    cluster.tools().run(SHARE, &["--delete", "--group", "moved"]);
    watched.page_where(seconds(2), "page without the group", |page| gone(page, "moved"));
    let replayed = Program::quick(&cluster.bootstrap(), "").ready();
    gone(&replayed.page(), "moved").unwrap();
}

#[test]
fn a_share_group_s_topic_deleted_and_created_again_is_another_topic() {
    let world = world();
    let World { clients, cluster, watched } = world;
    prepare(world, "lent", 3);
    clients.share("lent-a", "lent", "lent");
    finished(world, "lent");
    cluster.delete_topic("lent");
    // Two refreshes of the metadata, one a second, and one that was under way.
    watched.page_where(seconds(4), "page without the offsets", |page| no_offsets(page, "lent"));
    world.topic("lent", 3, 1);
    finished(world, "lent");
    world.agree_anew(share(&["lent"]));
}

fn no_offsets(page: &Page, group: &str) -> Result<(), String> {
    let families = ["kafka_consumergroup_current_offset", "kafka_consumergroup_lag", "kafka_consumergroup_lag_sum"];
    let left: Vec<_> =
        families.iter().filter(|name| page.with(name, &[("consumergroup", group)]).next().is_some()).collect();
    if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
}

#[test]
fn without_rights_on_their_topic_share_groups_have_no_offsets_and_nothing_waits_for_them() {
    let cluster = Spec::new(Version::LATEST).quick_groups().guarded().start();
    cluster.create_topic("t", 1);
    cluster.tools().grant("Read", "--topic", "__consumer_offsets");
    for topic in ["__consumer_offsets", "t"] {
        cluster.tools().grant("Describe", "--topic", topic);
    }
    cluster.produce("t", 0, 3);
    cluster.tools().share_from_the_start("lone");
    let clients = cluster.clients("all");
    clients.share("a", "lone", "t");
    clients.classic("b", "other", "t", &[]);
    let has_offsets =
        |page: &Page| page.with("kafka_consumergroup_current_offset", &[("consumergroup", "lone")]).count();
    let shows = |program: &Program, offsets: usize| {
        program.page_where(seconds(75), "members of the share group", |page| {
            let members = page.with("kafka_consumergroup_members", &[("consumergroup", "lone")]);
            let members: Vec<f64> = members.map(|(_, value)| value).collect();
            let found = (members, has_offsets(page));
            if found == (vec![1.0], offsets) { Ok(()) } else { Err(format!("{found:?}")) }
        });
    };
    let refused = Program::as_user(&cluster).ready();
    shows(&refused, 0);
    eventually(seconds(20), "line that names the right", || {
        let log = refused.log();
        let line = r#"operation="Describe" resource="topic __share_group_state""#;
        if log.contains(line) { Ok(()) } else { Err(log) }
    });
    cluster.tools().grant("Describe", "--topic", "__share_group_state");
    let described = Program::as_user(&cluster).ready();
    shows(&described, 0);
    // With the right, those that are running come to it by themselves.
    cluster.tools().grant("Read", "--topic", "__share_group_state");
    shows(&described, 1);
    shows(&refused, 1);
}

/// The keys and values of the share groups' state that a broker wrote.
fn captured() -> Vec<Record> {
    let file = include_str!("fixtures/records/captured-4.4.0.txt");
    let lines = file.lines().filter_map(|line| line.strip_prefix("__share_group_state "));
    let split = lines.filter_map(|line| line.split_once(' '));
    split.map(|(key, value)| (records::hex(key), Some(records::hex(value)))).collect()
}

#[test]
fn state_that_nobody_should_write_is_counted_and_costs_nothing_else() {
    let cluster = Spec::new(Version::LATEST).quick_groups().start();
    cluster.create_topic("t", 1);
    cluster.produce("t", 0, 10);
    cluster.tools().share_from_the_start("real");
    let clients = cluster.clients("all");
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    clients.share_that_holds("a", "real", "t");
    let left = |page: &Page| {
        let lag = page.value("kafka_consumergroup_lag", &[("consumergroup", "real")]);
        lag.filter(|lag| (1.0..10.0).contains(lag)).ok_or_else(|| format!("{lag:?}"))
    };
    program.page_where(seconds(40), "record that is held", |page| left(page).map(drop));
    let captured = captured();
    assert!(captured.len() >= 4);
    let mut bad: Vec<Record> = vec![(Vec::new(), None), (vec![0], None), (vec![0, 7, 1], Some(vec![1]))];
    for (key, value) in &captured {
        let value = value.as_ref().unwrap();
        bad.extend((0..key.len()).map(|end| (key[..end].to_vec(), Some(value.clone()))));
        bad.extend((0..value.len()).map(|end| (key.clone(), Some(value[..end].to_vec()))));
        // Lengths, counts and offsets below zero and beyond all bounds.
        for at in 0..value.len() {
            for byte in [0x7f, 0x80, 0xff] {
                let mut value = value.clone();
                value[at] = byte;
                bad.push((key.clone(), Some(value)));
            }
        }
    }
    let count = bad.len();
    cluster.produce_raw("__share_group_state", [0, 1].iter().flat_map(|at| bad.iter().cloned().map(|bad| (*at, bad))));
    let read = |page: &Page| {
        let of_type = |kind| page.value("warrener_records_total", &[("type", kind)]).unwrap_or(0.0);
        let errors: f64 = page.family("warrener_record_errors_total").map(|(_, count)| count).sum();
        let all = of_type("share_snapshot") + of_type("share_update");
        let keys: f64 = page.value("warrener_record_errors_total", &[("reason", "key")]).unwrap_or(0.0);
        let found = (all, errors, keys, of_type("unknown"));
        let enough = all > f64::from(u32::try_from(count).unwrap()) && errors > 400.0 && keys >= 4.0;
        if enough && of_type("unknown") >= 2.0 { left(page).map(drop) } else { Err(format!("{found:?} of {count}")) }
    };
    program.page_where(seconds(20), "malformed records", read);
    let anew = Program::quick(&cluster.bootstrap(), "").ready();
    anew.page_where(seconds(20), "malformed records", read);
    // A broker's own coordinator does not survive that others write there: the group does not go on.
    for mut program in [program, anew] {
        assert_eq!(program.page().groups(), ["real"].into());
        assert!(program.runs());
    }
}
