//! Classifies failures by the texts of librdkafka and OpenSSL.

use super::Code;
use crate::model::Reason;

/// Returns the class of a failure. The text decides first; the code decides when the text is not specific.
pub(super) fn classify(code: Option<Code>, text: &str) -> Reason {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["not valid in current SASL state"]) {
        Reason::Protocol
    } else if has(&["mechanism handshake failed", "Unsupported SASL mechanism"]) {
        Reason::Mechanism
    } else if has(&[
        "alert certificate required",
        "alert bad certificate",
        "alert unknown ca",
        "alert handshake failure",
    ]) || has(&["client SSL authentication might be required", "alert certificate unknown"])
    {
        Reason::ClientCertificate
    } else if has(&["certificate could not be verified", "certificate verify failed"]) {
        Reason::Certificate
    } else if has(&["PLAINTEXT broker listener?", "wrong version number", "Invalid response size"]) {
        Reason::Protocol
    } else if has(&["SASL authentication error", "SASL authentication fail", "Authentication failed"]) {
        Reason::Authentication
    } else if has(&["timed out", "Timed out"]) {
        Reason::TimedOut
    } else {
        let known = code.map_or(Reason::Other, Code::reason);
        let lost = known == Reason::Other && has(&["Disconnected", "connect failed", "hung up"]);
        if lost { Reason::Connection } else { known }
    }
}
