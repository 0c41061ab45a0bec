//! Compares passwords with bcrypt hashes, one after the other, on a thread beside those that serve.
//!
//! A comparison takes a core for tens of milliseconds or more, on purpose. One thread for all listeners takes at most
//! one core. What does not fit into the queue is refused, so that a flood of wrong passwords cannot let everybody wait
//! for minutes.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::task;

/// Maximum number of passwords that wait.
const MOST_WAITING: usize = 32;

/// The passwords of all listeners that wait for their comparison.
#[derive(Debug, Default)]
pub struct HashingQueue {
    state: Mutex<QueueState>,
}

#[derive(Debug, Default)]
struct QueueState {
    waiting: VecDeque<Comparison>,
    /// Whether there is a thread, which ends when nothing waits.
    is_running: bool,
}

struct Comparison {
    hash: Arc<str>,
    password: Vec<u8>,
    /// What becomes of the result, also when nobody waits for the answer any more.
    done: Box<dyn FnOnce(bool) + Send>,
    answer: oneshot::Sender<bool>,
}

/// Without the password.
impl std::fmt::Debug for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Comparison")
    }
}

/// Why a password is not compared.
#[derive(Debug)]
pub(crate) enum HashingError {
    /// The queue is full.
    Busy,
    /// No thread can be started.
    NoThread(io::Error),
}

impl HashingQueue {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Whether the password is the one of the hash, which is passed to `done`, too. When the future is dropped before
    /// its turn, nothing is compared.
    pub(crate) async fn compare(
        self: &Arc<Self>,
        hash: Arc<str>,
        password: Vec<u8>,
        done: impl FnOnce(bool) + Send + 'static,
    ) -> Result<bool, HashingError> {
        let (answer, answered) = oneshot::channel();
        self.push(Comparison { hash, password, done: Box::new(done), answer })?;
        // The thread ends early only if it panics.
        answered.await.map_err(|_| HashingError::Busy)
    }

    fn push(self: &Arc<Self>, comparison: Comparison) -> Result<(), HashingError> {
        let mut state = self.state();
        state.waiting.retain(|waiting| !waiting.answer.is_closed());
        if state.waiting.len() >= MOST_WAITING {
            return Err(HashingError::Busy);
        }
        state.waiting.push_back(comparison);
        if state.is_running {
            return Ok(());
        }
        state.is_running = true;
        drop(state);
        let thread = RunningThread { queue: Arc::clone(self), is_done: false };
        match task::start("passwords", move || thread.compare_all()) {
            Ok(_) => Ok(()),
            // The refused work is dropped, which empties the queue.
            Err(refused) => Err(HashingError::NoThread(refused.error)),
        }
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The work of the thread.
struct RunningThread {
    queue: Arc<HashingQueue>,
    /// Whether nothing waited any more.
    is_done: bool,
}

impl RunningThread {
    fn compare_all(mut self) {
        while let Some(Comparison { hash, password, done, answer }) = self.next() {
            if !answer.is_closed() {
                // The hash was checked when it was read.
                let is_right = bcrypt::verify(&password, &hash).unwrap_or(false);
                done(is_right);
                // Fails if the client has gone meanwhile.
                let _ = answer.send(is_right);
            }
        }
    }

    fn next(&mut self) -> Option<Comparison> {
        let mut state = self.queue.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            // Under the same lock, so that whoever comes next starts another thread.
            (state.is_running, self.is_done) = (false, true);
        }
        next
    }
}

impl Drop for RunningThread {
    /// Empties the queue if the thread could not be started, or panicked.
    fn drop(&mut self) {
        if !self.is_done {
            let mut state = self.queue.state();
            state.waiting.clear();
            state.is_running = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn hash(cost: u32) -> Arc<str> {
        bcrypt::hash("right", cost).unwrap().into()
    }

    #[tokio::test]
    async fn passwords_are_compared_one_after_the_other() {
        let (queue, hash) = (HashingQueue::new(), hash(4));
        assert!(queue.compare(Arc::clone(&hash), b"right".to_vec(), drop).await.unwrap());
        assert!(!queue.compare(Arc::clone(&hash), b"wrong".to_vec(), drop).await.unwrap());
        let both =
            (queue.compare(Arc::clone(&hash), b"right".to_vec(), drop), queue.compare(hash, b"wrong".to_vec(), drop));
        assert!(matches!(tokio::join!(both.0, both.1), (Ok(true), Ok(false))));
    }

    #[tokio::test]
    async fn at_most_32_wait_beside_the_one_that_is_compared() {
        let (queue, slow) = (HashingQueue::new(), hash(10));
        let mut asked: Vec<_> =
            (0..60).map(|_| Box::pin(queue.compare(Arc::clone(&slow), b"wrong".to_vec(), drop))).collect();
        let mut context = Context::from_waker(Waker::noop());
        let busy = asked.iter_mut().filter_map(|one| match one.as_mut().poll(&mut context) {
            std::task::Poll::Ready(refused) => Some(refused),
            std::task::Poll::Pending => None,
        });
        let busy: Vec<_> = busy.collect();
        assert!((26..=28).contains(&busy.len()), "{} of 60 were refused", busy.len());
        assert!(busy.iter().all(|refused| matches!(refused, Err(HashingError::Busy))), "{busy:?}");
        // Those who have gone are not compared, and make room.
        drop(asked);
        let mut next = pin!(queue.compare(hash(4), b"right".to_vec(), drop));
        assert!(next.as_mut().poll(&mut context).is_pending());
        assert!(next.await.unwrap());
        assert_eq!(queue.state().waiting.len(), 0);
    }
}
