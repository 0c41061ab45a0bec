//! The state of a client, as its metadata requests and its sockets show it.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::Client;
use crate::kafka::recovery::ClientState;

/// How long the outcome of a metadata request counts as a sign of the client's state.
const ASKED_FOR: Duration = Duration::from_secs(15);

/// The outcome of the latest metadata requests.
#[derive(Debug, Default)]
pub(super) struct MetadataRequests {
    /// When the last one ended.
    last: Option<Instant>,
    /// Since when requests have failed; `None` after an answer.
    failing: Option<Instant>,
    /// Whether the last answer named no broker.
    brokerless: bool,
}

impl Client {
    /// Records that a metadata request has ended. `brokers` is the number of brokers in the answer, which may be 0,
    /// or `None` if there was no answer.
    pub(in crate::kafka) fn record_metadata_request(&self, brokers: Option<usize>, now: Instant) {
        let mut asked = self.metadata_requests.lock().unwrap_or_else(PoisonError::into_inner);
        asked.failing = if brokers.is_some() { None } else { asked.failing.or(Some(now)) };
        asked.brokerless = brokers == Some(0);
        asked.last = Some(now);
    }

    /// The observed state of the client, as input for [`Recovery`](crate::kafka::recovery::Recovery).
    pub(in crate::kafka) fn state(&self, now: Instant) -> ClientState {
        if self.context().waits_for_token() {
            // It does not connect before it has one, and neither new servers nor a new client would help.
            return ClientState { connected: true, failing: None, brokerless: false };
        }
        let asked = self.metadata_requests.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |then: Instant| now.saturating_duration_since(then);
        // Old failures do not count: when no requests are sent any more, the client is not failing.
        let is_asked = asked.last.is_some_and(|last| since(last) <= ASKED_FOR);
        ClientState {
            connected: self.context().sockets().is_connected(),
            failing: asked.failing.filter(|_| is_asked).map(since),
            brokerless: asked.brokerless && is_asked,
        }
    }
}
