//! The state of one connection and the times from which its deadlines follow.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::http::serving::limits::HttpLimits;

/// The state of one connection, shared by its socket, its requests and the server.
#[derive(Debug)]
pub(crate) struct ConnectionWatch {
    /// Cancelled to cut the connection, even if an answer is in flight.
    pub cut: CancellationToken,
    limits: Arc<HttpLimits>,
    state: Mutex<WatchState>,
}

#[derive(Debug)]
struct WatchState {
    /// When bytes were last read or written.
    last_activity: Instant,
    head: HeadState,
    /// Start of the wait for the current head. `None` while the connection is idle between requests.
    head_since: Option<Instant>,
    /// Whether bytes have been read that belong to no request yet.
    unserved: bool,
    /// Whether a request has been read and its answer is not complete.
    serving: bool,
    /// When the answer was handed over for sending.
    answering_since: Option<Instant>,
    /// Since when written bytes have waited for the client.
    blocked_since: Option<Instant>,
    /// When our side was closed after the last answer. The client should close its side.
    closing_since: Option<Instant>,
    /// Whether an answer was broken off.
    broken: bool,
}

/// Position in the head after the bytes read so far.
///
/// hyper starts its timer for a head when the last answer ends, which would treat an idle connection as a slow one. So
/// the end of the head is found here, with httparse's rule: an empty line that ends with LF or CR LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeadState {
    /// Before the first byte.
    Unbegun,
    /// In the blank lines that may precede a head.
    Leading,
    /// Within a line.
    Line,
    /// After a line end.
    LineEnd,
    /// After a line end and a CR.
    LineEndCr,
    /// In a body. Its end is not looked for: the connection is closed after the answer.
    Body,
}

impl HeadState {
    /// Returns the state after one more byte, and whether the head ends with it.
    fn advance(self, byte: u8) -> (Self, bool) {
        match (self, byte) {
            (Self::Body, _) => (Self::Body, false),
            (Self::Unbegun | Self::Leading, b'\r' | b'\n') => (Self::Leading, false),
            (Self::LineEnd | Self::LineEndCr, b'\n') => (Self::Unbegun, true),
            (Self::LineEnd, b'\r') => (Self::LineEndCr, false),
            (Self::Line, b'\n') => (Self::LineEnd, false),
            (Self::Unbegun | Self::Leading | Self::Line | Self::LineEnd | Self::LineEndCr, _) => (Self::Line, false),
        }
    }
}

impl ConnectionWatch {
    /// The state of a connection that has just been opened.
    pub fn new(limits: Arc<HttpLimits>) -> Self {
        let now = Instant::now();
        let state = WatchState {
            last_activity: now,
            head: HeadState::Unbegun,
            head_since: Some(now),
            unserved: false,
            serving: false,
            answering_since: None,
            blocked_since: None,
            closing_since: None,
            broken: false,
        };
        Self { cut: CancellationToken::new(), limits, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, WatchState> {
        // No holder of this lock can panic in the middle of a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When bytes were last read or written.
    pub fn last_activity(&self) -> Instant {
        self.state().last_activity
    }

    /// Records bytes that were read. Returns how many of them belong to the current request; the rest begins the next
    /// one.
    pub fn record_read(&self, bytes: &[u8]) -> usize {
        let mut state = self.state();
        state.last_activity = Instant::now();
        state.unserved |= !bytes.is_empty();
        for (at, byte) in (1..).zip(bytes) {
            let (head, ended) = state.head.advance(*byte);
            state.head = head;
            if ended {
                // The timer runs until the request is served: hyper may not accept this as the end of a head.
                return at;
            }
        }
        if state.head != HeadState::Unbegun && state.head_since.is_none() && !state.serving {
            state.head_since = Some(state.last_activity);
        }
        bytes.len()
    }

    /// Records that bytes were written.
    pub fn record_write(&self) {
        let mut state = self.state();
        state.last_activity = Instant::now();
        state.blocked_since = None;
    }

    /// Records that the client currently takes no bytes.
    pub fn record_blocked(&self) {
        let mut state = self.state();
        if state.blocked_since.is_none() {
            state.blocked_since = Some(Instant::now());
        }
    }

    /// Records that a head is complete.
    pub fn begin_request(&self, has_body: bool) {
        let mut state = self.state();
        state.serving = true;
        state.head_since = None;
        state.unserved = has_body;
        if has_body {
            state.head = HeadState::Body;
        }
    }

    /// Records that an answer is handed over for sending.
    pub fn begin_answer(&self) {
        self.state().answering_since = Some(Instant::now());
    }

    /// Records that the answer has been taken, or was broken off if not `complete`.
    pub fn end_answer(&self, complete: bool) {
        let mut state = self.state();
        state.serving = false;
        state.answering_since = None;
        state.broken |= !complete;
        // Part of the next head has arrived during the answer, and could not be read before.
        if !matches!(state.head, HeadState::Unbegun | HeadState::Body) {
            state.head_since = Some(Instant::now());
        }
    }

    /// Records that the client may be sending bytes that will not be read.
    pub fn record_unserved(&self) {
        self.state().unserved = true;
    }

    /// Whether the client may still be sending bytes that will not be read.
    pub fn has_unserved_bytes(&self) -> bool {
        self.state().unserved
    }

    /// Records that our side is closed.
    pub fn begin_closing(&self) {
        let mut state = self.state();
        if state.closing_since.is_none() {
            state.closing_since = Some(Instant::now());
        }
    }

    /// Whether the client would take an incomplete answer for a complete one if the connection were closed without a
    /// reset.
    pub fn has_incomplete_answer(&self) -> bool {
        let state = self.state();
        state.broken || state.serving || state.blocked_since.is_some()
    }

    /// When the connection has to be cut if nothing changes.
    pub fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        let (head, answer) = match state.closing_since {
            // A closing connection reads no further head and has no answer left to send.
            Some(since) => (None, Some(since + self.limits.linger)),
            None => (
                state.head_since.filter(|_| !state.serving).map(|since| since + self.limits.head),
                state.answering_since.map(|since| since + self.limits.answer),
            ),
        };
        let blocked = state.blocked_since.map(|since| since + self.limits.answer);
        [head, answer, blocked].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn watch() -> ConnectionWatch {
        ConnectionWatch::new(Arc::new(HttpLimits::default()))
    }

    #[test]
    fn a_head_ends_with_its_empty_line() {
        for head in ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "\r\n\nGET /\r\nA: b\r\n\r\n"] {
            let watch = watch();
            assert_eq!(watch.record_read(format!("{head}GET /next").as_bytes()), head.len(), "{head:?}");
        }
    }

    #[test]
    fn a_head_is_found_in_single_bytes_too() {
        let watch = watch();
        for byte in b"GET / HTTP/1.1\r\nHost: a\r\n\r" {
            assert_eq!(watch.record_read(&[*byte]), 1);
            assert_ne!(watch.state().head, HeadState::Unbegun);
        }
        watch.record_read(b"\n");
        assert_eq!(watch.state().head, HeadState::Unbegun);
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_of_a_head_stands_while_the_connection_idles() {
        let watch = watch();
        let opened = Instant::now();
        assert_eq!(watch.deadline(), Some(opened + Duration::from_secs(10)));
        watch.record_read(b"GET / HTTP/1.1\r\n\r\n");
        watch.begin_request(false);
        assert_eq!(watch.deadline(), None);
        watch.begin_answer();
        assert_eq!(watch.deadline(), Some(opened + Duration::from_secs(30)));
        watch.end_answer(true);
        assert_eq!(watch.deadline(), None);
        tokio::time::advance(Duration::from_secs(3600)).await;
        watch.record_read(b"G");
        assert_eq!(watch.deadline(), Some(Instant::now() + Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(1)).await;
        watch.record_read(b"E");
        assert_eq!(watch.deadline(), Some(Instant::now() + Duration::from_secs(9)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_arrives_during_an_answer_is_timed_from_its_end() {
        let watch = watch();
        watch.record_read(b"GET / HTTP/1.1\r\n\r\n");
        watch.begin_request(false);
        watch.begin_answer();
        watch.record_read(b"GET /ne");
        tokio::time::advance(Duration::from_secs(20)).await;
        watch.end_answer(true);
        assert_eq!(watch.deadline(), Some(Instant::now() + Duration::from_secs(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_nobody_takes_have_a_deadline() {
        let watch = watch();
        watch.record_read(b"GET / HTTP/1.1\r\n\r\n");
        watch.begin_request(false);
        watch.end_answer(true);
        watch.record_blocked();
        let blocked = Instant::now();
        tokio::time::advance(Duration::from_secs(1)).await;
        watch.record_blocked();
        assert_eq!(watch.deadline(), Some(blocked + Duration::from_secs(30)));
        assert!(watch.has_incomplete_answer());
        watch.record_write();
        assert_eq!(watch.deadline(), None);
        assert!(!watch.has_incomplete_answer());
    }
}
