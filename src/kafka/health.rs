//! Why a module is down: librdkafka's error texts, read, classed and told once. Pure: time is an argument.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::{Code, reason};
use crate::model::Reason;

/// librdkafka repeats an error that lasts every 30 s; one not heard of for longer than this has healed.
const HEALED: Duration = Duration::from_secs(90);
/// How long a cause waits for a better one while nothing has ever answered.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a module that has answered may be without a connection: it is asked every three seconds.
const RECONNECTING: Duration = Duration::from_secs(6);
/// How long a request that failed may go without an answer to the next try.
const LATE: Duration = Duration::from_secs(2);
/// Distinct causes remembered, so that texts that vary without end cannot grow.
const REMEMBERED: usize = 256;

/// Why a broker or a whole module does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `host:port`, where one broker is meant.
    pub broker: Option<String>,
    /// librdkafka's code, where it gave one.
    pub code: Option<Code>,
    /// Its class.
    pub reason: Reason,
    /// The text, without what changes from one try to the next.
    pub text: String,
}

impl Cause {
    /// Reads an error text of librdkafka, such as
    /// `sasl_ssl://b1:9093/1: SASL authentication error: ... (after 312ms in state AUTH_REQ)`.
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

    /// Reads a line in which librdkafka ends a connection without calling it an error. Some of these are the only
    /// sign of a port that speaks another protocol: the state in which the server hung up tells which.
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

    /// A cause in our own words.
    #[must_use]
    pub fn own(code: Code, text: &str) -> Self {
        Self { broker: None, code: Some(code), reason: code.reason(), text: text.to_owned() }
    }

    /// The same of one broker, `host:port`.
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

/// `sasl_ssl://host:port/id` to `host:port`.
fn address(name: &str) -> String {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    name.rsplit_once('/').map_or(name, |(host, _)| host).to_owned()
}

/// Cuts off how long a state lasted and how often the error was held back, and the address of one try.
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

/// Which failures reach the log, and when.
///
/// With every broker connected all the time, a connection that fails is often one that nothing is asked of. A failure
/// is therefore only remembered, and logged once it hurts: nothing answers any more, or a request to that broker
/// stays unanswered.
#[derive(Debug, Default)]
pub struct Health {
    down: Option<Down>,
    /// Requests that stay unanswered, by the broker that they were sent to, and since when.
    late: BTreeMap<Option<String>, (Cause, Instant)>,
    /// A cause that says little: used when there is nothing better.
    poor: Option<Cause>,
    cause: Option<Cause>,
    failures: Vec<Failure>,
    /// Something has answered once: the protocol is the right one.
    spoke: bool,
}

/// Nothing answers.
#[derive(Debug)]
struct Down {
    since: Instant,
    /// Requests have stayed unanswered, as opposed to connections that ended.
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
    /// A broker, or the module, failed.
    pub fn failed(&mut self, cause: &Cause, now: Instant) {
        if self.spoke && cause.reason == Reason::Protocol {
            // A guess made from a connection that ended: here it just ended.
            let ended = Cause { reason: Reason::Connection, text: "the server hung up".to_owned(), ..cause.clone() };
            return self.failed_somehow(&ended);
        }
        self.failures.retain(|failure| now.saturating_duration_since(failure.seen) <= HEALED);
        // librdkafka tells some failures twice, the second time with a part of the first one's words.
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

    /// A failure whose words say little.
    pub fn failed_somehow(&mut self, cause: &Cause) {
        if self.cause.is_none() {
            self.poor.get_or_insert_with(|| cause.clone());
        }
    }

    /// No broker is connected any more. Servers that close idle connections bring that about, too.
    pub fn all_down(&mut self, cause: &Cause, now: Instant) {
        self.down.get_or_insert(Down { since: now, silent: false, logged: false });
        self.failed_somehow(cause);
    }

    /// Nothing has answered for so long that the module counts as down.
    pub fn silent(&mut self, cause: &Cause, now: Instant) {
        self.down.get_or_insert(Down { since: now, silent: true, logged: false }).silent = true;
        self.failed_somehow(cause);
    }

    /// A request stays unanswered; the cause names the broker that it was sent to, where that is known.
    pub fn unanswered(&mut self, cause: &Cause, now: Instant) {
        if self.late.len() < REMEMBERED {
            self.late.entry(cause.broker.clone()).or_insert_with(|| (cause.clone(), now));
        }
    }

    /// What the log has to be told by now.
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

    /// The failures that the log has not got yet, marked as logged.
    fn log_failures(&mut self, now: Instant, which: impl Fn(&Cause) -> bool) -> Vec<Cause> {
        self.failures.retain(|failure| now.saturating_duration_since(failure.seen) <= HEALED);
        let unlogged = self.failures.iter_mut().filter(|failure| !failure.logged && which(&failure.cause));
        let mark = |failure: &mut Failure| {
            failure.logged = true;
            failure.cause.clone()
        };
        unlogged.map(mark).collect()
    }

    /// A cause of our own, unless the log has it already.
    fn log(&mut self, cause: Cause, now: Instant) -> Option<Cause> {
        self.failed(&cause, now);
        let failure = self.failures.iter_mut().find(|failure| failure.cause == cause && !failure.logged)?;
        failure.logged = true;
        Some(cause)
    }

    /// A broker answered a request.
    pub fn answered_by(&mut self, broker: &str) {
        self.late.remove(&Some(broker.to_owned()));
    }

    /// Something answered. True when the log says otherwise.
    pub fn answered(&mut self) -> bool {
        (self.cause, self.poor, self.spoke) = (None, None, true);
        self.late.remove(&None);
        let back = self.down.take().is_some_and(|down| down.logged);
        if back {
            self.failures.clear();
        }
        back
    }

    /// Why nothing answers, or what failed last since something did.
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
