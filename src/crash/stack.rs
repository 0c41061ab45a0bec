//! Threads whose faults are reported: what they need for it.

use std::ffi::{c_int, c_void};
use std::ptr;

use super::FATAL;

/// Has the faults of this thread reported: it gets an alternate stack unless it has one, and the signals of faults are not
/// blocked in it any more. For a thread that a library in C has started.
pub fn watch_thread() {
    // Fails in a thread that is ending, which needs none any more.
    let _ = STACK.try_with(|_| ());
    // SAFETY: the set is initialised by `sigemptyset`; the signals exist.
    unsafe {
        let mut signals = std::mem::zeroed();
        libc::sigemptyset(&raw mut signals);
        for (signal, _) in FATAL {
            libc::sigaddset(&raw mut signals, signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const signals, ptr::null_mut());
    }
}

thread_local! {
    /// The thread's alternate stack, if it is one of ours.
    static STACK: Option<Stack> = Stack::give();
}

/// An alternate stack of the thread that made it.
struct Stack(*mut c_void);

/// Several times what the handler and the registers that the kernel saves take.
const SIZE: usize = 64 * 1024;

impl Stack {
    /// Gives this thread an alternate stack; `None` where it has one, or where there is no memory for it.
    fn give() -> Option<Self> {
        // SAFETY: all zeroes are a valid `stack_t`, which the call fills in.
        let mut held: libc::stack_t = unsafe { std::mem::zeroed() };
        // SAFETY: nothing is set.
        unsafe { libc::sigaltstack(ptr::null(), &raw mut held) };
        if held.ss_flags & libc::SS_DISABLE == 0 {
            return None;
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new mapping, of no file, wherever there is room.
        let base = unsafe { libc::mmap(ptr::null_mut(), SIZE, access, kind, -1, 0) };
        if base == libc::MAP_FAILED {
            return None;
        }
        let stack = Self(base);
        // SAFETY: the mapping is this thread's alone and lives until it is dropped.
        let set = unsafe { libc::sigaltstack(&stack.with(0), ptr::null_mut()) };
        (set == 0).then_some(stack)
    }

    const fn with(&self, flags: c_int) -> libc::stack_t {
        libc::stack_t { ss_sp: self.0, ss_flags: flags, ss_size: SIZE }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: it belongs to this thread, which uses it no more once it is disabled: no handler returns.
        unsafe {
            libc::sigaltstack(&self.with(libc::SS_DISABLE), ptr::null_mut());
            libc::munmap(self.0, SIZE);
        }
    }
}
