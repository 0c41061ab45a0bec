//! A value that its owner gives away when it is dropped, so that another thread can close it.

use std::ops::{Deref, DerefMut};

/// A value that is there until its owner is dropped.
pub(super) struct UntilDrop<T>(Option<T>);

const PRESENT: &str = "invariant: only the owner's drop takes the value";

impl<T> UntilDrop<T> {
    /// Holds a value.
    pub(super) const fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Takes the value. Only for the owner's [`Drop`], after which nothing can use the owner.
    #[expect(clippy::expect_used, reason = "drop is called once")]
    pub(super) const fn take(held: &mut Self) -> T {
        held.0.take().expect(PRESENT)
    }
}

impl<T> Deref for UntilDrop<T> {
    type Target = T;

    #[expect(clippy::expect_used, reason = "nothing uses a value whose owner has been dropped")]
    fn deref(&self) -> &T {
        self.0.as_ref().expect(PRESENT)
    }
}

impl<T> DerefMut for UntilDrop<T> {
    #[expect(clippy::expect_used, reason = "nothing uses a value whose owner has been dropped")]
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(PRESENT)
    }
}
