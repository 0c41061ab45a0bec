//! Waiting for a queue. librdkafka's own waits go by the wall clock: when that is set back by an hour, a wait of 100 ms
//! lasts an hour longer. So a queue rings a bell when something comes to it, and the bell is waited for.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::{ModuleError, ptr, sys};
use crate::kafka::Code;

/// Two ends of a socket; librdkafka writes a byte into one when its queue is not empty any more.
pub(super) struct Bell {
    heard: UnixStream,
    /// librdkafka's end, open for as long as it knows its number.
    _rung: UnixStream,
}

impl Bell {
    /// Hangs a bell on a queue.
    pub(super) fn on(queue: *mut sys::rd_kafka_queue_t) -> Result<Self, ModuleError> {
        let short =
            |_| ModuleError::Call { doing: "watch a queue", reason: Code::CRITICAL_SYSTEM_RESOURCE.to_string() };
        let (heard, rung) = UnixStream::pair().map_err(short)?;
        // librdkafka writes while it holds the queue's lock.
        rung.set_nonblocking(true).map_err(short)?;
        // SAFETY: the queue is alive; the payload is copied; `silence` is called before the descriptor is closed.
        unsafe { sys::rd_kafka_queue_io_event_enable(queue, rung.as_raw_fd(), ptr::from_ref(&1_u8).cast(), 1) }
        Ok(Self { heard, _rung: rung })
    }

    /// Takes the bell off its queue, which must be alive.
    pub(super) fn silence(&self, queue: *mut sys::rd_kafka_queue_t) {
        // SAFETY: the queue is alive; -1 ends the writing.
        unsafe { sys::rd_kafka_queue_io_event_enable(queue, -1, ptr::null(), 0) }
    }

    /// Looks with `look`, until it finds something or the time is over.
    pub(super) fn wait<T>(&self, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let began = Instant::now();
        loop {
            let found = look();
            let left = timeout.saturating_sub(began.elapsed());
            if found.is_some() || left.is_zero() {
                return found;
            }
            self.listen(left);
        }
    }

    /// Waits for the bell. It may have been rung for what has been taken since.
    fn listen(&self, limit: Duration) {
        // The system counts in microseconds, and takes none for no limit.
        if self.heard.set_read_timeout(Some(limit.max(Duration::from_micros(1)))).is_ok() {
            // A time that is over is an error like any other here.
            let _heard = (&self.heard).read(&mut [0; 64]);
        }
    }
}
