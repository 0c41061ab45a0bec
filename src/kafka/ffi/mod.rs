//! Safe types for the calls of librdkafka that rdkafka does not wrap. Unsafe code is allowed only here and in
//! `crash`.
//!
//! Error codes are read as plain integers, never as the bindings' enums, because a broker may send a code that the
//! bindings do not know. C calls into Rust only in `main_thread`, `socket_callbacks` and `threads`, where nothing
//! can panic.

#![expect(unsafe_code, reason = "librdkafka's admin calls and its simple consumer have no safe binding")]

mod admin_options;
mod client_queue;
mod describe_topics;
mod error_code;
mod event_batch;
mod list_offsets;
mod lookups;
mod main_thread;
mod metadata;
mod native_client;
mod oauth_token;
mod queue_wakeup;
mod reader;
mod socket_callbacks;
mod sockets;
mod threads;
mod topic_partition;

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::bindings as sys;

use crate::model::ModuleError;
use client_queue::{ClientQueue, QueueEvent, call_failed};

pub(super) use client_queue::poll_events;
pub use describe_topics::TopicDescriptions;
pub use error_code::ErrorCode;
pub use event_batch::{EventBatch, RawRecord, ReaderEvent};
pub use list_offsets::{FoundOffset, IsolationLevel, ListOffsetsPartition, OffsetSpec, PARTITIONS_PER_REQUEST};
pub use lookups::{LookupResponse, Lookups};
pub use metadata::{MetadataBroker, MetadataPartition, MetadataResponse, MetadataTopic};
pub(super) use native_client::{add_brokers, enable_events};
pub(super) use oauth_token::{set_token, set_token_failure};
pub use reader::{StartAt, TopicReader};
pub(super) use socket_callbacks::record_sockets;
pub(super) use sockets::ClientSockets;
pub use threads::report_faults_in_threads;
pub use topic_partition::{TopicIndex, TopicPartition};

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
        pub fn rd_kafka_oauthbearer_set_token(
            client: *mut sys::rd_kafka_t,
            token: *const c_char,
            expires_ms: i64,
            principal: *const c_char,
            extensions: *mut *const c_char,
            extensions_len: usize,
            reason: *mut c_char,
            reason_len: usize,
        ) -> c_int;
        pub fn rd_kafka_oauthbearer_set_token_failure(client: *mut sys::rd_kafka_t, why: *const c_char) -> c_int;
    }
}

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
