//! Sets up threads so that their faults are reported.

use std::ffi::{c_int, c_void};
use std::ptr;

use super::FATAL;

/// Enables reports of this thread's faults: adds an alternate stack if the thread has none, and unblocks the
/// signals of faults. For a thread that a C library has started.
pub fn enable_for_thread() {
    // Fails in a thread that is ending, which no longer needs it.
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
    /// The alternate stack of the thread, if it was created here.
    static STACK: Option<AlternateStack> = AlternateStack::install();
}

/// An alternate stack of the thread that created it.
struct AlternateStack(*mut c_void);

/// Several times what the handler and the registers saved by the kernel need.
const SIZE: usize = 64 * 1024;

impl AlternateStack {
    /// Adds an alternate stack to this thread. `None` if it already has one, or if there is no memory for it.
    fn install() -> Option<Self> {
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
        let set = unsafe { libc::sigaltstack(&stack.to_c(0), ptr::null_mut()) };
        (set == 0).then_some(stack)
    }

    const fn to_c(&self, flags: c_int) -> libc::stack_t {
        libc::stack_t { ss_sp: self.0, ss_flags: flags, ss_size: SIZE }
    }
}

impl Drop for AlternateStack {
    fn drop(&mut self) {
        // SAFETY: it belongs to this thread, which uses it no more once it is disabled: no handler returns.
        unsafe {
            libc::sigaltstack(&self.to_c(libc::SS_DISABLE), ptr::null_mut());
            libc::munmap(self.0, SIZE);
        }
    }
}
