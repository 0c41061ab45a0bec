//! Many groups, and many changes.

use crate::rig::seconds;
use crate::rig::zookeeper::{Release, ZooKeeper};

use super::{following, offsets, shows};

const GROUPS: u32 = 50;
const PARTITIONS: u32 = 40;

/// The figures of a larger tree depend on the machine; what does not is how much of everything a tree takes.
#[test]
fn a_change_costs_one_question_and_no_thread_and_a_node_one_watch() {
    let zookeeper = ZooKeeper::start(Release::V3_8);
    let znodes = zookeeper.znodes();
    znodes.load(GROUPS, PARTITIONS);
    let mut program = following(&zookeeper, "");
    let consumers = offsets(&znodes.tree("/consumers"));
    program.page_where(seconds(20), "all commits", |page| shows(page, &consumers));
    // The list of groups; of each its parts, its topics and the topic's partitions; and the offsets.
    let nodes = u64::from(1 + 3 * GROUPS + GROUPS * PARTITIONS);
    assert_eq!(zookeeper.watches(), nodes);
    let threads = |program: &mut crate::rig::program::Program| {
        std::fs::read_dir(format!("/proc/{}/task", program.id())).unwrap().count()
    };
    let before = (threads(&mut program), zookeeper.received());
    znodes.churn(GROUPS, PARTITIONS, 1000, 5);
    let asked = zookeeper.received() - before.1;
    let consumers = offsets(&znodes.tree("/consumers"));
    let page = program.page_where(seconds(2), "all changes", |page| shows(page, &consumers));
    assert!(threads(&mut program) <= before.0);
    assert_eq!(zookeeper.watches(), nodes);
    let labels = [("cluster", "local"), ("module", "zk")];
    assert_eq!(page.value("warrener_zookeeper_sessions_total", &labels), Some(1.0));
    // Each partition has been set twice or three times; what was set twice before it was read again shows once.
    let seen: i64 = page.topics("kafka_consumergroup_commits_total").values().sum();
    assert!((2_000..=5_000).contains(&seen), "{seen} commits");
    // One packet for each change that was made, one question of ours at most, and signs of life.
    assert!(asked <= 2 * 5_000 + 200, "{asked} packets");
}
