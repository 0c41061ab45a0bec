//! Safe types for the calls of librdkafka that rdkafka does not wrap. Unsafe code is allowed only here and in
//! `crash`.
//!
//! Error codes are read as plain integers, never as the bindings' enums, because a broker may send a code that the
//! bindings do not know. C calls into Rust only in `sockets` and `threads`, where nothing can panic.

#![expect(unsafe_code, reason = "librdkafka's admin calls and its simple consumer have no safe binding")]

mod admin_options;
mod describe_topics;
mod list_offsets;
mod lookups;
mod metadata;
mod queue_wakeup;
mod reader;
mod sockets;
mod threads;

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::config::NativeClientConfig;

use super::ErrorCode;
use super::client::NativeClient;
use crate::invariant::broken;
use crate::model::ModuleError;
use queue_wakeup::QueueWakeup;

pub use describe_topics::TopicDescriptions;
pub use list_offsets::{FoundOffset, IsolationLevel, ListOffsetsPartition, OffsetSpec, PARTITIONS_PER_REQUEST};
pub use lookups::{LookupResponse, Lookups};
pub use metadata::{MetadataBroker, MetadataPartition, MetadataResponse, MetadataTopic};
pub use reader::{EventBatch, RawRecord, ReaderEvent, StartAt, TopicIndex, TopicPartition, TopicReader};
pub(super) use sockets::{ClientSockets, record_sockets as remember_sockets};
pub use threads::report_faults_in_threads;

/// The functions of the bindings, declared with integers as error codes.
mod raw {
    use super::{c_char, c_int, sys};

    unsafe extern "C" {
        pub fn rd_kafka_event_error(event: *mut sys::rd_kafka_event_t) -> c_int;
        pub fn rd_kafka_err2name(code: c_int) -> *const c_char;
        pub fn rd_kafka_err2str(code: c_int) -> *const c_char;
        pub fn rd_kafka_last_error() -> c_int;
        pub fn rd_kafka_error_code(error: *const sys::rd_kafka_error_t) -> c_int;
        pub fn rd_kafka_metadata(
            client: *mut sys::rd_kafka_t,
            all_topics: c_int,
            only: *mut sys::rd_kafka_topic_t,
            answer: *mut *const sys::rd_kafka_metadata,
            timeout_ms: c_int,
        ) -> c_int;
    }
}

/// Maximum number of events taken from the client's main queue at a time, so that a flood cannot block the caller.
const SERVED_AT_ONCE: usize = 1000;

/// Converts a duration to librdkafka's milliseconds.
fn millis(duration: Duration) -> c_int {
    c_int::try_from(duration.as_millis()).unwrap_or(c_int::MAX)
}

/// Reads an error code from a field that the bindings type as an enum.
///
/// # Safety
/// `field` must point to a readable `rd_kafka_resp_err_t`.
const unsafe fn code_at(field: *const sys::rd_kafka_resp_err_t) -> ErrorCode {
    // SAFETY: the enum is `repr(i32)`, so an integer stands there, whatever its value.
    ErrorCode(unsafe { field.cast::<i32>().read() })
}

/// Converts a C string that may be null to text.
///
/// # Safety
/// `text` must be null or NUL-terminated, and live for `'a`.
unsafe fn text<'a>(text: *const c_char) -> Cow<'a, str> {
    if text.is_null() {
        return Cow::Borrowed("");
    }
    // SAFETY: not null, and NUL-terminated by contract.
    unsafe { CStr::from_ptr(text) }.to_string_lossy()
}

/// Returns a slice of a C array, which may be null when it is empty.
///
/// # Safety
/// `first` must point to `count` readable elements that live for `'a`, unless `count` is below 1.
unsafe fn slice<'a, T>(first: *const T, count: c_int) -> &'a [T] {
    match usize::try_from(count) {
        // SAFETY: by contract.
        Ok(count) if count > 0 && !first.is_null() => unsafe { std::slice::from_raw_parts(first, count) },
        Ok(_) | Err(_) => &[],
    }
}

/// Returns the elements of a C array of pointers, with `None` for null pointers: librdkafka leaves an element null
/// when a broker's answer lacks what was asked for.
///
/// # Safety
/// `first` must point to `count` pointers that live for `'a`, unless it is null.
unsafe fn array<'a, T>(first: *mut *const T, count: usize) -> &'a [Option<NonNull<T>>] {
    if first.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: by contract; `Option<NonNull<T>>` has the layout of a pointer, `None` that of null.
    unsafe { std::slice::from_raw_parts(first.cast::<Option<NonNull<T>>>().cast_const(), count) }
}

fn c_name(name: &str) -> Result<CString, ModuleError> {
    CString::new(name).map_err(|_| ModuleError::Nul(name.to_owned()))
}

/// Kafka's name of an error code.
pub(super) fn code_name(code: ErrorCode) -> Cow<'static, str> {
    // SAFETY: takes any integer; answers a static string or this thread's buffer, and is copied at once.
    Cow::Owned(unsafe { text(raw::rd_kafka_err2name(code.0)) }.into_owned())
}

/// The text of an error code.
pub(super) fn code_text(code: ErrorCode) -> Cow<'static, str> {
    // SAFETY: as in `code_name`.
    Cow::Owned(unsafe { text(raw::rd_kafka_err2str(code.0)) }.into_owned())
}

/// Makes librdkafka deliver errors and log lines as events on the client's main queue.
pub(super) fn enable_error_events(config: &NativeClientConfig) {
    // SAFETY: the configuration is alive, and not yet handed to a client.
    unsafe { sys::rd_kafka_conf_set_events(config.ptr(), sys::RD_KAFKA_EVENT_ERROR | sys::RD_KAFKA_EVENT_LOG) }
}

/// Adds servers, `host:port,host:port`, to those that a client knows.
pub(super) fn add_brokers(client: &NativeClient, servers: &str) {
    let Ok(servers) = CString::new(servers) else { return broken("the configuration refuses a server with a NUL") };
    // SAFETY: the client is alive; the call copies the string.
    unsafe { sys::rd_kafka_brokers_add(client.native_ptr(), servers.as_ptr()) };
}

/// A queue of a client. Its holder must keep the client alive for as long.
struct ClientQueue {
    queue: NonNull<sys::rd_kafka_queue_t>,
    /// Only for a queue that is waited for.
    bell: Option<QueueWakeup>,
}

// SAFETY: librdkafka's queues are thread-safe by its documentation; a reference is only used to poll.
unsafe impl Send for ClientQueue {}

impl ClientQueue {
    fn new(client: &NativeClient) -> Result<Self, ModuleError> {
        // SAFETY: the client is alive.
        let mut queue = Self::take(unsafe { sys::rd_kafka_queue_new(client.native_ptr()) }, "create a queue")?;
        queue.bell = Some(QueueWakeup::attach(queue.ptr())?);
        Ok(queue)
    }

    fn main(client: &NativeClient) -> Result<Self, ModuleError> {
        // SAFETY: the client is alive.
        Self::take(unsafe { sys::rd_kafka_queue_get_main(client.native_ptr()) }, "open its main queue")
    }

    fn take(queue: *mut sys::rd_kafka_queue_t, doing: &'static str) -> Result<Self, ModuleError> {
        NonNull::new(queue).map(|queue| Self { queue, bell: None }).ok_or_else(|| call_failed(doing))
    }

    const fn ptr(&self) -> *mut sys::rd_kafka_queue_t {
        self.queue.as_ptr()
    }

    /// Calls `look` until it returns something or `timeout` has passed. Calls it once if the queue has no wake-up.
    fn wait<T>(&self, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        match &self.bell {
            Some(bell) => bell.wait(timeout, look),
            None => look(),
        }
    }

    fn poll(&self, timeout: Duration) -> Option<QueueEvent> {
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
struct QueueEvent(NonNull<sys::rd_kafka_event_t>);

impl QueueEvent {
    const fn ptr(&self) -> *mut sys::rd_kafka_event_t {
        self.0.as_ptr()
    }

    fn kind(&self) -> c_int {
        // SAFETY: the event is alive while `self` is.
        unsafe { sys::rd_kafka_event_type(self.ptr()) }
    }

    fn error(&self) -> ErrorCode {
        // SAFETY: as above.
        ErrorCode(unsafe { raw::rd_kafka_event_error(self.ptr()) })
    }

    fn error_text(&self) -> Cow<'_, str> {
        // SAFETY: the string lives as long as the event.
        unsafe { text(sys::rd_kafka_event_error_string(self.ptr())) }
    }

    /// The tag that the request was given.
    fn tag(&self) -> usize {
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

/// Passes log lines and errors of the main queue to the client's context. Never blocks.
pub(super) fn poll_events(client: &NativeClient) {
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
            _ => {}
        }
    }
}

/// The error of a call that returned null.
fn call_failed(doing: &'static str) -> ModuleError {
    // SAFETY: reads a number of this thread.
    ModuleError::Call { doing, reason: ErrorCode(unsafe { raw::rd_kafka_last_error() }).to_string() }
}
