//! States that cannot occur: visible when they do, and harmless.

#[cfg(feature = "daemon")]
use std::collections::BTreeSet;
#[cfg(feature = "daemon")]
use std::sync::{Mutex, PoisonError};

/// Reports that an invariant does not hold, with a text that says what should. Panics in debug builds. Otherwise the
/// program logs an error, once per text, because the caller may come back many times a second.
#[cold]
pub(crate) fn broken(invariant: &'static str) {
    debug_assert!(false, "invariant: {invariant}");
    log(invariant);
}

#[cfg(feature = "daemon")]
fn log(invariant: &'static str) {
    static LOGGED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    if LOGGED.lock().unwrap_or_else(PoisonError::into_inner).insert(invariant) {
        tracing::error!(invariant, "an invariant of the program does not hold: please report it");
    }
}

/// The core alone has no log.
#[cfg(not(feature = "daemon"))]
const fn log(_invariant: &'static str) {}

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
