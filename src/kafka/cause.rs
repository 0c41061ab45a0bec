//! Why a broker or a module does not answer: parsed from librdkafka's error texts.

use std::fmt;

use super::{ErrorCode, failure_reason, handshake_hint};
use crate::model::FailureReason;

/// Why a broker or a whole module does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureCause {
    /// `host:port`, if the cause concerns one broker.
    pub broker: Option<String>,
    /// librdkafka's code, if it gave one.
    pub code: Option<ErrorCode>,
    /// The class of the failure.
    pub reason: FailureReason,
    /// The text, without the parts that change from one attempt to the next.
    pub text: String,
}

impl FailureCause {
    /// Parses an error text of librdkafka, such as `sasl_ssl://b1:9093/1: SASL authentication error: ... (after
    /// 312ms in state AUTH_REQ)`.
    #[must_use]
    pub fn parse(code: Option<ErrorCode>, raw: &str) -> Self {
        let raw = raw.trim();
        let (broker, text) = match raw.split_once(": ") {
            Some((name, text)) if is_broker(name) => (Some(address(name)), text),
            Some(_) | None => (None, raw),
        };
        let text = without_changing_parts(text);
        let reason = failure_reason::classify(code, &text);
        Self { broker, code, reason, text: handshake_hint::explain(reason, text) }
    }

    /// Parses a line in which librdkafka ends a connection without reporting an error. Some of these lines are the
    /// only sign that a port speaks another protocol: the state in which the server closed the connection shows
    /// which one.
    #[must_use]
    pub fn parse_disconnect(raw: &str) -> Option<Self> {
        let (head, tail) = raw.rsplit_once(" (after ")?;
        let (lasted, state) = tail.split_once("ms in state ")?;
        let state = state.split([',', ')']).next()?;
        let cause = Self::parse(None, head);
        let guess = match state {
            "APIVERSION_QUERY" => {
                handshake_hint::closed_at_first_request(raw.starts_with("ssl://") || raw.starts_with("sasl_ssl://"))
            }
            "UP" if lasted.parse().is_ok_and(|lasted: u64| lasted < 2000) && !raw.starts_with("sasl") => {
                handshake_hint::closed_at_second_request()
            }
            _ if head.contains("setup timed out") => return Some(cause),
            _ => return None,
        };
        if !head.contains("Disconnected") {
            return None;
        }
        Some(Self { reason: FailureReason::Protocol, text: guess, ..cause })
    }

    /// Parses a line in which librdkafka says that no Kerberos ticket could be obtained: `Kerberos ticket refresh
    /// failed: COMMAND: exited with code 1`.
    #[must_use]
    pub fn of_kinit(raw: &str) -> Option<Self> {
        let (_, ended) = raw.strip_prefix("Kerberos ticket refresh failed: ")?.rsplit_once(": ")?;
        let text = match ended {
            "exited with code 127" => "no Kerberos ticket: kinit is not installed".to_owned(),
            _ => format!("no Kerberos ticket: kinit {ended}: run kinit -k -t KEYTAB PRINCIPAL to see why"),
        };
        Some(Self { broker: None, code: None, reason: FailureReason::Authentication, text })
    }

    /// A cause in warrener's own words.
    #[must_use]
    pub fn of_code(code: ErrorCode, text: &str) -> Self {
        Self { broker: None, code: Some(code), reason: code.reason(), text: text.to_owned() }
    }

    /// The same cause with a text that says more.
    #[must_use]
    pub fn with_text(self, text: String) -> Self {
        Self { text, ..self }
    }

    /// The same cause for one broker, `host:port`.
    #[must_use]
    pub fn with_broker(self, broker: Option<&str>) -> Self {
        Self { broker: broker.map(str::to_owned), ..self }
    }
}

impl fmt::Display for FailureCause {
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
fn without_changing_parts(text: &str) -> String {
    let text = match text.rsplit_once(" (after ") {
        Some((head, tail)) if tail.contains("ms in state ") => head,
        Some(_) | None => text,
    };
    match text.strip_prefix("Connect to ").and_then(|rest| rest.split_once(" failed: ")) {
        Some((_, why)) => format!("connect failed: {why}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_loses_what_changes_from_try_to_try() {
        let raw = "sasl_ssl://b1:9093/bootstrap: SASL authentication error: Authentication failed \
                   (after 312ms in state AUTH_REQ, 4 identical error(s) suppressed)";
        assert_eq!(
            FailureCause::parse(Some(ErrorCode::AUTHENTICATION), raw),
            FailureCause {
                broker: Some("b1:9093".to_owned()),
                code: Some(ErrorCode::AUTHENTICATION),
                reason: FailureReason::Authentication,
                text: "SASL authentication error: Authentication failed".to_owned(),
            }
        );
        let refused =
            "[::1]:9092/1: Connect to ipv6#[::1]:9092 failed: Connection refused (after 0ms in state CONNECT)";
        let cause = FailureCause::parse(Some(ErrorCode::TRANSPORT), refused);
        assert_eq!(
            (cause.broker.as_deref(), cause.text.as_str()),
            (Some("[::1]:9092"), "connect failed: Connection refused")
        );
        assert_eq!(cause.reason, FailureReason::Connection);
    }

    #[test]
    fn each_wrong_credential_has_a_class_of_its_own() {
        let reason = |code, text: &str| FailureCause::parse(code, text).reason;
        let handshake = "ssl://b:1/bootstrap: SSL handshake failed: ";
        assert_eq!(
            reason(
                Some(ErrorCode::AUTHENTICATION),
                "b:1/1: SASL GSSAPI mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN"
            ),
            FailureReason::Mechanism
        );
        assert_eq!(
            reason(
                Some(ErrorCode::SSL),
                &format!(
                    "{handshake}error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified"
                )
            ),
            FailureReason::Certificate
        );
        assert_eq!(
            reason(
                Some(ErrorCode::TRANSPORT),
                "ssl://b:1/1: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required"
            ),
            FailureReason::ClientCertificate
        );
        assert_eq!(
            reason(
                Some(ErrorCode::TRANSPORT),
                &format!(
                    "{handshake}Disconnected: connection closed by peer: connecting to a PLAINTEXT broker listener?"
                )
            ),
            FailureReason::Protocol
        );
        assert_eq!(
            reason(
                Some(ErrorCode::RESOLVE),
                "nowhere:1/bootstrap: Failed to resolve 'nowhere:1': Name or service not known"
            ),
            FailureReason::Resolve
        );
    }

    #[test]
    fn a_ticket_that_is_not_obtained_says_how_to_see_why() {
        let text = |ended: &str| {
            let line = format!("Kerberos ticket refresh failed: kinit -k -t /a.keytab b@C: {ended}");
            FailureCause::of_kinit(&line).map(|cause| cause.text)
        };
        let failed = "no Kerberos ticket: kinit exited with code 1: run kinit -k -t KEYTAB PRINCIPAL to see why";
        assert_eq!(text("exited with code 1").as_deref(), Some(failed));
        assert_eq!(text("exited with code 127").as_deref(), Some("no Kerberos ticket: kinit is not installed"));
        assert_eq!(FailureCause::of_kinit("Slow Kerberos ticket refresh: 6000ms: kinit"), None);
    }

    #[test]
    fn a_server_that_closes_the_connection_at_once_speaks_something_else() {
        let guess = |raw: &str| FailureCause::parse_disconnect(raw).map(|cause| (cause.reason, cause.text));
        let closed = "Disconnected: connection closed by peer: receive 0 after POLLIN (after 3ms in state";
        assert_eq!(
            guess(&format!("b:1/bootstrap: {closed} APIVERSION_QUERY, 1 identical error(s) suppressed)")),
            Some((
                FailureReason::Protocol,
                "the server closed the connection at the first request: does this listener want TLS? Set tls in the client \
                 profile"
                    .to_owned()
            ))
        );
        assert_eq!(
            guess(&format!("b:1/bootstrap: {closed} UP)")),
            Some((
                FailureReason::Protocol,
                "the server closed the connection at the second request: does this listener want SASL? Set sasl in the \
                 client profile"
                    .to_owned()
            ))
        );
        assert_eq!(guess("b:1/1: Disconnected: connection closed by peer (after 60000ms in state UP)"), None);
        assert_eq!(guess("b:1/1: something else"), None);
        assert_eq!(
            guess("b:1/1: Connection setup timed out in state CONNECT (after 5001ms in state CONNECT)"),
            Some((FailureReason::TimedOut, "Connection setup timed out in state CONNECT".to_owned()))
        );
    }
}
