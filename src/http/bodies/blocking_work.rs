//! Runs work that may take long or block on a thread of its own.
//!
//! The runtime's threads for blocking work are not used: where the system has no thread left, the runtime lets the work
//! wait without a limit, or panics. Here that is an error, and the next request tries again. Starting a thread takes
//! about ten microseconds, and the permits limit the number of threads.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::task;

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    /// No thread could be started, so the work was not begun.
    #[error("{}", crate::shortage::thread_error_text(.0))]
    NoThread(io::Error),
    /// A bug. It costs only this request, and the panic itself has been logged.
    #[error("the work panicked")]
    Panicked,
}

/// Work that has begun. It continues when this is dropped.
pub(crate) struct BlockingWork<T>(oneshot::Receiver<T>);

impl<T: Send + 'static> BlockingWork<T> {
    /// Starts the work on a new thread.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(work: impl FnOnce() -> T + Send + 'static) -> Result<Self, WorkError> {
        let (give, given) = oneshot::channel();
        let done = move || {
            if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                // Fails if the request has been given up.
                let _ = give.send(done);
            }
        };
        match task::start("http", done) {
            Ok(_) => Ok(Self(given)),
            Err(refused) => Err(WorkError::NoThread(refused.error)),
        }
    }

    /// Waits for the result.
    ///
    /// # Errors
    /// The work panicked.
    pub async fn result(self) -> Result<T, WorkError> {
        self.0.await.map_err(|_| WorkError::Panicked)
    }
}

/// Runs the work on a new thread and waits for the result.
///
/// # Errors
/// No thread can be started, or the work panicked.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, WorkError> {
    BlockingWork::start(work)?.result().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_beside_and_its_panic_stays_there() {
        let here = std::thread::current().id();
        assert_ne!(run(|| std::thread::current().id()).await.unwrap(), here);
        let undone = run(|| panic!("on purpose")).await.unwrap_err();
        assert!(matches!(undone, WorkError::Panicked), "{undone:?}");
    }
}
