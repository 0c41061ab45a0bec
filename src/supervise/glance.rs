//! The picture that those share who scrape at once.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::storage::View;

/// Makes one view at a time. Whoever has asked before one is begun shares it, be it that they waited for the view
/// before or for a place; nobody sees numbers older than the request. A view of a million commits is 24 MB, and ten
/// scrapers need two of them, not ten.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// Held while a view is made, unlike any other lock: nobody who holds another one takes it.
    newest: Mutex<Option<(Instant, Weak<View>)>>,
}

impl Glance {
    /// A view that is begun no earlier than it was `asked` for. May block for as long as two of them take.
    pub fn view(&self, asked: Instant, make: impl FnOnce() -> View) -> Arc<View> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = newest.as_ref().filter(|(begun, _)| *begun >= asked).and_then(|(_, view)| view.upgrade());
        fresh.unwrap_or_else(|| {
            let begun = Instant::now();
            let view = Arc::new(make());
            *newest = Some((begun, Arc::downgrade(&view)));
            view
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asked_before_a_view_was_begun_shares_it_and_who_asks_later_does_not() {
        let (glance, asked) = (Glance::default(), Instant::now());
        let first = glance.view(asked, View::default);
        let second = glance.view(asked, || unreachable!("there is one that is new enough"));
        assert!(Arc::ptr_eq(&first, &second));
        assert!(!Arc::ptr_eq(&first, &glance.view(Instant::now(), View::default)));
    }

    #[test]
    fn a_view_that_nobody_reads_any_more_is_not_kept() {
        let (glance, asked) = (Glance::default(), Instant::now());
        let first = Arc::downgrade(&glance.view(asked, View::default));
        assert!(first.upgrade().is_none());
        drop(glance.view(asked, View::default));
    }
}
