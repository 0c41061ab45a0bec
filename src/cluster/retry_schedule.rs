//! Decides when metadata is requested. Pure: the time is an argument.

use std::time::{Duration, Instant};

const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LAST_BACKOFF: Duration = Duration::from_secs(2);

/// The pause after this number of consecutive failures. It doubles each time, up to 2 s.
pub(super) fn backoff(failures: u32) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_BACKOFF.saturating_mul(doubled).min(LAST_BACKOFF)
}

/// The schedule of a repeated request. The next one is sent earlier after a failure, or when newer metadata is
/// wanted.
#[derive(Debug)]
pub(super) struct RetrySchedule {
    every: Duration,
    due: Instant,
    last_request: Option<Instant>,
    failures: u32,
    early_requests: u32,
    /// Until when no request is sent, because the user lacks the right to it.
    refused_until: Option<Instant>,
}

impl RetrySchedule {
    /// Starts with a request that is due at once.
    pub(super) const fn new(every: Duration, now: Instant) -> Self {
        Self { every, due: now, last_request: None, failures: 0, early_requests: 0, refused_until: None }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.due
    }

    /// The time until the next request is due.
    pub(super) fn time_left(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }

    /// Records that the request is sent.
    pub(super) fn record_request(&mut self, now: Instant) {
        if self.last_request.is_some_and(|asked| now.saturating_duration_since(asked) >= LAST_BACKOFF.saturating_mul(2))
        {
            self.early_requests = 0;
        }
        self.last_request = Some(now);
    }

    pub(super) fn record_success(&mut self, now: Instant) {
        (self.failures, self.refused_until) = (0, None);
        self.due = now + self.every;
    }

    pub(super) fn record_failure(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.due = now + backoff(self.failures);
        self.refused_until = None;
    }

    /// Schedules the next request no later than `longest` from now.
    pub(super) fn limit_wait(&mut self, longest: Duration, now: Instant) {
        self.due = self.due.min(now + longest);
    }

    /// Records that the user lacks the right to the request, which is repeated after `pause`.
    pub(super) fn record_refusal(&mut self, pause: Duration, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.due = now + pause;
        self.refused_until = Some(self.due);
    }

    /// Schedules the next request soon. When this is repeated, the pauses grow.
    pub(super) fn schedule_soon(&mut self, now: Instant) {
        let soon = match self.last_request {
            Some(asked) => (asked + backoff(self.early_requests)).max(now),
            None => now,
        };
        if soon < self.due && self.refused_until.is_none_or(|until| until <= soon) {
            self.early_requests = self.early_requests.saturating_add(1);
            self.due = soon;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn failures_are_repeated_after_two_seconds_at_most() {
        let pauses: Vec<u128> = (1..7).map(|n| backoff(n).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 2000, 2000]);
        assert_eq!(backoff(u32::MAX), LAST_BACKOFF);
    }

    #[test]
    fn a_success_is_repeated_after_the_interval_and_a_failure_sooner() {
        let now = Instant::now();
        let mut pace = RetrySchedule::new(MINUTE, now);
        assert!(pace.is_due(now));
        pace.record_request(now);
        pace.record_failure(now);
        assert_eq!(pace.time_left(now), millis(250));
        pace.record_success(now);
        assert_eq!(pace.time_left(now), MINUTE);
    }

    #[test]
    fn who_is_in_a_hurry_is_served_at_once_but_not_over_and_over() {
        let mut now = Instant::now();
        let mut pace = RetrySchedule::new(MINUTE, now);
        pace.record_request(now);
        pace.record_success(now);
        let mut served = 0;
        let end = now + MINUTE;
        while now < end {
            pace.schedule_soon(now);
            if pace.is_due(now) {
                served += 1;
                pace.record_request(now);
                pace.record_success(now);
            }
            now += millis(10);
        }
        assert!((30..36).contains(&served), "{served}");
    }

    #[test]
    fn a_hurry_after_a_quiet_time_is_served_at_once() {
        let now = Instant::now();
        let mut pace = RetrySchedule::new(MINUTE, now);
        pace.record_request(now);
        pace.record_success(now);
        let later = now + MINUTE / 2;
        pace.schedule_soon(later);
        assert!(pace.is_due(later));
    }

    #[test]
    fn a_refused_request_is_not_repeated_early() {
        let now = Instant::now();
        let mut schedule = RetrySchedule::new(MINUTE * 10, now);
        schedule.record_request(now);
        schedule.record_refusal(MINUTE, now);
        schedule.schedule_soon(now + millis(3_000));
        assert_eq!(schedule.time_left(now), MINUTE);
        schedule.record_success(now + MINUTE);
        schedule.limit_wait(MINUTE, now + MINUTE);
        assert_eq!(schedule.time_left(now + MINUTE), MINUTE);
        schedule.schedule_soon(now + MINUTE);
        assert!(schedule.is_due(now + MINUTE));
    }
}
