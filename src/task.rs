//! Threads with an owner: started, told to stop, joined.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::kafka::ModuleError;

/// Where a task that cannot go on tells so; at most one message a task.
pub type Failures = UnboundedSender<Failure>;

/// A task ended that should not have.
#[derive(Debug)]
pub struct Failure {
    /// The task's name.
    pub task: String,
    /// Why; `None` when it ended without being told to, or panicked, which standard error has told.
    pub why: Option<ModuleError>,
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
            let failure = match result {
                Ok(Ok(())) if stop.is_cancelled() => None,
                Ok(Ok(())) => Some(Failure { task, why: None }),
                Ok(Err(why)) => Some(Failure { task, why: Some(why) }),
                Err(_) => Some(Failure { task, why: None }),
            };
            if let Some(failure) = failure {
                // Nobody listens any more when the program is ending, which is what a failure asks for.
                drop(failures.send(failure));
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
