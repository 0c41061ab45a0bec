//! Work that may take long or block, on a thread of its own.
//!
//! The runtime's own threads for such work are no better, and worse where the system has no thread to give: it then
//! lets the work wait for one without end, or panics. Here that is an error like any other, and the next request tries
//! again. Starting a thread costs some ten microseconds; the number of them is bounded by the places.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::task;

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undone {
    /// Nothing of it was begun.
    #[error("{}", crate::shortage::thread_cause(.0))]
    NoThread(io::Error),
    /// A bug of ours: it costs this request and nothing else. The panic itself has been logged.
    #[error("the work panicked")]
    Panicked,
}

/// Work that has begun. Dropped, it goes on.
pub(crate) struct Work<T>(oneshot::Receiver<T>);

impl<T: Send + 'static> Work<T> {
    /// Begins.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn begin(work: impl FnOnce() -> T + Send + 'static) -> Result<Self, Undone> {
        let (give, given) = oneshot::channel();
        let run = move || {
            if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                // Fails when the request has been given up.
                let _ = give.send(done);
            }
        };
        match task::start("http", run) {
            Ok(_) => Ok(Self(given)),
            Err(refused) => Err(Undone::NoThread(refused.error)),
        }
    }

    /// Waits for what comes of it.
    ///
    /// # Errors
    /// It panicked.
    pub async fn done(self) -> Result<T, Undone> {
        self.0.await.map_err(|_| Undone::Panicked)
    }
}

/// Works, and waits for what comes of it.
///
/// # Errors
/// There is no thread for it, or it panicked.
pub(crate) async fn done<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Undone> {
    Work::begin(work)?.done().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_beside_and_its_panic_stays_there() {
        let here = std::thread::current().id();
        assert_ne!(done(|| std::thread::current().id()).await.unwrap(), here);
        let undone = done(|| panic!("on purpose")).await.unwrap_err();
        assert!(matches!(undone, Undone::Panicked), "{undone:?}");
    }
}
