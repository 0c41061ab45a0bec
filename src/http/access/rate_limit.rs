//! `rate_limit` of a web configuration: a bucket of `burst` requests into which one falls each `interval`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets requests through as long as the bucket has any.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    /// The time that an empty bucket takes to fill.
    whole: Duration,
    /// When the bucket is full again. `None` before the first request.
    full_at: Mutex<Option<Instant>>,
}

impl RateLimit {
    pub fn new(interval: Duration, burst: u32) -> Self {
        Self { interval, whole: interval.saturating_mul(burst), full_at: Mutex::new(None) }
    }

    /// Takes a request out of the bucket. False if it has none.
    pub fn take(&self, now: Instant) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let after = full_at.unwrap_or(now).max(now) + self.interval;
        let allowed = after.saturating_duration_since(now) <= self.whole;
        if allowed {
            *full_at = Some(after);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_then_one_each_interval() {
        let limit = RateLimit::new(Duration::from_secs(1), 3);
        let start = Instant::now();
        let taken = |milliseconds| limit.take(start + Duration::from_millis(milliseconds));
        assert_eq!(
            [0, 0, 0, 0, 999, 1000, 1000, 1999, 2000].map(taken),
            [true, true, true, false, false, true, false, false, true]
        );
        // After a pause the bucket is full, and not more than full.
        assert_eq!([60_000, 60_000, 60_000, 60_000].map(taken), [true, true, true, false]);
    }
}
