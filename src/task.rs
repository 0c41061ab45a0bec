//! Threads with an owner: started, told to stop, joined.

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

/// Where a task that cannot go on tells so; at most one message a task.
pub type Failures = UnboundedSender<Failure>;

/// A task ended that should not have.
#[derive(Debug)]
pub struct Failure {
    /// The task's name.
    pub task: String,
    /// Why.
    pub why: Why,
}

/// Why a task ended.
#[derive(Debug)]
pub enum Why {
    /// It could not go on.
    Failed(ModuleError),
    /// It panicked, with these words.
    Panicked(String),
    /// It returned without being told to.
    Returned,
}

/// The tasks of one owner.
#[derive(Debug)]
pub struct Tasks {
    stop: CancellationToken,
    failures: Failures,
    running: Vec<Task>,
}

#[derive(Debug)]
struct Task {
    name: String,
    /// Disconnected when the task's body has ended.
    ended: Receiver<()>,
    thread: thread::JoinHandle<()>,
}

impl Tasks {
    /// No tasks yet. They stop when `parent` is cancelled, too: so all owners' tasks can be told at once.
    #[must_use]
    pub fn new(parent: &CancellationToken, failures: Failures) -> Self {
        Self { stop: parent.child_token(), failures, running: Vec::new() }
    }

    /// Starts a task on a thread of its own. It has to end soon after its token is cancelled, and not before.
    ///
    /// # Errors
    /// The system gives no thread.
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
                Ok(Ok(())) => Some(Why::Returned),
                Ok(Err(error)) => Some(Why::Failed(error)),
                Err(panic) => Some(Why::Panicked(words(panic.as_ref()))),
            };
            if let Some(why) = why {
                // Nobody listens any more when the program is ending, which is what a failure asks for.
                drop(failures.send(Failure { task, why }));
            }
            drop(ending);
        };
        let thread = thread::Builder::new().name(name.clone()).spawn(run).map_err(ModuleError::Thread)?;
        self.running.push(Task { name, ended, thread });
        Ok(())
    }

    /// Stops all tasks and waits until they have ended, or until `deadline`. What has not ended by then is left
    /// behind, and the log says so.
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

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it gave no reason").to_owned()
}

/// Between two tries to start a thread.
const PAUSE: Duration = Duration::from_millis(200);

/// A thread that could not be started.
#[derive(Debug)]
pub struct Refused<F> {
    /// What the system says.
    pub error: io::Error,
    /// What the thread should have done; always there.
    work: Option<F>,
}

impl<F: FnOnce()> Refused<F> {
    /// Does it in this thread.
    pub fn work_here(self) {
        if let Some(work) = self.work {
            work();
        }
    }
}

/// Starts a thread. Where the system has none to give, the work is given back.
///
/// # Errors
/// The work, and what the system says.
pub fn start<F: FnOnce() + Send + 'static>(name: &str, work: F) -> Result<thread::JoinHandle<()>, Refused<F>> {
    let held = Arc::new(Mutex::new(Some(work)));
    let taken = Arc::clone(&held);
    let take = |held: &Mutex<Option<F>>| held.lock().unwrap_or_else(PoisonError::into_inner).take();
    let run = move || {
        if let Some(work) = take(&taken) {
            work();
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| Refused { error, work: take(&held) })
}

/// Starts a thread as soon as the system gives one: a shortage is waited out. `None` when `stop` comes first.
pub fn start_in_time<F: FnOnce() + Send + 'static>(
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
            warn!(thread = name, cause = shortage::thread_cause(&refused.error), "waiting for a thread");
        }
        refusals = refusals.saturating_add(1);
        work = refused.work.filter(|_| !stop.is_cancelled())?;
        thread::sleep(PAUSE);
    }
}

/// Makes what takes memory or descriptors as soon as the system has them to give: a shortage is waited out. `None`
/// when `stop` comes first.
pub fn make_in_time<T>(
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    /// Why a task of this body is said to have ended.
    fn ended(body: impl FnOnce(&CancellationToken) -> Result<(), ModuleError> + Send + 'static) -> String {
        let (failures, mut failed) = unbounded_channel();
        let mut tasks = Tasks::new(&CancellationToken::new(), failures);
        tasks.spawn("t".to_owned(), body).unwrap();
        let Failure { task, why } = failed.blocking_recv().unwrap();
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
        assert_eq!(make_in_time("it", || make(3), &stop), Some(3));
        stop.cancel();
        assert_eq!(make_in_time("it", || make(3), &stop), None);
    }

    #[test]
    fn work_that_gets_no_thread_can_be_done_here() {
        let (done, waiting) = sync_channel(1);
        let work = move || done.send(thread::current().id()).unwrap();
        Refused { error: io::ErrorKind::WouldBlock.into(), work: Some(work) }.work_here();
        assert_eq!(waiting.recv(), Ok(thread::current().id()));
    }
}
