//! Tracks whether the cluster answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::kafka::{Client, ErrorCode, FailureCause};
use crate::metrics::exporter_metrics::{ModuleMetrics, RefreshKind};

/// After this silence the cluster is probed.
const QUIET: Duration = Duration::from_secs(3);
/// After this silence the cluster is down (docs/src/reference/metrics.md, Up and ready).
const DOWN: Duration = Duration::from_secs(10);

/// The steps to readiness: log ends, and the first time lookups.
const PARTS: u64 = 2;

/// What both threads report about the cluster's answers.
pub(super) struct ClusterLiveness {
    client: Arc<Client>,
    metrics: ModuleMetrics,
    last_answer: Mutex<Instant>,
}

impl ClusterLiveness {
    pub(super) fn new(client: Arc<Client>, metrics: ModuleMetrics) -> Self {
        Self { client, metrics, last_answer: Mutex::new(Instant::now()) }
    }

    /// The liveness of the same module with another client.
    pub(super) fn with_client(&self, client: Arc<Client>) -> Self {
        let last = *self.last_answer.lock().unwrap_or_else(PoisonError::into_inner);
        Self { client, metrics: self.metrics.clone(), last_answer: Mutex::new(last) }
    }

    /// Records that a server answered. Returns true when none did before: then everything may have changed.
    pub(super) fn record_answer(&self, now: Instant) -> bool {
        *self.last_answer.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.metrics.record_answer();
        self.client.record_answer()
    }

    /// Records a complete refresh.
    pub(super) fn record_refresh(&self, kind: RefreshKind, took: Duration) {
        self.metrics.record_refresh(kind, took);
        if kind == RefreshKind::Offsets {
            self.metrics.set_progress(1, PARTS);
        }
    }

    /// Records that a round of log ends is over. Everything readable was read, although some leaders may be silent.
    pub(super) fn record_round_end(&self) {
        if self.metrics.health().is_up(clock::tick()) {
            self.metrics.set_progress(1, PARTS);
        }
    }

    /// Records that the first time lookups are done, as far as commits need them and brokers answer.
    pub(super) fn record_first_lookups(&self) {
        self.metrics.set_progress(PARTS, PARTS);
    }

    /// Records a failed refresh. The reason is librdkafka's if known, because it is mostly more precise than that
    /// of the unanswered request.
    pub(super) fn record_refresh_failure(&self, kind: RefreshKind, cause: &FailureCause) {
        let context = self.client.context();
        context.record_unanswered(cause);
        let known = context.cause();
        self.metrics.record_refresh_error(kind, known.map_or(cause.reason, |known| known.reason).name());
    }

    /// The metrics of the module.
    pub(super) const fn metrics(&self) -> &ModuleMetrics {
        &self.metrics
    }

    /// Records that a broker, `host:port`, answered a request.
    pub(super) fn record_answer_of(&self, broker: Option<&str>) {
        if let Some(broker) = broker {
            self.client.context().record_answer_of(broker);
        }
    }

    /// Whether a probe is due. Also reports the cluster as down after a long silence.
    pub(super) fn check_silence(&self, now: Instant) -> bool {
        let silence = now.saturating_duration_since(*self.last_answer.lock().unwrap_or_else(PoisonError::into_inner));
        if silence >= DOWN {
            self.client
                .context()
                .record_silence(&FailureCause::of_code(ErrorCode::TIMED_OUT, "no server has answered for 10 s"));
        }
        silence >= QUIET
    }
}
