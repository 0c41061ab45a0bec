//! The state of modules: up, ready, and why not.
//!
//! `/metrics`, `/-/ready`, the status page and `warrener lag` read it from here only. Times are ticks of the monotonic
//! clock, so setting the wall clock has no effect.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::model::{MissingRights, Right, Tick};

/// How long after an answer a module counts as up, in milliseconds (docs/src/reference/metrics.md, Up and ready).
const UP_FOR: i64 = 10_000;

/// How long after a step towards readiness a module counts as advancing, in milliseconds.
const ADVANCES_FOR: i64 = 10_000;

/// The kind of a module: the label `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModuleKind {
    /// `[cluster.*]`.
    Cluster,
    /// `[consumer.*]`.
    Consumer,
}

impl ModuleKind {
    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Consumer => "consumer",
        }
    }
}

/// The state of one module. The module writes it; scrapes and readiness read it.
#[derive(Debug)]
pub struct ModuleHealth {
    /// The cluster's name.
    pub cluster: String,
    /// The kind.
    pub kind: ModuleKind,
    /// The section's name.
    pub module: String,
    /// What a consumer module has to do to become ready, in words.
    waits_for: &'static str,
    /// Whether `/-/ready` waits for the module. A module that a reload adds must not make a ready program unready.
    counts: bool,
    /// The tick of the last answer.
    last_answer: AtomicI64,
    /// Number of parts that have caught up once, and number of all parts. A module whose number of parts is 0 is ready;
    /// the initial value stands for an unknown number.
    done: AtomicU64,
    parts: AtomicU64,
    /// The tick of the last step towards readiness.
    last_advance: AtomicI64,
    /// By partition of the offsets topic, how many records its reader is behind.
    topic_lag: Mutex<BTreeMap<i32, i64>>,
    /// The rights that the servers refuse.
    missing_rights: Mutex<MissingRights>,
    /// Returns why the servers do not answer.
    cause: OnceLock<CauseSource>,
}

/// Returns why the servers do not answer. `None` while they answer, or while the cause is unknown.
struct CauseSource(Box<dyn Fn() -> Option<String> + Send + Sync>);

impl fmt::Debug for CauseSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Cause").finish_non_exhaustive()
    }
}

impl ModuleHealth {
    /// A module that has not answered yet.
    #[must_use]
    pub const fn new(cluster: String, kind: ModuleKind, module: String) -> Self {
        let (answered, done, parts) = (AtomicI64::new(Tick::NEVER.0), AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let advanced = AtomicI64::new(Tick::NEVER.0);
        Self {
            cluster,
            kind,
            module,
            waits_for: "",
            counts: true,
            last_answer: answered,
            done,
            parts,
            last_advance: advanced,
            topic_lag: Mutex::new(BTreeMap::new()),
            missing_rights: Mutex::new(MissingRights::new()),
            cause: OnceLock::new(),
        }
    }

    /// Sets what a consumer module has to do to become ready, in words.
    #[must_use]
    pub fn waiting_for(self, what: &'static str) -> Self {
        Self { waits_for: what, ..self }
    }

    /// Makes `/-/ready` not wait for the module, because a reload has added it.
    #[must_use]
    pub fn added_by_reload(self) -> Self {
        Self { counts: false, ..self }
    }

    /// Records that a server has answered.
    pub fn record_answer(&self, now: Tick) {
        self.last_answer.store(now.0, Ordering::Relaxed);
    }

    /// Sets the function that returns why the servers do not answer.
    ///
    /// Only the first call has an effect: a module is configured once.
    pub fn set_cause(&self, cause: impl Fn() -> Option<String> + Send + Sync + 'static) {
        drop(self.cause.set(CauseSource(Box::new(cause))));
    }

    /// Why the servers do not answer. `None` while they answer, or while the cause is unknown.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        self.cause.get().and_then(|cause| (cause.0)())
    }

    /// Sets how many of how many parts have caught up. Returns whether the module has just become ready.
    ///
    /// Once all parts have caught up, the module stays ready and further calls have no effect.
    pub fn set_progress(&self, done: u64, parts: u64) -> bool {
        if self.is_ready() {
            return false;
        }
        self.done.store(done, Ordering::Relaxed);
        self.parts.store(parts, Ordering::Relaxed);
        self.is_ready()
    }

    /// Whether a server has answered within the last 10 s.
    #[must_use]
    pub fn is_up(&self, now: Tick) -> bool {
        now.since(Tick(self.last_answer.load(Ordering::Relaxed))) < UP_FOR
    }

    /// Whether everything has been read once.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.parts.load(Ordering::Relaxed)
    }

    /// Records a step towards readiness.
    pub fn record_advance(&self, now: Tick) {
        self.last_advance.store(now.0, Ordering::Relaxed);
    }

    /// Whether the module has made a step towards readiness within the last 10 s.
    #[must_use]
    pub fn is_advancing(&self, now: Tick) -> bool {
        now.since(Tick(self.last_advance.load(Ordering::Relaxed))) < ADVANCES_FOR
    }

    /// Whether readiness waits for the module.
    ///
    /// After `timeout` it waits only while the module advances, so that a server or a single partition that does not
    /// answer does not block readiness forever.
    #[must_use]
    pub fn is_awaited(&self, now: Tick, running: Duration, timeout: Duration) -> bool {
        self.counts && !self.is_ready() && (running < timeout || self.is_advancing(now))
    }

    /// What the module has to do to become ready, in words.
    #[must_use]
    pub fn pending_work(&self) -> &'static str {
        match (self.kind, self.parts()) {
            (ModuleKind::Cluster, Some((1.., _))) => "looking up record times for time lags",
            (ModuleKind::Cluster, _) => "reading log ends",
            (ModuleKind::Consumer, _) => self.waits_for,
        }
    }

    /// Sets how many records the reader of a partition of the offsets topic is behind. `None` removes the partition,
    /// which is no longer read.
    pub fn set_topic_lag(&self, partition: i32, lag: Option<i64>) {
        let mut behind = self.topic_lag.lock().unwrap_or_else(PoisonError::into_inner);
        match lag {
            Some(lag) => drop(behind.insert(partition, lag)),
            None => drop(behind.remove(&partition)),
        }
    }

    /// By partition of the offsets topic, how many records its reader is behind.
    #[must_use]
    pub fn topic_lag(&self) -> Vec<(i32, i64)> {
        let behind = self.topic_lag.lock().unwrap_or_else(PoisonError::into_inner);
        behind.iter().map(|(partition, lag)| (*partition, *lag)).collect()
    }

    /// Records that a server refuses a right. Returns whether that is news.
    pub fn record_missing_right(&self, right: Right) -> bool {
        self.missing_rights.lock().unwrap_or_else(PoisonError::into_inner).record(right)
    }

    /// Records that a right is not refused, or not asked for any more. Returns whether it was missing.
    pub fn remove_missing_right(&self, right: &Right) -> bool {
        self.missing_rights.lock().unwrap_or_else(PoisonError::into_inner).remove(right)
    }

    /// Whether the servers refuse a right, as far as is known.
    #[must_use]
    pub fn lacks_right(&self, right: &Right) -> bool {
        self.missing_rights.lock().unwrap_or_else(PoisonError::into_inner).contains(right)
    }

    /// The rights that the servers refuse, sorted by resource.
    #[must_use]
    pub fn missing_rights(&self) -> Vec<Right> {
        self.missing_rights.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The number of parts that have caught up and of all parts, if known.
    #[must_use]
    pub fn parts(&self) -> Option<(u64, u64)> {
        let parts = self.parts.load(Ordering::Relaxed);
        (parts != u64::MAX).then(|| (self.done.load(Ordering::Relaxed), parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> ModuleHealth {
        ModuleHealth::new("c".into(), ModuleKind::Consumer, "m".into())
    }

    #[test]
    fn a_module_is_up_for_ten_seconds_after_an_answer() {
        let health = health();
        assert!(!health.is_up(Tick(5)));
        health.record_answer(Tick(1_000));
        assert!(health.is_up(Tick(10_999)));
        assert!(!health.is_up(Tick(11_000)));
    }

    #[test]
    fn the_cause_is_that_of_the_moment() {
        let (health, cause) = (health(), std::sync::Arc::new(Mutex::new(None)));
        assert_eq!(health.cause(), None);
        let held = std::sync::Arc::clone(&cause);
        health.set_cause(move || held.lock().unwrap().clone());
        assert_eq!(health.cause(), None);
        *cause.lock().unwrap() = Some("connect failed".to_owned());
        assert_eq!(health.cause().as_deref(), Some("connect failed"));
    }

    #[test]
    fn a_module_is_ready_once_and_stays_so() {
        let health = health();
        assert!(!health.is_ready());
        assert!(!health.set_progress(1, 2));
        assert_eq!((health.is_ready(), health.parts()), (false, Some((1, 2))));
        assert!(health.set_progress(2, 2));
        assert!(!health.set_progress(2, 9));
        assert!(health.is_ready());
    }

    #[test]
    fn readiness_stops_waiting_for_what_does_not_answer() {
        let (health, minute) = (health(), Duration::from_secs(60));
        assert!(health.is_awaited(Tick(20_000), Duration::ZERO, minute));
        assert!(!health.is_awaited(Tick(20_000), minute, minute));
        health.record_answer(Tick(100_000));
        assert!(!health.is_awaited(Tick(100_000), minute, minute), "it answers, but gets nowhere");
        health.record_advance(Tick(100_000));
        assert!(health.is_awaited(Tick(100_001), minute, minute));
    }
}
