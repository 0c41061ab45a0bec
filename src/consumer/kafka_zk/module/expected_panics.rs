//! Handles expected panics: the client library asserts that servers send valid data.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    /// Where the last panic of this thread occurred; `None` if the thread does not expect panics.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Suppresses the messages of this thread's panics from now on, because a server could cause any number of them.
/// They become the cause of the module's trouble, which is logged once.
pub fn expect_panics() {
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

/// The cause that the last panic shows. Contains its location but not its message, which may be different each
/// time.
pub fn last_panic_cause() -> String {
    let at = LAST.with_borrow(|last| last.clone().unwrap_or_default());
    // The leading directories are those of the build machine.
    let at = at.rsplit_once("/src/").map_or(at.as_str(), |(_, at)| at);
    format!("{}, detected at {at}", super::client::LIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_expects_panics_is_told_where_the_last_one_was() {
        let told = std::thread::spawn(|| {
            expect_panics();
            panic::catch_unwind(|| panic!("a lie")).unwrap_err();
            last_panic_cause()
        });
        let told = told.join().unwrap();
        assert!(told.starts_with(super::super::client::LIES) && told.contains("expected_panics.rs:"), "{told}");
        assert!(!told.contains("a lie"), "{told}");
    }
}
