//! Rights: those of docs/src/operations/rights.md suffice, and what is missing is named, costs nothing else and floods
//! no broker. The authorizer of a real broker logs what it denies.
//!
//! Nearly all time goes by in waiting for the denials of two minutes, so all of it goes on at the same time: on one
//! broker, with a user, and rights, for each part.

mod denials;
mod missing;

use std::sync::Mutex;
use std::time::Duration;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::clients::Clients;
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::security::{OTHERS, USER};
use crate::rig::tools::principal;
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds, side_by_side};
use denials::denials;

/// All names that show racks and the cluster id, too.
const NAMES: &str = "[metrics]\nnames = [\"kafka_exporter\", \"kminion\"]\n";
/// Within this time a right that is granted shows.
const GRANTED: Duration = Duration::from_secs(75);
/// How long denials are counted.
const WATCHED: Duration = Duration::from_secs(130);
const ALL: [&str; 3] = ["orders", "payments", "refunds"];
/// A topic that is deleted and created again.
const AGAIN: &str = "again";
const OFFSETS: &str = "__consumer_offsets";
const SHARES: &str = "__share_group_state";

/// A broker whose users have the rights of the page, and no others. Topics of which each has commits.
struct World {
    cluster: Cluster,
    /// Members of share groups, where there are any.
    clients: Option<Clients>,
    /// Held while a program starts: programs that all start at once would make a broker slow, and its clock is what
    /// times denials.
    starting: Mutex<()>,
}

impl World {
    fn new(version: Version) -> Self {
        let has_shares = version == Version::LATEST;
        let mut spec = Spec::new(version).guarded().property("broker.rack=west-1");
        if has_shares {
            spec = spec.quick_groups();
        }
        let cluster = spec.start();
        grant_documented(&cluster);
        let clients = has_shares.then(|| {
            cluster.tools().share_from_the_start("shared");
            cluster.clients("shared")
        });
        let world = Self { cluster, clients, starting: Mutex::new(()) };
        for topic in ALL.into_iter().chain([AGAIN]) {
            world.topic(topic);
        }
        if let Some(clients) = &world.clients {
            clients.share("member", "shared", "orders");
        }
        world
    }

    /// A topic and a group of this name: five records in each of two partitions, of which two and three are read.
    fn topic(&self, name: &str) {
        self.cluster.create_topic(name, 2);
        (0..2).for_each(|partition| self.cluster.produce(name, partition, 5));
        Committer::new(self.cluster.port()).commit(name, name, &[(0, 2), (1, 3)]);
    }

    /// Starts a program as this user; `started` waits until it has done all that it does at first.
    fn start(&self, user: &str, started: impl FnOnce(&Program)) -> Program {
        let _alone = self.starting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let program = Program::as_user_with(&self.cluster, user, NAMES);
        started(&program);
        program
    }
}

/// Grants what the page says to all users, by its own commands.
fn grant_documented(cluster: &Cluster) {
    let page = include_str!("../../docs/src/operations/rights.md");
    let commands: Vec<Vec<String>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("$ kafka-acls.sh --bootstrap-server kafka1:9092 "))
        .map(|arguments| arguments.split_whitespace().map(|word| word.trim_matches('\'').to_owned()).collect())
        .collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for mut arguments in commands {
        assert!(arguments.contains(&principal(USER)), "{arguments:?}");
        arguments.extend(OTHERS.iter().flat_map(|user| ["--allow-principal".to_owned(), principal(user)]));
        cluster.tools().acls(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

/// Whether exactly these topics, the lag of the groups of the same names, and with `shares` the share group's offsets
/// are shown.
fn shown(page: &Page, topics: &[&str], shares: bool) -> Result<(), String> {
    for topic in ALL {
        counted(page, topic, if topics.contains(&topic) { (2, 2) } else { (0, 0) })?;
    }
    let offsets = page.with("kafka_consumergroup_current_offset", &[("consumergroup", "shared")]).count();
    if (offsets > 0) == shares { Ok(()) } else { Err(format!("{offsets} offsets of the share group")) }
}

/// Checks the number of lags of the group, and of log ends of the topic, of this name.
fn counted(page: &Page, topic: &str, wanted: (usize, usize)) -> Result<(), String> {
    let lags = page.with("kafka_consumergroup_lag", &[("consumergroup", topic)]).count();
    let ends = page.with("kafka_topic_partition_current_offset", &[("topic", topic)]).count();
    if (lags, ends) == wanted {
        Ok(())
    } else {
        Err(format!("{topic}: {lags} lags and {ends} log ends, not {wanted:?}"))
    }
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
        // The name of the offsets topic contains that of a kind.
        let kind = format!("kind={kind:?}");
        let lines = log.lines().filter(|line| line.contains("a right is missing") && line.contains(&kind));
        assert_eq!(lines.filter(|line| line.contains(&field)).count(), 1, "{field}:\n{log}");
    }
}

fn refusals(page: &Page, kind: &str) -> f64 {
    page.value("warrener_refresh_errors_total", &[("kind", kind), ("reason", "authorization")]).unwrap_or(0.0)
}

/// Everything is shown with the rights of the page, and from the start on nothing is denied.
fn the_documented_rights_suffice(world: &World, user: &str, watch: Duration) {
    let program = world.start(user, |program| program.await_ready(seconds(60)));
    let shares = world.clients.is_some();
    let page = program.page_where(seconds(60), "groups and topics", |page| {
        shown(page, &ALL, shares)?;
        counted(page, AGAIN, (2, 2))
    });
    let age = page.with("kafka_consumergroup_lag_seconds", &[("consumergroup", "orders")]).count();
    assert_eq!(age, 2, "time lags");
    let racks: Vec<_> = page.family("kminion_kafka_broker_info").map(|(labels, _)| labels["rack_id"].clone()).collect();
    assert_eq!(racks, ["west-1"]);
    let (labels, _) = page.family("kminion_kafka_cluster_info").next().unwrap();
    assert!(!labels["cluster_id"].is_empty(), "{labels:?}");
    // Topic ids: a topic that is created again has lost its commits.
    world.cluster.delete_topic(AGAIN);
    program.page_where(seconds(20), "page without the topic", |page| {
        shown(page, &ALL, shares)?;
        counted(page, AGAIN, (0, 0))
    });
    world.cluster.create_topic(AGAIN, 2);
    program.page_where(seconds(20), "log ends of another topic", |page| counted(page, AGAIN, (0, 2)));
    pause(watch);
    assert_eq!(denials(&world.cluster, user), [], "with the rights of the page");
    assert_eq!(named(&program), [""; 0]);
    assert_eq!(["offsets", "topics", "commits"].map(|kind| refusals(&program.page(), kind)), [0.0; 3]);
    program.terminate();
}

#[test]
fn the_documented_rights_suffice_and_what_is_missing_is_named_and_costs_nothing_else() {
    let world = &World::new(Version::LATEST);
    let [first, without_read, without_describe, taken @ ..] = OTHERS;
    let [orders, read, describe, shares] = taken;
    side_by_side(&[
        ("documented", &|| the_documented_rights_suffice(world, USER, seconds(70))),
        ("missing from the start", &|| missing::from_the_start(world, first)),
        ("without Read on the offsets topic", &|| missing::without_the_offsets_topic(world, without_read, "Read")),
        ("without Describe on the offsets topic", &|| {
            missing::without_the_offsets_topic(world, without_describe, "Describe");
        }),
        ("Describe on a topic taken away", &|| missing::taken_away(world, orders, "Describe", "orders", "cluster")),
        ("Read on the offsets topic taken away", &|| missing::taken_away(world, read, "Read", OFFSETS, "consumer")),
        ("Describe on the offsets topic taken away", &|| {
            missing::taken_away(world, describe, "Describe", OFFSETS, "consumer");
        }),
        ("Read on the share state taken away", &|| missing::taken_away(world, shares, "Read", SHARES, "consumer")),
    ]);
}

#[test]
fn the_documented_rights_suffice_on_older_brokers() {
    let on = |version| the_documented_rights_suffice(&World::new(version), USER, seconds(10));
    side_by_side(&[("3.9", &|| on(Version::V3_9)), ("2.8", &|| on(Version::V2_8))]);
}
