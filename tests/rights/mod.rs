//! Rights: those of docs/src/operations/rights.md suffice, and what is missing is named, costs nothing else and floods
//! no broker. The authorizer of a real broker logs what it denies.

mod denials;

use std::time::Duration;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::clients::Clients;
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds};
use denials::{at_most_one_a_minute, by_right, denials};

/// All names that show racks and the cluster id, too.
const NAMES: &str = "[metrics]\nnames = [\"kafka_exporter\", \"kminion\"]\n";
/// Within this time a right that is granted shows.
const GRANTED: Duration = Duration::from_secs(75);
/// How long denials are counted.
const WATCHED: Duration = Duration::from_secs(130);
const ALL: [&str; 3] = ["orders", "payments", "refunds"];
const OFFSETS: &str = "__consumer_offsets";
const SHARES: &str = "__share_group_state";

/// A broker whose user has the rights of the page, and no others. Three topics, of which each has commits.
struct World {
    cluster: Cluster,
    committer: Committer,
    /// Members of share groups, where there are any.
    clients: Option<Clients>,
}

impl World {
    fn new(version: Version) -> Self {
        let has_shares = version == Version::LATEST;
        let mut spec = Spec::new(version).guarded().property("broker.rack=west-1");
        if has_shares {
            spec = spec.quick_groups();
        }
        let cluster = spec.start();
        for topic in ALL {
            cluster.create_topic(topic, 2);
            (0..2).for_each(|partition| cluster.produce(topic, partition, 5));
        }
        grant_documented(&cluster);
        let mut committer = Committer::new(cluster.port());
        for topic in ALL {
            committer.commit(topic, topic, &[(0, 2), (1, 3)]);
        }
        let clients = has_shares.then(|| {
            cluster.tools().share_from_the_start("shared");
            let clients = cluster.clients("shared");
            clients.share("member", "shared", "orders");
            clients
        });
        Self { cluster, committer, clients }
    }

    fn program(&self) -> Program {
        Program::as_user_with(&self.cluster, NAMES)
    }

    fn shows(&self, program: &Program, patience: Duration, topics: &[&str], shares: bool) -> Page {
        program.page_where(patience, "groups and topics", |page| shown(page, topics, shares))
    }
}

/// Grants what the page says, by its own commands.
fn grant_documented(cluster: &Cluster) {
    let page = include_str!("../../docs/src/operations/rights.md");
    let commands: Vec<Vec<&str>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("$ kafka-acls.sh --bootstrap-server kafka1:9092 "))
        .map(|arguments| arguments.split_whitespace().map(|word| word.trim_matches('\'')).collect())
        .collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    commands.iter().for_each(|arguments| cluster.tools().acls(arguments));
}

/// Whether exactly these topics, the lag of the groups of the same names, and with `shares` the share group's offsets
/// are shown.
fn shown(page: &Page, topics: &[&str], shares: bool) -> Result<(), String> {
    for topic in ALL {
        let lags = page.with("kafka_consumergroup_lag", &[("consumergroup", topic)]).count();
        let ends = page.with("kafka_topic_partition_current_offset", &[("topic", topic)]).count();
        let wanted = if topics.contains(&topic) { 2 } else { 0 };
        if (lags, ends) != (wanted, wanted) {
            return Err(format!("{topic}: {lags} lags and {ends} log ends, not {wanted}"));
        }
    }
    let offsets = page.with("kafka_consumergroup_current_offset", &[("consumergroup", "shared")]).count();
    if (offsets > 0) == shares { Ok(()) } else { Err(format!("{offsets} offsets of the share group")) }
}

/// The rights that the status page names, as `MODULE OPERATION RESOURCE`.
fn named(program: &Program) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_slice(&program.get("/api/exporter").body).unwrap();
    let modules = body["modules"].as_array().unwrap();
    let rights = modules.iter().flat_map(|module| {
        let rights = module["missing_rights"].as_array().cloned().unwrap_or_default();
        let kind = module["kind"].as_str().unwrap().to_owned();
        rights.into_iter().map(move |right| {
            format!("{kind} {} {}", right["operation"].as_str().unwrap(), right["resource"].as_str().unwrap())
        })
    });
    rights.collect()
}

fn await_named(program: &Program, patience: Duration, rights: &[&str]) {
    eventually(patience, "rights on the status page", || {
        let named = named(program);
        if named == rights { Ok(()) } else { Err(format!("{named:?}, not {rights:?}")) }
    });
    for right in rights {
        let [kind, operation, resource] = right.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{right}") };
        let field = format!("operation={operation:?} resource={resource:?}");
        let log = program.log();
        let lines = log.lines().filter(|line| line.contains("a right is missing") && line.contains(kind));
        assert_eq!(lines.filter(|line| line.contains(&field)).count(), 1, "{field}:\n{log}");
    }
}

fn refusals(page: &Page, kind: &str) -> f64 {
    page.value("warrener_refresh_errors_total", &[("kind", kind), ("reason", "authorization")]).unwrap_or(0.0)
}

/// Everything is shown with the rights of the page, and from the start on nothing is denied.
fn the_documented_rights_suffice(version: Version, watch: Duration) {
    let world = World::new(version);
    let program = world.program().ready();
    let shares = world.clients.is_some();
    let page = world.shows(&program, seconds(60), &ALL, shares);
    let age = page.with("kafka_consumergroup_lag_seconds", &[("consumergroup", "orders")]).count();
    assert_eq!(age, 2, "time lags");
    let racks: Vec<_> = page.family("kminion_kafka_broker_info").map(|(labels, _)| labels["rack_id"].clone()).collect();
    assert_eq!(racks, ["west-1"]);
    let (labels, _) = page.family("kminion_kafka_cluster_info").next().unwrap();
    assert!(!labels["cluster_id"].is_empty(), "{labels:?}");
    // Topic ids: a topic that is created again has lost its commits.
    world.cluster.delete_topic("refunds");
    world.shows(&program, seconds(20), &["orders", "payments"], shares);
    world.cluster.create_topic("refunds", 2);
    program.page_where(seconds(20), "log ends of another topic", |page| {
        let count = |family, label| page.with(family, &[(label, "refunds")]).count();
        match (
            count("kafka_topic_partition_current_offset", "topic"),
            count("kafka_consumergroup_lag", "consumergroup"),
        ) {
            (2, 0) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    pause(watch);
    assert_eq!(denials(&world.cluster), [], "with the rights of the page");
    assert_eq!(named(&program), [""; 0]);
    assert_eq!(["offsets", "topics", "commits"].map(|kind| refusals(&program.page(), kind)), [0.0; 3]);
    program.terminate();
}

#[test]
fn the_documented_rights_suffice_and_nothing_is_denied() {
    the_documented_rights_suffice(Version::V4_4, seconds(70));
}

#[test]
fn the_documented_rights_suffice_on_older_brokers() {
    for version in [Version::V3_9, Version::V2_8] {
        the_documented_rights_suffice(version, seconds(10));
    }
}

#[test]
fn what_is_missing_from_the_start_is_named_and_costs_nothing_else() {
    let World { cluster, mut committer, clients: _clients } = World::new(Version::LATEST);
    let tools = cluster.tools();
    tools.deny("Describe", "payments");
    tools.deny("Read", SHARES);
    let program = Program::as_user_with(&cluster, NAMES).ready();
    let shows = |patience, topics: &[&str], shares| {
        program.page_where(patience, "groups and topics", |page| shown(page, topics, shares))
    };
    shows(seconds(30), &["orders", "refunds"], false);
    await_named(&program, seconds(30), &["cluster Describe topic payments", "consumer Read topic __share_group_state"]);
    pause(WATCHED);
    let rights = ["DESCRIBE Topic:LITERAL:payments", "READ Topic:LITERAL:__share_group_state"];
    let denied = denials(&cluster);
    println!("over some {WATCHED:?}: {denied:#?}");
    at_most_one_a_minute(&denied, &rights);
    let page = shows(seconds(5), &["orders", "refunds"], false);
    assert!(refusals(&page, "topics") >= 1.0 && refusals(&page, "commits") >= 2.0);
    committer.commit("orders", "orders", &[(0, 5), (1, 5)]);
    program.page_where(seconds(5), "a commit at once", |page| lag_sum(page, "orders", 0.0));
    tools.undeny("Describe", "payments");
    tools.undeny("Read", SHARES);
    shows(GRANTED, &ALL, true);
    await_named(&program, seconds(5), &[]);
    program.terminate();
}

fn lag_sum(page: &Page, group: &str, wanted: f64) -> Result<(), String> {
    let lags: Vec<f64> =
        page.with("kafka_consumergroup_lag", &[("consumergroup", group)]).map(|(_, lag)| lag).collect();
    let sum = lags.iter().sum::<f64>();
    if lags.len() == 2 && (sum - wanted).abs() < 0.5 { Ok(()) } else { Err(format!("{group}: {lags:?}")) }
}

/// Nothing is read without this right on the offsets topic, and everything once it is granted.
fn without_the_offsets_topic(operation: &str) {
    let World { cluster, clients: _clients, .. } = World::new(Version::LATEST);
    cluster.tools().deny(operation, OFFSETS);
    let program = Program::as_user_with(&cluster, NAMES);
    await_named(&program, seconds(30), &[&format!("consumer {operation} topic {OFFSETS}")]);
    pause(WATCHED);
    let denied = denials(&cluster);
    println!("over some {WATCHED:?}: {denied:#?}");
    at_most_one_a_minute(&denied, &[&format!("{} Topic:LITERAL:{OFFSETS}", operation.to_uppercase())]);
    let page = program.page();
    assert_eq!(page.groups().len(), 0);
    assert_eq!(page.with("kafka_topic_partition_current_offset", &[("topic", "orders")]).count(), 2);
    assert_eq!(page.value("warrener_ready", &[("kind", "consumer")]), Some(0.0));
    assert_eq!(page.value("warrener_up", &[("kind", "consumer")]), Some(1.0));
    cluster.tools().undeny(operation, OFFSETS);
    program.page_where(GRANTED, "groups", |page| shown(page, &ALL, true));
    await_named(&program, seconds(5), &[]);
    program.terminate();
}

#[test]
fn without_the_right_to_read_the_offsets_topic_it_waits_for_it() {
    without_the_offsets_topic("Read");
}

#[test]
fn without_the_right_to_describe_the_offsets_topic_it_waits_for_it() {
    without_the_offsets_topic("Describe");
}

#[test]
fn a_right_that_is_taken_away_costs_what_it_is_on_and_comes_back() {
    let World { cluster, mut committer, clients: _clients } = World::new(Version::LATEST);
    let program = Program::as_user_with(&cluster, NAMES).ready();
    program.page_where(seconds(60), "groups and topics", |page| shown(page, &ALL, true));
    let taken = [
        ("Describe", "orders", "cluster"),
        ("Read", OFFSETS, "consumer"),
        ("Describe", OFFSETS, "consumer"),
        ("Read", SHARES, "consumer"),
    ];
    let mut committed = 3;
    for (operation, topic, kind) in taken {
        let before = denials(&cluster).len();
        cluster.tools().deny(operation, topic);
        eventually(seconds(40), "the right's name", || {
            let named = named(&program);
            let right = format!("{kind} {operation} topic {topic}");
            if named.contains(&right) { Ok(()) } else { Err(format!("{right}: {named:?}")) }
        });
        pause(seconds(5));
        let first = denials(&cluster).len();
        pause(seconds(125));
        let all = denials(&cluster);
        println!("{operation} on {topic}: {:#?}", &all[before..]);
        for (right, denials) in by_right(&all[before..first]) {
            assert!(denials.len() <= 4, "under way when the right is taken away: {right}, {denials:?}");
        }
        let later: Vec<_> =
            by_right(&all[first..]).into_iter().map(|(right, denials)| (right, denials.len())).collect();
        assert!(later.iter().all(|(_, count)| *count <= 2), "{later:?}");
        // What the right is not on goes on.
        cluster.produce("payments", 0, 1);
        let ends = |page: &Page| {
            page.value("kafka_topic_partition_current_offset", &[("topic", "payments"), ("partition", "0")])
        };
        let end = f64::from(committed) + 3.0;
        program.page_where(seconds(5), "log end", |page| match ends(page) {
            Some(found) if (found - end).abs() < 0.5 => Ok(()),
            other => Err(format!("{other:?}, not {end}")),
        });
        committed += 1;
        committer.commit("payments", "payments", &[(1, i64::from(committed))]);
        cluster.tools().undeny(operation, topic);
        program.page_where(GRANTED, "groups and topics", |page| {
            shown(page, &ALL, true)?;
            let place = [("consumergroup", "payments"), ("partition", "1")];
            match page.value("kafka_consumergroup_current_offset", &place) {
                Some(found) if (found - f64::from(committed)).abs() < 0.5 => Ok(()),
                other => Err(format!("{other:?}, not {committed}")),
            }
        });
        eventually(GRANTED, "no missing right", || {
            let named = named(&program);
            if named.is_empty() { Ok(()) } else { Err(format!("{named:?}")) }
        });
    }
    program.terminate();
}
