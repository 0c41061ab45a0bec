//! Records the sockets of a client.
//!
//! librdkafka reports its connections only in log lines. But it opens and closes its sockets through functions that
//! can be replaced. The two here do the same as its own, and record the descriptors.

use std::ffi::{c_int, c_void};

use rdkafka::config::NativeClientConfig;

use super::sys;
use crate::kafka::KafkaContext;

/// Makes clients of this configuration record their sockets in their [`KafkaContext`].
pub(in crate::kafka) fn record_sockets(config: &NativeClientConfig) {
    // SAFETY: the configuration is alive, and not yet handed to a client.
    unsafe {
        sys::rd_kafka_conf_set_socket_cb(config.ptr(), Some(open));
        sys::rd_kafka_conf_set_closesocket_cb(config.ptr(), Some(close));
    }
}

/// # Safety
/// `opaque` must point to the client's context, as rdkafka sets it.
unsafe extern "C" fn open(domain: c_int, kind: c_int, protocol: c_int, opaque: *mut c_void) -> c_int {
    // SAFETY: takes numbers.
    let socket = unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC, protocol) };
    // A failure is passed on unchanged: librdkafka reads `errno`.
    if socket >= 0 {
        // SAFETY: by contract; the context outlives the client.
        unsafe { &*opaque.cast::<KafkaContext>() }.sockets().descriptors().push(socket);
    }
    socket
}

/// # Safety
/// As [`open`]; `socket` must be open.
unsafe extern "C" fn close(socket: c_int, opaque: *mut c_void) -> c_int {
    // SAFETY: by contract; the context outlives the client.
    let mut held = unsafe { &*opaque.cast::<KafkaContext>() }.sockets().descriptors();
    held.retain(|other| *other != socket);
    // SAFETY: the descriptor is librdkafka's to close. The lock is held, so that it is not looked at any more.
    unsafe { libc::close(socket) }
}
