//! The set of groups on the page is that of `kafka-groups.sh --list`, whatever happens to them.

use std::time::Instant;

use super::*;
use crate::rig::judge::{SHARE, STREAMS};
use crate::rig::pause;
use crate::rig::tools::{GROUPS, Tools};
use crate::rig::wire::Committer;

/// The names that the tool lists, and those on the page.
fn both(tools: &Tools, program: &Program) -> (BTreeSet<String>, BTreeSet<String>) {
    let listed = list(tools).into_keys().collect();
    (listed, program.page().groups().into_iter().map(str::to_owned).collect())
}

/// Waits until both have the same groups, which are these.
fn same(tools: &Tools, program: &Program, what: &str, wanted: &[&str]) {
    let wanted: BTreeSet<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    eventually(seconds(30), what, || {
        let (listed, shown) = both(tools, program);
        if listed == shown && shown == wanted { Ok(()) } else { Err(format!("\nlisted {listed:?}\nshown  {shown:?}")) }
    });
}

/// Groups without members: their types on the page, where a group that commits alone is `simple`.
fn empty(page: &Page, group: &str) -> String {
    assert_eq!(page.value("kafka_consumergroup_members", &[("consumergroup", group)]), Some(0.0), "{group}");
    let state = [("consumergroup", group), ("state", "empty")];
    assert_eq!(page.value("kafka_consumergroup_state", &state), Some(1.0), "{group}");
    let (labels, _) = page.with("kafka_consumergroup_info", &[("consumergroup", group)]).next().unwrap();
    labels["type"].clone()
}

const ALL: [&str; 6] = ["old", "new", "shared", "flow", "workers", "plain"];

fn joined(cluster: &Cluster, clients: &Clients) {
    cluster.create_topic("t", 2);
    for partition in 0..2 {
        cluster.produce("t", partition, 5);
    }
    cluster.tools().share_from_the_start("shared");
    clients.classic("a", "old", "t", &[]);
    clients.modern("b", "new", "t", &[]);
    clients.share("c", "shared", "t");
    clients.streams("d", "flow", "t");
    clients.connect("e", "workers");
    Committer::new(cluster.port()).commit("plain", "t", &[(0, 3)]);
}

/// Groups of every type are listed, then their members leave.
fn joined_and_left(cluster: &Cluster, clients: &Clients, program: &Program) {
    joined(cluster, clients);
    same(cluster.tools(), program, "groups of every type", &ALL);
    for member in ["a", "b", "c", "d", "e"] {
        clients.stop(member);
    }
}

#[test]
fn groups_of_every_type_are_there_from_their_first_record_to_their_tombstone() {
    let cluster = Spec::new(Version::V4_4).quick_groups().start();
    let (tools, clients) = (cluster.tools(), cluster.clients("all"));
    let program = Program::quick(&cluster.bootstrap(), "");
    joined_and_left(&cluster, &clients, &program);
    same(tools, &program, "groups that their members have left", &ALL);
    program.page_where(seconds(20), "groups without members", |page| {
        let members: f64 = page.family("kafka_consumergroup_members").map(|(_, members)| members).sum();
        if members == 0.0 { Ok(()) } else { Err(members.to_string()) }
    });
    // Without offsets the coordinator keeps a group for up to ten minutes.
    eventually(seconds(30), "deleted offsets", || {
        for group in ["old", "new"] {
            tools.ask(GROUPS, &["--delete-offsets", "--group", group, "--topic", "t"])?;
        }
        tools.ask(SHARE, &["--delete-offsets", "--group", "shared", "--topic", "t"]).map(drop)
    });
    same(tools, &program, "groups without members and offsets", &ALL);
    let replayed = Program::quick(&cluster.bootstrap(), "").ready();
    same(tools, &replayed, "the same from the records alone", &ALL);
    for page in [program.page(), replayed.page()] {
        let kinds = ALL.map(|group| empty(&page, group));
        assert_eq!(kinds, ["classic", "consumer", "share", "streams", "classic", "simple"]);
        let committing: BTreeSet<String> = page
            .family("kafka_consumergroup_current_offset")
            .map(|(labels, _)| labels["consumergroup"].clone())
            .filter(|group| ["old", "new", "shared", "workers"].contains(&group.as_str()))
            .collect();
        assert!(committing.is_empty(), "{committing:?}");
    }
    let listed = replayed.get("/v3/kafka/local/consumer");
    assert!(listed.text().contains("\"plain\"") && !listed.text().contains("\"old\""), "{}", listed.text());
    assert_eq!(replayed.get("/v3/kafka/local/consumer/old").status, 404);
    clients.modern("f", "new", "t", &[]);
    same(tools, &program, "a group that is joined again", &ALL);
    clients.stop("f");
    let mut left = ALL.to_vec();
    for (tool, group) in [(SHARE, "shared"), (STREAMS, "flow")]
        .into_iter()
        .chain(["old", "new", "workers", "plain"].map(|group| (GROUPS, group)))
    {
        eventually(seconds(20), "deleted group", || tools.ask(tool, &["--delete", "--group", group]).map(drop));
        left.retain(|held| *held != group);
        same(tools, &program, "groups without a deleted one", &left);
    }
    let replayed = Program::quick(&cluster.bootstrap(), "").ready();
    same(tools, &replayed, "no groups from the records alone", &[]);
}

#[test]
fn groups_whose_offsets_expire_are_there_as_long_as_the_tool_lists_them() {
    let spec = Spec::new(Version::V4_4).quick_groups();
    let spec = spec.property("offsets.retention.minutes=1").property("offsets.retention.check.interval.ms=2000");
    let cluster = spec.start();
    let (tools, clients) = (cluster.tools(), cluster.clients("all"));
    let program = Program::quick(&cluster.bootstrap(), "");
    joined_and_left(&cluster, &clients, &program);
    clients.classic("f", "stays", "t", &[]);
    // A share group does not expire: it is there until it is deleted.
    let (begun, mut seen) = (Instant::now(), BTreeSet::new());
    loop {
        // The tool and the page are asked one after the other: what changes in between differs once.
        let listed = eventually(seconds(6), "what the tool lists", || {
            let (listed, shown) = both(tools, &program);
            if listed == shown { Ok(listed) } else { Err(format!("\nlisted {listed:?}\nshown  {shown:?}")) }
        });
        let over = !listed.contains("old") && !listed.contains("new") && !listed.contains("plain");
        seen.insert(listed);
        if over {
            break;
        }
        assert!(begun.elapsed() < seconds(150), "nothing has expired: {seen:?}");
        pause(std::time::Duration::from_millis(500));
    }
    println!("{seen:?}");
    assert!(seen.iter().any(|listed| listed.contains("old")) && seen.iter().all(|listed| listed.contains("stays")));
    let replayed = Program::quick(&cluster.bootstrap(), "").ready();
    let (listed, shown) = both(tools, &replayed);
    assert_eq!(listed, shown);
}
