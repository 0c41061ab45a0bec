//! Kafka clusters that lie, beside a real one that does not, all in one process.
//!
//! Each lie has a cluster of its own. All lies of a table are told at the same time, for as long as it takes to tell
//! the worst of them more than once. Meanwhile the process lives, the real cluster's commits are on the page within
//! five seconds, and memory and CPU stay bounded; and each cluster is right again soon after it is honest again.
//! What only another librdkafka could survive is in `limits`.

mod fetch;
mod limits;
mod metadata;
mod offsets;
mod trial;
mod wire;

use trial::judge;

/// A lie and its name, which is its cluster's, too.
pub type Lies = Vec<(&'static str, crate::rig::fake_kafka::Lie)>;

/// The lies of all tables.
pub fn all() -> Lies {
    [wire::lies, wire::versions, metadata::brokers, metadata::topics, offsets::lies, fetch::lies, fetch::batches]
        .into_iter()
        .flat_map(|table: fn() -> Lies| table())
        .collect()
}

/// Whether a lie is that the user lacks a right. What was refused is asked for again after a minute.
pub fn refuses(name: &str) -> bool {
    name.ends_with("refused")
}

#[test]
fn frames_and_connections_that_no_broker_makes() {
    judge(wire::lies);
}

#[test]
fn versions_that_no_broker_has() {
    judge(wire::versions);
}

#[test]
fn metadata_about_brokers_that_are_not_so() {
    judge(metadata::brokers);
}

#[test]
fn metadata_about_topics_that_are_not_so() {
    judge(metadata::topics);
}

#[test]
fn offsets_that_are_not_so() {
    judge(offsets::lies);
}

#[test]
fn fetches_that_are_not_so() {
    judge(fetch::lies);
}

#[test]
fn batches_that_are_none() {
    judge(fetch::batches);
}
