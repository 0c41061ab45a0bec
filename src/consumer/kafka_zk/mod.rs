//! Follows the groups that one ZooKeeper ensemble keeps, by watches.
//!
//! A session is opened, the tree walked and followed until the session is lost, for whatever reason; then the next
//! one is opened and all is read anew, beside what is shown. The client could keep a session over a lost connection,
//! but whoever wants to know that nothing was missed reads anyway, and one way is enough.
//!
//! It has one thread, and on it a runtime for each session: whatever the client has started ends with that.

mod client;
mod course;
mod diagnosis;
mod follow;
mod pace;
mod panics;
#[cfg(test)]
mod script;
mod session;
mod tls;
mod trouble;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::{Consumer, ZooKeeper};
use crate::consumer::Surroundings;
use crate::coordinator::Module;
use crate::model::ModuleError;
use crate::shortage;
use crate::task::{self, Tasks};
use crate::zktree::Fault;

use client::Settings;
use follow::{Follower, LASTING};
use session::Lost;
use trouble::Trouble;

/// How long a server may take to confirm that a session is closed.
const CLOSING: Duration = Duration::from_millis(500);
/// The pause after a session that could not be opened or did not last; it doubles with each, and half of it is
/// left to chance.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(3);
/// How soon it is noticed without a runtime that the module is to stop.
const NOTICE: Duration = Duration::from_millis(20);

/// Checks a section as far as that goes without a connection.
///
/// # Errors
/// Certificates and keys that cannot be read or do not fit.
pub fn check(section: &Consumer, zookeeper: &ZooKeeper) -> Result<(), ModuleError> {
    Settings::of(section, zookeeper).map(drop)
}

/// A module of class `kafka_zk`.
#[derive(Debug)]
pub struct KafkaZk {
    name: String,
    /// Until it is started.
    keeper: Option<Keeper>,
    tasks: Tasks,
}

impl KafkaZk {
    /// Checks the section as far as that goes without a connection.
    ///
    /// # Errors
    /// Certificates and keys that cannot be read or do not fit.
    pub fn configure(section: &Consumer, zookeeper: &ZooKeeper, around: Surroundings) -> Result<Self, ModuleError> {
        let trouble = Arc::new(Trouble::new(section.name.clone()));
        let cause = Arc::clone(&trouble);
        around.metrics.health().set_cause(move || cause.cause());
        let follower = Follower {
            module: section.name.clone(),
            groups: [section.groups.clone(), around.groups],
            topics: around.topics,
            source: around.cluster.ensemble(&section.name),
            cluster: around.cluster,
            faults: around.metrics.errors(&Fault::REASONS),
            metrics: around.metrics,
            trouble: Arc::clone(&trouble),
            shown: false,
            full: false,
        };
        Ok(Self {
            name: format!("consumer.{}", section.name),
            keeper: Some(Keeper { settings: Settings::of(section, zookeeper)?, follower, trouble }),
            tasks: Tasks::new(&around.stop, around.failures),
        })
    }
}

impl Module for KafkaZk {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self) -> Result<(), ModuleError> {
        let Some(keeper) = self.keeper.take() else { return Ok(()) };
        self.tasks.spawn(self.name.clone(), move |stop| keeper.run(stop))
    }

    fn stop(&mut self, deadline: Instant) {
        self.tasks.stop(deadline);
    }
}

/// Sees to it that there is a session.
#[derive(Debug)]
struct Keeper {
    settings: Settings,
    follower: Follower,
    trouble: Arc<Trouble>,
}

impl Keeper {
    fn run(mut self, stop: &CancellationToken) -> Result<(), ModuleError> {
        panics::expect();
        let mut failures = 0_u32;
        while !stop.is_cancelled() {
            let (wait, began) = (pause(failures, fastrand::f64()), Instant::now());
            let lost = match runtime() {
                Ok(runtime) => self.run_session(runtime, wait, stop),
                Err(short) => {
                    wait_blocking(wait.max(FIRST_PAUSE), stop);
                    Some(short)
                }
            };
            if let Some(lost) = lost {
                self.trouble.tell(&lost.to_string());
                failures = if began.elapsed() >= LASTING { 1 } else { failures.saturating_add(1) };
            }
        }
        Ok(())
    }

    /// Waits, and then has a session until it is lost; `None` when the module was stopped.
    fn run_session(&mut self, runtime: Runtime, wait: Duration, stop: &CancellationToken) -> Option<Lost> {
        let lost = runtime.block_on(async {
            stop.run_until_cancelled(sleep(wait)).await?;
            // The client asserts what servers send: a lie is to cost a session and not the program.
            let session = AssertUnwindSafe(self.session(stop)).catch_unwind().await;
            session.unwrap_or_else(|_| Some(Lost(panics::cause())))
        });
        // At once: the client is about to connect anew, without a pause, and to set all its watches again.
        runtime.shutdown_background();
        lost
    }

    /// From the opening of a session to its loss; `None` when it was told to stop.
    async fn session(&mut self, stop: &CancellationToken) -> Option<Lost> {
        let ensemble = match stop.run_until_cancelled(self.settings.connect()).await? {
            Ok(ensemble) => ensemble,
            Err(lost) => return Some(lost),
        };
        self.follower.metrics.zookeeper_session();
        let closed = ensemble.closed();
        let lost = stop.run_until_cancelled(self.follower.follow(ensemble)).await;
        self.follower.metrics.zookeeper_nodes(0);
        // It has been dropped. Where the server does not say in time that it is closed, it lets it expire.
        drop(timeout(CLOSING, closed).await);
        lost
    }
}

/// What a session runs on. It takes descriptors, and a thread when a server's name is looked up: where the system has
/// none to give, that is a reason to try later and no reason to end.
fn runtime() -> Result<Runtime, Lost> {
    // The runtime would panic without a thread.
    task::start("zookeeper-probe", || ()).map_err(|refused| Lost(shortage::thread_cause(&refused.error)))?;
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Lost(format!("a session cannot be opened: {}", shortage::cause(&error))))
}

/// Waits without a runtime.
fn wait_blocking(time: Duration, stop: &CancellationToken) {
    let began = Instant::now();
    while !stop.is_cancelled() && began.elapsed() < time {
        thread::sleep(NOTICE);
    }
}

/// The pause after so many sessions in a row that did not last; `chance` is from 0 to 1.
fn pause(failures: u32, chance: f64) -> Duration {
    if failures == 0 {
        return Duration::ZERO;
    }
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(doubled).min(LAST_PAUSE).mul_f64(0.5_f64.mul_add(chance, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_three_seconds_and_are_left_to_chance_by_half() {
        assert_eq!([1, 2, 3].map(|failures| pause(failures, 1.0).as_millis()), [200, 400, 800]);
        assert_eq!((pause(0, 1.0).as_millis(), pause(1, 0.0).as_millis()), (0, 100));
        assert_eq!((pause(5, 1.0), pause(99, 1.0), pause(u32::MAX, 0.0)), (LAST_PAUSE, LAST_PAUSE, LAST_PAUSE / 2));
    }
}
