//! Decides why a module is down: parses and classifies librdkafka's error texts, and reports each cause once. Pure:
//! the time is an argument.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::{Code, reason};
use crate::model::Reason;

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

/// Why a broker or a whole module does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `host:port`, if the cause concerns one broker.
    pub broker: Option<String>,
    /// librdkafka's code, if it gave one.
    pub code: Option<Code>,
    /// The class of the failure.
    pub reason: Reason,
    /// The text, without the parts that change from one attempt to the next.
    pub text: String,
}

impl Cause {
    /// Parses an error text of librdkafka, such as `sasl_ssl://b1:9093/1: SASL authentication error: ... (after
    /// 312ms in state AUTH_REQ)`.
    #[must_use]
    pub fn read(code: Option<Code>, raw: &str) -> Self {
        let raw = raw.trim();
        let (broker, text) = match raw.split_once(": ") {
            Some((name, text)) if is_broker(name) => (Some(address(name)), text),
            Some(_) | None => (None, raw),
        };
        let text = stable(text);
        Self { broker, code, reason: reason::of(code, &text), text }
    }

    /// Parses a line in which librdkafka ends a connection without reporting an error. Some of these lines are the
    /// only sign that a port speaks another protocol: the state in which the server hung up shows which one.
    #[must_use]
    pub fn guess(raw: &str) -> Option<Self> {
        let (head, tail) = raw.rsplit_once(" (after ")?;
        let (lasted, state) = tail.split_once("ms in state ")?;
        let state = state.split([',', ')']).next()?;
        let cause = Self::read(None, head);
        let guess = match state {
            "APIVERSION_QUERY" if raw.starts_with("ssl://") || raw.starts_with("sasl_ssl://") => {
                "the server hung up on its first request"
            }
            "APIVERSION_QUERY" => "the server hung up on its first request: the port may want TLS",
            "UP" if lasted.parse().is_ok_and(|lasted: u64| lasted < 2000) && !raw.starts_with("sasl") => {
                "the server hung up on its second request: the port may want SASL"
            }
            _ if head.contains("setup timed out") => return Some(cause),
            _ => return None,
        };
        if !head.contains("Disconnected") {
            return None;
        }
        Some(Self { reason: Reason::Protocol, text: guess.to_owned(), ..cause })
    }

    /// A cause in warrener's own words.
    #[must_use]
    pub fn own(code: Code, text: &str) -> Self {
        Self { broker: None, code: Some(code), reason: code.reason(), text: text.to_owned() }
    }

    /// The same cause for one broker, `host:port`.
    #[must_use]
    pub fn of_broker(self, broker: Option<&str>) -> Self {
        Self { broker: broker.map(str::to_owned), ..self }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.broker {
            Some(broker) => write!(f, "{broker}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

fn is_broker(name: &str) -> bool {
    name.contains('/') && !name.contains(char::is_whitespace)
}

/// Converts `sasl_ssl://host:port/id` to `host:port`.
fn address(name: &str) -> String {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    name.rsplit_once('/').map_or(name, |(host, _)| host).to_owned()
}

/// Removes the time spent in a state, the number of suppressed errors, and the address of a single attempt.
fn stable(text: &str) -> String {
    let text = match text.rsplit_once(" (after ") {
        Some((head, tail)) if tail.contains("ms in state ") => head,
        Some(_) | None => text,
    };
    match text.strip_prefix("Connect to ").and_then(|rest| rest.split_once(" failed: ")) {
        Some((_, why)) => format!("connect failed: {why}"),
        None => text.to_owned(),
    }
}

/// Decides which failures are logged, and when.
///
/// All brokers are connected all the time, so a connection that fails often has no request waiting on it. A failure
/// is therefore only remembered at first. It is logged once it has an effect: nothing answers any more, or a
/// request to that broker stays unanswered.
#[derive(Debug, Default)]
pub struct Health {
    down: Option<Down>,
    /// Unanswered requests by the broker that they were sent to, with the time of the first one.
    late: BTreeMap<Option<String>, (Cause, Instant)>,
    /// A cause with little information, used when there is no better one.
    poor: Option<Cause>,
    cause: Option<Cause>,
    failures: Vec<Failure>,
    /// Whether anything has answered yet, which proves that the protocol is right.
    spoke: bool,
}

/// The state while nothing answers.
#[derive(Debug)]
struct Down {
    since: Instant,
    /// True when requests have stayed unanswered, false when connections have ended.
    silent: bool,
    logged: bool,
}

/// A connection that failed.
#[derive(Debug)]
struct Failure {
    cause: Cause,
    seen: Instant,
    logged: bool,
}

impl Health {
    /// Records a failure of a broker or of the module.
    pub fn failed(&mut self, cause: &Cause, now: Instant) {
        if self.spoke && cause.reason == Reason::Protocol {
            // The protocol was a guess from a connection that ended. The protocol is known to be right, so the
            // connection just ended.
            let ended = Cause { reason: Reason::Connection, text: "the server hung up".to_owned(), ..cause.clone() };
            return self.failed_somehow(&ended);
        }
        self.failures.retain(|failure| now.saturating_duration_since(failure.seen) <= HEALED);
        // librdkafka reports some failures twice, the second time with part of the first text.
        let says_it = |known: &Cause| known.broker == cause.broker && known.text.contains(&cause.text);
        if let Some(known) = self.failures.iter_mut().find(|failure| says_it(&failure.cause)) {
            known.seen = now;
            self.cause = Some(known.cause.clone());
            return;
        }
        self.cause = Some(cause.clone());
        if self.failures.len() < REMEMBERED {
            self.failures.push(Failure { cause: cause.clone(), seen: now, logged: false });
        }
    }

    /// Records a failure whose text has little information.
    pub fn failed_somehow(&mut self, cause: &Cause) {
        if self.cause.is_none() {
            self.poor.get_or_insert_with(|| cause.clone());
        }
    }

    /// Records that no broker is connected any more. Servers that close idle connections cause this, too.
    pub fn all_down(&mut self, cause: &Cause, now: Instant) {
        self.down.get_or_insert(Down { since: now, silent: false, logged: false });
        self.failed_somehow(cause);
    }

    /// Records that nothing has answered for so long that the module counts as down.
    pub fn silent(&mut self, cause: &Cause, now: Instant) {
        self.down.get_or_insert(Down { since: now, silent: true, logged: false }).silent = true;
        self.failed_somehow(cause);
    }

    /// Records an unanswered request. The cause names the broker that it was sent to, if known.
    pub fn unanswered(&mut self, cause: &Cause, now: Instant) {
        if self.late.len() < REMEMBERED {
            self.late.entry(cause.broker.clone()).or_insert_with(|| (cause.clone(), now));
        }
    }

    /// Returns the causes that have to be logged by now.
    pub fn due(&mut self, now: Instant) -> Vec<Cause> {
        let mut due = Vec::new();
        let patience = if self.spoke { RECONNECTING } else { PATIENCE };
        let lasts = |down: &Down| down.silent || now.saturating_duration_since(down.since) >= patience;
        if let Some(down) = self.down.as_mut().filter(|down| lasts(down)) {
            down.logged = true;
            due = self.log_failures(now, |_| true);
            if let Some(poor) = self.poor.take().filter(|_| self.failures.is_empty()) {
                due.extend(self.log(poor, now));
            }
        }
        let waited = |_: &Option<String>, late: &mut (Cause, Instant)| now.saturating_duration_since(late.1) >= LATE;
        let late: Vec<_> = self.late.extract_if(.., waited).collect();
        for (broker, (cause, _)) in late {
            let explains = |failure: &Cause| failure.broker == broker || broker.is_none();
            due.extend(self.log_failures(now, explains));
            if !self.failures.iter().any(|failure| explains(&failure.cause)) {
                due.extend(self.log(cause, now));
            }
        }
        due
    }

    /// Returns the failures that are not logged yet, and marks them as logged.
    fn log_failures(&mut self, now: Instant, which: impl Fn(&Cause) -> bool) -> Vec<Cause> {
        self.failures.retain(|failure| now.saturating_duration_since(failure.seen) <= HEALED);
        let unlogged = self.failures.iter_mut().filter(|failure| !failure.logged && which(&failure.cause));
        let mark = |failure: &mut Failure| {
            failure.logged = true;
            failure.cause.clone()
        };
        unlogged.map(mark).collect()
    }

    /// Returns a cause of our own to log, unless it is logged already.
    fn log(&mut self, cause: Cause, now: Instant) -> Option<Cause> {
        self.failed(&cause, now);
        let failure = self.failures.iter_mut().find(|failure| failure.cause == cause && !failure.logged)?;
        failure.logged = true;
        Some(cause)
    }

    /// Records that a broker answered a request.
    pub fn answered_by(&mut self, broker: &str) {
        self.late.remove(&Some(broker.to_owned()));
    }

    /// Records that something answered. Returns true when the log had reported that nothing does.
    pub fn answered(&mut self) -> bool {
        (self.cause, self.poor, self.spoke) = (None, None, true);
        self.late.remove(&None);
        let back = self.down.take().is_some_and(|down| down.logged);
        if back {
            self.failures.clear();
        }
        back
    }

    /// Why nothing answers, or the last failure since something answered.
    #[must_use]
    pub const fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn refused() -> Cause {
        Cause::read(None, "b:1/1: Connect to ipv4#127.0.0.1:1 failed: Connection refused")
    }

    fn all() -> Cause {
        Cause::own(Code::ALL_BROKERS_DOWN, "no broker answers")
    }

    #[test]
    fn a_server_that_has_answered_speaks_our_protocol() {
        let now = Instant::now();
        let guess = Cause { broker: None, code: None, reason: Reason::Protocol, text: "may want TLS".to_owned() };
        let mut health = Health::default();
        health.failed(&guess, now);
        health.silent(&all(), now);
        assert_eq!(health.due(now), std::slice::from_ref(&guess));
        let mut health = Health::default();
        health.answered();
        health.failed(&guess, now);
        health.silent(&all(), now);
        let texts: Vec<String> = health.due(now).into_iter().map(|cause| cause.text).collect();
        assert_eq!(texts, ["the server hung up"]);
    }

    #[test]
    fn a_text_loses_what_changes_from_try_to_try() {
        let raw = "sasl_ssl://b1:9093/bootstrap: SASL authentication error: Authentication failed \
                   (after 312ms in state AUTH_REQ, 4 identical error(s) suppressed)";
        assert_eq!(
            Cause::read(Some(Code::AUTHENTICATION), raw),
            Cause {
                broker: Some("b1:9093".to_owned()),
                code: Some(Code::AUTHENTICATION),
                reason: Reason::Authentication,
                text: "SASL authentication error: Authentication failed".to_owned(),
            }
        );
        let refused =
            "[::1]:9092/1: Connect to ipv6#[::1]:9092 failed: Connection refused (after 0ms in state CONNECT)";
        let cause = Cause::read(Some(Code::TRANSPORT), refused);
        assert_eq!(
            (cause.broker.as_deref(), cause.text.as_str()),
            (Some("[::1]:9092"), "connect failed: Connection refused")
        );
        assert_eq!(cause.reason, Reason::Connection);
    }

    #[test]
    fn each_wrong_credential_has_a_class_of_its_own() {
        let reason = |code, text: &str| Cause::read(code, text).reason;
        let handshake = "ssl://b:1/bootstrap: SSL handshake failed: ";
        assert_eq!(
            reason(
                Some(Code::AUTHENTICATION),
                "b:1/1: SASL GSSAPI mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN"
            ),
            Reason::Mechanism
        );
        assert_eq!(
            reason(
                Some(Code::SSL),
                &format!(
                    "{handshake}error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified"
                )
            ),
            Reason::Certificate
        );
        assert_eq!(
            reason(
                Some(Code::TRANSPORT),
                "ssl://b:1/1: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required"
            ),
            Reason::ClientCertificate
        );
        assert_eq!(
            reason(
                Some(Code::TRANSPORT),
                &format!(
                    "{handshake}Disconnected: connection closed by peer: connecting to a PLAINTEXT broker listener?"
                )
            ),
            Reason::Protocol
        );
        assert_eq!(
            reason(
                Some(Code::RESOLVE),
                "nowhere:1/bootstrap: Failed to resolve 'nowhere:1': Name or service not known"
            ),
            Reason::Resolve
        );
    }

    #[test]
    fn a_server_that_hangs_up_at_once_speaks_something_else() {
        let guess = |raw: &str| Cause::guess(raw).map(|cause| (cause.reason, cause.text));
        let hung_up = "Disconnected: connection closed by peer: receive 0 after POLLIN (after 3ms in state";
        assert_eq!(
            guess(&format!("b:1/bootstrap: {hung_up} APIVERSION_QUERY, 1 identical error(s) suppressed)")),
            Some((Reason::Protocol, "the server hung up on its first request: the port may want TLS".to_owned()))
        );
        assert_eq!(
            guess(&format!("b:1/bootstrap: {hung_up} UP)")),
            Some((Reason::Protocol, "the server hung up on its second request: the port may want SASL".to_owned()))
        );
        assert_eq!(guess("b:1/1: Disconnected: connection closed by peer (after 60000ms in state UP)"), None);
        assert_eq!(guess("b:1/1: something else"), None);
        assert_eq!(
            guess("b:1/1: Connection setup timed out in state CONNECT (after 5001ms in state CONNECT)"),
            Some((Reason::TimedOut, "Connection setup timed out in state CONNECT".to_owned()))
        );
    }

    #[test]
    fn a_broker_that_nothing_is_asked_of_costs_no_line() {
        let (mut health, begin) = (Health::default(), Instant::now());
        for second in 0..600 {
            let now = begin + seconds(second);
            health.failed(&refused(), now);
            assert_eq!(health.due(now), []);
            health.answered();
        }
    }

    #[test]
    fn what_lasts_is_logged_once_and_what_changes_again() {
        let (mut health, begin) = (Health::default(), Instant::now());
        health.failed(&refused(), begin);
        health.all_down(&all(), begin);
        assert_eq!(health.due(begin), []);
        assert_eq!(health.due(begin + seconds(1)), [refused()]);
        for repeat in 1..100 {
            let now = begin + seconds(30 * repeat);
            health.failed(&refused(), now);
            assert_eq!(health.due(now), []);
        }
        let other = Cause::read(Some(Code::TRANSPORT), "b:1/1: Disconnected: something else");
        health.failed(&other, begin + seconds(3000));
        assert_eq!(health.due(begin + seconds(3000)), [other]);
        assert_eq!(health.due(begin + seconds(3001)), []);
    }

    #[test]
    fn a_cause_named_a_second_time_in_fewer_words_adds_nothing() {
        let (mut health, begin) = (Health::default(), Instant::now());
        let whole =
            Cause::read(Some(Code::SSL), "ssl://b:1/1: SSL handshake failed: error:1: certificate verify failed: why");
        health.failed(&whole, begin);
        health.failed(&Cause::read(Some(Code::TRANSPORT), "ssl://b:1/1: error:1: certificate verify failed"), begin);
        assert_eq!(health.cause(), Some(&whole));
        health.silent(&all(), begin);
        assert_eq!(health.due(begin), [whole]);
    }

    #[test]
    fn connections_that_all_end_and_come_back_cost_no_line() {
        let (mut health, begin) = (Health::default(), Instant::now());
        health.answered();
        for round in 0..100 {
            let now = begin + seconds(10 * round);
            health.failed(&Cause::read(Some(Code::TRANSPORT), "b:1/1: Disconnected: closed by peer"), now);
            health.all_down(&all(), now);
            assert_eq!(health.due(now + seconds(4)), []);
            assert!(!health.answered());
        }
    }

    #[test]
    fn all_brokers_down_is_logged_where_no_cause_is_known() {
        let (mut health, begin) = (Health::default(), Instant::now());
        health.all_down(&all(), begin);
        assert_eq!(health.due(begin + seconds(1)), [all()]);
        assert_eq!(health.due(begin + seconds(9)), []);
        assert!(health.answered());
        assert!(!health.answered());
    }

    #[test]
    fn a_request_that_stays_unanswered_brings_its_brokers_failure_to_the_log() {
        let (mut health, begin) = (Health::default(), Instant::now());
        let late = |broker| Cause::own(Code::TIMED_OUT, "no answer").of_broker(Some(broker));
        health.answered();
        health.failed(&refused(), begin);
        health.unanswered(&late("b:1"), begin);
        health.unanswered(&late("b:2"), begin);
        health.answered();
        assert_eq!(health.due(begin + seconds(1)), []);
        assert_eq!(health.due(begin + seconds(2)), [refused(), late("b:2")]);
        health.unanswered(&late("b:1"), begin + seconds(5));
        health.unanswered(&late("b:2"), begin + seconds(5));
        assert_eq!(health.due(begin + seconds(9)), []);
    }

    #[test]
    fn a_request_whose_repetition_is_answered_costs_no_line() {
        let (mut health, begin) = (Health::default(), Instant::now());
        health.answered();
        health.unanswered(&Cause::own(Code::TRANSPORT, "no answer"), begin);
        health.unanswered(&Cause::own(Code::TRANSPORT, "no answer").of_broker(Some("b:1")), begin);
        health.answered_by("b:1");
        health.answered();
        assert_eq!(health.due(begin + seconds(9)), []);
    }

    #[test]
    fn the_next_outage_is_logged_again() {
        let (mut health, begin) = (Health::default(), Instant::now());
        for outage in 0..3 {
            let now = begin + seconds(100 * outage);
            health.failed(&refused(), now);
            health.silent(&all(), now);
            assert_eq!(health.due(now), [refused()]);
            assert!(health.answered());
        }
    }

    #[test]
    fn texts_that_vary_without_end_are_not_logged_without_end() {
        let (mut health, begin) = (Health::default(), Instant::now());
        health.silent(&all(), begin);
        let vary = |n: usize| Cause::own(Code::TRANSPORT, &format!("{n}"));
        let mut logged = 0;
        for n in 0..10_000 {
            health.failed(&vary(n), begin);
            logged += health.due(begin).len();
        }
        assert_eq!(logged, REMEMBERED);
    }
}
