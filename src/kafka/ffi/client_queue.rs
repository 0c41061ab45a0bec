//! Queues of a client and the events on them.

use std::borrow::Cow;
use std::ffi::c_int;
use std::ptr::{self, NonNull};
use std::time::Duration;

use super::error_code::ErrorCode;
use super::queue_wakeup::QueueWakeup;
use super::{raw, sys, text};
use crate::invariant::broken;
use crate::kafka::context::NativeClient;
use crate::model::ModuleError;

/// Maximum number of events taken from the client's main queue at a time, so that a flood cannot block the caller.
const SERVED_AT_ONCE: usize = 1000;

/// A queue of a client. Its holder must keep the client alive for as long.
pub(super) struct ClientQueue {
    queue: NonNull<sys::rd_kafka_queue_t>,
    /// Only for a queue that is waited for.
    bell: Option<QueueWakeup>,
}

// SAFETY: librdkafka's queues are thread-safe by its documentation; a reference is only used to poll.
unsafe impl Send for ClientQueue {}

impl ClientQueue {
    pub(super) fn new(client: &NativeClient) -> Result<Self, ModuleError> {
        // SAFETY: the client is alive.
        let mut queue = Self::take(unsafe { sys::rd_kafka_queue_new(client.native_ptr()) }, "create a queue")?;
        queue.bell = Some(QueueWakeup::attach(queue.ptr())?);
        Ok(queue)
    }

    pub(super) fn main(client: &NativeClient) -> Result<Self, ModuleError> {
        // SAFETY: the client is alive.
        Self::take(unsafe { sys::rd_kafka_queue_get_main(client.native_ptr()) }, "open its main queue")
    }

    pub(super) fn take(queue: *mut sys::rd_kafka_queue_t, doing: &'static str) -> Result<Self, ModuleError> {
        NonNull::new(queue).map(|queue| Self { queue, bell: None }).ok_or_else(|| call_failed(doing))
    }

    pub(super) const fn ptr(&self) -> *mut sys::rd_kafka_queue_t {
        self.queue.as_ptr()
    }

    /// Calls `look` until it returns something or `timeout` has passed. Calls it once if the queue has no wake-up.
    pub(super) fn wait<T>(&self, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        match &self.bell {
            Some(bell) => bell.wait(timeout, look),
            None => look(),
        }
    }

    pub(super) fn poll(&self, timeout: Duration) -> Option<QueueEvent> {
        // SAFETY: the queue is alive while `self` is.
        self.wait(timeout, || NonNull::new(unsafe { sys::rd_kafka_queue_poll(self.ptr(), 0) }).map(QueueEvent))
    }
}

impl Drop for ClientQueue {
    fn drop(&mut self) {
        if let Some(bell) = &self.bell {
            bell.detach(self.ptr());
        }
        // SAFETY: made or taken by `new` or `main`, and given back once.
        unsafe { sys::rd_kafka_queue_destroy(self.ptr()) }
    }
}

/// An event taken from a queue.
pub(super) struct QueueEvent(NonNull<sys::rd_kafka_event_t>);

impl QueueEvent {
    pub(super) const fn ptr(&self) -> *mut sys::rd_kafka_event_t {
        self.0.as_ptr()
    }

    pub(super) fn kind(&self) -> c_int {
        // SAFETY: the event is alive while `self` is.
        unsafe { sys::rd_kafka_event_type(self.ptr()) }
    }

    pub(super) fn error(&self) -> ErrorCode {
        // SAFETY: as above.
        ErrorCode(unsafe { raw::rd_kafka_event_error(self.ptr()) })
    }

    pub(super) fn error_text(&self) -> Cow<'_, str> {
        // SAFETY: the string lives as long as the event.
        unsafe { text(sys::rd_kafka_event_error_string(self.ptr())) }
    }

    /// The tag that the request was given.
    pub(super) fn tag(&self) -> usize {
        // SAFETY: the event is alive; the pointer is a number and is never followed.
        unsafe { sys::rd_kafka_event_opaque(self.ptr()) }.addr()
    }
}

impl Drop for QueueEvent {
    fn drop(&mut self) {
        // SAFETY: polled once, destroyed once.
        unsafe { sys::rd_kafka_event_destroy(self.ptr()) }
    }
}

/// Passes log lines, errors and requests for a token of the main queue to the client's context. Never blocks.
pub(in crate::kafka) fn poll_events(client: &NativeClient) {
    let Ok(queue) = ClientQueue::main(client) else { return broken("a client has a main queue") };
    for _ in 0..SERVED_AT_ONCE {
        let Some(event) = queue.poll(Duration::ZERO) else { return };
        match event.kind() {
            sys::RD_KAFKA_EVENT_LOG => {
                let (mut facility, mut line, mut severity) = (ptr::null(), ptr::null(), 0);
                // SAFETY: the event is alive, and a log event; both strings live as long as it.
                if unsafe { sys::rd_kafka_event_log(event.ptr(), &raw mut facility, &raw mut line, &raw mut severity) }
                    == 0
                {
                    // SAFETY: as above.
                    let (facility, line) = unsafe { (text(facility), text(line)) };
                    client.context().handle_log_line(severity, facility.trim(), line.trim());
                }
            }
            sys::RD_KAFKA_EVENT_ERROR => client.context().handle_error_event(event.error(), event.error_text().trim()),
            sys::RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH => client.context().request_token(),
            _ => {}
        }
    }
}

/// The error of a call that returned null.
pub(super) fn call_failed(doing: &'static str) -> ModuleError {
    // SAFETY: reads a number of this thread.
    ModuleError::Call { doing, reason: ErrorCode(unsafe { raw::rd_kafka_last_error() }).to_string() }
}
