//! The system's allocator, with a record of the last failed allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Maximum number of arenas in the process.
#[cfg(target_env = "gnu")]
const ARENAS: libc::c_int = 2;
/// Size in bytes from which a block is returned to the system. The pieces that a page is written into are smaller.
#[cfg(target_env = "gnu")]
const LARGE_BLOCK: libc::c_int = 512 << 10;

thread_local! {
    /// Size in bytes of the last failed allocation.
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

/// The allocator of the program. When memory cannot be allocated, Rust's library aborts with a message without a
/// version. With this allocator the signal handler can report the cause.
#[derive(Debug)]
pub struct ReportingAllocator;

/// Makes the allocator keep little of the memory that is freed.
///
/// glibc gives each thread an arena, up to eight per processor, and an arena keeps what was freed below its last
/// allocation. A large block that was freed once raises the size from which blocks are returned at once. With the
/// hundreds of threads that librdkafka starts, a process kept twice the memory that it used after answers of
/// megabytes. A low number of arenas and fixed sizes prevent that (`mallopt(3)`). A C library without arenas needs
/// no such setting.
pub fn limit_kept_memory() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in
        [(libc::M_ARENA_MAX, ARENAS), (libc::M_MMAP_THRESHOLD, LARGE_BLOCK), (libc::M_TRIM_THRESHOLD, LARGE_BLOCK)]
    {
        // SAFETY: it takes two numbers, and no other thread allocates yet. A value that it refuses changes nothing.
        unsafe { libc::mallopt(parameter, value) };
    }
}

/// Returns free memory to the system, from the middle of the heap too.
///
/// The allocator itself does that only at the end of the heap, which one small block that lives on prevents. It holds
/// the lock of an arena meanwhile, so other threads may wait: it is called from time to time, from no thread that
/// answers requests. (`malloc_trim(3)`)
pub fn return_free_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number and may be called from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Size in bytes of the last failed allocation in this thread; 0 if none has failed.
pub(super) fn last_failed_allocation() -> usize {
    REFUSED.try_with(Cell::get).unwrap_or(0)
}

fn record_if_failed(size: usize, given: *mut u8) -> *mut u8 {
    if given.is_null() {
        // Fails in a thread that is ending.
        let _ = REFUSED.try_with(|refused| refused.set(size));
    }
    given
}

// SAFETY: the system's allocator does all of it, with the same arguments.
unsafe impl GlobalAlloc for ReportingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        record_if_failed(layout.size(), unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        record_if_failed(layout.size(), unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, given: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        record_if_failed(size, unsafe { System.realloc(given, layout, size) })
    }

    unsafe fn dealloc(&self, given: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(given, layout) }
    }
}
