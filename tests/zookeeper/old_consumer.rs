//! The old consumer, against a broker in ZooKeeper mode.

use std::collections::BTreeMap;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::{Version, java};
use crate::rig::page::Page;
use crate::rig::process::Process;
use crate::rig::program::{Program, command};
use crate::rig::wire::Committer;
use crate::rig::zookeeper::{Release, Znodes, ZooKeeper};
use crate::rig::{eventually, seconds};

use super::{COMMITTED, commits, file, offsets, owners, owners_on, shows};

const CHROOT: &str = "/legacy";

struct World {
    cluster: Cluster,
    znodes: Znodes,
    // Behind the broker, which wants it to the end.
    zookeeper: ZooKeeper,
}

impl World {
    fn start() -> Self {
        let zookeeper = ZooKeeper::start(Release::V3_8);
        let cluster = Spec::new(Version::V2_8).in_zookeeper(zookeeper.connect(CHROOT)).start();
        Self { cluster, znodes: zookeeper.znodes(), zookeeper }
    }

    fn file(&self, more: &str) -> String {
        let keys = format!("zookeeper-path = \"{CHROOT}\"");
        file(&self.cluster.bootstrap(), &self.zookeeper.servers(), &keys, more)
    }

    /// Commits every 300 ms, whether or not anything was read.
    fn consumer(&self, name: &str, group: &str, topic: &str, properties: &[&str]) -> Process {
        let mut command = java(Version::V1_1, 96);
        command.args(["kafka.tools.ConsoleConsumer", "--zookeeper", &self.zookeeper.connect(CHROOT)]);
        command.args(["--topic", topic]);
        let group = format!("group.id={group}");
        let common = [group.as_str(), "auto.commit.interval.ms=300", "zookeeper.session.timeout.ms=3000"];
        for property in common.iter().chain(properties) {
            command.args(["--consumer-property", property]);
        }
        Process::start(command, &self.zookeeper.scratch().join(&format!("{name}.log")))
    }

    /// Waits until the tree is as wanted; from then on the page has 2 s to be the same.
    fn agree(&self, program: &Program, what: &str, wanted: impl Fn(&BTreeMap<String, String>) -> bool) -> Page {
        let consumers = format!("{CHROOT}/consumers");
        eventually(seconds(40), what, || {
            let tree = self.znodes.tree(&consumers);
            if wanted(&tree) { Ok(()) } else { Err(format!("{tree:?}")) }
        });
        program.page_where(seconds(2), what, |page| {
            let tree = self.znodes.tree(&consumers);
            let same = page.places(COMMITTED) == offsets(&tree) && owners_on(page) == owners(&tree);
            if same {
                Ok(())
            } else {
                Err(format!("\npage {:?} {:?}\ntree {tree:?}", page.places(COMMITTED), owners_on(page)))
            }
        })
    }
}

fn total(tree: &BTreeMap<String, String>) -> i64 {
    offsets(tree).values().sum()
}

fn distinct(tree: &BTreeMap<String, String>) -> usize {
    owners(tree).into_values().collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn the_old_consumer_is_on_the_page_as_it_is_in_the_tree() {
    let world = World::start();
    let cluster = &world.cluster;
    cluster.create_topic("orders", 3);
    let fill = |count| (0..3).for_each(|partition| cluster.produce("orders", partition, count));
    fill(10);
    let program = Program::with_config(&world.file("")).ready();
    // It refuses to begin at the beginning where its group has committed before.
    let [smallest, largest] = ["smallest", "largest"].map(|reset| format!("auto.offset.reset={reset}"));
    let storage = "offsets.storage=zookeeper";
    let first = world.consumer("first", "old", "orders", &[storage, &smallest]);
    world.agree(&program, "all of the first records", |tree| total(tree) == 30 && owners(tree).len() == 3);
    let group = [("consumergroup", "old")];
    for round in 1..=3_u8 {
        fill(7);
        let page = world.agree(&program, "more", |tree| total(tree) == 30 + 21 * i64::from(round));
        assert_eq!(page.value("kafka_consumergroup_members", &group), Some(1.0));
    }
    // The lag follows with the next refresh of log ends, one a second.
    program.page_where(seconds(3), "no lag", |page| {
        let lags = page.places("kafka_consumergroup_lag");
        if lags.len() == 3 && lags.values().all(|lag| *lag == 0) { Ok(()) } else { Err(format!("{lags:?}")) }
    });
    let page = program.page();
    assert_eq!(page.value("kafka_consumergroup_info", &[("consumergroup", "old"), ("type", "zookeeper")]), Some(1.0));
    assert_eq!(page.value("kafka_consumergroup_state", &[("consumergroup", "old"), ("state", "stable")]), Some(1.0));

    let second = world.consumer("second", "old", "orders", &[storage, &largest]);
    world.agree(&program, "two owners", |tree| distinct(tree) == 2 && owners(tree).len() == 3);
    assert_eq!(program.page().value("kafka_consumergroup_members", &group), Some(2.0));
    drop(first);
    world.agree(&program, "the other owner alone", |tree| distinct(tree) == 1 && owners(tree).len() == 3);
    drop(second);
    fill(5);
    program.page_where(seconds(20), "lag of an empty group", |page| {
        let lags: i64 = page.places("kafka_consumergroup_lag").values().sum();
        let members = page.value("kafka_consumergroup_members", &group);
        if (lags, members) == (15, Some(0.0)) { Ok(()) } else { Err(format!("{lags} {members:?}")) }
    });
    world.agree(&program, "no owners", |tree| owners(tree).is_empty());
    assert_eq!(
        program.page().value("kafka_consumergroup_state", &[("consumergroup", "old"), ("state", "empty")]),
        Some(1.0)
    );

    let path = world.zookeeper.scratch().write("once.toml", world.file(""));
    let mut once = command();
    let printed = once.arg("lag").arg("--config").arg(path).args(["--output", "json"]).output().unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    assert_eq!((printed.status.code(), text.matches(r#""group":"old""#).count()), (Some(0), 3), "{text}");
    assert!(text.matches(r#""lag":5,"#).count() == 3, "{text}");
    program.terminate();
}

#[test]
fn a_group_that_commits_to_kafka_and_zookeeper_shows_the_newer_commit() {
    let world = World::start();
    world.cluster.create_topic("paid", 1);
    world.cluster.produce("paid", 0, 20);
    let kafka = format!(
        "[consumer.local]\nclass-name = \"kafka\"\ncluster = \"local\"\nservers = [\"{}\"]",
        world.cluster.bootstrap()
    );
    let program = Program::with_config(&world.file(&kafka)).ready();
    let dual = ["offsets.storage=kafka", "dual.commit.enabled=true", "auto.offset.reset=smallest"];
    let consumer = world.consumer("dual", "dual", "paid", &dual);
    let node = format!("{CHROOT}/consumers/dual/offsets/paid/0");
    eventually(seconds(40), "a commit in ZooKeeper too", || match world.znodes.ask(&["get", &node])?.as_str() {
        "20" => Ok(()),
        other => Err(other.to_owned()),
    });
    let see = |what: &str, offset| {
        program.page_where(seconds(5), what, |page| shows(page, &commits([("dual", "paid", 0, offset)])));
    };
    see("what both say", 20);
    let info = [("consumergroup", "dual"), ("type", "zookeeper")];
    assert_eq!(program.page().value("kafka_consumergroup_info", &info), Some(1.0));
    drop(consumer);
    world.znodes.put(&node, "7");
    see("the newer commit in ZooKeeper", 7);
    Committer::new(world.cluster.port()).commit("dual", "paid", &[(0, 9)]);
    see("the newer commit in Kafka", 9);
    world.znodes.put(&node, "8");
    see("ZooKeeper's again", 8);
    program.terminate();
}
