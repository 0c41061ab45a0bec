//! Follows the groups of one ZooKeeper ensemble by watches.
//!
//! A session is opened, then the tree is walked and followed until the session is lost, for any reason. The next
//! session reads everything again, separately from what is shown. The client could keep a session when its
//! connection is lost. But only reading the tree again shows that nothing was missed, so this one way is used for
//! every loss.
//!
//! A session outlives a change of its certificates and password: they matter when it is opened. The next session uses the
//! newest ones.
//!
//! The module has one thread, with a separate runtime for each session: everything that the client starts ends with
//! it.
//!
//! | file | contains |
//! |---|---|
//! | `client`, `session` | sessions with the crate zookeeper-client, and what the rest needs of a session |
//! | `tree_follower` | one session: the tree is walked, published and followed |
//! | `session_tree`, `tick_budget` | the state of a session, and how fast changes are followed |
//! | `outage` | why nothing is followed, logged once |
//! | `refused_paths` | the nodes that may not be read |
//! | `diagnosis` | why no server opens a session |
//! | `tls` | certificates and keys |
//! | `expected_panics` | panics of the client on answers that are not valid |

mod client;
mod diagnosis;
mod expected_panics;
#[cfg(test)]
mod follower_tests;
mod outage;
mod refused_paths;
mod session;
mod session_tree;
mod tick_budget;
mod tls;
mod tree_follower;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::ConsumerConfig;
use crate::consumer::factory::settings;
use crate::consumer::takeover::Takeover;
use crate::consumer::{ModuleContext, ModuleFactory};
use crate::coordinator::Module;
use crate::credentials::CredentialWatch;
use crate::model::ModuleError;
use crate::shortage;
use crate::task::{self, Tasks};
use crate::zktree::NodeFault;

use super::{KafkaZkSettings, NAME};

use client::SessionSettings;
use outage::Outage;
use refused_paths::RefusedPaths;
use session::SessionLost;
use tree_follower::{LASTING, TreeFollower};

/// How long a server may take to confirm that a session is closed.
const CLOSING: Duration = Duration::from_millis(500);
/// The pause after a session that could not be opened or did not last. It doubles each time, and half of it is
/// random.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(3);

/// Time between two checks whether a look at the files is due.
const FILES: Duration = Duration::from_secs(1);
/// The pause after a session in which the root could not be read for lack of a right.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);

/// Makes modules of class `kafka_zk`.
#[derive(Debug)]
pub struct KafkaZkFactory;

impl ModuleFactory for KafkaZkFactory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self, section: &ConsumerConfig) -> Vec<ModuleError> {
        SessionSettings::of(&section.name, settings(section), None).err().into_iter().collect()
    }

    fn configure(&self, section: &ConsumerConfig, context: ModuleContext) -> Result<Box<dyn Module>, ModuleError> {
        Ok(Box::new(KafkaZkModule::configure(section, settings(section), context)?))
    }
}

/// A module of class `kafka_zk`.
#[derive(Debug)]
pub struct KafkaZkModule {
    name: String,
    /// `None` once the module has been started.
    session_loop: Option<SessionLoop>,
    tasks: Tasks,
}

impl KafkaZkModule {
    /// Checks the section as far as possible without a connection.
    ///
    /// # Errors
    /// A certificate or key that cannot be read or is not valid.
    fn configure(
        section: &ConsumerConfig,
        settings: &KafkaZkSettings,
        around: ModuleContext,
    ) -> Result<Self, ModuleError> {
        let trouble = Arc::new(Outage::new(section.name.clone()));
        let cause = Arc::clone(&trouble);
        around.metrics.health().set_cause(move || cause.cause());
        let expiry = Some(around.metrics.certificates());
        let session_settings = SessionSettings::of(&section.name, settings, expiry)?;
        let follower = TreeFollower {
            module: section.name.clone(),
            filters: around.filters,
            takeover: Takeover::new(around.handover, Arc::clone(&around.cluster), section.name.clone()),
            source: around.cluster.zookeeper_source(&section.name),
            cluster: around.cluster,
            faults: around.metrics.error_counters(&NodeFault::REASONS),
            refused: RefusedPaths::new(settings.path.clone(), around.metrics.clone()),
            metrics: around.metrics,
            outage: Arc::clone(&trouble),
            published: false,
            limit_logged: false,
        };
        Ok(Self {
            name: format!("consumer.{}", section.name),
            session_loop: Some(SessionLoop { settings: session_settings, follower, outage: trouble }),
            tasks: Tasks::new(&around.stop, around.failures),
        })
    }
}

impl Module for KafkaZkModule {
    fn name(&self) -> &str {
        &self.name
    }

    #[expect(clippy::expect_used, reason = "the coordinator starts each module once")]
    fn start(&mut self) -> Result<(), ModuleError> {
        let keeper = self.session_loop.take().expect("invariant: a module is started once");
        self.tasks.spawn(self.name.clone(), move |stop| keeper.run(stop))
    }

    fn stop(&mut self, deadline: Instant) {
        self.tasks.stop(deadline);
    }
}

/// Keeps a session open.
#[derive(Debug)]
struct SessionLoop {
    settings: SessionSettings,
    follower: TreeFollower,
    outage: Arc<Outage>,
}

impl SessionLoop {
    fn run(mut self, stop: &CancellationToken) -> Result<(), ModuleError> {
        expected_panics::expect_panics();
        let mut failures = 0_u32;
        while !stop.is_cancelled() {
            let began = Instant::now();
            let is_refused = self.follower.refused.has_root();
            let wait = if is_refused { REFUSED_PAUSE } else { pause(failures, fastrand::f64()) };
            let lost = match runtime() {
                Ok(runtime) => self.run_session(runtime, wait, stop),
                Err(short) => {
                    task::wait(wait.max(FIRST_PAUSE), stop);
                    Some(short)
                }
            };
            if let Some(lost) = lost {
                self.outage.set_cause(&lost.to_string());
                failures = if began.elapsed() >= LASTING { 1 } else { failures.saturating_add(1) };
            }
        }
        Ok(())
    }

    /// Waits, then opens a session and follows it until it is lost. `None` when the module was stopped.
    fn run_session(&mut self, runtime: Runtime, wait: Duration, stop: &CancellationToken) -> Option<SessionLost> {
        let lost = runtime.block_on(async {
            stop.run_until_cancelled(sleep(wait)).await?;
            // The client asserts that servers send valid data. Invalid data must end the session only, not the
            // program.
            let session = AssertUnwindSafe(self.session(stop)).catch_unwind().await;
            session.unwrap_or_else(|_| Some(SessionLost(expected_panics::last_panic_cause())))
        });
        // Without delay: the client is about to reconnect at once and to set all its watches again.
        runtime.shutdown_background();
        lost
    }

    /// Opens a session and follows it until it is lost. `None` when the module was stopped.
    async fn session(&mut self, stop: &CancellationToken) -> Option<SessionLost> {
        self.settings.take_newest_credentials();
        // Ends with the runtime of the session.
        tokio::spawn(watch_files(Arc::clone(self.settings.watch())));
        let ensemble = match stop.run_until_cancelled(self.settings.connect()).await? {
            Ok(ensemble) => ensemble,
            Err(lost) => return Some(lost),
        };
        self.follower.metrics.count_zookeeper_session();
        let closed = ensemble.wait_until_closed();
        let lost = stop.run_until_cancelled(self.follower.follow(ensemble)).await.flatten();
        self.follower.metrics.set_zookeeper_nodes(0);
        // The session was dropped. If the server does not confirm in time that it is closed, it expires there.
        drop(timeout(CLOSING, closed).await);
        lost
    }
}

/// Looks at the files while a session lasts: the next one uses what is newest.
async fn watch_files(watch: Arc<CredentialWatch>) {
    loop {
        sleep(FILES).await;
        watch.newest(Instant::now());
    }
}

/// Creates the runtime of a session. It needs descriptors, and a thread to look up a server's name. If the system
/// has none left, the session is tried again later; the module does not end.
fn runtime() -> Result<Runtime, SessionLost> {
    // The runtime would panic if it could not start a thread.
    task::start("zookeeper-probe", || ())
        .map_err(|refused| SessionLost(shortage::thread_error_text(&refused.error)))?;
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| SessionLost(format!("a session cannot be opened: {}", shortage::error_text(&error))))
}

/// The pause after this number of consecutive sessions that did not last. `chance` is between 0 and 1.
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
