//! All limits on what a client may take of the server (docs/src/operations/limits.md, HTTP).

use std::time::Duration;

/// The limits of one server. The `connection_limit` of all servers limits the number of connections.
#[derive(Clone, Debug)]
pub(crate) struct HttpLimits {
    /// Bytes of a head, including the empty line at its end.
    pub head_bytes: usize,
    /// Lines of a head, including the request line.
    pub head_lines: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Time from the first byte of a head to its last. For the first head of a connection, it starts when the
    /// connection is opened.
    pub head: Duration,
    /// Time from the end of the head to the end of the body.
    pub body: Duration,
    /// Time from the first byte of an answer to its last, and time for which written bytes may wait for the client.
    pub answer: Duration,
    /// Pages that are rendered at the same time.
    pub pages: usize,
    /// Answers of Burrow's API and of the status page that are made, or held for their clients, at the same time.
    pub answers: usize,
    /// Bytes of such an answer's body, before it is compressed.
    pub answer_bytes: u64,
    /// A client that holds a permit and has taken no piece for this time is cut if another client waits for a permit.
    pub stall: Duration,
    /// Age up to which a compressed page is shared.
    pub keep: Duration,
    /// Time for the answers in flight once the server stops.
    pub grace: Duration,
    /// Time for a refused client to close the connection, so that a reset does not overtake the answer.
    pub linger: Duration,
    /// Bytes that are read from a refused client during that time.
    pub linger_bytes: usize,
    /// Pause after a failure to accept a connection.
    pub pause: Duration,
    /// Time without such a failure after which accepting counts as working again.
    pub calm: Duration,
}

impl Default for HttpLimits {
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
