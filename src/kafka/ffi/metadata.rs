//! All of a cluster's metadata, copied out of librdkafka's answer.

use std::ptr;
use std::time::Duration;

use super::{Code, code_at, millis, raw, slice, sys, text};
use crate::kafka::Client;
use crate::model::{BrokerId, Partition};

/// What one broker knows of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterView {
    /// The broker that answered, where it knows its id.
    pub answered: Option<BrokerId>,
    /// The live brokers.
    pub brokers: Vec<BrokerView>,
    /// The topics that were wanted.
    pub topics: Vec<TopicView>,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerView {
    /// Its id.
    pub id: BrokerId,
    /// Its advertised host.
    pub host: String,
    /// Its advertised port.
    pub port: i32,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicView {
    /// Its name.
    pub name: String,
    /// What the broker says in place of its partitions, or besides them.
    pub error: Option<Code>,
    /// Its partitions, in the answer's order.
    pub partitions: Vec<PartitionView>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionView {
    /// Its number.
    pub id: Partition,
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// The replicas; the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// How many replicas are in sync.
    pub in_sync: usize,
}

impl Client {
    /// Asks some broker for all brokers and topics, and keeps the topics that are wanted. Blocks up to `timeout`.
    ///
    /// # Errors
    /// librdkafka's code: no broker is up, no answer in time.
    pub fn metadata(&self, timeout: Duration, wanted: impl Fn(&str) -> bool) -> Result<ClusterView, Code> {
        let client = self.native().ok_or(Code::INVALID_ARG)?;
        let mut answer = ptr::null();
        // SAFETY: the client is alive, the out pointer is ours. All topics are asked for, so none is named to the
        // broker and none can be created by asking.
        let code = unsafe {
            raw::rd_kafka_metadata(client.native_ptr(), 1, ptr::null_mut(), &raw mut answer, millis(timeout))
        };
        if code != 0 || answer.is_null() {
            return Err(Code(code));
        }
        // SAFETY: not null, filled by librdkafka, freed below after everything has been copied.
        let view = unsafe { view(&*answer, wanted) };
        // SAFETY: given by `rd_kafka_metadata`, given back once.
        unsafe { sys::rd_kafka_metadata_destroy(answer) };
        Ok(view)
    }
}

/// # Safety
/// `answer` must come from librdkafka.
unsafe fn view(answer: &sys::rd_kafka_metadata, wanted: impl Fn(&str) -> bool) -> ClusterView {
    // SAFETY: arrays and their counts belong together.
    let (brokers, topics) =
        unsafe { (slice(answer.brokers, answer.broker_cnt), slice(answer.topics, answer.topic_cnt)) };
    let brokers = brokers
        .iter()
        // SAFETY: the host is a string of the answer.
        .map(|broker| BrokerView {
            id: BrokerId(broker.id),
            host: unsafe { text(broker.host) }.into_owned(),
            port: broker.port,
        })
        .collect();
    let topics = topics
        .iter()
        .filter_map(|topic| {
            // SAFETY: the name is a string of the answer.
            let name = unsafe { text(topic.topic) };
            // SAFETY: the topic is a part of the answer.
            wanted(&name).then(|| unsafe { topic_view(topic, name.into_owned()) })
        })
        .collect();
    let answered = (answer.orig_broker_id >= 0).then_some(BrokerId(answer.orig_broker_id));
    ClusterView { answered, brokers, topics }
}

/// # Safety
/// `topic` must be a part of librdkafka's answer.
unsafe fn topic_view(topic: &sys::rd_kafka_metadata_topic, name: String) -> TopicView {
    // SAFETY: a field of the answer.
    let error = unsafe { code_at(&raw const topic.err) };
    // SAFETY: array and count belong together.
    let partitions = unsafe { slice(topic.partitions, topic.partition_cnt) };
    let partitions = partitions
        .iter()
        .map(|partition| PartitionView {
            id: Partition(partition.id),
            leader: (partition.leader >= 0).then_some(BrokerId(partition.leader)),
            // SAFETY: array and count belong together.
            replicas: unsafe { slice(partition.replicas, partition.replica_cnt) }
                .iter()
                .copied()
                .map(BrokerId)
                .collect(),
            in_sync: usize::try_from(partition.isr_cnt).unwrap_or(0),
        })
        .collect();
    TopicView { name, error: (error != Code::NONE).then_some(error), partitions }
}
