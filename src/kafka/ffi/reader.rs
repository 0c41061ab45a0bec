//! librdkafka's simple consumer: one queue for all partitions of the topics, read in batches, as kcat does.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use super::event_batch::EventBatch;
use super::topic_partition::{TopicIndex, TopicPartition};
use super::{ClientQueue, c_name, call_failed, sys};
use crate::kafka::Client;
use crate::kafka::run_within::run_within;
use crate::kafka::until_drop::UntilDrop;
use crate::model::ModuleError;
use crate::model::Offset;

/// How long closing may block the owner.
const CLOSING: Duration = Duration::from_millis(300);

/// Where reading of a partition starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At the log start.
    Beginning,
    /// At an offset. One outside the log gives [`ReaderEvent::OutOfRange`](super::ReaderEvent::OutOfRange).
    Offset(Offset),
}

/// Reads partitions of its topics. It commits nothing and joins no group.
pub struct TopicReader {
    parts: UntilDrop<ReaderParts>,
    slots: Vec<*mut sys::rd_kafka_message_t>,
    started: BTreeSet<TopicPartition>,
}

/// The parts that must be released before the client, in this order.
struct ReaderParts {
    queue: ClientQueue,
    topics: Vec<ReaderTopic>,
    client: Arc<Client>,
}

/// A topic. It is opened when its first partition is read, because it may not exist before.
struct ReaderTopic {
    name: CString,
    handle: Option<TopicHandle>,
}

struct TopicHandle(NonNull<sys::rd_kafka_topic_t>);

// SAFETY: librdkafka's topics are thread-safe by its documentation.
unsafe impl Send for TopicHandle {}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: made by `ReaderTopic::open`, given back once.
        unsafe { sys::rd_kafka_topic_destroy(self.0.as_ptr()) }
    }
}

// SAFETY: the slots hold messages only while an `EventBatch` borrows the reader; all else is `Send`.
unsafe impl Send for TopicReader {}

impl TopicReader {
    /// Creates a reader of `topics` on a client made with [`ClientRole::Reader`](crate::kafka::ClientRole::Reader). If
    /// the client has requested [metadata](Client::metadata) before, it knows the leaders and reading starts at once.
    /// Otherwise librdkafka checks again half a second later.
    ///
    /// # Errors
    /// A topic name contains NUL, or librdkafka does not create a queue.
    pub fn new(client: Arc<Client>, topics: &[&str]) -> Result<Self, ModuleError> {
        let queue = ClientQueue::new(client.native())?;
        let closed = |name: &&str| Ok(ReaderTopic { name: c_name(name)?, handle: None });
        let topics = topics.iter().map(closed).collect::<Result<_, ModuleError>>()?;
        Ok(Self {
            parts: UntilDrop::new(ReaderParts { queue, topics, client }),
            slots: Vec::new(),
            started: BTreeSet::new(),
        })
    }

    /// Starts reading a partition, or restarts it at another position. Records that an earlier start has fetched
    /// are never delivered afterwards: librdkafka drops those with an older version than the partition's.
    ///
    /// # Errors
    /// librdkafka refuses the topic or the partition.
    pub fn start(&mut self, log: TopicPartition, at: StartAt) -> Result<(), ModuleError> {
        self.stop(log)?;
        let offset = match at {
            StartAt::Beginning => -2,
            StartAt::Offset(Offset(offset)) => offset.max(0),
        };
        let ReaderParts { queue, topics, client } = &mut *self.parts;
        let topic = topics.get_mut(log.topic.0).ok_or_else(|| call_failed("find the topic"))?.open(client)?;
        // SAFETY: topic and queue are alive, and the partition is not started.
        let result = unsafe { sys::rd_kafka_consume_start_queue(topic, log.partition.0, offset, queue.ptr()) };
        if result != 0 {
            return Err(call_failed("start reading a partition"));
        }
        self.started.insert(log);
        Ok(())
    }

    /// Stops reading a partition. Does nothing if it was not started. Waits for librdkafka's main thread, which no
    /// broker can block.
    ///
    /// # Errors
    /// librdkafka does not know the partition.
    pub fn stop(&mut self, log: TopicPartition) -> Result<(), ModuleError> {
        if !self.started.remove(&log) {
            return Ok(());
        }
        self.parts.stop(log)
    }

    /// Stops reading all partitions of a topic, and closes the topic: while it is open, librdkafka asks brokers about it.
    ///
    /// # Errors
    /// The errors of [`stop`](Self::stop).
    pub fn close(&mut self, topic: TopicIndex) -> Result<(), ModuleError> {
        let logs: Vec<TopicPartition> = self.started.iter().filter(|log| log.topic == topic).copied().collect();
        for log in logs {
            self.stop(log)?;
        }
        if let Some(topic) = self.parts.topics.get_mut(topic.0) {
            topic.handle = None;
        }
        Ok(())
    }

    /// Waits up to `timeout` for the first message or event, and returns up to `max` of those available. Also
    /// passes the client's queued log lines and errors to its context.
    pub fn poll(&mut self, max: usize, timeout: Duration) -> EventBatch<'_> {
        self.parts.client.poll_events();
        if self.slots.len() < max {
            self.slots.resize(max, std::ptr::null_mut());
        }
        let slots = self.slots.get_mut(..max).unwrap_or_default();
        let taken = self
            .parts
            .queue
            .wait(timeout, || Some(self.parts.take_messages(slots)).filter(|taken| *taken > 0))
            .unwrap_or(0);
        EventBatch { messages: self.slots.get(..taken).unwrap_or_default(), topics: self.parts.handles() }
    }

    /// The high watermark in the last answer of a broker to a request for records of a partition. `None` before the
    /// first one, and of a partition that is not read. Never blocks.
    #[must_use]
    pub fn fetched_end(&self, log: TopicPartition) -> Option<Offset> {
        if !self.started.contains(&log) {
            return None;
        }
        let ReaderParts { topics, client, .. } = &*self.parts;
        let name = &topics.get(log.topic.0)?.name;
        let (native, mut low, mut high) = (client.native(), -1, -1);
        // SAFETY: client and name are alive; both numbers are written, from what librdkafka holds in memory.
        let result = unsafe {
            sys::rd_kafka_get_watermark_offsets(
                native.native_ptr(),
                name.as_ptr(),
                log.partition.0,
                &raw mut low,
                &raw mut high,
            )
        };
        // The code is librdkafka's own, and the number is negative while it is not known.
        let is_known = result == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0;
        is_known.then_some(Offset(high))
    }

    /// The client of this reader.
    #[must_use]
    pub fn client(&self) -> &Arc<Client> {
        &self.parts.client
    }
}

impl ReaderParts {
    /// Takes the available messages into `slots`, and returns how many.
    fn take_messages(&self, slots: &mut [*mut sys::rd_kafka_message_t]) -> usize {
        if slots.is_empty() {
            return 0;
        }
        // SAFETY: the queue is alive and has messages of partitions alone; at most as many pointers are written as
        // there is room for.
        let taken = unsafe { sys::rd_kafka_consume_batch_queue(self.queue.ptr(), 0, slots.as_mut_ptr(), slots.len()) };
        usize::try_from(taken).unwrap_or(0)
    }

    fn stop(&self, TopicPartition { topic, partition }: TopicPartition) -> Result<(), ModuleError> {
        let handle = self.topics.get(topic.0).and_then(|topic| topic.handle.as_ref());
        let Some(TopicHandle(topic)) = handle else { return Ok(()) };
        // SAFETY: the topic is alive.
        match unsafe { sys::rd_kafka_consume_stop(topic.as_ptr(), partition.0) } {
            0 => Ok(()),
            _ => Err(call_failed("stop reading a partition")),
        }
    }

    /// The topic handles as messages name them; null for a topic that is not open.
    fn handles(&self) -> Vec<*mut sys::rd_kafka_topic_t> {
        let pointer = |topic: &ReaderTopic| {
            topic.handle.as_ref().map_or(std::ptr::null_mut(), |TopicHandle(topic)| topic.as_ptr())
        };
        self.topics.iter().map(pointer).collect()
    }
}

impl ReaderTopic {
    fn open(&mut self, client: &Client) -> Result<*mut sys::rd_kafka_topic_t, ModuleError> {
        if let Some(TopicHandle(topic)) = &self.handle {
            return Ok(topic.as_ptr());
        }
        let native = client.native();
        // SAFETY: client and name are alive; without a configuration of its own the topic takes the client's.
        let topic = unsafe { sys::rd_kafka_topic_new(native.native_ptr(), self.name.as_ptr(), std::ptr::null_mut()) };
        let topic = NonNull::new(topic).ok_or_else(|| call_failed("open the topic"))?;
        self.handle = Some(TopicHandle(topic));
        Ok(topic.as_ptr())
    }
}

impl Drop for TopicReader {
    fn drop(&mut self) {
        let (parts, started) = (UntilDrop::take(&mut self.parts), std::mem::take(&mut self.started));
        run_within(CLOSING, "kafka-reader-close", move || {
            for log in started {
                // An error can be ignored: the partition goes away with the client.
                drop(parts.stop(log));
            }
        });
    }
}

impl std::fmt::Debug for TopicReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("started", &self.started).finish_non_exhaustive()
    }
}
