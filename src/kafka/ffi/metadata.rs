//! Copies the metadata of a whole cluster out of librdkafka's answer.

use std::ptr;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{ErrorCode, code_at, millis, raw, slice, sys, text};
use crate::kafka::Client;
use crate::model::{BrokerId, Partition};

/// How often a waiting request checks whether it was cancelled.
const GIVE_UP: Duration = Duration::from_millis(50);

/// What one broker knows about the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataResponse {
    /// The broker that answered, if it knows its id.
    pub answered: Option<BrokerId>,
    /// The live brokers.
    pub brokers: Vec<MetadataBroker>,
    /// The topics that were asked for.
    pub topics: Vec<MetadataTopic>,
    /// Whether the answer has topics without names. librdkafka would end the process on such a topic in an answer to a
    /// request by names (`rd_kafka_parse_Metadata0`), so none must be sent.
    pub has_nameless: bool,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataBroker {
    /// The broker id.
    pub id: BrokerId,
    /// The advertised host.
    pub host: String,
    /// The advertised port.
    pub port: i32,
}

impl MetadataBroker {
    /// The address as `host:port`, with an IPv6 address in brackets.
    #[must_use]
    pub fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataTopic {
    /// The name.
    pub name: String,
    /// The error that the broker gives instead of the partitions, or in addition to them.
    pub error: Option<ErrorCode>,
    /// The partitions, in the order of the answer.
    pub partitions: Vec<MetadataPartition>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataPartition {
    /// The partition number.
    pub id: Partition,
    /// The leader; `None` if there is none.
    pub leader: Option<BrokerId>,
    /// The replicas; the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// Number of in-sync replicas.
    pub in_sync: usize,
}

impl Client {
    /// The cluster id from the last metadata answer; `None` if there is none. Never blocks.
    #[must_use]
    pub fn cluster_id(&self) -> Option<String> {
        let client = self.native();
        // SAFETY: the client is alive.
        let id = unsafe { sys::rd_kafka_clusterid(client.native_ptr(), 0) };
        if id.is_null() {
            return None;
        }
        // SAFETY: not null, and a string.
        let copy = unsafe { text(id) }.into_owned();
        // SAFETY: the string is ours by `rd_kafka_clusterid`'s documentation, and given back once.
        unsafe { sys::rd_kafka_mem_free(client.native_ptr(), id.cast()) };
        Some(copy).filter(|id| !id.is_empty())
    }

    /// The controller from the last metadata answer; `None` if there is none. Never blocks.
    #[must_use]
    pub fn controller(&self) -> Option<BrokerId> {
        let client = self.native();
        // SAFETY: the client is alive.
        let id = unsafe { sys::rd_kafka_controllerid(client.native_ptr(), 0) };
        (id >= 0).then_some(BrokerId(id))
    }

    /// Requests all brokers and topics from any broker, and keeps the topics that `wanted` accepts. Blocks up to
    /// `timeout`.
    ///
    /// # Errors
    /// librdkafka's code, for example when no broker is up or none answers in time.
    pub fn metadata(&self, timeout: Duration, wanted: impl Fn(&str) -> bool) -> Result<MetadataResponse, ErrorCode> {
        let client = self.native();
        let mut answer = ptr::null();
        // SAFETY: the client is alive, the out pointer is ours. All topics are asked for, so none is named to the
        // broker and none can be created by asking.
        let code = unsafe {
            raw::rd_kafka_metadata(client.native_ptr(), 1, ptr::null_mut(), &raw mut answer, millis(timeout))
        };
        if code != 0 || answer.is_null() {
            self.record_metadata_request(None, Instant::now());
            return Err(ErrorCode(code));
        }
        // SAFETY: not null, filled by librdkafka, freed below after everything has been copied.
        let view = unsafe { copy_metadata(&*answer, wanted) };
        // SAFETY: given by `rd_kafka_metadata`, given back once.
        unsafe { sys::rd_kafka_metadata_destroy(answer) };
        self.record_metadata_request(Some(view.brokers.len()), Instant::now());
        Ok(view)
    }

    /// Does the same as [`metadata`](Self::metadata) on a separate thread, and returns early when `stop` is
    /// cancelled. The answer is then ignored.
    ///
    /// # Errors
    /// The errors of [`metadata`](Self::metadata); [`ErrorCode::DESTROY`] when it is cancelled;
    /// [`ErrorCode::CRITICAL_SYSTEM_RESOURCE`] when no thread can be started.
    pub fn metadata_until(
        self: &Arc<Self>,
        stop: &CancellationToken,
        timeout: Duration,
        wanted: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<MetadataResponse, ErrorCode> {
        let (client, (send, answer)) = (Arc::clone(self), sync_channel(1));
        let ask = move || {
            let result = client.metadata(timeout, wanted);
            // The thread may be the last owner of the client by now, so it closes it before it hands over the
            // answer.
            drop(client);
            // Fails when the caller has stopped waiting.
            send.send(result).ok();
        };
        let name = "kafka-metadata".to_owned();
        thread::Builder::new().name(name).spawn(ask).map_err(|_| ErrorCode::CRITICAL_SYSTEM_RESOURCE)?;
        while !stop.is_cancelled() {
            match answer.recv_timeout(GIVE_UP) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {}
                // The thread panicked, which is reported on standard error.
                Err(RecvTimeoutError::Disconnected) => return Err(ErrorCode::CRITICAL_SYSTEM_RESOURCE),
            }
        }
        Err(ErrorCode::DESTROY)
    }
}

/// # Safety
/// `answer` must come from librdkafka.
unsafe fn copy_metadata(answer: &sys::rd_kafka_metadata, wanted: impl Fn(&str) -> bool) -> MetadataResponse {
    // SAFETY: arrays and their counts belong together.
    let (brokers, topics) =
        unsafe { (slice(answer.brokers, answer.broker_cnt), slice(answer.topics, answer.topic_cnt)) };
    let brokers = brokers
        .iter()
        // SAFETY: the host is a string of the answer.
        .map(|broker| MetadataBroker {
            id: BrokerId(broker.id),
            host: unsafe { text(broker.host) }.into_owned(),
            port: broker.port,
        })
        .collect();
    let has_nameless = topics.iter().any(|topic| topic.topic.is_null());
    let topics = topics
        .iter()
        .filter_map(|topic| {
            // SAFETY: the name is a string of the answer.
            let name = unsafe { text(topic.topic) };
            // SAFETY: the topic is a part of the answer.
            wanted(&name).then(|| unsafe { copy_topic(topic, name.into_owned()) })
        })
        .collect();
    let answered = (answer.orig_broker_id >= 0).then_some(BrokerId(answer.orig_broker_id));
    MetadataResponse { answered, brokers, topics, has_nameless }
}

/// # Safety
/// `topic` must be a part of librdkafka's answer.
unsafe fn copy_topic(topic: &sys::rd_kafka_metadata_topic, name: String) -> MetadataTopic {
    // SAFETY: a field of the answer.
    let error = unsafe { code_at(&raw const topic.err) };
    // SAFETY: array and count belong together.
    let partitions = unsafe { slice(topic.partitions, topic.partition_cnt) };
    // librdkafka uses the partition number as an index into its list of partitions
    // (`rd_kafka_metadata_cache_topic_partition_get`). A request for a number beyond the list would make it read
    // out of bounds.
    let has_place = |id: i32| usize::try_from(id).is_ok_and(|id| id < partitions.len());
    let partitions = partitions
        .iter()
        .filter(|partition| has_place(partition.id))
        .map(|partition| MetadataPartition {
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
    MetadataTopic { name, error: (error != ErrorCode::NONE).then_some(error), partitions }
}
