//! Tracks the sockets of a client, to see whether one of them is connected.
//!
//! librdkafka reports its connections only in log lines. But it opens and closes its sockets through functions that
//! can be replaced. The two here do the same as its own, and record the descriptors.

use std::ffi::{c_int, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::config::NativeClientConfig;

use super::sys;
use crate::kafka::KafkaContext;

/// The descriptors of a client's open sockets.
#[derive(Debug, Default)]
pub(in crate::kafka) struct ClientSockets(Mutex<Vec<c_int>>);

impl ClientSockets {
    /// Whether a socket is connected to a server. A frozen server counts.
    pub(in crate::kafka) fn is_connected(&self) -> bool {
        // The lock keeps the descriptors open during the check.
        self.descriptors().iter().any(|socket| has_peer(*socket))
    }

    fn descriptors(&self) -> MutexGuard<'_, Vec<c_int>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::expect_used, reason = "a constant")]
fn has_peer(socket: c_int) -> bool {
    let length = libc::socklen_t::try_from(size_of::<libc::sockaddr_storage>());
    let mut length = length.expect("invariant: the size of an address is small");
    let mut address = std::mem::MaybeUninit::<libc::sockaddr_storage>::uninit();
    // SAFETY: the address has room for `length` bytes and is not read.
    unsafe { libc::getpeername(socket, address.as_mut_ptr().cast(), &raw mut length) == 0 }
}

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
