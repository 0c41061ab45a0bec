//! A client's connection that reports what is read, and closes without losing the last answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::serving::connection_watch::ConnectionWatch;
use crate::http::serving::transport::Transport;

/// A connection that reports reads to its [`ConnectionWatch`], and hands over one request at a time.
///
/// Bytes that a client sends ahead stay here until the current request is answered, so that the watch knows whether the
/// next head has begun.
///
/// A client that was refused while it was sending is given time to close the connection: closing with unread bytes
/// would reset the connection, and the reset can overtake the answer. Further bytes of it are read up to a limit and
/// then left to the kernel, which buffers few of them. The connection stays open for the rest of the time.
pub(crate) struct WatchedSocket {
    transport: Transport,
    watch: Arc<ConnectionWatch>,
    read_ahead: BytesMut,
    is_shut: bool,
    /// Number of bytes that may still be read from a refused client.
    linger_bytes: usize,
}

impl WatchedSocket {
    /// Wraps a connection. `after` is the number of bytes to read after the last answer.
    pub fn new(transport: Transport, watch: Arc<ConnectionWatch>, after: usize) -> Self {
        Self { transport, watch, read_ahead: BytesMut::new(), is_shut: false, linger_bytes: after }
    }
}

impl AsyncRead for WatchedSocket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read_ahead.is_empty() {
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.transport).poll_read(cx, buf))?;
            let (_, fresh) = buf.filled().split_at_checked(before).unwrap_or_default();
            if !fresh.is_empty() {
                let (own, rest) = split(fresh, this.watch.record_read(fresh));
                this.read_ahead.extend_from_slice(rest);
                let filled = before + own.len();
                buf.set_filled(filled);
            }
        } else {
            let (fits, _) = split(&this.read_ahead, buf.remaining());
            let own = this.watch.record_read(fits);
            buf.put_slice(&this.read_ahead.split_to(own));
            if this.read_ahead.is_empty() {
                this.read_ahead = BytesMut::new();
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Like `split_at`, but `at` may be beyond the end.
fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

impl AsyncWrite for WatchedSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.is_shut {
            ready!(Pin::new(&mut this.transport).poll_shutdown(cx))?;
            this.is_shut = true;
            this.watch.begin_closing();
        }
        if this.read_ahead.is_empty() && !this.watch.has_unserved_bytes() {
            return Poll::Ready(Ok(()));
        }
        let mut scrap = [0; 4096];
        while this.linger_bytes > 0 {
            let (room, _) = scrap.split_at_mut(this.linger_bytes.min(4096));
            let mut buf = ReadBuf::new(room);
            ready!(Pin::new(&mut this.transport).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.linger_bytes = this.linger_bytes.saturating_sub(buf.filled().len());
        }
        // The deadline of the watch ends the wait.
        Poll::Pending
    }
}
