//! A client's socket that reports what becomes of the bytes that are written.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::http::serving::connection_watch::ConnectionWatch;

/// A socket that reports writes to its [`ConnectionWatch`]. With TLS, these are writes of what is encrypted.
#[derive(Debug)]
pub(crate) struct MeteredSocket {
    socket: TcpStream,
    watch: Arc<ConnectionWatch>,
}

impl MeteredSocket {
    pub const fn new(socket: TcpStream, watch: Arc<ConnectionWatch>) -> Self {
        Self { socket, watch }
    }

    fn record_write(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.watch.record_blocked(),
            Poll::Ready(_) => self.watch.record_write(),
        }
        written
    }
}

impl Drop for MeteredSocket {
    fn drop(&mut self) {
        // A page that is ended by closing the connection must not look complete when it was cut. Bytes that the client
        // has not taken need not stay in the kernel. A failure means that the connection is already gone.
        if self.watch.has_incomplete_answer() {
            let _ = self.socket.set_zero_linger();
        }
    }
}

impl AsyncRead for MeteredSocket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for MeteredSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.record_write(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.record_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
