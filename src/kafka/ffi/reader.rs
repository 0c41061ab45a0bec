//! librdkafka's simple consumer: one queue for all partitions of the topics, taken in batches, as kcat does it.

use std::collections::BTreeSet;
use std::ffi::{CString, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use super::{Code, Queue, c_name, call_failed, code_at, sys};
use crate::kafka::Client;
use crate::kafka::client::within;
use crate::model::ModuleError;
use crate::model::{Offset, Partition, Timestamp};

/// How long closing may hold up the owner.
const CLOSING: Duration = Duration::from_millis(300);

/// Where the reading of a partition starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At the log start.
    Beginning,
    /// At an offset; one outside the log gives [`Event::OutOfRange`].
    Offset(Offset),
}

/// One of a reader's topics: its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicAt(pub usize);

/// A partition's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Log {
    /// The topic.
    pub topic: TopicAt,
    /// The partition.
    pub partition: Partition,
}

/// Reads partitions of some topics. It commits nothing and joins no group.
pub struct Reader {
    parts: Option<Parts>,
    slots: Vec<*mut sys::rd_kafka_message_t>,
    started: BTreeSet<Log>,
}

/// What has to be given back before the client, in this order.
struct Parts {
    queue: Queue,
    topics: Vec<Topic>,
    client: Arc<Client>,
}

/// A topic: opened when a partition of it is read first, since a topic need not exist before.
struct Topic {
    name: CString,
    handle: Option<Handle>,
}

struct Handle(NonNull<sys::rd_kafka_topic_t>);

// SAFETY: librdkafka's topics are thread-safe by its documentation.
unsafe impl Send for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by `Topic::open`, given back once.
        unsafe { sys::rd_kafka_topic_destroy(self.0.as_ptr()) }
    }
}

// SAFETY: the slots hold messages only while a `Batch` borrows the reader; all else is `Send`.
unsafe impl Send for Reader {}

impl Reader {
    /// A reader of `topics` on a client made with [`Role::Reader`](crate::kafka::Role::Reader). Where the client has
    /// been asked for [metadata](Client::metadata) before, leaders are known and reading starts at once; else
    /// librdkafka looks again half a second later.
    ///
    /// # Errors
    /// A name that librdkafka refuses.
    pub fn new(client: Arc<Client>, topics: &[&str]) -> Result<Self, ModuleError> {
        let native = client.native().ok_or_else(|| call_failed("find its client"))?;
        let queue = Queue::new(native)?;
        let closed = |name: &&str| Ok(Topic { name: c_name(name)?, handle: None });
        let topics = topics.iter().map(closed).collect::<Result<_, ModuleError>>()?;
        Ok(Self { parts: Some(Parts { queue, topics, client }), slots: Vec::new(), started: BTreeSet::new() })
    }

    /// Starts reading a partition, or starts it anew elsewhere. What an earlier start has already fetched is
    /// never delivered afterwards: librdkafka drops what carries an older version than the partition's.
    ///
    /// # Errors
    /// librdkafka refuses the topic or the partition.
    pub fn start(&mut self, log: Log, at: StartAt) -> Result<(), ModuleError> {
        self.stop(log)?;
        let offset = match at {
            StartAt::Beginning => -2,
            StartAt::Offset(Offset(offset)) => offset.max(0),
        };
        let Some(Parts { queue, topics, client }) = &mut self.parts else { return Ok(()) };
        let topic = topics.get_mut(log.topic.0).ok_or_else(|| call_failed("find the topic"))?.open(client)?;
        // SAFETY: topic and queue are alive, and the partition is not started.
        let result = unsafe { sys::rd_kafka_consume_start_queue(topic, log.partition.0, offset, queue.ptr()) };
        if result != 0 {
            return Err(call_failed("start reading a partition"));
        }
        self.started.insert(log);
        Ok(())
    }

    /// Stops reading a partition; one that is not started is left alone. Waits for librdkafka's main thread, which
    /// no broker can hold up.
    ///
    /// # Errors
    /// librdkafka does not know the partition.
    pub fn stop(&mut self, log: Log) -> Result<(), ModuleError> {
        if !self.started.remove(&log) {
            return Ok(());
        }
        match &self.parts {
            Some(parts) => parts.stop(log),
            None => Ok(()),
        }
    }

    /// Waits up to `timeout` for the first message or event, and takes up to `max` of those that are there.
    /// Also hands the client's waiting log lines and errors to its context.
    pub fn poll(&mut self, max: usize, timeout: Duration) -> Batch<'_> {
        let Some(parts) = &self.parts else { return Batch { messages: &[], topics: Vec::new() } };
        parts.client.serve();
        if self.slots.len() < max {
            self.slots.resize(max, std::ptr::null_mut());
        }
        let slots = self.slots.get_mut(..max).unwrap_or_default();
        let taken = parts.queue.wait(timeout, || Some(parts.take(slots)).filter(|taken| *taken > 0)).unwrap_or(0);
        Batch { messages: self.slots.get(..taken).unwrap_or_default(), topics: parts.handles() }
    }

    /// The client that it reads with.
    #[must_use]
    pub fn client(&self) -> Option<&Arc<Client>> {
        self.parts.as_ref().map(|parts| &parts.client)
    }
}

impl Parts {
    /// Takes what is there.
    fn take(&self, slots: &mut [*mut sys::rd_kafka_message_t]) -> usize {
        if slots.is_empty() {
            return 0;
        }
        // SAFETY: the queue is alive and has messages of partitions alone; at most as many pointers are written as
        // there is room for.
        let taken = unsafe { sys::rd_kafka_consume_batch_queue(self.queue.ptr(), 0, slots.as_mut_ptr(), slots.len()) };
        usize::try_from(taken).unwrap_or(0)
    }

    fn stop(&self, Log { topic, partition }: Log) -> Result<(), ModuleError> {
        let handle = self.topics.get(topic.0).and_then(|topic| topic.handle.as_ref());
        let Some(Handle(topic)) = handle else { return Ok(()) };
        // SAFETY: the topic is alive.
        match unsafe { sys::rd_kafka_consume_stop(topic.as_ptr(), partition.0) } {
            0 => Ok(()),
            _ => Err(call_failed("stop reading a partition")),
        }
    }

    /// The topics as messages name them; null where one is not open.
    fn handles(&self) -> Vec<*mut sys::rd_kafka_topic_t> {
        let pointer =
            |topic: &Topic| topic.handle.as_ref().map_or(std::ptr::null_mut(), |Handle(topic)| topic.as_ptr());
        self.topics.iter().map(pointer).collect()
    }
}

impl Topic {
    fn open(&mut self, client: &Client) -> Result<*mut sys::rd_kafka_topic_t, ModuleError> {
        if let Some(Handle(topic)) = &self.handle {
            return Ok(topic.as_ptr());
        }
        let native = client.native().ok_or_else(|| call_failed("find its client"))?;
        // SAFETY: client and name are alive; without a configuration of its own the topic takes the client's.
        let topic = unsafe { sys::rd_kafka_topic_new(native.native_ptr(), self.name.as_ptr(), std::ptr::null_mut()) };
        let topic = NonNull::new(topic).ok_or_else(|| call_failed("open the topic"))?;
        self.handle = Some(Handle(topic));
        Ok(topic.as_ptr())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let (parts, started) = (self.parts.take(), std::mem::take(&mut self.started));
        within(CLOSING, "kafka-reader-close", move || {
            if let Some(parts) = parts {
                for log in started {
                    // There is nobody left to tell, and the partition goes with the client.
                    drop(parts.stop(log));
                }
            }
        });
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("started", &self.started).finish_non_exhaustive()
    }
}

/// Messages and events taken at once; given back to librdkafka when dropped.
pub struct Batch<'a> {
    messages: &'a [*mut sys::rd_kafka_message_t],
    topics: Vec<*mut sys::rd_kafka_topic_t>,
}

/// A record, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where it stands.
    pub log: Log,
    /// Its place.
    pub offset: Offset,
    /// The broker's or the producer's time.
    pub time: Option<Timestamp>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; `None` in a tombstone.
    pub value: Option<&'a [u8]>,
}

/// What a reader gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A record.
    Record(Record<'a>),
    /// The last stable offset has been reached.
    End {
        /// Of this log.
        log: Log,
        /// The offset that the next record will have at the least.
        offset: Offset,
    },
    /// The place to read from is not in the log (any more); the partition stands still until it is started anew.
    OutOfRange {
        /// The log.
        log: Log,
    },
    /// Something else; librdkafka goes on trying.
    Failed {
        /// The log, where one is meant.
        log: Option<Log>,
        /// Its code.
        code: Code,
    },
}

impl Batch<'_> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// In the order they came; in order of offsets within a partition.
    pub fn iter(&self) -> impl Iterator<Item = Event<'_>> {
        // SAFETY: each pointer came from librdkafka and is destroyed when the batch is dropped.
        self.messages.iter().map(|&message| unsafe { event(&*message, &self.topics) })
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for &message in self.messages {
            // SAFETY: taken once, given back once; the slots are not read again before they are filled again.
            unsafe { sys::rd_kafka_message_destroy(message) }
        }
    }
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// # Safety
/// `message` must be one of librdkafka's, and not destroyed for `'a`.
unsafe fn event<'a>(message: &'a sys::rd_kafka_message_t, topics: &[*mut sys::rd_kafka_topic_t]) -> Event<'a> {
    let partition = Partition(message.partition);
    // Messages name the very handles that their partitions were started with.
    let topic = topics.iter().position(|topic| !topic.is_null() && *topic == message.rkt).map(TopicAt);
    let log = topic.filter(|_| partition.0 >= 0).map(|topic| Log { topic, partition });
    // SAFETY: a field of the message.
    let code = unsafe { code_at(&raw const message.err) };
    let Some(log) = log else { return Event::Failed { log, code } };
    match code {
        Code::NONE => Event::Record(Record {
            log,
            offset: Offset(message.offset),
            // SAFETY: the message is alive; the kind of timestamp may be left out.
            time: match unsafe { sys::rd_kafka_message_timestamp(message, std::ptr::null_mut()) } {
                -1 => None,
                time => Some(Timestamp(time)),
            },
            // SAFETY: pointers and lengths belong together and live as long as the message.
            key: unsafe { bytes(message.key, message.key_len) },
            // SAFETY: as above.
            value: unsafe { bytes(message.payload, message.len) },
        }),
        Code::PARTITION_EOF => Event::End { log, offset: Offset(message.offset) },
        Code::AUTO_OFFSET_RESET => Event::OutOfRange { log },
        code => Event::Failed { log: Some(log), code },
    }
}

/// # Safety
/// `first` must be null or point to `len` bytes that live for `'a`.
const unsafe fn bytes<'a>(first: *const c_void, len: usize) -> Option<&'a [u8]> {
    if first.is_null() {
        None
    } else {
        // SAFETY: by contract.
        Some(unsafe { std::slice::from_raw_parts(first.cast(), len) })
    }
}
