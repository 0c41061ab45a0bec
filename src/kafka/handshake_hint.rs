//! What to try when a handshake fails, in the place of texts of librdkafka and OpenSSL that do not say it. The texts
//! themselves are in the log at level `debug`.

use crate::model::FailureReason;

const WANTS_TLS: &str = "does this listener want TLS? Set tls in the client profile";
const WANTS_SASL: &str = "does this listener want SASL? Set sasl in the client profile";

/// A server that closed a connection without TLS at the first request.
pub(super) fn closed_at_first_request(is_encrypted: bool) -> String {
    let closed = "the server closed the connection at the first request";
    if is_encrypted { closed.to_owned() } else { format!("{closed}: {WANTS_TLS}") }
}

/// A server that closed a connection without SASL at the second request, which it does not take from unknown users.
pub(super) fn closed_at_second_request() -> String {
    format!("the server closed the connection at the second request: {WANTS_SASL}")
}

/// The text of a failure, with what to try.
pub(super) fn explain(reason: FailureReason, text: String) -> String {
    let has = |words: &str| text.contains(words);
    match reason {
        FailureReason::Protocol if has("not valid in current SASL state") => {
            "the server does not want SASL: is this a listener without SASL? Remove sasl from the client profile, or \
             name the port of a listener with SASL"
                .to_owned()
        }
        FailureReason::Protocol if has("Invalid response size") => {
            format!("the server does not answer in Kafka's protocol: {WANTS_TLS}")
        }
        FailureReason::Protocol => {
            "the server does not answer in TLS: is this a listener without TLS? Remove tls from the client profile, or \
             name the port of a listener with TLS"
                .to_owned()
        }
        FailureReason::Mechanism => mechanism(&text).unwrap_or(text),
        FailureReason::ClientCertificate => client_certificate(&text, true),
        FailureReason::Certificate => {
            "the server's certificate cannot be verified: is it signed by an authority in cafile, is it for this host \
             name, and is it still valid?"
                .to_owned()
        }
        FailureReason::Authentication if has("invalid credentials") => {
            format!("{text}: user name or password is wrong")
        }
        FailureReason::TimedOut
        | FailureReason::Connection
        | FailureReason::Resolve
        | FailureReason::Tls
        | FailureReason::Authentication
        | FailureReason::Authorization
        | FailureReason::Leader
        | FailureReason::Other => text,
    }
}

/// A server that does not accept the client's certificate, or wants one. Servers use the same alerts for both.
pub(super) fn client_certificate(text: &str, is_set: bool) -> String {
    if !is_set {
        return "the server demands a client certificate: set certfile and keyfile in the [tls.*]".to_owned();
    }
    let alerts = ["expired", "revoked"].into_iter().find(|why| text.contains(&format!("alert certificate {why}")));
    let why = alerts.map_or_else(
        || "is it signed by an authority that the server trusts, and still valid?".to_owned(),
        |why| format!("it is {why}"),
    );
    format!("the server does not accept the client certificate in certfile: {why}")
}

/// `SASL X mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: A,B`.
fn mechanism(text: &str) -> Option<String> {
    let (head, offered) = text.split_once("broker's supported mechanisms: ")?;
    let wanted = head.strip_prefix("SASL ")?.split(' ').next()?;
    let offered = offered.split(',').map(str::trim).collect::<Vec<_>>().join(", ");
    let offered = if offered.is_empty() { "none" } else { &offered };
    Some(format!("the server does not offer mechanism {wanted} on this listener; it offers {offered}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mechanisms_that_a_server_offers_are_named() {
        let told = |text: &str| explain(FailureReason::Mechanism, text.to_owned());
        let head = "SASL GSSAPI mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported";
        assert_eq!(
            told(&format!("{head} mechanisms: PLAIN,SCRAM-SHA-512")),
            "the server does not offer mechanism GSSAPI on this listener; it offers PLAIN, SCRAM-SHA-512"
        );
        assert_eq!(
            told(&format!("{head} mechanisms: ")),
            "the server does not offer mechanism GSSAPI on this listener; it offers none"
        );
        assert_eq!(told("SASL mechanism handshake failed"), "SASL mechanism handshake failed");
    }

    #[test]
    fn a_client_certificate_that_is_not_accepted_is_told_from_one_that_is_missing() {
        let told =
            |alert: &str, is_set| client_certificate(&format!("Receive failed: {alert}: SSL alert number"), is_set);
        let missing = "the server demands a client certificate: set certfile and keyfile in the [tls.*]";
        assert_eq!(told("ssl/tls alert bad certificate", false), missing);
        let head = "the server does not accept the client certificate in certfile: ";
        assert_eq!(told("ssl/tls alert certificate expired", true), format!("{head}it is expired"));
        assert_eq!(told("ssl/tls alert certificate revoked", true), format!("{head}it is revoked"));
        let unknown = "is it signed by an authority that the server trusts, and still valid?";
        assert_eq!(told("tlsv1 alert unknown ca", true), format!("{head}{unknown}"));
    }

    #[test]
    fn an_answer_in_another_protocol_says_what_to_try() {
        let told = |text: &str| explain(FailureReason::Protocol, text.to_owned());
        assert_eq!(
            told("Receive failed: Invalid response size 352518912 (0..100000000): increase receive.message.max.bytes"),
            "the server does not answer in Kafka's protocol: does this listener want TLS? Set tls in the client profile"
        );
        assert!(
            told("SSL handshake failed: error:0A00010B:SSL routines::wrong version number").contains("without TLS?")
        );
        assert!(told("handshake failed: Broker: Request not valid in current SASL state").contains("without SASL?"));
    }
}
