//! Whether a module is up, whether it has caught up, and what is wrong with it: the one place that `/metrics`,
//! `/-/ready`, the status page and `warrener lag` read it from. Times are ticks: setting the wall clock changes nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::model::Tick;

/// How many milliseconds a module counts as up without an answer (docs/src/reference/metrics.md, Up and ready).
const UP_FOR: i64 = 10_000;

/// How many milliseconds a module counts as on its way after the last step.
const ADVANCES_FOR: i64 = 10_000;

/// What kind of module it is: the label `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// The state of one module. Written by the module, read by scrapes and by readiness.
#[derive(Debug)]
pub struct Health {
    /// The cluster's name.
    pub cluster: String,
    /// Its kind.
    pub kind: ModuleKind,
    /// The section's name.
    pub module: String,
    /// Whether it reads an ensemble's tree, and not a topic.
    ensemble: bool,
    /// The tick of the last answer.
    answered: AtomicI64,
    /// Parts that have caught up once, and how many there are; all parts of none are not ready.
    done: AtomicU64,
    parts: AtomicU64,
    /// The tick of the last step towards being ready.
    advanced: AtomicI64,
    /// Records that the reader of each partition of the offsets topic is behind.
    behind: Mutex<BTreeMap<i32, i64>>,
    /// Why its servers do not answer.
    cause: OnceLock<Cause>,
}

/// Says why servers do not answer; `None` while they do, or while it is unknown.
struct Cause(Box<dyn Fn() -> Option<String> + Send + Sync>);

impl fmt::Debug for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Cause").finish_non_exhaustive()
    }
}

impl Health {
    /// A module that has not answered yet.
    #[must_use]
    pub const fn new(cluster: String, kind: ModuleKind, module: String) -> Self {
        let (answered, done, parts) = (AtomicI64::new(Tick::NEVER.0), AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let advanced = AtomicI64::new(Tick::NEVER.0);
        Self {
            cluster,
            kind,
            module,
            ensemble: false,
            answered,
            done,
            parts,
            advanced,
            behind: Mutex::new(BTreeMap::new()),
            cause: OnceLock::new(),
        }
    }

    /// The same, of one that reads an ensemble's tree.
    #[must_use]
    pub fn of_ensemble(self) -> Self {
        Self { ensemble: true, ..self }
    }

    /// A server has answered.
    pub fn answer(&self, now: Tick) {
        self.answered.store(now.0, Ordering::Relaxed);
    }

    /// Sets what says why its servers do not answer. A module is configured once: only the first call counts.
    pub fn set_cause(&self, cause: impl Fn() -> Option<String> + Send + Sync + 'static) {
        drop(self.cause.set(Cause(Box::new(cause))));
    }

    /// Why its servers do not answer, if they do not and the cause is known.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        self.cause.get().and_then(|cause| (cause.0)())
    }

    /// How many parts have caught up, of how many. Once all have, the module stays ready. Tells whether it just
    /// became so.
    pub fn progress(&self, done: u64, parts: u64) -> bool {
        if self.is_ready() {
            return false;
        }
        self.done.store(done, Ordering::Relaxed);
        self.parts.store(parts, Ordering::Relaxed);
        self.is_ready()
    }

    /// Whether a server has answered lately.
    #[must_use]
    pub fn is_up(&self, now: Tick) -> bool {
        now.since(Tick(self.answered.load(Ordering::Relaxed))) < UP_FOR
    }

    /// Whether all has been read once.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.parts.load(Ordering::Relaxed)
    }

    /// Something has been read on the way to being ready.
    pub fn advance(&self, now: Tick) {
        self.advanced.store(now.0, Ordering::Relaxed);
    }

    /// Whether it has come nearer to being ready lately.
    #[must_use]
    pub fn advances(&self, now: Tick) -> bool {
        now.since(Tick(self.advanced.load(Ordering::Relaxed))) < ADVANCES_FOR
    }

    /// Whether readiness waits for it: not for ever for what does not answer, be it one partition alone.
    #[must_use]
    pub fn is_awaited(&self, now: Tick, running: Duration, timeout: Duration) -> bool {
        !self.is_ready() && (running < timeout || self.advances(now))
    }

    /// What it waits for until it is ready, in words.
    #[must_use]
    pub fn awaits(&self) -> &'static str {
        match (self.kind, self.parts()) {
            (ModuleKind::Cluster, Some((1.., _))) => "past asked about for the time lags",
            (ModuleKind::Cluster, _) => "log ends read once",
            (ModuleKind::Consumer, _) if self.ensemble => "ZooKeeper's tree walked once",
            (ModuleKind::Consumer, _) => "offsets topic read to its end",
        }
    }

    /// How far the reader of a partition of the offsets topic is behind; `None` when it is not read any more.
    pub fn lags(&self, partition: i32, lag: Option<i64>) {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        match lag {
            Some(lag) => drop(behind.insert(partition, lag)),
            None => drop(behind.remove(&partition)),
        }
    }

    /// By partition of the offsets topic, how far its reader is behind.
    #[must_use]
    pub fn behind(&self) -> Vec<(i32, i64)> {
        let behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        behind.iter().map(|(partition, lag)| (*partition, *lag)).collect()
    }

    /// Parts that have caught up, and all, if they are known.
    #[must_use]
    pub fn parts(&self) -> Option<(u64, u64)> {
        let parts = self.parts.load(Ordering::Relaxed);
        (parts != u64::MAX).then(|| (self.done.load(Ordering::Relaxed), parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        Health::new("c".into(), ModuleKind::Consumer, "m".into())
    }

    #[test]
    fn a_module_is_up_for_ten_seconds_after_an_answer() {
        let health = health();
        assert!(!health.is_up(Tick(5)));
        health.answer(Tick(1_000));
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
        assert!(!health.progress(1, 2));
        assert_eq!((health.is_ready(), health.parts()), (false, Some((1, 2))));
        assert!(health.progress(2, 2));
        assert!(!health.progress(2, 9));
        assert!(health.is_ready());
    }

    #[test]
    fn readiness_stops_waiting_for_what_does_not_answer() {
        let (health, minute) = (health(), Duration::from_secs(60));
        assert!(health.is_awaited(Tick(20_000), Duration::ZERO, minute));
        assert!(!health.is_awaited(Tick(20_000), minute, minute));
        health.answer(Tick(100_000));
        assert!(!health.is_awaited(Tick(100_000), minute, minute), "it answers, but gets nowhere");
        health.advance(Tick(100_000));
        assert!(health.is_awaited(Tick(100_001), minute, minute));
    }
}
