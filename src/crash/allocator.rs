//! The system's allocator, which remembers what could not be had.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Of the whole process.
#[cfg(target_env = "gnu")]
const ARENAS: libc::c_int = 2;
/// Bytes. The pieces that a page is written into are smaller.
#[cfg(target_env = "gnu")]
const LARGE_BLOCK: libc::c_int = 512 << 10;

thread_local! {
    /// Bytes of the allocation that failed last.
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

/// The allocator of the program. Where memory cannot be had, Rust's library aborts, and what it writes has no version:
/// with this one the handler can say why.
#[derive(Debug)]
pub struct Allocator;

/// Lets the allocator keep little of what is freed.
///
/// glibc gives each thread an arena, up to eight for each processor, and an arena keeps what was freed below its last
/// allocation; a large block that was freed once raises the size from which blocks are given back at once. With the
/// hundreds of threads that librdkafka starts, a process kept twice what it used after answers of megabytes. Few arenas
/// and fixed sizes end that (`mallopt(3)`). A C library without them needs no such setting.
pub fn keep_little() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in
        [(libc::M_ARENA_MAX, ARENAS), (libc::M_MMAP_THRESHOLD, LARGE_BLOCK), (libc::M_TRIM_THRESHOLD, LARGE_BLOCK)]
    {
        // SAFETY: it takes two numbers, and no other thread allocates yet. A value that it refuses changes nothing.
        unsafe { libc::mallopt(parameter, value) };
    }
}

/// Bytes of the allocation that failed last in this thread; 0 when none did.
pub(super) fn refused() -> usize {
    REFUSED.try_with(Cell::get).unwrap_or(0)
}

fn noted(size: usize, given: *mut u8) -> *mut u8 {
    if given.is_null() {
        // Fails in a thread that is ending.
        let _ = REFUSED.try_with(|refused| refused.set(size));
    }
    given
}

// SAFETY: the system's allocator does all of it, with the same arguments.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        noted(layout.size(), unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        noted(layout.size(), unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, given: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        noted(size, unsafe { System.realloc(given, layout, size) })
    }

    unsafe fn dealloc(&self, given: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(given, layout) }
    }
}
