//! librdkafka's simple consumer: one queue for all partitions of a topic, taken in batches, as kcat does it.

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use super::{Code, Queue, c_name, call_failed, code_at, millis, sys};
use crate::kafka::client::within;
use crate::kafka::{Client, ModuleError};
use crate::model::{Offset, Partition, Timestamp};

/// How long closing may hold up the owner.
const CLOSING: Duration = Duration::from_millis(500);

/// Where the reading of a partition starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At the log start.
    Beginning,
    /// At an offset; one outside the log gives [`Event::OutOfRange`].
    Offset(Offset),
}

/// Reads partitions of one topic. It commits nothing and joins no group.
pub struct Reader {
    parts: Option<Parts>,
    slots: Vec<*mut sys::rd_kafka_message_t>,
    started: BTreeSet<Partition>,
}

/// What has to be given back before the client, in this order.
struct Parts {
    queue: Queue,
    topic: Topic,
    client: Arc<Client>,
}

struct Topic(NonNull<sys::rd_kafka_topic_t>);

// SAFETY: librdkafka's topics are thread-safe by its documentation.
unsafe impl Send for Topic {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: made by `Reader::new`, given back once.
        unsafe { sys::rd_kafka_topic_destroy(self.0.as_ptr()) }
    }
}

// SAFETY: the slots hold messages only while a `Batch` borrows the reader; all else is `Send`.
unsafe impl Send for Reader {}

impl Reader {
    /// A reader of `topic` on a client made with [`Role::Reader`](crate::kafka::Role::Reader). Where the client has
    /// been asked for [metadata](Client::metadata) before, leaders are known and reading starts at once; else
    /// librdkafka looks again half a second later.
    ///
    /// # Errors
    /// A name that librdkafka refuses.
    pub fn new(client: Arc<Client>, topic: &str) -> Result<Self, ModuleError> {
        let native = client.native().ok_or_else(|| call_failed("find its client"))?;
        let queue = Queue::new(native)?;
        let name = c_name(topic)?;
        // SAFETY: client and name are alive; without a configuration of its own the topic takes the client's.
        let topic = unsafe { sys::rd_kafka_topic_new(native.native_ptr(), name.as_ptr(), std::ptr::null_mut()) };
        let topic = Topic(NonNull::new(topic).ok_or_else(|| call_failed("open the topic"))?);
        Ok(Self { parts: Some(Parts { queue, topic, client }), slots: Vec::new(), started: BTreeSet::new() })
    }

    /// Starts reading a partition, or starts it anew elsewhere. What an earlier start has already fetched is
    /// never delivered afterwards: librdkafka drops what carries an older version than the partition's.
    ///
    /// # Errors
    /// librdkafka refuses the partition.
    pub fn start(&mut self, partition: Partition, at: StartAt) -> Result<(), ModuleError> {
        self.stop(partition)?;
        let offset = match at {
            StartAt::Beginning => -2,
            StartAt::Offset(Offset(offset)) => offset.max(0),
        };
        let Some(parts) = &self.parts else { return Ok(()) };
        // SAFETY: topic and queue are alive, and the partition is not started.
        let result = unsafe {
            sys::rd_kafka_consume_start_queue(parts.topic.0.as_ptr(), partition.0, offset, parts.queue.ptr())
        };
        if result != 0 {
            return Err(call_failed("start reading a partition"));
        }
        self.started.insert(partition);
        Ok(())
    }

    /// Stops reading a partition; one that is not started is left alone. Waits for librdkafka's main thread, which
    /// no broker can hold up.
    ///
    /// # Errors
    /// librdkafka does not know the partition.
    pub fn stop(&mut self, partition: Partition) -> Result<(), ModuleError> {
        if !self.started.remove(&partition) {
            return Ok(());
        }
        match &self.parts {
            Some(parts) => parts.stop(partition),
            None => Ok(()),
        }
    }

    /// Waits up to `timeout` for the first message or event, and takes up to `max` of those that are there.
    /// Also hands the client's waiting log lines and errors to its context.
    pub fn poll(&mut self, max: usize, timeout: Duration) -> Batch<'_> {
        let Some(parts) = &self.parts else { return Batch { messages: &[] } };
        parts.client.serve();
        if self.slots.len() < max {
            self.slots.resize(max, std::ptr::null_mut());
        }
        let slots = self.slots.get_mut(..max).unwrap_or_default();
        // librdkafka waits until the array is full or the time is over: to be prompt, only the first is waited for.
        let mut taken = parts.take(slots, Duration::ZERO);
        if taken == 0 {
            let (first, rest) = slots.split_at_mut(max.min(1));
            taken = parts.take(first, timeout);
            if taken > 0 {
                taken = taken.saturating_add(parts.take(rest, Duration::ZERO));
            }
        }
        Batch { messages: self.slots.get(..taken).unwrap_or_default() }
    }

    /// The client that it reads with.
    #[must_use]
    pub fn client(&self) -> Option<&Arc<Client>> {
        self.parts.as_ref().map(|parts| &parts.client)
    }
}

impl Parts {
    fn take(&self, slots: &mut [*mut sys::rd_kafka_message_t], timeout: Duration) -> usize {
        if slots.is_empty() {
            return 0;
        }
        // SAFETY: the queue is alive and has messages of partitions alone; at most as many pointers are written as
        // there is room for.
        let taken = unsafe {
            sys::rd_kafka_consume_batch_queue(self.queue.ptr(), millis(timeout), slots.as_mut_ptr(), slots.len())
        };
        usize::try_from(taken).unwrap_or(0)
    }

    fn stop(&self, partition: Partition) -> Result<(), ModuleError> {
        // SAFETY: the topic is alive.
        match unsafe { sys::rd_kafka_consume_stop(self.topic.0.as_ptr(), partition.0) } {
            0 => Ok(()),
            _ => Err(call_failed("stop reading a partition")),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let (parts, started) = (self.parts.take(), std::mem::take(&mut self.started));
        within(CLOSING, "kafka-reader-close", move || {
            if let Some(parts) = parts {
                for partition in started {
                    // There is nobody left to tell, and the partition goes with the client.
                    drop(parts.stop(partition));
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
}

/// A record, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The partition.
    pub partition: Partition,
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
        /// The partition.
        partition: Partition,
        /// The offset that the next record will have at the least.
        offset: Offset,
    },
    /// The place to read from is not in the log (any more); the partition stands still until it is started anew.
    OutOfRange {
        /// The partition.
        partition: Partition,
    },
    /// Something else; librdkafka goes on trying.
    Failed {
        /// The partition, where one is meant.
        partition: Option<Partition>,
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
        self.messages.iter().map(|&message| unsafe { event(&*message) })
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
unsafe fn event(message: &sys::rd_kafka_message_t) -> Event<'_> {
    let partition = Partition(message.partition);
    // SAFETY: a field of the message.
    let code = unsafe { code_at(&raw const message.err) };
    match code {
        Code::NONE => Event::Record(Record {
            partition,
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
        Code::PARTITION_EOF => Event::End { partition, offset: Offset(message.offset) },
        Code::AUTO_OFFSET_RESET => Event::OutOfRange { partition },
        code => Event::Failed { partition: (partition.0 >= 0).then_some(partition), code },
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
