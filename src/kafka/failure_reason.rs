//! Classifies failures by the texts of librdkafka and OpenSSL.

use super::ErrorCode;
use crate::model::FailureReason;

/// What a server's alerts say about the certificate of a client.
const CLIENT_CERTIFICATE: [&str; 8] = [
    "alert certificate required",
    "alert bad certificate",
    "alert certificate expired",
    "alert certificate revoked",
    "alert certificate unknown",
    "alert unknown ca",
    "alert handshake failure",
    "client SSL authentication might be required",
];

/// Returns the class of a failure. The text decides first; the code decides when the text is not specific.
pub(super) fn classify(code: Option<ErrorCode>, text: &str) -> FailureReason {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["not valid in current SASL state"]) {
        FailureReason::Protocol
    } else if has(&["mechanism handshake failed", "Unsupported SASL mechanism"]) {
        FailureReason::Mechanism
    } else if has(&CLIENT_CERTIFICATE) {
        FailureReason::ClientCertificate
    } else if has(&["certificate could not be verified", "certificate verify failed"]) {
        FailureReason::Certificate
    } else if has(&["PLAINTEXT broker listener?", "wrong version number", "Invalid response size"]) {
        FailureReason::Protocol
    } else if has(&["SASL authentication error", "SASL authentication fail", "Authentication failed"]) {
        FailureReason::Authentication
    } else if has(&["timed out", "Timed out"]) {
        FailureReason::TimedOut
    } else {
        let known = code.map_or(FailureReason::Other, ErrorCode::reason);
        let lost = known == FailureReason::Other && has(&["Disconnected", "connect failed", "hung up"]);
        if lost { FailureReason::Connection } else { known }
    }
}
