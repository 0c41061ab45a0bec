//! Threads with an owner, which starts, stops and joins them.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::model::ModuleError;
use crate::shortage;

/// How often a thread that waits checks whether it is stopped.
const STOP_CHECK: Duration = Duration::from_millis(20);

/// Where a task that cannot continue reports it. Each task sends at most one message.
pub type FailureSender = UnboundedSender<TaskFailure>;

/// The unexpected end of a task.
#[derive(Debug)]
pub struct TaskFailure {
    /// The name of the task.
    pub task: String,
    /// Why it ended.
    pub why: EndReason,
}

/// Why a task ended.
#[derive(Debug)]
pub enum EndReason {
    /// It could not continue.
    Failed(ModuleError),
    /// It panicked with this message.
    Panicked(String),
    /// It returned without being stopped.
    Returned,
}

/// The tasks of one owner.
#[derive(Debug)]
pub struct Tasks {
    stop: CancellationToken,
    failures: FailureSender,
    running: Vec<RunningTask>,
}

#[derive(Debug)]
struct RunningTask {
    name: String,
    /// Disconnected when the body of the task has ended.
    ended: Receiver<()>,
    thread: thread::JoinHandle<()>,
}

impl Tasks {
    /// Creates an owner without tasks. Its tasks also stop when `parent` is cancelled, which stops the tasks of all
    /// owners at once.
    #[must_use]
    pub fn new(parent: &CancellationToken, failures: FailureSender) -> Self {
        Self { stop: parent.child_token(), failures, running: Vec::new() }
    }

    /// Starts a task on its own thread. It must end soon after its token is cancelled, and not before.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn spawn(
        &mut self,
        name: String,
        body: impl FnOnce(&CancellationToken) -> Result<(), ModuleError> + Send + 'static,
    ) -> Result<(), ModuleError> {
        let (stop, failures, task) = (self.stop.clone(), self.failures.clone(), name.clone());
        let (ending, ended) = sync_channel(0);
        let run = move || {
            let result = catch_unwind(AssertUnwindSafe(|| body(&stop)));
            let why = match result {
                Ok(Ok(())) if stop.is_cancelled() => None,
                Ok(Ok(())) => Some(EndReason::Returned),
                Ok(Err(error)) => Some(EndReason::Failed(error)),
                Err(panic) => Some(EndReason::Panicked(panic_message(panic.as_ref()))),
            };
            if let Some(why) = why {
                // Fails when the program is already ending, which is what a failure would cause.
                drop(failures.send(TaskFailure { task, why }));
            }
            drop(ending);
        };
        let thread = thread::Builder::new().name(name.clone()).spawn(run).map_err(ModuleError::Thread)?;
        self.running.push(RunningTask { name, ended, thread });
        Ok(())
    }

    /// Stops all tasks. Waits until they have ended, or until `deadline`. Tasks that have not ended by then are
    /// left running, which is logged.
    pub fn stop(&mut self, deadline: Instant) {
        self.stop.cancel();
        for task in self.running.drain(..) {
            match task.ended.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    warn!(task = task.name, "a task did not end in time and is cut off");
                }
                Ok(()) | Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                    if task.thread.join().is_err() {
                        error!(task = task.name, "a task panicked");
                    }
                }
            }
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The message of a panic.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it gave no reason").to_owned()
}

/// Time between two attempts to start a thread.
const PAUSE: Duration = Duration::from_millis(200);

/// A thread that could not be started.
#[derive(Debug)]
pub struct SpawnError<F> {
    /// The system's error.
    pub error: io::Error,
    /// The work of the thread; always `Some`.
    work: Option<F>,
}

impl<F: FnOnce()> SpawnError<F> {
    /// Does the work in the current thread.
    pub fn work_here(self) {
        if let Some(work) = self.work {
            work();
        }
    }
}

/// Starts a thread. If the system cannot start one, the work is returned.
///
/// # Errors
/// The work, and the system's error.
pub fn start<F: FnOnce() + Send + 'static>(name: &str, work: F) -> Result<thread::JoinHandle<()>, SpawnError<F>> {
    let held = Arc::new(Mutex::new(Some(work)));
    let taken = Arc::clone(&held);
    let take = |held: &Mutex<Option<F>>| held.lock().unwrap_or_else(PoisonError::into_inner).take();
    let run = move || {
        if let Some(work) = take(&taken) {
            work();
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| SpawnError { error, work: take(&held) })
}

/// Starts a thread as soon as the system can. Waits while a resource is short. `None` when `stop` is cancelled
/// first.
pub fn start_when_possible<F: FnOnce() + Send + 'static>(
    name: &str,
    mut work: F,
    stop: &CancellationToken,
) -> Option<thread::JoinHandle<()>> {
    let mut refusals = 0_u64;
    loop {
        let refused = match start(name, work) {
            Ok(thread) => {
                if refusals > 0 {
                    info!(thread = name, refusals, "the thread has been started");
                }
                return Some(thread);
            }
            Err(refused) => refused,
        };
        if refusals == 0 {
            warn!(thread = name, cause = shortage::thread_error_text(&refused.error), "waiting for a thread");
        }
        refusals = refusals.saturating_add(1);
        work = refused.work.filter(|_| !stop.is_cancelled())?;
        thread::sleep(PAUSE);
    }
}

/// Creates something that needs memory or descriptors, as soon as the system has them. Waits while they are short.
/// `None` when `stop` is cancelled first.
pub fn create_when_possible<T>(
    what: &str,
    mut make: impl FnMut() -> Result<T, ModuleError>,
    stop: &CancellationToken,
) -> Option<T> {
    let mut failures = 0_u64;
    while !stop.is_cancelled() {
        match make() {
            Ok(made) => {
                if failures > 0 {
                    info!(what, failures, "made in the end");
                }
                return Some(made);
            }
            Err(error) => {
                if failures == 0 {
                    warn!(what, %error, "waiting for what it takes");
                }
                failures = failures.saturating_add(1);
                thread::sleep(PAUSE);
            }
        }
    }
    None
}

/// Waits on a thread without a runtime. Returns early if the task is stopped.
pub fn wait(time: Duration, stop: &CancellationToken) {
    let began = Instant::now();
    while !stop.is_cancelled() && began.elapsed() < time {
        thread::sleep(STOP_CHECK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    /// The reported reason of the end of a task with this body.
    fn ended(body: impl FnOnce(&CancellationToken) -> Result<(), ModuleError> + Send + 'static) -> String {
        let (failures, mut failed) = unbounded_channel();
        let mut tasks = Tasks::new(&CancellationToken::new(), failures);
        tasks.spawn("t".to_owned(), body).unwrap();
        let TaskFailure { task, why } = failed.blocking_recv().unwrap();
        tasks.stop(Instant::now() + Duration::from_secs(10));
        format!("{task}: {why:?}")
    }

    #[test]
    fn the_end_of_a_task_has_its_reason() {
        assert_eq!(ended(|_| panic!("too {}", "much")), "t: Panicked(\"too much\")");
        assert_eq!(ended(|_| panic!("why not")), "t: Panicked(\"why not\")");
        assert_eq!(ended(|_| std::panic::panic_any(1)), "t: Panicked(\"it gave no reason\")");
        assert_eq!(ended(|_| Ok(())), "t: Returned");
        assert_eq!(ended(|_| Err(ModuleError::Nul("x".to_owned()))), "t: Failed(Nul(\"x\"))");
    }

    #[test]
    fn what_cannot_be_made_is_tried_again_until_it_can_or_the_stop() {
        let (stop, mut tries) = (CancellationToken::new(), 0);
        let mut make = |upto: i32| {
            tries += 1;
            if tries < upto { Err(ModuleError::Nul(String::new())) } else { Ok(tries) }
        };
        assert_eq!(create_when_possible("it", || make(3), &stop), Some(3));
        stop.cancel();
        assert_eq!(create_when_possible("it", || make(3), &stop), None);
    }

    #[test]
    fn work_that_gets_no_thread_can_be_done_here() {
        let (done, waiting) = sync_channel(1);
        let work = move || done.send(thread::current().id()).unwrap();
        SpawnError { error: io::ErrorKind::WouldBlock.into(), work: Some(work) }.work_here();
        assert_eq!(waiting.recv(), Ok(thread::current().id()));
    }
}
