//! The sockets of a client, to see whether one of them is connected. `socket_callbacks` records them.

use std::ffi::c_int;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The descriptors of a client's open sockets.
#[derive(Debug, Default)]
pub(in crate::kafka) struct ClientSockets(Mutex<Vec<c_int>>);

impl ClientSockets {
    /// Whether a socket is connected to a server. A frozen server counts.
    pub(in crate::kafka) fn is_connected(&self) -> bool {
        // The lock keeps the descriptors open during the check.
        self.descriptors().iter().any(|socket| has_peer(*socket))
    }

    pub(super) fn descriptors(&self) -> MutexGuard<'_, Vec<c_int>> {
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
