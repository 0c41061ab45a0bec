//! Decides when a client that has lost its brokers gets its bootstrap servers again, and when it is replaced. Pure:
//! the time is an argument.
//!
//! An answer that names topics but no broker makes librdkafka drop all brokers that it knows. By then its own way
//! to recover may be blocked for good (`rk_rebootstrap_in_progress` stays set). Adding the bootstrap servers again
//! restores such a client. Each time lengthens a list in librdkafka that is never shortened, so there are pauses in
//! between.

use std::time::{Duration, Instant};

/// How long a client may be without a connection before it gets its bootstrap servers again.
const CUT_OFF: Duration = Duration::from_secs(5);
/// How long metadata requests may fail before the client gets its bootstrap servers again.
const FAILING: Duration = Duration::from_secs(10);
/// How long a client may be without a connection before it is replaced.
const LOST: Duration = Duration::from_secs(60);
/// The shortest and longest pause between two bootstraps, and between two replacements.
const BOOTSTRAPS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(30));
const REPLACEMENTS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(15 * 60));
/// Minimum time between two bootstraps of a client whose server names no broker.
const BROKERLESS: Duration = Duration::from_secs(1);

/// The observed state of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientState {
    /// Whether one of its sockets is connected.
    pub connected: bool,
    /// How long metadata requests have failed; `None` if they succeed or none are sent.
    pub failing: Option<Duration>,
    /// Whether the last metadata answer named no broker.
    pub brokerless: bool,
}

/// A way to restore a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryAction {
    /// Adding the bootstrap servers again.
    Bootstrap,
    /// Replacing the client by a new one.
    Replace,
}

/// Decides for one client and its successors.
#[derive(Debug)]
pub struct Recovery {
    /// When the client was last seen connected.
    last_connected: Instant,
    bootstraps: Backoff,
    replacements: Backoff,
}

/// Pauses that double from the shortest to the longest.
#[derive(Debug)]
struct Backoff {
    lengths: (Duration, Duration),
    length: Duration,
    last: Option<Instant>,
}

impl Recovery {
    /// The state of a client that was just created.
    pub const fn new(now: Instant) -> Self {
        Self { last_connected: now, bootstraps: Backoff::new(BOOTSTRAPS), replacements: Backoff::new(REPLACEMENTS) }
    }

    /// Returns the remedy that is due. It should be applied once a bootstrap server accepts a connection.
    pub fn next_action(&mut self, signs: ClientState, now: Instant) -> Option<RecoveryAction> {
        if signs.connected {
            self.last_connected = now;
        }
        if signs == (ClientState { connected: true, failing: None, brokerless: false }) {
            self.bootstraps = Backoff::new(BOOTSTRAPS);
            self.replacements = Backoff::new(REPLACEMENTS);
            return None;
        }
        let alone = now.saturating_duration_since(self.last_connected);
        if alone >= LOST && self.replacements.is_over(now) {
            return Some(RecoveryAction::Replace);
        }
        let brokerless = signs.brokerless && self.bootstraps.since(now).is_none_or(|since| since >= BROKERLESS);
        let lost = alone >= CUT_OFF || signs.failing.is_some_and(|failing| failing >= FAILING);
        (brokerless || lost && self.bootstraps.is_over(now)).then_some(RecoveryAction::Bootstrap)
    }

    /// Records that a remedy was applied.
    pub fn record_applied(&mut self, remedy: RecoveryAction, now: Instant) {
        match remedy {
            RecoveryAction::Bootstrap => self.bootstraps.begin(now),
            RecoveryAction::Replace => {
                self.replacements.begin(now);
                self.last_connected = now;
            }
        }
    }
}

impl Backoff {
    const fn new(lengths: (Duration, Duration)) -> Self {
        Self { lengths, length: lengths.0, last: None }
    }

    fn since(&self, now: Instant) -> Option<Duration> {
        self.last.map(|last| now.saturating_duration_since(last))
    }

    fn is_over(&self, now: Instant) -> bool {
        self.since(now).is_none_or(|since| since >= self.length)
    }

    fn begin(&mut self, now: Instant) {
        if self.last.replace(now).is_some() {
            self.length = self.length.saturating_mul(2).min(self.lengths.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: ClientState = ClientState { connected: true, failing: None, brokerless: false };
    const ALONE: ClientState = ClientState { connected: false, failing: None, brokerless: false };

    /// The remedies in each second, when each one that is due is applied.
    fn remedies(signs: impl Fn(u64) -> ClientState, seconds: u64) -> Vec<(u64, RecoveryAction)> {
        let begin = Instant::now();
        let mut recovery = Recovery::new(begin);
        let mut done = Vec::new();
        for second in 0..seconds {
            let now = begin + Duration::from_secs(second);
            if let Some(remedy) = recovery.next_action(signs(second), now) {
                recovery.record_applied(remedy, now);
                done.push((second, remedy));
            }
        }
        done
    }

    fn of(remedy: RecoveryAction, done: &[(u64, RecoveryAction)]) -> Vec<u64> {
        done.iter().filter(|(_, what)| *what == remedy).map(|(second, _)| *second).collect()
    }

    #[test]
    fn a_client_that_is_well_is_left_alone() {
        assert_eq!(remedies(|_| WELL, 1000), []);
    }

    #[test]
    fn a_client_without_a_connection_is_given_its_servers_and_then_replaced() {
        let done = remedies(|_| ALONE, 400);
        assert_eq!(of(RecoveryAction::Bootstrap, &done)[..6], [5, 10, 20, 40, 70, 100]);
        // A minute without a connection before each, and pauses of one, two and four minutes.
        assert_eq!(of(RecoveryAction::Replace, &done), [60, 120, 240]);
    }

    #[test]
    fn replacements_are_a_quarter_of_an_hour_apart_in_the_end() {
        let replaced = of(RecoveryAction::Replace, &remedies(|_| ALONE, 4 * 3600));
        let pauses: Vec<u64> = replaced.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(pauses[..6], [60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn failing_metadata_is_no_reason_to_replace_a_connected_client() {
        let frozen =
            |second| ClientState { connected: true, failing: Some(Duration::from_secs(second)), brokerless: false };
        let done = remedies(frozen, 200);
        assert_eq!(of(RecoveryAction::Bootstrap, &done)[..4], [10, 15, 25, 45]);
        assert_eq!(of(RecoveryAction::Replace, &done), [0; 0]);
    }

    #[test]
    fn a_server_that_knows_no_broker_is_named_again_at_once() {
        let done = remedies(|second| ClientState { brokerless: second == 3 || second == 4, ..WELL }, 10);
        assert_eq!(done, [(3, RecoveryAction::Bootstrap), (4, RecoveryAction::Bootstrap)]);
    }

    #[test]
    fn pauses_start_over_once_the_client_is_well() {
        let signs = |second| if (100..110).contains(&second) { WELL } else { ALONE };
        let done = remedies(signs, 180);
        let again: Vec<u64> = of(RecoveryAction::Bootstrap, &done).into_iter().filter(|second| *second > 100).collect();
        assert_eq!(again[..3], [114, 119, 129]);
        assert_eq!(of(RecoveryAction::Replace, &done), [60, 169]);
    }
}
