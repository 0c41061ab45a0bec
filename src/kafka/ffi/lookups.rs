//! ListOffsets and DescribeTopics requests, many in flight on one queue.
//!
//! DescribeCluster is not sent. A broker that was stopped and continued answers it with no brokers and no topics
//! for some milliseconds. librdkafka takes that for a success without a result and aborts
//! (`rd_kafka_admin_response_parse`).

use std::cell::Cell;
use std::ffi::CString;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::admin_options::AdminOptions;
use super::describe_topics::{TopicDescriptions, copy_descriptions};
use super::list_offsets::{FoundOffset, IsolationLevel, ListOffsetsPartition, PartitionList, copy_offsets};
use super::main_thread::{MainThreadCalls, OffsetsCall};
use super::{ClientQueue, ErrorCode, c_name, sys};
use crate::kafka::Client;
use crate::kafka::until_drop::UntilDrop;
use crate::model::{BrokerId, ModuleError};

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupResponse {
    /// The answer to [`Lookups::offsets`], in the order of the request.
    Offsets {
        /// The tag of the request.
        tag: usize,
        /// One result per partition, or the error of the whole request.
        result: Result<Vec<Result<FoundOffset, ErrorCode>>, ErrorCode>,
    },
    /// The answer to [`Lookups::topics`].
    Topics {
        /// The tag of the request.
        tag: usize,
        /// What the broker answers about the topics, or the error of the whole request.
        result: Result<TopicDescriptions, ErrorCode>,
    },
}

/// How long to wait for DescribeTopics requests in flight before their client is closed. It is longer than any of
/// them may take.
const DRAIN: Duration = Duration::from_secs(30);

/// The requests of one owner, and the queue for their answers. Each request is answered within its time, possibly
/// with an error.
pub struct Lookups {
    channel: UntilDrop<LookupQueue>,
    /// Number of unanswered DescribeTopics requests.
    describing: Cell<usize>,
}

struct LookupQueue {
    // Dropped before the queue of its answers.
    calls: MainThreadCalls,
    // Dropped before the client: a queue must not outlive it.
    queue: ClientQueue,
    client: Arc<Client>,
}

impl Lookups {
    /// Creates a queue on a client.
    ///
    /// # Errors
    /// librdkafka does not create the queue.
    pub fn new(client: Arc<Client>) -> Result<Self, ModuleError> {
        let queue = ClientQueue::new(client.native())?;
        let calls = MainThreadCalls::new(client.native(), &queue)?;
        Ok(Self { channel: UntilDrop::new(LookupQueue { calls, queue, client }), describing: Cell::new(0) })
    }

    /// Requests offsets. The places should have one leader and be at most
    /// [`PARTITIONS_PER_REQUEST`](super::list_offsets::PARTITIONS_PER_REQUEST). No place may occur twice.
    ///
    /// # Errors
    /// A topic name contains NUL.
    pub fn offsets<'a>(
        &self,
        tag: usize,
        places: impl ExactSizeIterator<Item = ListOffsetsPartition<'a>>,
        isolation: IsolationLevel,
        timeout: Duration,
    ) -> Result<(), ModuleError> {
        let list = PartitionList::new(places)?;
        let (client, call) = (self.channel.client.native(), sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS);
        let options = AdminOptions::new(client, call, tag, timeout)?;
        if isolation == IsolationLevel::Committed {
            options.committed()?;
        }
        self.channel.calls.make(client, OffsetsCall { list, options })
    }

    /// Asks a broker about topics: whether they exist, their ids, and the racks of their replicas. Any answer shows
    /// that the broker is alive.
    ///
    /// # Errors
    /// A topic name contains NUL, or librdkafka refuses the broker id.
    pub fn topics(&self, tag: usize, broker: BrokerId, names: &[&str], timeout: Duration) -> Result<(), ModuleError> {
        let (client, call) = (self.channel.client.native(), sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        let options = AdminOptions::new(client, call, tag, timeout)?;
        options.broker(broker)?;
        let names = names.iter().map(|name| c_name(name)).collect::<Result<Vec<CString>, _>>()?;
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: the array holds as many strings as told, and the call copies them.
        let topics = unsafe { sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()) };
        // SAFETY: everything is alive; the call copies collection and options; the collection is given back once.
        unsafe {
            sys::rd_kafka_DescribeTopics(client.native_ptr(), topics, options.ptr(), self.channel.queue.ptr());
            sys::rd_kafka_TopicCollection_destroy(topics);
        }
        self.describing.set(self.describing.get().saturating_add(1));
        Ok(())
    }

    /// Waits up to `timeout` for the next answer.
    pub fn next(&self, timeout: Duration) -> Option<LookupResponse> {
        let event = self.channel.queue.poll(timeout)?;
        let (tag, code) = (event.tag(), event.error());
        let failed = (code != ErrorCode::NONE).then_some(code);
        match event.kind() {
            sys::RD_KAFKA_EVENT_LISTOFFSETS_RESULT => {
                let result = failed.map_or_else(|| Ok(copy_offsets(&event)), Err);
                Some(LookupResponse::Offsets { tag, result })
            }
            sys::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT => {
                self.describing.set(self.describing.get().saturating_sub(1));
                let result = failed.map_or_else(|| Ok(copy_descriptions(&event)), Err);
                Some(LookupResponse::Topics { tag, result })
            }
            _ => None,
        }
    }
}

/// A client must not be closed while a DescribeTopics answer may still arrive: librdkafka would then parse the
/// answer without a result and dereference a null pointer (`rd_kafka_DescribeTopicsResponse_parse` of a terminating
/// client). So the client is kept on a separate thread until its requests are answered, or until the program ends.
impl Drop for Lookups {
    fn drop(&mut self) {
        let (channel, describing) = (UntilDrop::take(&mut self.channel), self.describing.get());
        if describing == 0 {
            return;
        }
        // If no thread can be started, the client is never closed.
        let channel = ManuallyDrop::new(channel);
        let drain = move || ManuallyDrop::into_inner(channel).drain(describing);
        if let Err(error) = thread::Builder::new().name("kafka-drain".to_owned()).spawn(drain) {
            tracing::debug!(%error, "a client stays open: no thread could be started to close it");
        }
    }
}

impl LookupQueue {
    /// Waits until `describing` DescribeTopics requests have been answered, possibly by a timeout.
    fn drain(self, mut describing: usize) {
        let deadline = Instant::now().checked_add(DRAIN);
        while describing > 0 {
            let left = deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(Instant::now()));
            match self.queue.poll(left) {
                Some(event) if event.kind() == sys::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT => {
                    describing = describing.saturating_sub(1);
                }
                Some(_) => {}
                None if left.is_zero() => return std::mem::forget(self),
                None => {}
            }
        }
    }
}

impl std::fmt::Debug for Lookups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}
