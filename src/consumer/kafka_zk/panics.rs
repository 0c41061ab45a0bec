//! Panics that are expected: the client library asserts what servers send.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    /// On a thread that expects panics, where the last one was.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on this thread's panics are not told of one by one: a server could have any number of them. They are the
/// cause of the module's trouble, which is told of once.
pub fn expect() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let at = panic.location().map(ToString::to_string).unwrap_or_default();
            let expected = LAST.with_borrow_mut(|last| last.as_mut().map(|last| *last = at)).is_some();
            if !expected {
                others(panic);
            }
        }));
    });
    LAST.set(Some(String::new()));
}

/// What the last panic means. Where it was and not what it said, which may be another thing each time.
pub fn cause() -> String {
    let at = LAST.with_borrow(|last| last.clone().unwrap_or_default());
    // The folder in front is the build machine's.
    let at = at.rsplit_once("/src/").map_or(at.as_str(), |(_, at)| at);
    format!("{}, as the client found at {at}", super::client::LIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_expects_panics_is_told_where_the_last_one_was() {
        let told = std::thread::spawn(|| {
            expect();
            panic::catch_unwind(|| panic!("expected")).unwrap_err();
            cause()
        });
        let told = told.join().unwrap();
        assert!(told.starts_with(super::super::client::LIES) && told.contains("panics.rs:"), "{told}");
        assert!(!told.contains("expected"), "{told}");
    }
}
