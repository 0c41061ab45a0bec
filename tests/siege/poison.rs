//! Records that any member of a group can have a broker write, larger than anybody needs.

use std::sync::Arc;

use super::Target;
use super::attackers::Attacker;
use super::good::{Good, sections};
use crate::rig::broker::Cluster;
use crate::rig::client::Record;
use crate::rig::{http, records, seconds};

const TOPIC: &str = "poison";
/// As many groups change again and again: what one of them may keep is bounded, and so is what all may.
const GROUPS: u32 = 8;
/// As many topics that do not exist as fit into a record.
const TOPICS: u32 = 45_000;
/// Partitions of one topic.
const PARTITIONS: i32 = 20_000;
const CLIENT_ID: usize = 32_000;

/// An ordinary topic of the good broker that is taken for an offsets topic.
pub struct Poison {
    cluster: Arc<Cluster>,
    turns: u32,
}

impl Poison {
    pub fn prepare(good: &Good) -> Self {
        good.cluster.create_topic(TOPIC, 1);
        Self { cluster: Arc::clone(&good.cluster), turns: 0 }
    }
}

impl Attacker for Poison {
    fn name(&self) -> &'static str {
        "huge assignments, and what the API says of them"
    }

    fn sections(&self) -> String {
        sections("poisoned", &self.cluster.bootstrap(), &format!("offsets-topic = \"{TOPIC}\""))
    }

    fn turn(&mut self, target: &Target) -> Result<(), String> {
        self.turns += 1;
        let number = self.turns % GROUPS;
        let group = format!("poison-{number}");
        let assignment = if number.is_multiple_of(2) { strange_topics(self.turns) } else { many_partitions() };
        let commit = records::commit(group.as_bytes(), b"orders", 0, self.turns.into(), records::now());
        self.cluster.produce_raw(TOPIC, [commit, member(&group, &assignment)].map(|record| (0, record)));
        target.pause(seconds(1));
        let answer = http::get(target.port, &format!("/v3/kafka/poisoned/consumer/{group}"), &[]);
        target.pause(seconds(1));
        match answer {
            // It may be there or not yet, or larger than what is answered.
            Ok(answer) if ![200, 404, 413, 503].contains(&answer.status) => Err(format!("{group}: {}", answer.status)),
            // Among so many idle connections one that waits for long may be closed.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Topics of other names each time.
fn strange_topics(turn: u32) -> Vec<u8> {
    let topic = |number| {
        let mut topic = Vec::new();
        put_string(&mut topic, &format!("{turn}-{number}"));
        put_count(&mut topic, 1);
        topic.extend(0_i32.to_be_bytes());
        topic
    };
    assignment((0..TOPICS).map(topic).collect())
}

fn many_partitions() -> Vec<u8> {
    let mut topic = Vec::new();
    put_string(&mut topic, "orders");
    put_count(&mut topic, PARTITIONS.unsigned_abs());
    topic.extend((0..PARTITIONS).flat_map(i32::to_be_bytes));
    assignment(vec![topic])
}

/// A ConsumerProtocolAssignment, version 0.
fn assignment(topics: Vec<Vec<u8>>) -> Vec<u8> {
    let mut bytes = vec![0, 0];
    put_count(&mut bytes, u32::try_from(topics.len()).unwrap());
    bytes.extend(topics.concat());
    bytes.extend((-1_i32).to_be_bytes());
    bytes
}

/// The metadata of a classic group with one member: type 2, value version 3.
fn member(group: &str, assignment: &[u8]) -> Record {
    let mut value = vec![0, 3];
    put_string(&mut value, "consumer");
    value.extend(1_i32.to_be_bytes());
    put_string(&mut value, "range");
    put_string(&mut value, "m");
    value.extend(records::now().to_be_bytes());
    put_count(&mut value, 1);
    put_string(&mut value, "m");
    value.extend((-1_i16).to_be_bytes());
    put_string(&mut value, &"c".repeat(CLIENT_ID));
    put_string(&mut value, "/127.0.0.1");
    value.extend([10_000_i32, 10_000].map(i32::to_be_bytes).concat());
    put_bytes(&mut value, &[]);
    put_bytes(&mut value, assignment);
    (records::group_key(group.as_bytes()), Some(value))
}

fn put_count(out: &mut Vec<u8>, count: u32) {
    out.extend(count.to_be_bytes());
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    out.extend(text.as_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, u32::try_from(bytes.len()).unwrap());
    out.extend(bytes);
}
