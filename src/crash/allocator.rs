//! The system's allocator, which remembers what could not be had.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes of the allocation that failed last.
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

/// The allocator of the program. Where memory cannot be had, Rust's library aborts, and what it writes has no version:
/// with this one the handler can say why.
#[derive(Debug)]
pub struct Allocator;

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
