//! Describes the resources that the system may run out of.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rlimit::Resource;
use tracing::warn;

/// Raises the limit of open descriptors to the highest value allowed. The soft limit that service managers set is
/// meant for programs that cannot handle more.
///
/// # Errors
/// The system's error. The limit is then unchanged.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let (soft, hard) = Resource::NOFILE.get()?;
    if soft < hard { Resource::NOFILE.set(hard, hard) } else { Ok(()) }
}

/// The number of descriptors that the process may have open.
///
/// # Errors
/// The system's error.
pub fn descriptor_limit() -> io::Result<u64> {
    Resource::NOFILE.get().map(|(soft, _)| soft)
}

/// Why a call failed. If a resource is short, the text names it.
#[must_use]
pub fn error_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EMFILE) => match descriptor_limit() {
            Ok(most) => format!("no file descriptor is left, of {most} that the process may have"),
            Err(_) => "no file descriptor is left".to_owned(),
        },
        Some(libc::ENFILE) => "no file descriptor is left in the whole system".to_owned(),
        Some(libc::ENOMEM | libc::ENOBUFS) => format!("no memory is left: {error}"),
        Some(_) | None => error.to_string(),
    }
}

/// Why a thread could not be started.
#[must_use]
pub fn thread_error_text(error: &io::Error) -> String {
    format!("the system gives no thread: {error}")
}

/// Logs a repeated shortage once, until a minute has passed without it.
#[derive(Debug, Default)]
pub struct ShortageReporter {
    last: Mutex<Option<Instant>>,
}

/// After this time without a shortage the next one is logged again.
const CALM: Duration = Duration::from_secs(60);

impl ShortageReporter {
    /// Starts without a shortage.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: Mutex::new(None) }
    }

    /// Reports a shortage. `cause` says what is short, `what` what follows from it.
    pub fn report(&self, cause: &str, what: &str) {
        if self.mark_reported(Instant::now()) {
            warn!(cause, "{what}");
        }
    }

    fn mark_reported(&self, now: Instant) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(now);
        last.is_none_or(|last| now.saturating_duration_since(last) >= CALM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_that_goes_on_is_logged_once() {
        let (reporter, start) = (ShortageReporter::new(), Instant::now());
        let news =
            [0, 59, 118, 177, 237, 238].map(|second| reporter.mark_reported(start + Duration::from_secs(second)));
        assert_eq!(news, [true, false, false, false, true, false]);
    }

    #[test]
    fn what_is_short_is_named() {
        let cause = |code| error_text(&io::Error::from_raw_os_error(code));
        let most = descriptor_limit().unwrap();
        assert_eq!(cause(libc::EMFILE), format!("no file descriptor is left, of {most} that the process may have"));
        assert_eq!(cause(libc::ENFILE), "no file descriptor is left in the whole system");
        assert_eq!(cause(libc::ENOMEM), "no memory is left: Cannot allocate memory (os error 12)");
        assert_eq!(cause(libc::ECONNREFUSED), "Connection refused (os error 111)");
        let error = thread_error_text(&io::Error::from_raw_os_error(libc::EAGAIN));
        assert_eq!(error, "the system gives no thread: Resource temporarily unavailable (os error 11)");
    }
}
