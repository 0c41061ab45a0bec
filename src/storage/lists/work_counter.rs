//! Counts work, in tests only: list items that are visited or moved, and how many of them while a shard's lock is held.

#[cfg(test)]
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

#[cfg(test)]
thread_local! {
    static DONE: Cell<usize> = const { Cell::new(0) };
    static MOST_HELD: Cell<usize> = const { Cell::new(0) };
}

/// Counts items that were visited or moved.
#[cfg(test)]
pub(crate) fn count(items: usize) {
    DONE.set(DONE.get().saturating_add(items));
}

/// Counts items that were visited or moved. Does nothing outside of tests.
#[cfg(not(test))]
#[inline]
pub(crate) const fn count(_items: usize) {}

/// A lock guard that counts the work while it is held.
pub(crate) struct CountingGuard<G> {
    guard: G,
    #[cfg(test)]
    since: usize,
}

impl<G> CountingGuard<G> {
    pub fn new(guard: G) -> Self {
        Self {
            guard,
            #[cfg(test)]
            since: DONE.get(),
        }
    }
}

impl<G: Deref> Deref for CountingGuard<G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for CountingGuard<G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

#[cfg(test)]
impl<G> Drop for CountingGuard<G> {
    fn drop(&mut self) {
        MOST_HELD.set(MOST_HELD.get().max(DONE.get() - self.since));
    }
}

/// Returns how many items `work` visits or moves, and the largest number of them during one hold of a shard's lock.
#[cfg(test)]
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (usize, usize) {
    DONE.set(0);
    MOST_HELD.set(0);
    work();
    (DONE.get(), MOST_HELD.get())
}
