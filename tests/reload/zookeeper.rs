//! Consumers of class `kafka_zk`, and a consumer that changes its class.

use super::{COMMITTED, File, is_replaced};
use crate::rig::broker::Spec;
use crate::rig::maven::Version;
use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::zookeeper::{Release, ZooKeeper};
use crate::rig::{eventually, seconds};

/// The groups that have commits.
fn groups(page: &Page) -> Vec<String> {
    let mut groups: Vec<_> = page.family(COMMITTED).map(|(labels, _)| labels["consumergroup"].clone()).collect();
    groups.sort();
    groups
}

fn wait_for(program: &Program, what: &str, wanted: &[&str]) -> Page {
    program.page_where(seconds(20), what, |page| {
        if groups(page) == wanted { Ok(()) } else { Err(format!("{:?}\n{}", groups(page), program.log())) }
    })
}

#[test]
fn filters_servers_and_class_of_a_consumer_of_zookeeper_change_while_it_runs() {
    let cluster = Spec::new(Version::LATEST).offsets_partitions(4).start();
    cluster.create_topic("orders", 1);
    cluster.produce("orders", 0, 10);
    Committer::new(cluster.port()).commit("in-kafka", "orders", &[(0, 7)]);
    let [first, second] = ["old", "new"].map(|name| {
        let ensemble = ZooKeeper::start(Release::V3_8);
        let nodes = ensemble.znodes();
        for group in [name, "both"] {
            nodes.put(&format!("/consumers/{group}/offsets/orders/0"), "5");
        }
        ensemble
    });
    let mut file = File::new(&cluster.bootstrap());
    let section = |ensemble: &ZooKeeper, keys: &str| {
        format!(
            "[consumer.zk]\nclass-name = \"kafka_zk\"\ncluster = \"local\"\nservers = [{}]\n{keys}\n",
            ensemble.servers()
        )
    };
    file.more = section(&first, "");
    let program = file.start();
    wait_for(&program, "groups of the first ensemble", &["both", "in-kafka", "old"]);
    file.change(&program, |file| file.more = section(&first, "group-denylist = \"old\""));
    wait_for(&program, "groups without old", &["both", "in-kafka"]);
    is_replaced(&program, "consumer.zk", 0).unwrap();
    file.change(&program, |file| file.more = section(&second, ""));
    wait_for(&program, "groups of the second ensemble", &["both", "in-kafka", "new"]);
    is_replaced(&program, "consumer.zk", 1).unwrap();
    let servers = file.servers.clone();
    file.change(&program, |file| {
        file.more = format!(
            "[consumer.zk]\nclass-name = \"kafka\"\ncluster = \"local\"\nservers = [\"{servers}\"]\ngroup-denylist = \"x\"\n"
        )
    });
    wait_for(&program, "groups in Kafka alone", &["in-kafka"]);
    eventually(seconds(10), "health of the new module", || {
        let page = program.page();
        let up = page.value("warrener_up", &[("kind", "consumer"), ("module", "zk")]);
        let nodes = page.with("warrener_zookeeper_nodes", &[("module", "zk")]).count();
        if (up, nodes) == (Some(1.0), 0) { Ok(()) } else { Err(format!("{up:?} {nodes}\n{}", program.log())) }
    });
    program.terminate();
}
