//! Groups that ZooKeeper keeps: real ensembles of 3.8 and 3.4, a real broker in ZooKeeper mode, the real old consumer.

mod faults;
pub mod lies;
mod load;
mod old_consumer;
mod secured;
mod shapes;

use std::collections::BTreeMap;

use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::tools::Place;
use crate::rig::zookeeper::ZooKeeper;

const COMMITTED: &str = "kafka_consumergroup_current_offset";
const OWNER: &str = "kafka_consumergroup_partition_owner_info";

/// A file with a cluster `local` at these brokers, and a consumer `zk`; `keys` go into its section, `more` behind.
fn file(brokers: &str, servers: &str, keys: &str, more: &str) -> String {
    format!(
        "[cluster.local]\nclass-name = \"kafka\"\nservers = [\"{brokers}\"]\noffset-refresh = 1\ntopic-refresh = 1\n\
         [consumer.zk]\nclass-name = \"kafka_zk\"\ncluster = \"local\"\nservers = [{servers}]\n{keys}\n\
         [metrics]\nowners = true\n{more}\n"
    )
}

/// A `warrener` that follows an ensemble and whose cluster never answers: topics are not hidden then, though nobody
/// names them.
fn following(zookeeper: &ZooKeeper, keys: &str) -> Program {
    Program::with_config(&file("127.0.0.1:1", &zookeeper.servers(), keys, ""))
}

/// What the consumer's module says of itself: `warrener_up` or `warrener_ready`.
fn says(page: &Page, family: &str) -> Option<f64> {
    page.value(family, &[("kind", "consumer"), ("module", "zk")])
}

/// Group, topic and partition of a node below `/consumers`, of offsets or owners.
fn place(path: &str, kind: &str) -> Option<Place> {
    let (_, below) = path.split_once("/consumers/")?;
    match below.split('/').collect::<Vec<_>>()[..] {
        [group, found, topic, partition] if found == kind => {
            Some((group.to_owned(), topic.to_owned(), partition.parse().ok()?))
        }
        _ => None,
    }
}

/// The offsets in a tree, those that are numbers.
fn offsets(tree: &BTreeMap<String, String>) -> BTreeMap<Place, i64> {
    tree.iter().filter_map(|(path, data)| Some((place(path, "offsets")?, data.parse().ok()?))).collect()
}

/// The threads that own partitions, but for their numbers.
fn owners(tree: &BTreeMap<String, String>) -> BTreeMap<Place, String> {
    let thread = |data: &str| data.rsplit_once('-').map(|(consumer, _)| consumer.to_owned());
    tree.iter().filter_map(|(path, data)| Some((place(path, "owners")?, thread(data)?))).collect()
}

/// The members that own partitions, on a page.
fn owners_on(page: &Page) -> BTreeMap<Place, String> {
    let place = |labels: &crate::rig::page::Labels| {
        (labels["consumergroup"].clone(), labels["topic"].clone(), labels["partition"].parse().unwrap())
    };
    page.family(OWNER).map(|(labels, _)| (place(labels), labels["member_id"].clone())).collect()
}

/// Whether the page shows these commits and no others.
fn shows(page: &Page, expected: &BTreeMap<Place, i64>) -> Result<(), String> {
    let found = page.places(COMMITTED);
    let differ = |(place, offset): &(&Place, &i64)| expected.get(*place) != Some(*offset);
    if found == *expected {
        return Ok(());
    }
    let wrong: Vec<_> = found.iter().filter(differ).take(5).collect();
    Err(format!("{} commits instead of {}, such as {wrong:?}", found.len(), expected.len()))
}

fn commit(group: &str, topic: &str, partition: i32) -> String {
    format!("/consumers/{group}/offsets/{topic}/{partition}")
}

/// Places with their offsets.
fn commits<const N: usize>(all: [(&str, &str, i32, i64); N]) -> BTreeMap<Place, i64> {
    all.into_iter().map(|(group, topic, at, offset)| ((group.to_owned(), topic.to_owned(), at), offset)).collect()
}
