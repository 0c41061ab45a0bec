//! Work that may block for long, with a limit on the wait for it.

use std::sync::mpsc;
use std::time::Duration;

use crate::{shortage, task};

/// Runs work that may block for long on a separate thread, and waits for it at most `limit`.
pub(in crate::kafka) fn run_within(limit: Duration, name: &str, work: impl FnOnce() + Send + 'static) {
    let (done, waiting) = mpsc::sync_channel::<()>(1);
    let started = task::start(name, move || {
        work();
        // Fails when the wait has timed out.
        done.send(()).ok();
    });
    match started {
        Ok(_) => {
            if matches!(waiting.recv_timeout(limit), Err(mpsc::RecvTimeoutError::Timeout)) {
                tracing::debug!(name, "closing continues in the background");
            }
        }
        // Closing here may take longer than `limit`, but nothing is left open.
        Err(refused) => {
            tracing::warn!(
                name,
                cause = shortage::thread_error_text(&refused.error),
                "no thread could be started for closing: its owner waits for it"
            );
            refused.work_here();
        }
    }
}
