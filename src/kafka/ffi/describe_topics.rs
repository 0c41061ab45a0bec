//! Copies a DescribeTopics answer out of librdkafka's result.

use std::collections::{BTreeMap, HashMap};
use std::ptr::NonNull;

use super::{ErrorCode, QueueEvent, array, raw, sys, text};
use crate::model::{BrokerId, TopicId};

/// What a broker answers about topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicDescriptions {
    /// By topic name: the topic id (`None` if the broker has no ids), or the error of that topic. A topic that is
    /// missing in the answer is missing here.
    pub topics: HashMap<String, Result<Option<TopicId>, ErrorCode>>,
    /// The racks of those brokers that hold a replica and have a rack.
    pub racks: BTreeMap<BrokerId, String>,
}

/// Copies a DescribeTopics result.
pub(super) fn copy_descriptions(event: &QueueEvent) -> TopicDescriptions {
    let mut count = 0;
    // SAFETY: the event is alive and a DescribeTopics result; descriptions live as long as it.
    let topics = unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(event.ptr());
        if result.is_null() {
            return TopicDescriptions::default();
        }
        array(sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count), count)
    };
    let mut described = TopicDescriptions::default();
    for topic in topics.iter().flatten() {
        // SAFETY: as above.
        let (name, result) = unsafe { topic_id(*topic) };
        if result.is_ok() {
            // SAFETY: as above.
            unsafe { take_racks(*topic, &mut described.racks) };
        }
        described.topics.insert(name, result);
    }
    described
}

/// # Safety
/// `topic` must be a part of a DescribeTopics result.
unsafe fn topic_id(topic: NonNull<sys::rd_kafka_TopicDescription_t>) -> (String, Result<Option<TopicId>, ErrorCode>) {
    // SAFETY: by contract; name, error and id live as long as the topic.
    let (name, error, id) = unsafe {
        let error = sys::rd_kafka_TopicDescription_error(topic.as_ptr());
        let code = if error.is_null() { ErrorCode::NONE } else { ErrorCode(raw::rd_kafka_error_code(error)) };
        let name = text(sys::rd_kafka_TopicDescription_name(topic.as_ptr())).into_owned();
        (name, code, sys::rd_kafka_TopicDescription_topic_id(topic.as_ptr()))
    };
    if error != ErrorCode::NONE {
        return (name, Err(error));
    }
    if id.is_null() {
        return (name, Ok(None));
    }
    // SAFETY: not null, and a part of the topic.
    let (high, low) =
        unsafe { (sys::rd_kafka_Uuid_most_significant_bits(id), sys::rd_kafka_Uuid_least_significant_bits(id)) };
    // Brokers before 2.8 have no topic ids and answer zero.
    let id = u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned());
    (name, Ok((id != 0).then_some(TopicId(id))))
}

/// # Safety
/// `topic` must be a part of a DescribeTopics result.
unsafe fn take_racks(topic: NonNull<sys::rd_kafka_TopicDescription_t>, racks: &mut BTreeMap<BrokerId, String>) {
    let mut count = 0;
    // SAFETY: by contract; the arrays and what they point to live as long as the topic.
    let partitions = unsafe { array(sys::rd_kafka_TopicDescription_partitions(topic.as_ptr(), &raw mut count), count) };
    for partition in partitions.iter().flatten() {
        let mut count = 0;
        // SAFETY: as above.
        let replicas =
            unsafe { array(sys::rd_kafka_TopicPartitionInfo_replicas(partition.as_ptr(), &raw mut count), count) };
        for node in replicas.iter().flatten() {
            // SAFETY: as above.
            let id = BrokerId(unsafe { sys::rd_kafka_Node_id(node.as_ptr()) });
            if racks.contains_key(&id) {
                continue;
            }
            // SAFETY: as above.
            let rack = unsafe { text(sys::rd_kafka_Node_rack(node.as_ptr())) };
            if !rack.is_empty() {
                racks.insert(id, rack.into_owned());
            }
        }
    }
}
