//! Waits for events on a queue.
//!
//! librdkafka's own waits use the wall clock: when it is set back by an hour, a wait of 100 ms takes an hour
//! longer. So a queue signals a socket, the wake-up, when an event arrives, and the wait is on that socket.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::time::{Duration, Instant};

use super::sys;
use crate::kafka::ErrorCode;
use crate::model::ModuleError;

/// A pair of sockets. librdkafka writes a byte into one end when its queue becomes non-empty.
pub(super) struct QueueWakeup {
    heard: UnixStream,
    /// librdkafka's end. It stays open for as long as librdkafka uses its descriptor.
    _rung: UnixStream,
}

impl QueueWakeup {
    /// Attaches a wake-up to a queue.
    pub(super) fn attach(queue: *mut sys::rd_kafka_queue_t) -> Result<Self, ModuleError> {
        let short =
            |_| ModuleError::Call { doing: "watch a queue", reason: ErrorCode::CRITICAL_SYSTEM_RESOURCE.to_string() };
        let (heard, rung) = UnixStream::pair().map_err(short)?;
        // librdkafka writes while it holds the queue's lock, so the write must not block.
        rung.set_nonblocking(true).map_err(short)?;
        // SAFETY: the queue is alive; the payload is copied; `detach` is called before the descriptor is closed.
        unsafe { sys::rd_kafka_queue_io_event_enable(queue, rung.as_raw_fd(), ptr::from_ref(&1_u8).cast(), 1) }
        Ok(Self { heard, _rung: rung })
    }

    /// Detaches the wake-up from its queue, which must be alive.
    pub(super) fn detach(&self, queue: *mut sys::rd_kafka_queue_t) {
        // SAFETY: the queue is alive; -1 ends the writing.
        unsafe { sys::rd_kafka_queue_io_event_enable(queue, -1, ptr::null(), 0) }
    }

    /// Calls `look` until it returns something or `timeout` has passed.
    pub(super) fn wait<T>(&self, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let began = Instant::now();
        loop {
            let found = look();
            let left = timeout.saturating_sub(began.elapsed());
            if found.is_some() || left.is_zero() {
                return found;
            }
            self.wait_for_signal(left);
        }
    }

    /// Waits for a signal. It may belong to an event that was taken in the meantime.
    fn wait_for_signal(&self, limit: Duration) {
        // The system counts in microseconds and takes 0 as no limit.
        if self.heard.set_read_timeout(Some(limit.max(Duration::from_micros(1)))).is_ok() {
            // A timeout is an error like any other here.
            let _heard = (&self.heard).read(&mut [0; 64]);
        }
    }
}
