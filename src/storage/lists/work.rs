//! Work, counted in tests alone: items of lists that were looked at or moved, and how many of them while a shard's lock
//! was held.

#[cfg(test)]
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

#[cfg(test)]
thread_local! {
    static DONE: Cell<usize> = const { Cell::new(0) };
    static MOST_HELD: Cell<usize> = const { Cell::new(0) };
}

/// So many items were looked at or moved.
#[cfg(test)]
pub(crate) fn done(items: usize) {
    DONE.set(DONE.get().saturating_add(items));
}

/// So many items were looked at or moved, which only tests want to know.
#[cfg(not(test))]
#[inline]
pub(crate) const fn done(_items: usize) {}

/// What a lock gives.
pub(crate) struct Held<G> {
    guard: G,
    #[cfg(test)]
    since: usize,
}

impl<G> Held<G> {
    pub fn new(guard: G) -> Self {
        Self {
            guard,
            #[cfg(test)]
            since: DONE.get(),
        }
    }
}

impl<G: Deref> Deref for Held<G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for Held<G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

#[cfg(test)]
impl<G> Drop for Held<G> {
    fn drop(&mut self) {
        MOST_HELD.set(MOST_HELD.get().max(DONE.get() - self.since));
    }
}

/// How many items `work` looks at or moves, and how many at the most while it holds a shard's lock.
#[cfg(test)]
pub(crate) fn of<T>(work: impl FnOnce() -> T) -> (usize, usize) {
    DONE.set(0);
    MOST_HELD.set(0);
    work();
    (DONE.get(), MOST_HELD.get())
}
