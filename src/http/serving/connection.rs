//! Serves one connection from its opening to its end.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::http::routes::router::Router;
use crate::http::serving::connection_watch::ConnectionWatch;
use crate::http::serving::watched_socket::WatchedSocket;

/// Size of hyper's buffers for reading and writing. It is larger than a head and smaller than a piece of a page, so
/// that a piece is made only when the one before has been sent.
const BUFFER: usize = 32 * 1024;

/// Serves a client until it disconnects, is cut, or exceeds a limit.
///
/// When the server stops, an answer in flight is completed and an idle connection is closed.
pub(crate) async fn serve_connection(socket: TcpStream, pages: Arc<Router>, watch: Arc<ConnectionWatch>) {
    // Pages are written in large pieces, so Nagle's algorithm would only delay the last one.
    let _ = socket.set_nodelay(true);
    let service = {
        let (pages, watch) = (Arc::clone(&pages), Arc::clone(&watch));
        service_fn(move |request| {
            let (pages, watch) = (Arc::clone(&pages), Arc::clone(&watch));
            async move { pages.answer(watch, request).await }
        })
    };
    let late = pages.stopping.is_cancelled();
    let wire = TokioIo::new(WatchedSocket::new(socket, Arc::clone(&watch), pages.limits.linger_bytes));
    let mut talk = http1::Builder::new()
        .max_buf_size(BUFFER.max(pages.limits.head_bytes))
        .max_header_size(pages.limits.head_bytes)
        // `head_lines` includes the request line, which hyper does not count.
        .max_headers(pages.limits.head_lines.saturating_sub(1))
        // hyper's timer would also run while the connection is idle. The watch has the deadline of the head.
        .header_read_timeout(None)
        // A client may close its side after sending the request and still read the answer.
        .half_close(true)
        .keep_alive(!late)
        .serve_connection(wire, service);
    let mut alarm = pin!(tokio::time::sleep_until(Instant::now()));
    let mut cut = pin!(watch.cut.cancelled());
    let mut stop = pin!(pages.stopping.cancelled());
    let mut told = late;
    std::future::poll_fn(|cx| {
        if cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !told && stop.as_mut().poll(cx).is_ready() {
            told = true;
            Pin::new(&mut talk).graceful_shutdown();
        }
        if let Poll::Ready(end) = Pin::new(&mut talk).poll(cx) {
            if let Err(error) = end {
                tracing::debug!(?error, "a connection ended early");
            }
            return Poll::Ready(());
        }
        // Deadlines change only in the poll above.
        let Some(deadline) = watch.deadline() else { return Poll::Pending };
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(cx)
    })
    .await;
}
