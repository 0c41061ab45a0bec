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
use crate::http::serving::handshake::{self, Arrival};
use crate::http::serving::watched_socket::WatchedSocket;

/// Size of hyper's buffers for reading and writing. It is larger than a head and smaller than a piece of a page, so
/// that a piece is made only when the one before has been sent.
const BUFFER: usize = 32 * 1024;

/// Serves a client until it disconnects, is cut, or exceeds a limit.
///
/// When the server stops, an answer in flight is completed, and a connection that is idle or in its handshake is closed.
pub(crate) async fn serve_connection(socket: TcpStream, pages: Arc<Router>, watch: Arc<ConnectionWatch>) {
    // Pages are written in large pieces, so Nagle's algorithm would only delay the last one.
    let _ = socket.set_nodelay(true);
    let late = pages.stopping.is_cancelled();
    let arrival = match pages.access.tls() {
        None => Some(Arrival::plain(socket, &watch)),
        Some(tls) => {
            let arrival = until_deadline(&watch, handshake::arrive(socket, tls, &pages.limits, &watch));
            tokio::select! {
                biased;
                () = pages.stopping.cancelled(), if !late => None,
                arrival = arrival => arrival.flatten(),
            }
        }
    };
    if let Some(arrival) = arrival {
        serve_http(arrival, pages, watch, late).await;
    }
}

async fn serve_http(arrival: Arrival, pages: Arc<Router>, watch: Arc<ConnectionWatch>, late: bool) {
    let Arrival { transport, scheme } = arrival;
    let service = {
        let (pages, watch) = (Arc::clone(&pages), Arc::clone(&watch));
        service_fn(move |request| {
            let (pages, watch) = (Arc::clone(&pages), Arc::clone(&watch));
            async move { pages.answer(watch, request, scheme).await }
        })
    };
    let wire = TokioIo::new(WatchedSocket::new(transport, Arc::clone(&watch), pages.limits.linger_bytes));
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
    let mut stop = pin!(pages.stopping.cancelled());
    let mut told = late;
    let talk = std::future::poll_fn(|cx| {
        if !told && stop.as_mut().poll(cx).is_ready() {
            told = true;
            Pin::new(&mut talk).graceful_shutdown();
        }
        Pin::new(&mut talk).poll(cx)
    });
    if let Some(Err(error)) = until_deadline(&watch, talk).await {
        tracing::debug!(?error, "a connection ended early");
    }
}

/// Runs a part of a connection until the connection is cut or passes a deadline of its watch, which is `None`.
async fn until_deadline<T>(watch: &ConnectionWatch, part: impl Future<Output = T>) -> Option<T> {
    let mut part = pin!(part);
    let mut alarm = pin!(tokio::time::sleep_until(Instant::now()));
    let mut cut = pin!(watch.cut.cancelled());
    std::future::poll_fn(|cx| {
        if cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(end) = part.as_mut().poll(cx) {
            return Poll::Ready(Some(end));
        }
        // Deadlines change only in the poll above.
        let Some(deadline) = watch.deadline() else { return Poll::Pending };
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(cx).map(|()| None)
    })
    .await
}
