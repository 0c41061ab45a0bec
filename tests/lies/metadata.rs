//! Metadata: of all topics, of a few by name, and what it says of brokers.

use std::sync::atomic::{AtomicI32, Ordering};

use kafka_protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{ApiKey, BrokerId, MetadataRequest, RequestKind, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::rig::fake_kafka::{Delivery, Lie, with_length};

use super::Lies;

/// Whether all topics are asked for, as opposed to a few by name.
pub fn is_of_all(request: &MetadataRequest) -> bool {
    request.topics.is_none()
}

fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

fn any(change: impl Fn(&mut MetadataResponse) + Send + Sync + 'static) -> Lie {
    Lie::metadata(move |_, answer| change(answer))
}

fn of_all(change: impl Fn(&mut MetadataResponse) + Send + Sync + 'static) -> Lie {
    Lie::metadata(move |request, answer| {
        if is_of_all(request) {
            change(answer);
        }
    })
}

pub fn by_name(change: impl Fn(&mut MetadataResponse) + Send + Sync + 'static) -> Lie {
    Lie::metadata(move |request, answer| {
        if !is_of_all(request) {
            change(answer);
        }
    })
}

fn each_broker(change: impl Fn(&mut MetadataResponseBroker) + Send + Sync + 'static) -> Lie {
    any(move |answer| answer.brokers.iter_mut().for_each(&change))
}

/// Bytes of answers to some of the requests, replaced wherever they stand.
fn replaced(is_told: fn(&MetadataRequest) -> bool, from: &'static [u8], to: &'static [u8]) -> Lie {
    Lie::any(move |exchange| {
        let mut frame = exchange.frame();
        let RequestKind::Metadata(request) = &exchange.request else { return Delivery::Send(frame) };
        if is_told(request) {
            while let Some(at) = frame.windows(from.len()).position(|bytes| bytes == from) {
                frame.splice(at..at + from.len(), to.iter().copied());
            }
            frame = with_length(&frame[4..]);
        }
        Delivery::Send(frame)
    })
}

pub fn null_hosts(is_told: fn(&MetadataRequest) -> bool) -> Lie {
    replaced(is_told, b"\x0a127.0.0.1", b"\0")
}

fn broker(id: i32) -> MetadataResponseBroker {
    // Nobody listens there.
    MetadataResponseBroker::default().with_node_id(BrokerId(id)).with_host(text("127.0.0.1")).with_port(1)
}

pub fn brokers() -> Lies {
    let count = AtomicI32::new(0);
    let changing = AtomicI32::new(10_000);
    vec![
        ("topics-and-no-brokers", any(|answer| answer.brokers.clear())),
        (
            "no-brokers-and-no-topics",
            of_all(|answer| {
                answer.brokers.clear();
                answer.topics.clear();
            }),
        ),
        ("one-broker-missing", any(|answer| answer.brokers.truncate(1))),
        ("brokers-at-a-port-where-nobody-listens", each_broker(|broker| broker.port = 1)),
        ("brokers-at-port-0", each_broker(|broker| broker.port = 0)),
        ("brokers-at-a-negative-port", each_broker(|broker| broker.port = -9_092)),
        ("brokers-at-port-2147483647", each_broker(|broker| broker.port = i32::MAX)),
        ("null-hosts", null_hosts(is_of_all)),
        ("hosts-without-a-name", each_broker(|broker| broker.host = text(""))),
        ("hosts-that-do-not-exist", each_broker(|broker| broker.host = text("no.such.host.invalid"))),
        ("hosts-of-30000-letters", each_broker(|broker| broker.host = text("h".repeat(30_000)))),
        ("hosts-with-line-breaks", each_broker(|broker| broker.host = text("a\nb\r\x1b[2J"))),
        ("negative-broker-ids", each_broker(|broker| broker.node_id.0 = -broker.node_id.0 - 5)),
        ("broker-ids-of-2147483647", each_broker(|broker| broker.node_id.0 = i32::MAX - broker.node_id.0)),
        ("one-broker-id-for-all", each_broker(|broker| broker.node_id.0 = 1)),
        (
            "brokers-that-change-places",
            any(move |answer| {
                let turn = count.fetch_add(1, Ordering::Relaxed) % 2;
                answer.brokers.iter_mut().for_each(|broker| broker.node_id.0 = (broker.node_id.0 + turn) % 2 + 1);
            }),
        ),
        ("fifty-more-brokers", any(|answer| answer.brokers.extend((100..150).map(broker)))),
        (
            "other-brokers-each-time",
            any(move |answer| {
                let first = changing.fetch_add(5, Ordering::Relaxed);
                answer.brokers = (first..first + 5).map(broker).collect();
            }),
        ),
        ("no-racks", each_broker(|broker| broker.rack = None)),
        ("racks-of-30000-letters", each_broker(|broker| broker.rack = Some(text("r".repeat(30_000))))),
        ("no-cluster-id", any(|answer| answer.cluster_id = None)),
        ("an-empty-cluster-id", any(|answer| answer.cluster_id = Some(text("")))),
        ("another-cluster-id", any(|answer| answer.cluster_id = Some(text("another\n\x1b[2J")))),
        ("no-controller", any(|answer| answer.controller_id = BrokerId(-1))),
        ("a-foreign-controller", any(|answer| answer.controller_id = BrokerId(i32::MAX))),
        ("an-error-of-all-metadata", of_all(|answer| answer.error_code = 42)),
        ("metadata-throttled-for-weeks", any(|answer| answer.throttle_time_ms = i32::MAX)),
        ("metadata-cut-short", Lie::body(ApiKey::Metadata, |body| body.truncate(body.len() * 2 / 3))),
        ("metadata-with-more-behind", Lie::body(ApiKey::Metadata, |body| body.extend([0x5a; 40]))),
    ]
}

fn each_topic(change: impl Fn(&mut MetadataResponseTopic) + Send + Sync + 'static) -> Lie {
    any(move |answer| answer.topics.iter_mut().for_each(&change))
}

fn each_partition(change: impl Fn(&mut MetadataResponsePartition) + Send + Sync + 'static) -> Lie {
    each_topic(move |topic| topic.partitions.iter_mut().for_each(&change))
}

/// Another number in the place of each partition's.
fn numbered(change: impl Fn(i32) -> i32 + Send + Sync + 'static) -> Lie {
    each_partition(move |partition| partition.partition_index = change(partition.partition_index))
}

fn led_by(leader: i32) -> Lie {
    each_partition(move |partition| partition.leader_id = BrokerId(leader))
}

fn named(name: String, like: &MetadataResponseTopic) -> MetadataResponseTopic {
    let id = format!("{:032x}", name.bytes().fold(7_u128, |id, byte| id.wrapping_mul(257) + u128::from(byte)));
    like.clone().with_name(Some(TopicName(text(name)))).with_topic_id(id.parse().unwrap())
}

/// As many topics beside the real ones, with the same partitions.
fn more_topics(answer: &mut MetadataResponse, names: impl Iterator<Item = String>) {
    if let Some(like) = answer.topics.first().cloned() {
        answer.topics.extend(names.map(|name| named(name, &like)));
    }
}

pub fn topics() -> Lies {
    let comes = AtomicI32::new(0);
    vec![
        ("leaders-that-do-not-exist", led_by(77)),
        ("leaders-below-none", led_by(i32::MIN)),
        ("no-leaders", led_by(-1)),
        ("the-same-leader-everywhere", led_by(2)),
        ("partition-numbers-with-gaps", numbered(|number| number * 7 + 3)),
        ("negative-partition-numbers", numbered(|number| -number - 1)),
        ("one-partition-number", numbered(|_| 0)),
        ("partition-numbers-up-to-2147483647", numbered(|number| i32::MAX - number)),
        ("each-partition-twice", each_topic(|topic| topic.partitions.extend(topic.partitions.clone()))),
        ("partitions-backwards", each_topic(|topic| topic.partitions.reverse())),
        ("no-partitions", each_topic(|topic| topic.partitions.clear())),
        ("one-partition-missing", each_topic(|topic| topic.partitions.truncate(1))),
        (
            "a-thousand-partitions-more",
            each_topic(|topic| {
                let like = topic.partitions[0].clone();
                topic.partitions.extend((10..1_010).map(|number| like.clone().with_partition_index(number)));
            }),
        ),
        ("unknown-errors-of-partitions", each_partition(|partition| partition.error_code = 9_999)),
        ("unknown-errors-of-topics", each_topic(|topic| topic.error_code = 9_999)),
        ("negative-errors-of-topics", each_topic(|topic| topic.error_code = -1)),
        ("topics-that-are-refused", each_topic(|topic| topic.error_code = 29)),
        ("topics-that-are-not-ready", each_topic(|topic| topic.error_code = 5)),
        (
            "ten-thousand-replicas",
            each_partition(|partition| partition.replica_nodes = (0..10_000).map(BrokerId).collect()),
        ),
        (
            "no-replicas",
            each_partition(|partition| {
                partition.replica_nodes.clear();
                partition.isr_nodes.clear();
            }),
        ),
        ("negative-replicas", each_partition(|partition| partition.replica_nodes = vec![BrokerId(-1), BrokerId(-9)])),
        ("negative-epochs", each_partition(|partition| partition.leader_epoch = i32::MIN)),
        ("no-topics", of_all(|answer| answer.topics.clear())),
        ("topics-left-out-by-turns", of_all(|answer| answer.topics.truncate(1))),
        ("each-topic-twice", of_all(|answer| answer.topics.extend(answer.topics.clone()))),
        ("no-topic-ids", each_topic(|topic| topic.topic_id = "0".repeat(32).parse().unwrap())),
        ("one-topic-id", each_topic(|topic| topic.topic_id = format!("{:032x}", 1).parse().unwrap())),
        (
            "foreign-topic-ids-each-time",
            each_topic({
                let next = AtomicI32::new(1_000);
                move |topic| {
                    topic.topic_id = format!("{:032x}", next.fetch_add(1, Ordering::Relaxed)).parse().unwrap();
                }
            }),
        ),
        ("null-topic-names", replaced(|_| true, b"\x07orders", b"\0")),
        ("an-empty-topic-name", of_all(|answer| more_topics(answer, [String::new()].into_iter()))),
        ("a-topic-name-of-30000-letters", of_all(|answer| more_topics(answer, ["t".repeat(30_000)].into_iter()))),
        (
            "odd-topic-names",
            of_all(|answer| more_topics(answer, ["a\0b", "\n\x1b[2J", "\"}"].map(str::to_owned).into_iter())),
        ),
        (
            "thousands-of-topics-that-come-and-go",
            of_all(move |answer| {
                let turn = comes.fetch_add(1, Ordering::Relaxed);
                more_topics(answer, (0..3_000).map(|number| format!("topic-{turn}-{number}")));
            }),
        ),
        ("described-topics-left-out", by_name(|answer| drop(answer.topics.drain(..1.min(answer.topics.len()))))),
        ("no-described-topics", by_name(|answer| answer.topics.clear())),
    ]
}
