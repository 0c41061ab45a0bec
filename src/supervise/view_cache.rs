//! The view that concurrent scrapes share.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::storage::View;

/// Makes one view at a time. All requests that arrived before a view was begun share it, whether they waited for the
/// previous view or for a place; no request gets values that are older than itself. A view of a million commits takes
/// 24 MB, and ten concurrent scrapes need two views instead of ten.
#[derive(Debug, Default)]
pub(super) struct ViewCache {
    /// Held while a view is made, unlike other locks. It must not be taken while another lock is held.
    newest: Mutex<Option<(Instant, Weak<View>)>>,
}

impl ViewCache {
    /// Returns a view that was begun at `asked` or later. May block for the time of making two views.
    ///
    /// # Errors
    /// An error of `make`.
    pub fn view<E>(&self, asked: Instant, make: impl FnOnce() -> Result<View, E>) -> Result<Arc<View>, E> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = newest.as_ref().filter(|(begun, _)| *begun >= asked).and_then(|(_, view)| view.upgrade());
        if let Some(view) = fresh {
            return Ok(view);
        }
        let begun = Instant::now();
        let view = Arc::new(make()?);
        *newest = Some((begun, Arc::downgrade(&view)));
        Ok(view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a view that cannot fail.
    fn view(cache: &ViewCache, asked: Instant) -> Arc<View> {
        cache.view(asked, || Ok::<_, ()>(View::default())).unwrap()
    }

    #[test]
    fn who_asked_before_a_view_was_begun_shares_it_and_who_asks_later_does_not() {
        let (cache, asked) = (ViewCache::default(), Instant::now());
        let first = view(&cache, asked);
        let second = cache.view(asked, || -> Result<_, ()> { unreachable!("there is one that is new enough") });
        assert!(Arc::ptr_eq(&first, &second.unwrap()));
        assert!(!Arc::ptr_eq(&first, &view(&cache, Instant::now())));
    }

    #[test]
    fn a_view_that_nobody_reads_any_more_is_not_kept() {
        let (cache, asked) = (ViewCache::default(), Instant::now());
        let first = Arc::downgrade(&view(&cache, asked));
        assert!(first.upgrade().is_none());
        drop(view(&cache, asked));
    }

    #[test]
    fn a_view_that_cannot_be_made_is_made_for_the_next_who_asks() {
        let (cache, asked) = (ViewCache::default(), Instant::now());
        assert_eq!(cache.view(asked, || Err("no memory")).unwrap_err(), "no memory");
        drop(view(&cache, asked));
    }
}
