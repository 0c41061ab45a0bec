//! ListOffsets and DescribeTopics requests, many in flight on one queue.
//!
//! DescribeCluster is not used. A broker that was stopped and continued answers it with no brokers and no topics
//! for some milliseconds. librdkafka takes that for a success without a result and aborts
//! (`rd_kafka_admin_response_parse`).

use std::cell::Cell;
use std::ffi::CString;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::describe::{Described, described};
use super::{Code, Queue, QueueEvent, array, c_name, call_failed, code_at, millis, raw, sys};
use crate::kafka::Client;
use crate::model::ModuleError;
use crate::model::{BrokerId, Offset, Partition, Timestamp};

/// A partition in a ListOffsets request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: Partition,
    /// Which of its offsets is asked for.
    pub spec: Spec,
}

/// The kind of offset that is asked for.
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

/// What counts as the end of a log that has open transactions.
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
    /// The offset; `None` when no record has the requested time or a later one.
    pub offset: Option<Offset>,
    /// The timestamp of the record, if a time was asked for.
    pub time: Option<Timestamp>,
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The answer to [`Lookups::offsets`], in the order of the request.
    Offsets {
        /// The tag of the request.
        tag: usize,
        /// One result per partition, or the error of the whole request.
        result: Result<Vec<Result<Found, Code>>, Code>,
    },
    /// The answer to [`Lookups::topics`].
    Topics {
        /// The tag of the request.
        tag: usize,
        /// What the broker answers about the topics, or the error of the whole request.
        result: Result<Described, Code>,
    },
}

/// How long to wait for DescribeTopics requests in flight before their client is closed. It is longer than any of
/// them may take.
const DRAIN: Duration = Duration::from_secs(30);

/// The requests of one owner, and the queue for their answers. Each request is answered within its time, possibly
/// with an error.
pub struct Lookups {
    /// `None` only while this is being dropped.
    channel: Option<Channel>,
    /// Number of unanswered DescribeTopics requests.
    describing: Cell<usize>,
}

struct Channel {
    // Dropped before the client: a queue must not outlive it.
    queue: Queue,
    client: Arc<Client>,
}

impl Lookups {
    /// Creates a queue on a client.
    ///
    /// # Errors
    /// librdkafka does not create the queue.
    pub fn new(client: Arc<Client>) -> Result<Self, ModuleError> {
        let queue = Queue::new(client.native().ok_or_else(|| call_failed("make a queue"))?)?;
        Ok(Self { channel: Some(Channel { queue, client }), describing: Cell::new(0) })
    }

    /// Requests offsets. The places should have one leader and be at most 500, because librdkafka's work grows with
    /// the square of their number. No place may occur twice.
    ///
    /// # Errors
    /// A topic name contains NUL.
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
        unsafe { sys::rd_kafka_ListOffsets(self.ptr()?, list.0.as_ptr(), options.0.as_ptr(), self.queue()?.ptr()) };
        Ok(())
    }

    /// Asks a broker about topics: whether they exist, their ids, and the racks of their replicas. Any answer shows
    /// that the broker is alive.
    ///
    /// # Errors
    /// A topic name contains NUL, or librdkafka refuses the broker id.
    pub fn topics(&self, tag: usize, broker: BrokerId, names: &[&str], timeout: Duration) -> Result<(), ModuleError> {
        let options = self.options(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, tag, timeout)?;
        options.broker(broker)?;
        let names = names.iter().map(|name| c_name(name)).collect::<Result<Vec<CString>, _>>()?;
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: the array holds as many strings as told, and the call copies them.
        let topics = unsafe { sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()) };
        let (client, queue) = (self.ptr()?, self.queue()?);
        // SAFETY: everything is alive; the call copies collection and options; the collection is given back once.
        unsafe {
            sys::rd_kafka_DescribeTopics(client, topics, options.0.as_ptr(), queue.ptr());
            sys::rd_kafka_TopicCollection_destroy(topics);
        }
        self.describing.set(self.describing.get().saturating_add(1));
        Ok(())
    }

    /// Waits up to `timeout` for the next answer.
    pub fn next(&self, timeout: Duration) -> Option<Answer> {
        let event = self.channel.as_ref()?.queue.poll(timeout)?;
        let (tag, code) = (event.tag(), event.error());
        let failed = (code != Code::NONE).then_some(code);
        match event.kind() {
            sys::RD_KAFKA_EVENT_LISTOFFSETS_RESULT => {
                let result = failed.map_or_else(|| Ok(found(&event)), Err);
                Some(Answer::Offsets { tag, result })
            }
            sys::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT => {
                self.describing.set(self.describing.get().saturating_sub(1));
                let result = failed.map_or_else(|| Ok(described(&event)), Err);
                Some(Answer::Topics { tag, result })
            }
            _ => None,
        }
    }

    fn queue(&self) -> Result<&Queue, ModuleError> {
        self.channel.as_ref().map(|channel| &channel.queue).ok_or_else(|| call_failed("find its queue"))
    }

    fn ptr(&self) -> Result<*mut sys::rd_kafka_t, ModuleError> {
        let native = self.channel.as_ref().and_then(|channel| channel.client.native());
        native.map(|native| native.native_ptr()).ok_or_else(|| call_failed("find its client"))
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
            Err(ModuleError::Call { doing: "bound a request", reason: Code::INVALID_ARG.to_string() })
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
            Err(ModuleError::Call { doing: "ask a broker", reason: Code::INVALID_ARG.to_string() })
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
        Err(ModuleError::Call { doing: "set the isolation level", reason: Code(code).to_string() })
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

/// The offset "invalid". librdkafka merges the brokers' answers into the list of the request. A partition whose
/// broker failed or was late keeps this offset and has no error (`rd_kafka_ListOffsets_response_merge`).
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
        array(infos, count)
    };
    // SAFETY: as above.
    infos.iter().map(|info| info.map_or(Err(Code::TIMED_OUT), |info| unsafe { found_at(info) })).collect()
}

/// # Safety
/// `info` must be a part of a ListOffsets result.
unsafe fn found_at(info: NonNull<sys::rd_kafka_ListOffsetsResultInfo_t>) -> Result<Found, Code> {
    // SAFETY: by contract; the partition is a part of the info.
    let (code, offset, time) = unsafe {
        let partition = sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info.as_ptr());
        if partition.is_null() {
            return Err(Code::TIMED_OUT);
        }
        let code = code_at(&raw const (*partition).err);
        (code, (*partition).offset, sys::rd_kafka_ListOffsetsResultInfo_timestamp(info.as_ptr()))
    };
    match code {
        Code::NONE if offset == NOT_ANSWERED => Err(Code::TIMED_OUT),
        Code::NONE => {
            Ok(Found { offset: (offset >= 0).then_some(Offset(offset)), time: (time >= 0).then_some(Timestamp(time)) })
        }
        code => Err(code),
    }
}

/// A client must not be closed while a DescribeTopics answer may still arrive: librdkafka would then parse the
/// answer without a result and dereference a null pointer (`rd_kafka_DescribeTopicsResponse_parse` of a terminating
/// client). So the client is kept on a separate thread until its requests are answered, or until the program ends.
impl Drop for Lookups {
    fn drop(&mut self) {
        let Some(channel) = self.channel.take().filter(|_| self.describing.get() > 0) else { return };
        let describing = self.describing.get();
        // If no thread can be started, the client is never closed.
        let channel = ManuallyDrop::new(channel);
        let drain = move || ManuallyDrop::into_inner(channel).drain(describing);
        if let Err(error) = thread::Builder::new().name("kafka-drain".to_owned()).spawn(drain) {
            tracing::debug!(%error, "a client is left open: the system gives no thread to close it on");
        }
    }
}

impl Channel {
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
