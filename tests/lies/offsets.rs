//! ListOffsets: log ends and starts, and where times are.

use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ApiKey, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::rig::fake_kafka::{Delivery, Lie};
use crate::rig::seconds;

use super::Lies;

pub fn each_topic(change: impl Fn(&mut ListOffsetsTopicResponse) + Send + Sync + 'static) -> Lie {
    Lie::list_offsets(move |answer| answer.topics.iter_mut().for_each(&change))
}

fn each(change: impl Fn(&mut ListOffsetsPartitionResponse) + Send + Sync + 'static) -> Lie {
    each_topic(move |topic| topic.partitions.iter_mut().for_each(&change))
}

fn offset(offset: i64) -> Lie {
    each(move |partition| partition.offset = offset)
}

fn error(code: i16) -> Lie {
    each(move |partition| (partition.error_code, partition.offset) = (code, -1))
}

fn another(answer: &mut ListOffsetsResponse) -> ListOffsetsTopicResponse {
    let name = TopicName(StrBytes::from_static_str("foreign"));
    let partition = ListOffsetsPartitionResponse::default().with_offset(5);
    ListOffsetsTopicResponse::default().with_name(name).with_partitions(vec![partition; answer.topics.len()])
}

pub fn lies() -> Lies {
    let late = |wait| Lie::delivery(ApiKey::ListOffsets, move |frame| Delivery::Late(seconds(wait), frame));
    vec![
        ("no-topics-at-all", Lie::list_offsets(|answer| answer.topics.clear())),
        ("no-partitions-at-all", each_topic(|topic| topic.partitions.clear())),
        (
            "a-foreign-topic",
            Lie::list_offsets(|answer| {
                let another = another(answer);
                answer.topics.push(another);
            }),
        ),
        ("topics-twice", Lie::list_offsets(|answer| answer.topics.extend(answer.topics.clone()))),
        ("partitions-twice", each_topic(|topic| topic.partitions.extend(topic.partitions.clone()))),
        ("foreign-partitions", each(|partition| partition.partition_index += 100)),
        ("negative-partitions", each(|partition| partition.partition_index = -partition.partition_index - 1)),
        ("partitions-of-2147483647", each(|partition| partition.partition_index = i32::MAX)),
        ("one-partition-again-and-again", each(|partition| partition.partition_index = 0)),
        ("offsets-of-none", offset(-1)),
        ("offsets-without-an-answer", offset(-1_001)),
        ("the-lowest-offsets", offset(i64::MIN)),
        ("the-highest-offsets", offset(i64::MAX)),
        ("ends-before-starts", each(|partition| partition.offset = if partition.offset == 0 { 1_000_000 } else { 7 })),
        ("unknown-errors", error(9_999)),
        ("negative-errors", error(-1)),
        ("other-leaders", error(6)),
        ("unknown-topics", error(3)),
        ("offsets-that-are-not-available", error(78)),
        ("fenced-epochs", error(74)),
        ("times-of-the-far-future", each(|partition| partition.timestamp = i64::MAX)),
        ("times-before-time", each(|partition| partition.timestamp = i64::MIN)),
        ("epochs-of-the-far-future", each(|partition| partition.leader_epoch = i32::MAX)),
        ("offsets-throttled-for-weeks", Lie::list_offsets(|answer| answer.throttle_time_ms = i32::MAX)),
        ("offsets-cut-short", Lie::body(ApiKey::ListOffsets, |body| body.truncate(body.len() * 2 / 3))),
        ("offsets-with-more-behind", Lie::body(ApiKey::ListOffsets, |body| body.extend([0x5a; 40]))),
        ("offsets-a-little-late", late(3)),
        ("offsets-too-late", late(7)),
        ("offsets-never", Lie::delivery(ApiKey::ListOffsets, |_| Delivery::Nothing)),
    ]
}
