//! Fetch: what it says of partitions, and the batches in it.

use std::io::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::{ApiKey, BrokerId, ProducerId, ResponseKind};
use kafka_protocol::protocol::StrBytes;

use crate::rig::fake_kafka::batch::{self, at, put};
use crate::rig::fake_kafka::{Delivery, Lie};
use crate::rig::seconds;

use super::Lies;

fn each(change: impl Fn(&mut PartitionData) + Send + Sync + 'static) -> Lie {
    Lie::fetch(move |answer| answer.responses.iter_mut().flat_map(|topic| &mut topic.partitions).for_each(&change))
}

fn each_topic(change: impl Fn(&mut FetchableTopicResponse) + Send + Sync + 'static) -> Lie {
    Lie::fetch(move |answer| answer.responses.iter_mut().for_each(&change))
}

fn error(code: i16) -> Lie {
    each(move |partition| partition.error_code = code)
}

pub fn ends(high_watermark: i64, stable: i64) -> Lie {
    each(move |partition| (partition.high_watermark, partition.last_stable_offset) = (high_watermark, stable))
}

/// A leader that nobody knows, in answer to a Fetch.
fn moved(answer: &mut FetchResponse, host: &str) {
    let host = StrBytes::from_string(host.to_owned());
    answer.node_endpoints = vec![NodeEndpoint::default().with_node_id(BrokerId(55)).with_host(host).with_port(1)];
    let leader = LeaderIdAndEpoch::default().with_leader_id(BrokerId(55)).with_leader_epoch(0);
    for partition in answer.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
        (partition.error_code, partition.current_leader) = (6, leader.clone());
    }
}

pub fn lies() -> Lies {
    let jumping = AtomicI64::new(0);
    let aborted = AbortedTransaction::default().with_producer_id(ProducerId(7)).with_first_offset(-5);
    vec![
        ("no-topics-fetched", Lie::fetch(|answer| answer.responses.clear())),
        ("no-partitions-fetched", each_topic(|topic| topic.partitions.clear())),
        ("fetched-topics-twice", Lie::fetch(|answer| answer.responses.extend(answer.responses.clone()))),
        ("fetched-partitions-twice", each_topic(|topic| topic.partitions.extend(topic.partitions.clone()))),
        (
            "fetched-topics-that-are-foreign",
            each_topic(|topic| topic.topic_id = format!("{:032x}", 99).parse().unwrap()),
        ),
        ("fetched-partitions-that-are-foreign", each(|partition| partition.partition_index += 900)),
        ("fetched-partitions-that-are-negative", each(|partition| partition.partition_index = -2)),
        ("out-of-range-again-and-again", error(1)),
        ("fetch-errors-that-are-unknown", error(9_999)),
        ("fetch-errors-that-are-negative", error(-1)),
        ("fetch-from-another-leader", error(6)),
        ("fetch-of-an-unknown-topic-id", error(100)),
        ("fetch-that-is-refused", error(29)),
        ("fetch-of-something-corrupt", error(2)),
        ("fetch-with-a-fenced-epoch", error(74)),
        ("an-error-of-all-fetches", Lie::fetch(|answer| answer.error_code = 70)),
        ("an-unknown-error-of-all-fetches", Lie::fetch(|answer| answer.error_code = 9_999)),
        ("ends-below-the-position", ends(0, 0)),
        ("ends-of-none", ends(-1, -1)),
        ("the-lowest-ends", ends(i64::MIN, i64::MIN)),
        ("the-highest-ends", ends(i64::MAX, i64::MAX)),
        ("stable-beyond-the-end", ends(1, i64::MAX)),
        (
            "a-stable-offset-that-jumps",
            each(move |partition| partition.last_stable_offset = jumping.fetch_add(1, Ordering::Relaxed) % 3),
        ),
        ("log-starts-of-the-far-future", each(|partition| partition.log_start_offset = i64::MAX)),
        (
            "aborted-transactions-by-the-ten-thousand",
            each(move |partition| partition.aborted_transactions = Some(vec![aborted.clone(); 10_000])),
        ),
        ("a-replica-that-does-not-exist", each(|partition| partition.preferred_read_replica = BrokerId(99))),
        ("a-negative-replica", each(|partition| partition.preferred_read_replica = BrokerId(-7))),
        ("the-other-replica", each(|partition| partition.preferred_read_replica = BrokerId(2))),
        ("leaders-that-moved-nowhere", Lie::fetch(|answer| moved(answer, "127.0.0.1"))),
        ("leaders-that-moved-to-no-host", Lie::fetch(|answer| moved(answer, ""))),
        ("fetches-throttled-for-weeks", Lie::fetch(|answer| answer.throttle_time_ms = i32::MAX)),
        // Cut within the numbers of the first partition. `limits` has the cuts that librdkafka does not survive.
        ("fetches-cut-short", Lie::body(ApiKey::Fetch, |body| body.truncate(50))),
        ("fetches-with-more-behind", Lie::body(ApiKey::Fetch, |body| body.extend([0x5a; 40]))),
        ("late-fetches", Lie::delivery(ApiKey::Fetch, |frame| Delivery::Late(seconds(4), frame))),
        ("fetches-never", Lie::delivery(ApiKey::Fetch, |_| Delivery::Nothing)),
    ]
}

/// A changed batch in each answer. It is of one record, far behind the log's end, so that whoever has taken it for true
/// is out of range once the cluster is honest again.
fn batched(change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Lie {
    let next = AtomicI64::new(1_000_000);
    Lie::any(move |exchange| {
        let ResponseKind::Fetch(answer) = &mut exchange.answer else { return Delivery::Send(exchange.frame()) };
        for partition in answer.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
            let offset = next.fetch_add(10, Ordering::Relaxed);
            let mut bytes = batch::one(offset).to_vec();
            change(&mut bytes);
            *partition = PartitionData::default()
                .with_partition_index(partition.partition_index)
                .with_high_watermark(offset + 1_000)
                .with_last_stable_offset(offset + 1_000)
                .with_preferred_read_replica(BrokerId(-1))
                .with_records(Some(bytes.into()));
        }
        Delivery::Late(Duration::from_millis(100), exchange.frame())
    })
}

fn field(at: usize, value: impl Into<Vec<u8>>) -> Lie {
    let value = value.into();
    batched(move |bytes| put(bytes, at, &value))
}

/// What stands where the records should, and the codec that it is said to be packed with.
pub fn packed(codec: u8, packed: &[u8]) -> Lie {
    let packed = packed.to_vec();
    batched(move |bytes| {
        bytes.truncate(at::RECORDS);
        bytes.extend(&packed);
        put(bytes, at::ATTRIBUTES, &[0, codec]);
        batch::set_length(bytes);
    })
}

pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

pub fn batches() -> Lies {
    let number = |number: i32| number.to_be_bytes();
    let offset = |offset: i64| field(at::BASE_OFFSET, offset.to_be_bytes());
    vec![
        ("records-of-later", offset(1_000_000)),
        ("records-of-before", offset(0)),
        ("records-of-negative-offsets", offset(-1_000)),
        ("records-of-the-highest-offsets", offset(i64::MAX)),
        ("records-of-nearly-the-highest-offsets", offset(i64::MAX - 1)),
        ("batches-of-no-length", field(at::LENGTH, number(0))),
        ("batches-of-a-negative-length", field(at::LENGTH, number(-1))),
        ("batches-of-two-gib", field(at::LENGTH, number(i32::MAX))),
        ("batches-cut-short", batched(|bytes| bytes.truncate(bytes.len() - 5))),
        ("batches-cut-in-their-head", batched(|bytes| bytes.truncate(30))),
        ("batches-of-no-kind", field(at::MAGIC, [9])),
        ("batches-of-the-oldest-kind", field(at::MAGIC, [0])),
        ("batches-of-the-old-kind", field(at::MAGIC, [1])),
        ("wrong-checksums", field(at::CHECKSUM, number(12_345))),
        ("control-batches", field(at::ATTRIBUTES, [0, 0x20])),
        ("transactional-control-batches", field(at::ATTRIBUTES, [0, 0x30])),
        ("all-attributes", field(at::ATTRIBUTES, [0xff, 0xff])),
        ("last-offsets-far-ahead", field(at::LAST_OFFSET_DELTA, number(i32::MAX))),
        ("last-offsets-before-the-first", field(at::LAST_OFFSET_DELTA, number(-1_000))),
        ("two-thousand-million-records", field(at::COUNT, number(i32::MAX))),
        ("a-negative-count-of-records", field(at::COUNT, number(-1))),
        ("no-records", field(at::COUNT, number(0))),
        ("records-of-a-huge-length", field(at::RECORDS, [0xfe, 0xff, 0xff, 0xff, 0x0f])),
        ("records-of-a-negative-length", field(at::RECORDS, [0x01])),
        ("lengths-without-an-end", batched(|bytes| bytes[at::RECORDS..].fill(0xff))),
        ("records-of-zeros", batched(|bytes| bytes[at::RECORDS..].fill(0))),
        ("noise", batched(|bytes| *bytes = vec![0x5a; 3_000])),
        ("an-unknown-codec", packed(6, b"whatever")),
        ("gzip-that-is-none", packed(1, b"whatever")),
        ("gzip-of-zeros", packed(1, &gzip(&[0; 100_000]))),
        ("snappy-of-four-gib", packed(2, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0])),
        ("snappy-that-is-none", packed(2, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\xff\xff\xff\xff")),
        ("lz4-that-is-none", packed(3, b"\x04\x22\x4d\x18\x60\x40\x82\xff\xff\xff\x7f")),
        ("zstd-that-is-none", packed(4, b"whatever")),
        ("zstd-of-eight-exabytes", packed(4, b"\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\x7f\x01\0\0")),
    ]
}
