//! What a client may take of the server (docs/src/operations/limits.md, HTTP), in one place.

use std::time::Duration;

/// The bounds of one server; how many connections there may be is up to the `crowd` of all of them.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Bytes of a head, the empty line at its end included.
    pub head_bytes: usize,
    /// Lines of a head, the request line included.
    pub head_lines: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Time from the first byte of a head (of a connection's first one: from its opening) to its last.
    pub head: Duration,
    /// Time from the end of the head to the end of the body.
    pub body: Duration,
    /// Time from the first byte of an answer to its last, and for bytes that nobody takes.
    pub answer: Duration,
    /// Pages that are rendered at one time.
    pub pages: usize,
    /// Answers of Burrow's API and the status page's that are made, or held for their clients, at one time.
    pub answers: usize,
    /// Bytes of such an answer's body, before it is compressed.
    pub answer_bytes: u64,
    /// Time without a piece taken after which a page's place goes to one who waits.
    pub stall: Duration,
    /// Age up to which a compressed page is shared.
    pub keep: Duration,
    /// Time for the answers in flight once the server is to stop.
    pub grace: Duration,
    /// Time for a client that was refused to hang up, so that a reset does not overtake the answer.
    pub linger: Duration,
    /// Bytes that are taken of such a client meanwhile.
    pub linger_bytes: usize,
    /// Pause after a connection could not be accepted.
    pub pause: Duration,
    /// Time without such a pause after which connections count as accepted again.
    pub calm: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 16 * 1024,
            head_lines: 100,
            body_bytes: 64 * 1024,
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            pages: 4,
            answers: 4,
            answer_bytes: 64 * 1024 * 1024,
            stall: Duration::from_secs(1),
            keep: Duration::from_secs(1),
            grace: Duration::from_millis(1300),
            linger: Duration::from_secs(1),
            linger_bytes: 64 * 1024,
            pause: Duration::from_millis(100),
            calm: Duration::from_secs(30),
        }
    }
}
