//! Whether the cluster answers at all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::kafka::{Cause, Client, Code};
use crate::metrics::own::{ModuleMetrics, RefreshKind};

/// From here on a silent cluster is asked for a sign of life.
const QUIET: Duration = Duration::from_secs(3);
/// From here on it is down (docs/src/reference/metrics.md, Up and ready).
const DOWN: Duration = Duration::from_secs(10);

/// What the module does before it is ready: it reads log ends, and asks about the past.
const PARTS: u64 = 2;

/// What both threads tell about the cluster's answers.
pub(super) struct Pulse {
    client: Arc<Client>,
    metrics: ModuleMetrics,
    last: Mutex<Instant>,
}

impl Pulse {
    pub(super) fn new(client: Arc<Client>, metrics: ModuleMetrics) -> Self {
        Self { client, metrics, last: Mutex::new(Instant::now()) }
    }

    /// The same module's, with another client.
    pub(super) fn of(&self, client: Arc<Client>) -> Self {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        Self { client, metrics: self.metrics.clone(), last: Mutex::new(last) }
    }

    /// A server answered. True when none did before: everything may have changed meanwhile.
    pub(super) fn answered(&self, now: Instant) -> bool {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.metrics.answered();
        self.client.answered()
    }

    /// A refresh is complete.
    pub(super) fn refreshed(&self, kind: RefreshKind, took: Duration) {
        self.metrics.refreshed(kind, took);
        if kind == RefreshKind::Offsets {
            self.metrics.progress(1, PARTS);
        }
    }

    /// A round of log ends is over: what could be read has been, though some leader may be silent.
    pub(super) fn round_closed(&self) {
        if self.metrics.health().is_up(clock::tick()) {
            self.metrics.progress(1, PARTS);
        }
    }

    /// The past has been asked for, as far as commits need it and somebody answers.
    pub(super) fn past_read(&self) {
        self.metrics.progress(PARTS, PARTS);
    }

    /// A refresh failed. librdkafka mostly knows better why than the request that it left unanswered.
    pub(super) fn refresh_failed(&self, kind: RefreshKind, cause: &Cause) {
        let known = self.client.context().and_then(|context| {
            context.unanswered(cause);
            context.cause()
        });
        self.metrics.refresh_failed(kind, known.map_or(cause.reason, |known| known.reason).name());
    }

    /// A broker, `host:port`, answered a request.
    pub(super) fn answered_by(&self, broker: Option<&str>) {
        if let Some((context, broker)) = self.client.context().zip(broker) {
            context.answered_by(broker);
        }
    }

    /// Whether it is time for a sign of life. Says once that the cluster is down.
    pub(super) fn quiet(&self, now: Instant) -> bool {
        let silence = now.saturating_duration_since(*self.last.lock().unwrap_or_else(PoisonError::into_inner));
        if silence >= DOWN
            && let Some(context) = self.client.context()
        {
            context.silent(&Cause::own(Code::TIMED_OUT, "no server has answered for 10 s"));
        }
        silence >= QUIET
    }
}
