//! Decides which failures of a module are logged, and when: each cause once. Pure: the time is an argument.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::FailureCause;
use super::error_counts::ErrorCounts;
use crate::model::FailureReason;

/// librdkafka repeats a lasting error every 30 s. An error that was not repeated for longer than this counts as
/// healed.
const HEALED: Duration = Duration::from_secs(90);
/// How long a cause is held back for a better one, before the first answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a module that has answered before may be without a connection. It sends a request every three seconds.
const RECONNECTING: Duration = Duration::from_secs(6);
/// How long a failed request may wait for an answer to its retry.
const LATE: Duration = Duration::from_secs(2);
/// Maximum number of distinct causes that are remembered. Bounds memory when the texts keep changing.
const REMEMBERED: usize = 256;

/// Decides which failures are logged, and when.
///
/// All brokers are connected all the time, so a connection that fails often has no request waiting on it. A failure
/// is therefore only remembered at first. It is logged once it has an effect: nothing answers any more, or a
/// request to that broker stays unanswered.
#[derive(Debug, Default)]
pub struct FailureLog {
    down: Option<DownState>,
    /// Unanswered requests by the broker that they were sent to, with the time of the first one.
    unanswered: BTreeMap<Option<String>, (FailureCause, Instant)>,
    /// A cause with little information, used when there is no better one.
    vague: Option<FailureCause>,
    cause: Option<FailureCause>,
    failures: Vec<ConnectionFailure>,
    /// How many error events there were.
    pub errors: ErrorCounts,
    /// Whether anything has answered yet, which proves that the protocol is right.
    has_answered: bool,
}

/// The state while nothing answers.
#[derive(Debug)]
struct DownState {
    since: Instant,
    /// True when requests have stayed unanswered, false when connections have ended.
    silent: bool,
    logged: bool,
}

/// A connection that failed.
#[derive(Debug)]
struct ConnectionFailure {
    cause: FailureCause,
    seen: Instant,
    logged: bool,
}

impl FailureLog {
    /// Records a failure of a broker or of the module.
    pub fn record_failure(&mut self, cause: &FailureCause, now: Instant) {
        if self.has_answered && cause.reason == FailureReason::Protocol {
            // The protocol was a guess from a connection that ended. The protocol is known to be right, so the
            // connection just ended.
            let ended = FailureCause {
                reason: FailureReason::Connection,
                text: "the server closed the connection".to_owned(),
                ..cause.clone()
            };
            return self.record_vague_failure(&ended);
        }
        self.failures.retain(|failure| now.saturating_duration_since(failure.seen) <= HEALED);
        // librdkafka reports some failures twice, the second time with part of the first text.
        let says_it = |known: &FailureCause| known.broker == cause.broker && known.text.contains(&cause.text);
        if let Some(known) = self.failures.iter_mut().find(|failure| says_it(&failure.cause)) {
            known.seen = now;
            self.cause = Some(known.cause.clone());
            return;
        }
        self.cause = Some(cause.clone());
        if self.failures.len() < REMEMBERED {
            self.failures.push(ConnectionFailure { cause: cause.clone(), seen: now, logged: false });
        }
    }

    /// Records a failure whose text has little information.
    pub fn record_vague_failure(&mut self, cause: &FailureCause) {
        if self.cause.is_none() {
            self.vague.get_or_insert_with(|| cause.clone());
        }
    }

    /// Records that no broker is connected any more. Servers that close idle connections cause this, too.
    pub fn record_all_down(&mut self, cause: &FailureCause, now: Instant) {
        self.down.get_or_insert(DownState { since: now, silent: false, logged: false });
        self.record_vague_failure(cause);
    }

    /// Records that nothing has answered for so long that the module counts as down.
    pub fn record_silence(&mut self, cause: &FailureCause, now: Instant) {
        self.down.get_or_insert(DownState { since: now, silent: true, logged: false }).silent = true;
        self.record_vague_failure(cause);
    }

    /// Records an unanswered request. The cause names the broker that it was sent to, if known.
    pub fn record_unanswered(&mut self, cause: &FailureCause, now: Instant) {
        if self.unanswered.len() < REMEMBERED {
            self.unanswered.entry(cause.broker.clone()).or_insert_with(|| (cause.clone(), now));
        }
    }

    /// Returns the causes that have to be logged by now.
    pub fn take_due(&mut self, now: Instant) -> Vec<FailureCause> {
        let mut due = Vec::new();
        let patience = if self.has_answered { RECONNECTING } else { PATIENCE };
        let lasts = |down: &DownState| down.silent || now.saturating_duration_since(down.since) >= patience;
        if let Some(down) = self.down.as_mut().filter(|down| lasts(down)) {
            down.logged = true;
            due = self.take_unlogged(now, |_| true);
            if let Some(poor) = self.vague.take().filter(|_| self.failures.is_empty()) {
                due.extend(self.take_if_unlogged(poor, now));
            }
        }
        let waited =
            |_: &Option<String>, late: &mut (FailureCause, Instant)| now.saturating_duration_since(late.1) >= LATE;
        let late: Vec<_> = self.unanswered.extract_if(.., waited).collect();
        for (broker, (cause, _)) in late {
            let explains = |failure: &FailureCause| failure.broker == broker || broker.is_none();
            due.extend(self.take_unlogged(now, explains));
            if !self.failures.iter().any(|failure| explains(&failure.cause)) {
                due.extend(self.take_if_unlogged(cause, now));
            }
        }
        due
    }

    /// Returns the failures that are not logged yet, and marks them as logged.
    fn take_unlogged(&mut self, now: Instant, which: impl Fn(&FailureCause) -> bool) -> Vec<FailureCause> {
        self.failures.retain(|failure| now.saturating_duration_since(failure.seen) <= HEALED);
        let unlogged = self.failures.iter_mut().filter(|failure| !failure.logged && which(&failure.cause));
        let mark = |failure: &mut ConnectionFailure| {
            failure.logged = true;
            failure.cause.clone()
        };
        unlogged.map(mark).collect()
    }

    /// Returns a cause of our own to log, unless it is logged already.
    fn take_if_unlogged(&mut self, cause: FailureCause, now: Instant) -> Option<FailureCause> {
        self.record_failure(&cause, now);
        let failure = self.failures.iter_mut().find(|failure| failure.cause == cause && !failure.logged)?;
        failure.logged = true;
        Some(cause)
    }

    /// Records that a broker answered a request.
    pub fn record_answer_of(&mut self, broker: &str) {
        self.unanswered.remove(&Some(broker.to_owned()));
    }

    /// Records that something answered. Returns true when the log had reported that nothing does.
    pub fn record_answer(&mut self) -> bool {
        (self.cause, self.vague, self.has_answered) = (None, None, true);
        self.unanswered.remove(&None);
        let back = self.down.take().is_some_and(|down| down.logged);
        if back {
            self.failures.clear();
        }
        back
    }

    /// Why nothing answers, or the last failure since something answered.
    #[must_use]
    pub const fn cause(&self) -> Option<&FailureCause> {
        self.cause.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::ErrorCode;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn refused() -> FailureCause {
        FailureCause::parse(None, "b:1/1: Connect to ipv4#127.0.0.1:1 failed: Connection refused")
    }

    fn all() -> FailureCause {
        FailureCause::of_code(ErrorCode::ALL_BROKERS_DOWN, "no broker answers")
    }

    #[test]
    fn a_server_that_has_answered_speaks_our_protocol() {
        let now = Instant::now();
        let guess =
            FailureCause { broker: None, code: None, reason: FailureReason::Protocol, text: "may want TLS".to_owned() };
        let mut health = FailureLog::default();
        health.record_failure(&guess, now);
        health.record_silence(&all(), now);
        assert_eq!(health.take_due(now), std::slice::from_ref(&guess));
        let mut health = FailureLog::default();
        health.record_answer();
        health.record_failure(&guess, now);
        health.record_silence(&all(), now);
        let texts: Vec<String> = health.take_due(now).into_iter().map(|cause| cause.text).collect();
        assert_eq!(texts, ["the server closed the connection"]);
    }

    #[test]
    fn a_broker_that_nothing_is_asked_of_costs_no_line() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        for second in 0..600 {
            let now = begin + seconds(second);
            health.record_failure(&refused(), now);
            assert_eq!(health.take_due(now), []);
            health.record_answer();
        }
    }

    #[test]
    fn what_lasts_is_logged_once_and_what_changes_again() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        health.record_failure(&refused(), begin);
        health.record_all_down(&all(), begin);
        assert_eq!(health.take_due(begin), []);
        assert_eq!(health.take_due(begin + seconds(1)), [refused()]);
        for repeat in 1..100 {
            let now = begin + seconds(30 * repeat);
            health.record_failure(&refused(), now);
            assert_eq!(health.take_due(now), []);
        }
        let other = FailureCause::parse(Some(ErrorCode::TRANSPORT), "b:1/1: Disconnected: something else");
        health.record_failure(&other, begin + seconds(3000));
        assert_eq!(health.take_due(begin + seconds(3000)), [other]);
        assert_eq!(health.take_due(begin + seconds(3001)), []);
    }

    #[test]
    fn a_cause_named_a_second_time_in_fewer_words_adds_nothing() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        let whole = FailureCause::parse(
            Some(ErrorCode::SSL),
            "ssl://b:1/1: SSL handshake failed: error:1: certificate verify failed: why",
        );
        health.record_failure(&whole, begin);
        health.record_failure(
            &FailureCause::parse(Some(ErrorCode::TRANSPORT), "ssl://b:1/1: error:1: certificate verify failed"),
            begin,
        );
        assert_eq!(health.cause(), Some(&whole));
        health.record_silence(&all(), begin);
        assert_eq!(health.take_due(begin), [whole]);
    }

    #[test]
    fn connections_that_all_end_and_come_back_cost_no_line() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        health.record_answer();
        for round in 0..100 {
            let now = begin + seconds(10 * round);
            health.record_failure(
                &FailureCause::parse(Some(ErrorCode::TRANSPORT), "b:1/1: Disconnected: closed by peer"),
                now,
            );
            health.record_all_down(&all(), now);
            assert_eq!(health.take_due(now + seconds(4)), []);
            assert!(!health.record_answer());
        }
    }

    #[test]
    fn all_brokers_down_is_logged_where_no_cause_is_known() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        health.record_all_down(&all(), begin);
        assert_eq!(health.take_due(begin + seconds(1)), [all()]);
        assert_eq!(health.take_due(begin + seconds(9)), []);
        assert!(health.record_answer());
        assert!(!health.record_answer());
    }

    #[test]
    fn a_request_that_stays_unanswered_brings_its_brokers_failure_to_the_log() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        let late = |broker| FailureCause::of_code(ErrorCode::TIMED_OUT, "no answer").with_broker(Some(broker));
        health.record_answer();
        health.record_failure(&refused(), begin);
        health.record_unanswered(&late("b:1"), begin);
        health.record_unanswered(&late("b:2"), begin);
        health.record_answer();
        assert_eq!(health.take_due(begin + seconds(1)), []);
        assert_eq!(health.take_due(begin + seconds(2)), [refused(), late("b:2")]);
        health.record_unanswered(&late("b:1"), begin + seconds(5));
        health.record_unanswered(&late("b:2"), begin + seconds(5));
        assert_eq!(health.take_due(begin + seconds(9)), []);
    }

    #[test]
    fn a_request_whose_repetition_is_answered_costs_no_line() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        health.record_answer();
        health.record_unanswered(&FailureCause::of_code(ErrorCode::TRANSPORT, "no answer"), begin);
        health.record_unanswered(
            &FailureCause::of_code(ErrorCode::TRANSPORT, "no answer").with_broker(Some("b:1")),
            begin,
        );
        health.record_answer_of("b:1");
        health.record_answer();
        assert_eq!(health.take_due(begin + seconds(9)), []);
    }

    #[test]
    fn the_next_outage_is_logged_again() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        for outage in 0..3 {
            let now = begin + seconds(100 * outage);
            health.record_failure(&refused(), now);
            health.record_silence(&all(), now);
            assert_eq!(health.take_due(now), [refused()]);
            assert!(health.record_answer());
        }
    }

    #[test]
    fn texts_that_vary_without_end_are_not_logged_without_end() {
        let (mut health, begin) = (FailureLog::default(), Instant::now());
        health.record_silence(&all(), begin);
        let vary = |n: usize| FailureCause::of_code(ErrorCode::TRANSPORT, &format!("{n}"));
        let mut logged = 0;
        for n in 0..10_000 {
            health.record_failure(&vary(n), begin);
            logged += health.take_due(begin).len();
        }
        assert_eq!(logged, REMEMBERED);
    }
}
