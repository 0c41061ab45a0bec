//! ListOffsets, DescribeTopics and DescribeCluster, many in flight on one queue.

use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use super::{Code, Queue, QueueEvent, c_name, call_failed, code_at, millis, raw, sys, text};
use crate::kafka::{Client, ModuleError};
use crate::model::{BrokerId, Offset, Partition, Timestamp, TopicId};
use crate::storage::ClusterFacts;

/// A partition that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: Partition,
    /// Which of its offsets.
    pub spec: Spec,
}

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spec {
    /// The log start.
    Earliest,
    /// The high watermark, or the last stable offset with [`Isolation::Committed`].
    Latest,
    /// The first record at or after a time.
    At(Timestamp),
}

impl Spec {
    fn number(self) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest => -1,
            Self::At(time) => time.0.max(0),
        }
    }
}

/// What counts as the end of a log with open transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// The high watermark.
    Uncommitted,
    /// The last stable offset.
    Committed,
}

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The offset; `None` when no record is at or after the time asked for.
    pub offset: Option<Offset>,
    /// The record's own timestamp, where a time was asked for.
    pub time: Option<Timestamp>,
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Lookups::offsets`]: in the order asked.
    Offsets {
        /// The number given with the request.
        tag: usize,
        /// One result a partition, or the code that the whole request failed with.
        result: Result<Vec<Result<Found, Code>>, Code>,
    },
    /// To [`Lookups::topics`].
    Topics {
        /// The number given with the request.
        tag: usize,
        /// By name: the id where the broker has ids, or the code that stands in the topic's place; or the code that
        /// the whole request failed with.
        result: Result<HashMap<String, Result<Option<TopicId>, Code>>, Code>,
    },
    /// To [`Lookups::probe`].
    Alive {
        /// The number given with the request.
        tag: usize,
        /// What the broker says of the cluster, if it answered.
        result: Result<ClusterFacts, Code>,
    },
}

/// Requests of one owner, and the queue that their answers come in on. Every request is answered within its
/// time, if only by a code.
pub struct Lookups {
    // Before the client: a queue must not outlive it.
    queue: Queue,
    client: Arc<Client>,
}

impl Lookups {
    /// A queue on a client.
    ///
    /// # Errors
    /// librdkafka gives no queue.
    pub fn new(client: Arc<Client>) -> Result<Self, ModuleError> {
        let queue = Queue::new(client.native().ok_or_else(|| call_failed("make a queue"))?)?;
        Ok(Self { queue, client })
    }

    /// Asks for offsets. The places should have one leader and be at most 500, since librdkafka's work grows with
    /// their square; none may stand twice.
    ///
    /// # Errors
    /// A name with a NUL.
    pub fn offsets<'a>(
        &self,
        tag: usize,
        places: impl ExactSizeIterator<Item = Place<'a>>,
        isolation: Isolation,
        timeout: Duration,
    ) -> Result<(), ModuleError> {
        let list = List::new(places)?;
        let options = self.options(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS, tag, timeout)?;
        if isolation == Isolation::Committed {
            options.committed()?;
        }
        // SAFETY: client, list, options and queue are alive; the call copies list and options.
        unsafe { sys::rd_kafka_ListOffsets(self.ptr()?, list.0.as_ptr(), options.0.as_ptr(), self.queue.ptr()) };
        Ok(())
    }

    /// Asks a broker for topics' ids.
    ///
    /// # Errors
    /// A name with a NUL, or librdkafka refuses the broker's id.
    pub fn topics(&self, tag: usize, broker: BrokerId, names: &[&str], timeout: Duration) -> Result<(), ModuleError> {
        let options = self.options(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, tag, timeout)?;
        options.broker(broker)?;
        let names = names.iter().map(|name| c_name(name)).collect::<Result<Vec<CString>, _>>()?;
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: the array holds as many strings as told, and the call copies them.
        let topics = unsafe { sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()) };
        let client = self.ptr()?;
        // SAFETY: everything is alive; the call copies collection and options; the collection is given back once.
        unsafe {
            sys::rd_kafka_DescribeTopics(client, topics, options.0.as_ptr(), self.queue.ptr());
            sys::rd_kafka_TopicCollection_destroy(topics);
        }
        Ok(())
    }

    /// Asks one broker whether it is there, and what the cluster is.
    ///
    /// # Errors
    /// librdkafka refuses the broker's id.
    pub fn probe(&self, tag: usize, broker: BrokerId, timeout: Duration) -> Result<(), ModuleError> {
        let options = self.options(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, tag, timeout)?;
        options.broker(broker)?;
        // SAFETY: everything is alive; the call copies the options.
        unsafe { sys::rd_kafka_DescribeCluster(self.ptr()?, options.0.as_ptr(), self.queue.ptr()) };
        Ok(())
    }

    /// Waits for the next answer.
    pub fn next(&self, timeout: Duration) -> Option<Answer> {
        let event = self.queue.poll(timeout)?;
        let (tag, code) = (event.tag(), event.error());
        let failed = (code != Code::NONE).then_some(code);
        match event.kind() {
            sys::RD_KAFKA_EVENT_LISTOFFSETS_RESULT => {
                let result = failed.map_or_else(|| Ok(found(&event)), Err);
                Some(Answer::Offsets { tag, result })
            }
            sys::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT => {
                let result = failed.map_or_else(|| Ok(ids(&event)), Err);
                Some(Answer::Topics { tag, result })
            }
            sys::RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT => {
                let result = failed.map_or_else(|| Ok(facts(&event)), Err);
                Some(Answer::Alive { tag, result })
            }
            _ => None,
        }
    }

    fn ptr(&self) -> Result<*mut sys::rd_kafka_t, ModuleError> {
        self.client.native().map(|native| native.native_ptr()).ok_or_else(|| call_failed("find its client"))
    }

    fn options(&self, call: sys::rd_kafka_admin_op_t, tag: usize, timeout: Duration) -> Result<Options, ModuleError> {
        // SAFETY: the client is alive.
        let options = unsafe { sys::rd_kafka_AdminOptions_new(self.ptr()?, call) };
        let options = Options(NonNull::new(options).ok_or_else(|| call_failed("make a request"))?);
        let mut buffer = [0; 256];
        // SAFETY: options and buffer are alive, the length is the buffer's; the tag is a number in a pointer's place.
        let result = unsafe {
            sys::rd_kafka_AdminOptions_set_opaque(options.0.as_ptr(), ptr::without_provenance_mut(tag));
            sys::rd_kafka_AdminOptions_set_request_timeout(
                options.0.as_ptr(),
                millis(timeout),
                buffer.as_mut_ptr(),
                buffer.len(),
            )
        };
        if result == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            Ok(options)
        } else {
            Err(ModuleError::Call { doing: "bound a request", code: Code::INVALID_ARG })
        }
    }
}

struct Options(NonNull<sys::rd_kafka_AdminOptions_t>);

impl Options {
    fn broker(&self, broker: BrokerId) -> Result<(), ModuleError> {
        let mut buffer = [0; 256];
        // SAFETY: options and buffer are alive, the length is the buffer's.
        let result = unsafe {
            sys::rd_kafka_AdminOptions_set_broker(self.0.as_ptr(), broker.0, buffer.as_mut_ptr(), buffer.len())
        };
        if result == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            Ok(())
        } else {
            Err(ModuleError::Call { doing: "ask a broker", code: Code::INVALID_ARG })
        }
    }

    fn committed(&self) -> Result<(), ModuleError> {
        let level = sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
        // SAFETY: the options are alive.
        let error = unsafe { sys::rd_kafka_AdminOptions_set_isolation_level(self.0.as_ptr(), level) };
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: not null, and given back once.
        let code = unsafe {
            let code = raw::rd_kafka_error_code(error);
            sys::rd_kafka_error_destroy(error);
            code
        };
        Err(ModuleError::Call { doing: "set the isolation level", code: Code(code) })
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: made by `Lookups::options`, given back once.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) }
    }
}

struct List(NonNull<sys::rd_kafka_topic_partition_list_t>);

impl List {
    fn new<'a>(places: impl ExactSizeIterator<Item = Place<'a>>) -> Result<Self, ModuleError> {
        let size = i32::try_from(places.len()).unwrap_or(0);
        // SAFETY: takes a number.
        let list = unsafe { sys::rd_kafka_topic_partition_list_new(size) };
        let list = Self(NonNull::new(list).ok_or_else(|| call_failed("make a list"))?);
        let mut name: Option<(&str, CString)> = None;
        for place in places {
            let c_name = match name.take() {
                Some((topic, c_name)) if topic == place.topic => c_name,
                Some(_) | None => c_name(place.topic)?,
            };
            // SAFETY: the list is alive, the name is a C string that is copied; the element stays where it is until
            // the next one is added.
            unsafe {
                let element =
                    sys::rd_kafka_topic_partition_list_add(list.0.as_ptr(), c_name.as_ptr(), place.partition.0);
                (*element).offset = place.spec.number();
            }
            name = Some((place.topic, c_name));
        }
        Ok(list)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: made by `new`, given back once.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.0.as_ptr()) }
    }
}

/// librdkafka merges its brokers' answers into the list that was asked with; a partition whose broker failed or
/// was late keeps the offset "invalid" there and carries no error (`rd_kafka_ListOffsets_response_merge`).
const NOT_ANSWERED: i64 = -1001;

fn found(event: &QueueEvent) -> Vec<Result<Found, Code>> {
    let mut count = 0;
    // SAFETY: the event is alive and a ListOffsets result; infos and their partitions live as long as it.
    let infos = unsafe {
        let result = sys::rd_kafka_event_ListOffsets_result(event.ptr());
        if result.is_null() {
            return Vec::new();
        }
        let infos = sys::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
        if infos.is_null() || count == 0 {
            return Vec::new();
        }
        std::slice::from_raw_parts(infos, count)
    };
    infos
        .iter()
        .map(|&info| {
            // SAFETY: as above.
            let (code, offset, time) = unsafe {
                let partition = sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info);
                let code = code_at(&raw const (*partition).err);
                (code, (*partition).offset, sys::rd_kafka_ListOffsetsResultInfo_timestamp(info))
            };
            match code {
                Code::NONE if offset == NOT_ANSWERED => Err(Code::TIMED_OUT),
                Code::NONE => Ok(Found {
                    offset: (offset >= 0).then_some(Offset(offset)),
                    time: (time >= 0).then_some(Timestamp(time)),
                }),
                code => Err(code),
            }
        })
        .collect()
}

fn ids(event: &QueueEvent) -> HashMap<String, Result<Option<TopicId>, Code>> {
    let mut count = 0;
    // SAFETY: the event is alive and a DescribeTopics result; descriptions live as long as it.
    let topics = unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(event.ptr());
        if result.is_null() {
            return HashMap::new();
        }
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count == 0 {
            return HashMap::new();
        }
        std::slice::from_raw_parts(topics, count)
    };
    let id = |topic: *const sys::rd_kafka_TopicDescription_t| {
        // SAFETY: as above; a topic always has a name, and its error, if any, lives as long as it.
        let (name, error, id) = unsafe {
            let error = sys::rd_kafka_TopicDescription_error(topic);
            let code = if error.is_null() { Code::NONE } else { Code(raw::rd_kafka_error_code(error)) };
            let name = text(sys::rd_kafka_TopicDescription_name(topic)).into_owned();
            (name, code, sys::rd_kafka_TopicDescription_topic_id(topic))
        };
        if error != Code::NONE {
            return (name, Err(error));
        }
        if id.is_null() {
            return (name, Ok(None));
        }
        // SAFETY: not null, and a part of the topic.
        let (high, low) =
            unsafe { (sys::rd_kafka_Uuid_most_significant_bits(id), sys::rd_kafka_Uuid_least_significant_bits(id)) };
        // Brokers before 2.8 have no ids and answer zero.
        let id = u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned());
        (name, Ok((id != 0).then_some(TopicId(id))))
    };
    topics.iter().map(|&topic| id(topic)).collect()
}

fn facts(event: &QueueEvent) -> ClusterFacts {
    let mut count = 0;
    // SAFETY: the event is alive and a DescribeCluster result; strings and nodes live as long as it.
    let (cluster_id, controller, nodes) = unsafe {
        let result = sys::rd_kafka_event_DescribeCluster_result(event.ptr());
        if result.is_null() {
            return ClusterFacts::default();
        }
        let nodes = sys::rd_kafka_DescribeCluster_result_nodes(result, &raw mut count);
        let nodes = if nodes.is_null() || count == 0 { &[][..] } else { std::slice::from_raw_parts(nodes, count) };
        let cluster_id = text(sys::rd_kafka_DescribeCluster_result_cluster_id(result)).into_owned();
        (cluster_id, sys::rd_kafka_DescribeCluster_result_controller(result), nodes)
    };
    // SAFETY: as above.
    let id = |node: *const sys::rd_kafka_Node_t| BrokerId(unsafe { sys::rd_kafka_Node_id(node) });
    let rack = |node: &*const sys::rd_kafka_Node_t| {
        // SAFETY: as above.
        let rack = unsafe { text(sys::rd_kafka_Node_rack(*node)) };
        (!rack.is_empty()).then(|| (id(*node), rack.into_owned()))
    };
    let controller = (!controller.is_null()).then(|| id(controller)).filter(|id| *id >= BrokerId(0));
    let racks: BTreeMap<BrokerId, String> = nodes.iter().filter_map(rack).collect();
    ClusterFacts { cluster_id: Some(cluster_id).filter(|id| !id.is_empty()), controller, racks }
}

impl std::fmt::Debug for Lookups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}
