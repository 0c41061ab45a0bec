//! Tests faults in a separate process: this test binary, started again for a single test.

use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use super::*;

#[global_allocator]
static ALLOCATOR: ReportingAllocator = ReportingAllocator;

/// The environment variable with the fault that a child has to cause.
const FAULT: &str = "WARRENER_TEST_FAULT";

/// The signal that ended a child, and what it wrote to standard error.
fn child(fault: &str) -> (Option<c_int>, Vec<String>) {
    let test = "crash::tests::a_child_runs_into_its_fault";
    let mut command = Command::new(std::env::current_exe().unwrap());
    let Output { status, stderr, .. } =
        command.args(["--exact", test, "--nocapture"]).env(FAULT, fault).output().unwrap();
    (status.signal(), String::from_utf8(stderr).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn a_child_runs_into_its_fault() {
    let Ok(fault) = std::env::var(FAULT) else { return };
    rlimit::Resource::CORE.set(0, 0).unwrap();
    install_handlers().unwrap();
    match fault.as_str() {
        "overflow" => drop(black_box(deep(0))),
        "null" => null(),
        "allocation" => drop(black_box(Vec::<u8>::with_capacity(black_box(1 << 62)))),
        // SAFETY: it takes nothing.
        "abort" => unsafe { libc::abort() },
        // SAFETY: the signals exist.
        "bus" => drop(unsafe { libc::raise(libc::SIGBUS) }),
        "crowd" => crowd(),
        "foreign" => foreign(foreign_null),
        "foreign overflow" => foreign(foreign_overflow),
        "unwatched" => foreign(unwatched_null),
        _ => unreachable!("{fault}"),
    }
}

#[expect(unconditional_recursion, reason = "it is to overflow the stack")]
fn deep(depth: u64) -> [u64; 64] {
    let mut all = black_box([depth; 64]);
    all[0] += deep(depth + 1)[1];
    all
}

fn null() {
    // SAFETY: none; the page at 8 is not there, and that is what is wanted.
    unsafe { black_box(ptr::without_provenance::<u64>(8)).read_volatile() };
}

/// Causes the same fault in several threads at once.
fn crowd() {
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(null))));
}

type Body = extern "C" fn(*mut c_void) -> *mut c_void;

extern "C" fn foreign_null(_: *mut c_void) -> *mut c_void {
    enable_for_thread();
    null();
    ptr::null_mut()
}

extern "C" fn foreign_overflow(_: *mut c_void) -> *mut c_void {
    enable_for_thread();
    black_box(deep(0));
    ptr::null_mut()
}

extern "C" fn unwatched_null(_: *mut c_void) -> *mut c_void {
    null();
    ptr::null_mut()
}

/// Starts a thread as a C library does: unknown to Rust, with all signals blocked.
fn foreign(body: Body) {
    // SAFETY: the thread takes no argument, and is joined.
    unsafe {
        let mut all = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, ptr::null_mut());
        let mut thread = std::mem::zeroed();
        assert_eq!(libc::pthread_create(&raw mut thread, ptr::null(), body, ptr::null_mut()), 0);
        libc::pthread_join(thread, ptr::null_mut());
    }
}

/// The expected line.
fn line(signal: &str, thread: &str, cause: &str) -> String {
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("WARRENER_REVISION"));
    format!("warrener {version} (revision {revision}): ended by {signal} in thread {thread}: {cause}")
}

/// The system's name of the thread that runs the child's test.
const THREAD: &str = "crash::tests::a";

#[test]
fn a_stack_that_has_overflowed_is_reported_in_one_line() {
    let expected = line("SIGSEGV", THREAD, "its stack has overflowed");
    assert_eq!(child("overflow"), (Some(libc::SIGSEGV), vec![expected]));
}

#[test]
fn an_access_to_memory_that_is_not_there_is_reported_with_its_address() {
    let expected = line("SIGSEGV", THREAD, "invalid access to memory at 0x8");
    assert_eq!(child("null"), (Some(libc::SIGSEGV), vec![expected]));
}

const ABORTED: &str =
    "abort() was called, for a failed assertion or for damaged memory; a line before this may say more";

#[test]
fn a_failed_allocation_is_reported_with_its_size() {
    let (signal, lines) = child("allocation");
    let (last, before) = lines.split_last().unwrap();
    let cause = "abort() was called after an allocation of 4611686018427387904 bytes had failed";
    assert_eq!((signal, last.as_str()), (Some(libc::SIGABRT), &*line("SIGABRT", THREAD, cause)));
    // The message of Rust's library.
    assert_eq!(before[0], "memory allocation of 4611686018427387904 bytes failed");
}

#[test]
fn an_abort_is_reported() {
    assert_eq!(child("abort"), (Some(libc::SIGABRT), vec![line("SIGABRT", THREAD, ABORTED)]));
}

#[test]
fn a_signal_that_was_sent_is_reported_with_its_sender() {
    let (signal, lines) = child("bus");
    let [reported] = &lines[..] else { panic!("{lines:?}") };
    let (said, sender) = reported.rsplit_once(' ').unwrap();
    assert_eq!((signal, said), (Some(libc::SIGBUS), &*line("SIGBUS", THREAD, "the signal was sent by process")));
    assert_ne!(sender.parse::<u32>().unwrap(), std::process::id());
}

#[test]
fn of_many_faults_at_once_one_is_reported() {
    let (signal, lines) = child("crowd");
    assert_eq!((signal, lines.len()), (Some(libc::SIGSEGV), 1), "{lines:?}");
}

#[test]
fn faults_of_a_librarys_thread_are_reported_once_it_is_watched() {
    let null = line("SIGSEGV", THREAD, "invalid access to memory at 0x8");
    assert_eq!(child("foreign"), (Some(libc::SIGSEGV), vec![null]));
    let overflow = line("SIGSEGV", THREAD, "its stack has overflowed");
    assert_eq!(child("foreign overflow"), (Some(libc::SIGSEGV), vec![overflow]));
    // The module documentation describes this case: a thread in which the signals are blocked.
    assert_eq!(child("unwatched"), (Some(libc::SIGSEGV), vec![]));
}

#[test]
fn a_line_that_is_too_long_is_cut_and_ends() {
    let mut line = ReportLine::default();
    write!(line, "{}", "x".repeat(1000)).unwrap();
    assert_eq!((line.len, line.bytes[318], line.bytes[319]), (319, b'x', b'\n'));
}
