//! States that cannot occur: visible when they do, and harmless.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Reports that an invariant does not hold, with a text that says what should. Panics in debug builds. Otherwise it
/// logs an error, once per text, because the caller may come back many times a second.
pub fn broken(invariant: &'static str) {
    static LOGGED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    debug_assert!(false, "invariant: {invariant}");
    if LOGGED.lock().unwrap_or_else(PoisonError::into_inner).insert(invariant) {
        tracing::error!(invariant, "an invariant of the program does not hold: please report it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "invariant: two is two"))]
    fn a_broken_invariant_ends_debug_builds_alone() {
        broken("two is two");
        broken("two is two");
    }
}
