//! Why a module is down: librdkafka's error texts, read, classed and told once. Pure: time is an argument.

use std::fmt;
use std::time::{Duration, Instant};

use super::Code;

/// librdkafka repeats an error that lasts every 30 s; one not heard of for longer than this has healed.
const HEALED: Duration = Duration::from_secs(90);
/// How long a poor cause waits for a better one.
const PATIENCE: Duration = Duration::from_secs(1);
/// Distinct causes remembered, so that texts that vary without end cannot grow.
const REMEMBERED: usize = 256;

/// The class of a failure: the label `reason` of `warrener_refresh_errors_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No answer in time.
    TimedOut,
    /// No connection, or one that broke.
    Connection,
    /// A host name without an address.
    Resolve,
    /// TLS failed for another cause than a certificate.
    Tls,
    /// The server's certificate is not trusted.
    Certificate,
    /// The server asks for a client certificate, or does not accept the one it got.
    ClientCertificate,
    /// The server does not know the user, or not with this password.
    Authentication,
    /// The server does not offer the SASL mechanism.
    Mechanism,
    /// TLS, SASL or neither: the port speaks something else.
    Protocol,
    /// The user lacks a right.
    Authorization,
    /// A partition has no leader just now.
    Leader,
    /// Anything else.
    Other,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::TimedOut,
        Self::Connection,
        Self::Resolve,
        Self::Tls,
        Self::Certificate,
        Self::ClientCertificate,
        Self::Authentication,
        Self::Mechanism,
        Self::Protocol,
        Self::Authorization,
        Self::Leader,
        Self::Other,
    ];

    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Connection => "connection",
            Self::Resolve => "resolve",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::ClientCertificate => "client_certificate",
            Self::Authentication => "authentication",
            Self::Mechanism => "mechanism",
            Self::Protocol => "protocol",
            Self::Authorization => "authorization",
            Self::Leader => "leader",
            Self::Other => "other",
        }
    }

    /// What the words of librdkafka and OpenSSL say, where the code alone does not.
    fn of(code: Option<Code>, text: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["not valid in current SASL state"]) {
            Self::Protocol
        } else if has(&["mechanism handshake failed", "Unsupported SASL mechanism"]) {
            Self::Mechanism
        } else if has(&[
            "alert certificate required",
            "alert bad certificate",
            "alert unknown ca",
            "alert handshake failure",
        ]) || has(&["client SSL authentication might be required", "alert certificate unknown"])
        {
            Self::ClientCertificate
        } else if has(&["certificate could not be verified", "certificate verify failed"]) {
            Self::Certificate
        } else if has(&["PLAINTEXT broker listener?", "wrong version number", "Invalid response size"]) {
            Self::Protocol
        } else if has(&["SASL authentication error", "SASL authentication fail", "Authentication failed"]) {
            Self::Authentication
        } else if has(&["timed out", "Timed out"]) {
            Self::TimedOut
        } else {
            let known = code.map_or(Self::Other, Code::reason);
            let lost = known == Self::Other && has(&["Disconnected", "connect failed", "hung up"]);
            if lost { Self::Connection } else { known }
        }
    }
}

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
        Self { broker, code, reason: Reason::of(code, &text), text }
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

/// What of all that is told to the log.
#[derive(Debug, Default)]
pub struct Health {
    down: bool,
    /// A cause that says little: told when nothing better follows.
    poor: Option<(Cause, Instant)>,
    /// A request that one broker left unanswered: told when that broker's failure does not follow.
    late: Option<(Cause, Instant)>,
    cause: Option<Cause>,
    told: Vec<(Cause, Instant)>,
    /// Something has answered once: the protocol is the right one.
    spoke: bool,
}

impl Health {
    /// A broker, or the module, failed. True when the log has not heard this yet.
    pub fn failed(&mut self, cause: &Cause, now: Instant) -> bool {
        if self.spoke && cause.reason == Reason::Protocol {
            // A guess made from a connection that ended: here it just ended.
            let ended = Cause { reason: Reason::Connection, text: "the server hung up".to_owned(), ..cause.clone() };
            self.failed_somehow(&ended, now);
            return false;
        }
        self.told.retain(|(_, seen)| now.saturating_duration_since(*seen) <= HEALED);
        // librdkafka tells some failures twice, the second time with a part of the first one's words.
        let says_it = |told: &Cause| told.broker == cause.broker && told.text.contains(&cause.text);
        if let Some((told, seen)) = self.told.iter_mut().find(|(told, _)| says_it(told)) {
            *seen = now;
            self.cause = Some(told.clone());
            return false;
        }
        self.cause = Some(cause.clone());
        self.poor = None;
        self.late.take_if(|(late, _)| late.broker.is_none() || late.broker == cause.broker);
        if self.told.len() >= REMEMBERED {
            return false;
        }
        self.told.push((cause.clone(), now));
        true
    }

    /// A failure whose words say little; librdkafka may be about to say more.
    pub fn failed_somehow(&mut self, cause: &Cause, now: Instant) {
        if self.cause.is_none() {
            self.poor.get_or_insert_with(|| (cause.clone(), now));
        }
    }

    /// Nothing answers any more: adds nothing to a known cause.
    pub fn all_down(&mut self, cause: &Cause, now: Instant) {
        self.down = true;
        self.failed_somehow(cause, now);
    }

    /// A request was left unanswered: adds nothing to a failure that may explain it.
    pub fn unanswered(&mut self, cause: &Cause, now: Instant) {
        let recent = |seen: Instant| now.saturating_duration_since(seen) <= HEALED;
        let explains = |told: &Cause| told.broker == cause.broker || cause.broker.is_none();
        if !self.told.iter().any(|(told, seen)| recent(*seen) && explains(told)) {
            self.late.get_or_insert_with(|| (cause.clone(), now));
        }
    }

    /// The cause to be told after all, when nothing better has come in a while.
    pub fn overdue(&mut self, now: Instant) -> Option<Cause> {
        let waited = |entry: &mut (Cause, Instant)| now.saturating_duration_since(entry.1) >= PATIENCE;
        let (cause, _) = self.late.take_if(waited).or_else(|| self.poor.take_if(waited))?;
        self.failed(&cause, now).then_some(cause)
    }

    /// Something answered. True when the log believes otherwise.
    pub fn answered(&mut self) -> bool {
        (self.cause, self.poor, self.spoke) = (None, None, true);
        let back = std::mem::take(&mut self.down);
        if back {
            self.told.clear();
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

    #[test]
    fn a_server_that_has_answered_speaks_our_protocol() {
        let now = Instant::now();
        let guess = Cause { broker: None, code: None, reason: Reason::Protocol, text: "may want TLS".to_owned() };
        assert!(Health::default().failed(&guess, now));
        let mut health = Health::default();
        health.answered();
        assert!(!health.failed(&guess, now));
        assert_eq!(health.overdue(now + PATIENCE).unwrap().text, "the server hung up");
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
    fn a_cause_that_lasts_is_told_once() {
        let mut health = Health::default();
        let begin = Instant::now();
        let refused = Cause::read(None, "b:1/1: Connect to ipv4#127.0.0.1:1 failed: Connection refused");
        assert!(health.failed(&refused, begin));
        for repeat in 1..100 {
            assert!(!health.failed(&refused, begin + seconds(30 * repeat)));
        }
        let other = Cause::read(None, "b:1/1: Disconnected: something else");
        assert!(health.failed(&other, begin + seconds(3000)));
        assert!(!health.failed(&refused, begin + seconds(3001)));
    }

    #[test]
    fn a_cause_told_a_second_time_in_fewer_words_adds_nothing() {
        let mut health = Health::default();
        let begin = Instant::now();
        let whole =
            Cause::read(Some(Code::SSL), "ssl://b:1/1: SSL handshake failed: error:1: certificate verify failed: why");
        assert!(health.failed(&whole, begin));
        assert!(
            !health
                .failed(&Cause::read(Some(Code::TRANSPORT), "ssl://b:1/1: error:1: certificate verify failed"), begin)
        );
        assert_eq!(health.cause(), Some(&whole));
    }

    #[test]
    fn all_brokers_down_adds_nothing_to_a_known_cause() {
        let mut health = Health::default();
        let begin = Instant::now();
        let all = Cause::own(Code::ALL_BROKERS_DOWN, "1/1 brokers are down");
        let refused = Cause::read(None, "b:1/1: Connect to ipv4#127.0.0.1:1 failed: Connection refused");
        health.failed(&refused, begin);
        health.all_down(&all, begin);
        assert_eq!(health.overdue(begin + seconds(60)), None);
        assert_eq!(health.cause(), Some(&refused));
        assert!(health.answered());
        assert!(!health.answered());
    }

    #[test]
    fn a_poor_cause_is_told_when_nothing_better_follows() {
        let begin = Instant::now();
        let poor = Cause::own(Code::TRANSPORT, "Disconnected");
        let mut health = Health::default();
        health.failed_somehow(&poor, begin);
        assert_eq!(health.overdue(begin), None);
        assert_eq!(health.overdue(begin + seconds(1)), Some(poor.clone()));
        assert_eq!(health.overdue(begin + seconds(9)), None);

        let mut health = Health::default();
        health.failed_somehow(&poor, begin);
        assert!(health.failed(&Cause::own(Code::SSL, "the reason"), begin));
        assert_eq!(health.overdue(begin + seconds(9)), None);
    }

    #[test]
    fn a_request_that_is_left_unanswered_adds_nothing_to_its_brokers_failure() {
        let mut health = Health::default();
        let begin = Instant::now();
        let refused = Cause::read(None, "b:1/1: Connect to ipv4#127.0.0.1:1 failed: Connection refused");
        let late = |broker| Cause::own(Code::TIMED_OUT, "no answer").of_broker(Some(broker));
        health.unanswered(&late("b:1"), begin);
        health.failed(&refused, begin);
        health.unanswered(&late("b:1"), begin);
        health.unanswered(&Cause::own(Code::TIMED_OUT, "no answer"), begin);
        assert_eq!(health.overdue(begin + seconds(1)), None);
        health.unanswered(&late("b:2"), begin);
        health.answered();
        assert_eq!(health.overdue(begin + seconds(1)), Some(late("b:2")));
    }

    #[test]
    fn the_next_outage_is_told_again() {
        let mut health = Health::default();
        let begin = Instant::now();
        let refused = Cause::read(None, "b:1/1: Connect to ipv4#127.0.0.1:1 failed: Connection refused");
        let all = Cause::own(Code::ALL_BROKERS_DOWN, "1/1 brokers are down");
        assert!(health.failed(&refused, begin));
        health.all_down(&all, begin);
        health.answered();
        assert!(health.failed(&refused, begin + seconds(5)));
    }

    #[test]
    fn texts_that_vary_without_end_are_not_told_without_end() {
        let mut health = Health::default();
        let begin = Instant::now();
        let told = (0..10_000).filter(|n| health.failed(&Cause::own(Code::TRANSPORT, &format!("{n}")), begin)).count();
        assert_eq!(told, REMEMBERED);
    }
}
