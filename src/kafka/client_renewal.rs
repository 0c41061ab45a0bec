//! Replaces a client after its files have changed: a new client is made beside it, and takes over once it is connected.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::Client;
use crate::credentials::Credentials;
use crate::model::FailureReason;
use crate::task;

/// How long a new client may take to connect.
const TRIAL: Duration = Duration::from_secs(30);
/// How long a new client is tried that is refused: one refusal may be a broker that has not read the new password.
const REFUSED: Duration = Duration::from_secs(5);
/// Time between two trials while the old client is connected. Without a connection there is nothing to wait for.
const PAUSE: Duration = Duration::from_secs(60);
const PAUSE_ALONE: Duration = Duration::from_secs(5);
/// How long a request for metadata may take.
const METADATA_LIMIT: Duration = Duration::from_secs(5);

/// The renewal of one client. It belongs to the client's supervisor.
#[derive(Default)]
pub(super) struct ClientRenewal {
    trial: Option<Trial>,
    /// What does not work, and when it was tried last.
    failed: Option<FailedTrial>,
}

/// A new client that has not connected yet.
struct Trial {
    client: Arc<Client>,
    began: Instant,
    /// Whether a request for metadata was answered. A thread sends it.
    answered: Option<Receiver<bool>>,
    works: bool,
}

struct FailedTrial {
    credentials: Arc<Credentials>,
    at: Instant,
    /// What was logged.
    cause: String,
}

impl ClientRenewal {
    /// Passes on the events of a client on trial. Never blocks.
    pub(super) fn poll_events(&self) {
        if let Some(trial) = &self.trial {
            trial.client.poll_events();
        }
    }

    /// Returns a new client that is connected and takes the place of `old`. Never blocks.
    pub(super) fn check(&mut self, old: &Client, now: Instant) -> Option<Arc<Client>> {
        let Some(newest) = old.newer_credentials(now) else {
            // The files are as they were again.
            *self = Self::default();
            return None;
        };
        let Some(trial) = &mut self.trial else {
            if self.is_due(&newest, old, now) {
                self.begin(old, newest, now);
            }
            return None;
        };
        if !trial.client.is_made_of(&newest) {
            self.trial = None;
            return None;
        }
        if trial.is_answered(now) {
            // At most one old client of a module is closing at a time, because closing may hang.
            return if old.is_another_closing() { None } else { self.finish() };
        }
        let cause = trial.failure(now)?;
        self.trial = None;
        self.record_failure(old, newest, cause, now);
        None
    }

    fn is_due(&self, newest: &Arc<Credentials>, old: &Client, now: Instant) -> bool {
        let Some(failed) = self.failed.as_ref().filter(|failed| Arc::ptr_eq(&failed.credentials, newest)) else {
            return true;
        };
        let pause = if old.state(now).connected { PAUSE } else { PAUSE_ALONE };
        now.saturating_duration_since(failed.at) >= pause
    }

    fn begin(&mut self, old: &Client, newest: Arc<Credentials>, now: Instant) {
        match old.renew(Arc::clone(&newest)) {
            Ok(client) => {
                self.trial = Some(Trial { client: Arc::new(client), began: now, answered: None, works: false });
            }
            Err(error) => self.record_failure(old, newest, error.to_string(), now),
        }
    }

    fn finish(&mut self) -> Option<Arc<Client>> {
        let client = self.trial.take()?.client;
        self.failed = None;
        client.context().end_trial();
        info!(module = client.context().section(), "a Kafka client with the changed files has taken over");
        Some(client)
    }

    /// Records a failure. Each cause is logged once.
    fn record_failure(&mut self, old: &Client, credentials: Arc<Credentials>, cause: String, now: Instant) {
        let known = self.failed.as_ref().filter(|failed| Arc::ptr_eq(&failed.credentials, &credentials));
        if known.is_none_or(|failed| failed.cause != cause) {
            let module = old.context().section();
            warn!(module, cause, "a Kafka client with the changed files does not connect: the old one goes on");
        }
        self.failed = Some(FailedTrial { credentials, at: now, cause });
    }
}

impl Trial {
    /// Whether a server has answered. Requests metadata until one does, which also makes the client know the topics.
    fn is_answered(&mut self, now: Instant) -> bool {
        match self.answered.as_ref().map(Receiver::try_recv) {
            Some(Ok(works)) => {
                self.works = works;
                self.answered = None;
            }
            Some(Err(TryRecvError::Empty)) => {}
            Some(Err(TryRecvError::Disconnected)) | None if self.works || self.is_over(now) => {}
            Some(Err(TryRecvError::Disconnected)) | None => self.ask(),
        }
        self.works
    }

    fn ask(&mut self) {
        let (send, answered) = sync_channel(1);
        let client = Arc::clone(&self.client);
        let ask = move || {
            let works = client.metadata(METADATA_LIMIT, |_| false).is_ok_and(|view| !view.brokers.is_empty());
            // The thread may be the last owner of the client by now.
            drop(client);
            // Fails when the trial is over.
            send.send(works).ok();
        };
        // Without a thread the next check asks again.
        self.answered = task::start("kafka-renewal", ask).is_ok().then_some(answered);
    }

    /// Why the trial has failed. `None` while it goes on.
    fn failure(&self, now: Instant) -> Option<String> {
        let cause = self.client.context().cause();
        let is_refused = cause.as_ref().is_some_and(|cause| is_refusal(cause.reason));
        let lasted = now.saturating_duration_since(self.began);
        let has_failed = self.is_over(now) || is_refused && lasted >= REFUSED;
        has_failed.then(|| cause.map_or_else(|| "no server answers".to_owned(), |cause| cause.to_string()))
    }

    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.began) >= TRIAL
    }
}

/// Whether a server answers, and does not accept the client, or the client not it.
const fn is_refusal(reason: FailureReason) -> bool {
    match reason {
        FailureReason::Tls
        | FailureReason::Certificate
        | FailureReason::ClientCertificate
        | FailureReason::Authentication
        | FailureReason::Mechanism
        | FailureReason::Protocol
        | FailureReason::Authorization => true,
        FailureReason::TimedOut
        | FailureReason::Connection
        | FailureReason::Resolve
        | FailureReason::Leader
        | FailureReason::Other => false,
    }
}

#[cfg(test)]
#[path = "client_renewal_tests.rs"]
mod tests;
