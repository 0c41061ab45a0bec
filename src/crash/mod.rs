//! Reports a fault that ends the program, in one line.
//!
//! A failed assertion of a library, a failed allocation, an invalid memory access and a stack overflow end a
//! process with a signal. Without a handler nothing shows which version of which program that was, or what
//! happened. [`install_handlers`] installs handlers that write one line to standard error with the cause, the thread and the
//! version. The signal then takes its default action, so that the exit status and the core dump are the signal's.
//! The text of an assertion is on the line before, which the C library writes; the size of an allocation is
//! recorded by [`ReportingAllocator`]. Rust's own handler, which reports only stack overflows, is replaced.
//!
//! This is one of the two places with unsafe code; the other one is `kafka::ffi`. A handler may call only what is
//! async-signal-safe (signal-safety(7)): `poll`, `write`, `getpid`, `sigaction`, `raise` and `pause` are, and
//! `prctl` is a bare system call. The line is formatted into a buffer on the handler's stack, which neither locks
//! nor allocates.
//!
//! The handler needs its own stack, because the thread's stack may have overflowed. Rust's threads have such a
//! stack. [`enable_for_thread`] adds one to a thread that a C library has started, and unblocks the signals there,
//! because librdkafka blocks all of them in its threads. In a thread without these two, the kernel ends the process
//! without a line when the stack overflows, or on any fault if its signal is blocked.

#![expect(unsafe_code, reason = "signal handlers and alternate stacks have no safe form for SIGSEGV and its like")]

mod allocator;
mod stack;
#[cfg(test)]
mod tests;

use std::ffi::{c_int, c_void};
use std::fmt::{self, Write};
use std::io;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

pub use allocator::{ReportingAllocator, limit_kept_memory, return_free_memory};
pub use stack::enable_for_thread;

/// The signals of faults. Each ends a process with a core dump.
const FATAL: [(c_int, &str); 7] = [
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGSYS, "SIGSYS"),
    (libc::SIGTRAP, "SIGTRAP"),
];

/// The beginning of the line: the program and its version.
static HEAD: OnceLock<String> = OnceLock::new();
/// Whether a handler has begun to write the line.
static REPORTED: AtomicBool = AtomicBool::new(false);

/// Installs the handlers for this thread and all later ones.
///
/// # Errors
/// The system's error.
pub fn install_handlers() -> io::Result<()> {
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("WARRENER_REVISION"));
    HEAD.get_or_init(|| format!("warrener {version} (revision {revision})"));
    enable_for_thread();
    FATAL.iter().try_for_each(|(signal, _)| handle(*signal, Some(report)))
}

type SignalHandler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Sets the handler of a signal; `None` is the default action.
#[expect(clippy::as_conversions, reason = "sigaction takes a function as a number")]
fn handle(signal: c_int, handler: Option<SignalHandler>) -> io::Result<()> {
    // SAFETY: all zeroes are a valid `sigaction` with the default action; the handler has the form that SA_SIGINFO
    // asks for, and all other signals wait until it has ended.
    let result = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        if let Some(handler) = handler {
            action.sa_sigaction = handler as libc::sighandler_t;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigfillset(&raw mut action.sa_mask);
        }
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The signal handler.
extern "C" fn report(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    if REPORTED.swap(true, Ordering::SeqCst) {
        // Another thread was first. It ends the process, and this thread with it.
        loop {
            // SAFETY: it takes nothing.
            unsafe { libc::pause() };
        }
    }
    // SAFETY: the kernel hands both to a handler with SA_SIGINFO.
    let fault = unsafe { FatalSignal::read(signal, &*info, context) };
    let mut line = ReportLine::default();
    let head = HEAD.get().map_or("warrener", String::as_str);
    // The buffer takes what fits and never fails.
    let _ = write!(line, "{head}: ended by {} in thread {}: {fault}", name(signal), ThreadName::own());
    line.print();
    // A failure cannot be handled any more.
    let _ = handle(signal, None);
    if fault.is_sent() {
        // The signal is delivered when this returns. A fault of the processor occurs again by itself, at its place.
        // SAFETY: the signal exists.
        unsafe { libc::raise(signal) };
    }
}

fn name(signal: c_int) -> &'static str {
    FATAL.iter().find(|(number, _)| *number == signal).map_or("a signal", |(_, name)| name)
}

/// A fault.
#[derive(Clone, Copy, Debug)]
struct FatalSignal {
    signal: c_int,
    /// Above 0 for a fault of this thread; otherwise it says how the signal was sent.
    code: c_int,
    /// The process that sent the signal.
    sender: c_int,
    own: c_int,
    /// Size in bytes of the last failed allocation in this thread; 0 if none has failed.
    refused: usize,
    /// The address that was accessed, or the address of the faulting instruction.
    address: usize,
    /// The stack pointer of the thread; `None` if it is not known.
    stack: Option<usize>,
}

/// An access that fails this close to the stack pointer counts as a stack overflow.
const NEAR: usize = 64 * 1024;

impl FatalSignal {
    /// # Safety
    /// Both are what the kernel handed to the handler of this signal.
    unsafe fn read(signal: c_int, info: &libc::siginfo_t, context: *const c_void) -> Self {
        // SAFETY: which of the fields is set depends on the code, and they are read as plain numbers; `getpid` takes
        // nothing.
        let (sender, own, address) = unsafe { (info.si_pid(), libc::getpid(), info.si_addr().addr()) };
        // SAFETY: as the caller promises.
        let stack = unsafe { stack_pointer(context) };
        let refused = allocator::last_failed_allocation();
        Self { signal, code: info.si_code, sender, own, refused, address, stack }
    }

    const fn is_sent(&self) -> bool {
        self.code <= 0
    }

    fn is_overflow(&self) -> bool {
        self.stack.is_some_and(|stack| stack.abs_diff(self.address) <= NEAR)
    }
}

impl fmt::Display for FatalSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signal, sender, own, refused, address, .. } = *self;
        if self.is_sent() {
            return match signal {
                libc::SIGABRT if sender == own && refused > 0 => {
                    write!(f, "abort() was called after an allocation of {refused} bytes had failed")
                }
                libc::SIGABRT if sender == own => f.write_str(
                    "abort() was called, for a failed assertion or for damaged memory; a line before this may say more",
                ),
                _ => write!(f, "the signal was sent by process {sender}"),
            };
        }
        match signal {
            libc::SIGSEGV | libc::SIGBUS if self.is_overflow() => f.write_str("its stack has overflowed"),
            libc::SIGSEGV | libc::SIGBUS => write!(f, "invalid access to memory at {address:#x}"),
            libc::SIGILL => write!(f, "invalid instruction at {address:#x}"),
            libc::SIGFPE => write!(f, "invalid arithmetic at {address:#x}"),
            libc::SIGSYS => write!(f, "a system call that is not allowed, at {address:#x}"),
            _ => write!(f, "a trap at {address:#x}"),
        }
    }
}

/// The stack pointer of the interrupted thread.
///
/// # Safety
/// `context` is what the kernel handed to a handler.
#[cfg(target_arch = "x86_64")]
unsafe fn stack_pointer(context: *const c_void) -> Option<usize> {
    // SAFETY: as the caller promises.
    let registers = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let stack = usize::try_from(libc::REG_RSP).ok().and_then(|register| registers.get(register))?;
    usize::try_from(*stack).ok()
}

/// The stack pointer of the interrupted thread.
///
/// # Safety
/// `context` is what the kernel handed to a handler.
#[cfg(target_arch = "aarch64")]
unsafe fn stack_pointer(context: *const c_void) -> Option<usize> {
    // SAFETY: as the caller promises.
    usize::try_from(unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.sp }).ok()
}

/// Not known on other processors: an overflow is reported as an invalid access there.
///
/// # Safety
/// None is needed.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn stack_pointer(_: *const c_void) -> Option<usize> {
    None
}

/// The system's name of this thread.
struct ThreadName([u8; 16]);

impl ThreadName {
    fn own() -> Self {
        let mut name = [0; 16];
        // SAFETY: PR_GET_NAME writes at most 16 bytes.
        unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
        Self(name)
    }
}

impl fmt::Display for ThreadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = self.0.iter().take_while(|byte| **byte != 0);
        name.try_for_each(|byte| f.write_char(if byte.is_ascii_graphic() { char::from(*byte) } else { '_' }))
    }
}

/// A line that is being formatted. What does not fit is dropped.
struct ReportLine {
    bytes: [u8; 320],
    len: usize,
}

impl Default for ReportLine {
    fn default() -> Self {
        Self { bytes: [b'\n'; 320], len: 0 }
    }
}

impl Write for ReportLine {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // One byte is reserved for the end of the line.
        let room = self.bytes.len().saturating_sub(1);
        for byte in text.bytes().take(room.saturating_sub(self.len)) {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
                self.len = self.len.saturating_add(1);
            }
        }
        Ok(())
    }
}

impl ReportLine {
    /// Writes the line to standard error. Waits at most a second until standard error accepts it.
    fn print(&self) {
        let mut rest = self.bytes.get(..=self.len).unwrap_or_default();
        while !rest.is_empty() {
            let mut ready = libc::pollfd { fd: libc::STDERR_FILENO, events: libc::POLLOUT, revents: 0 };
            // SAFETY: one `pollfd` is there; `rest` is readable for its length.
            let written = unsafe {
                match libc::poll(&raw mut ready, 1, 1000) {
                    1 => libc::write(libc::STDERR_FILENO, rest.as_ptr().cast(), rest.len()),
                    _ => 0,
                }
            };
            match usize::try_from(written) {
                Ok(written) if written > 0 => rest = rest.get(written..).unwrap_or_default(),
                Ok(_) | Err(_) => return,
            }
        }
    }
}
