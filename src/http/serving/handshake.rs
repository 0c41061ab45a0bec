//! What comes before the first request of a connection to a listener with TLS: the handshake.

use std::pin::Pin;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::http::serving::connection_watch::ConnectionWatch;
use crate::http::serving::limits::HttpLimits;
use crate::http::serving::metered_socket::MeteredSocket;
use crate::http::serving::transport::Transport;
use crate::http::serving::watched_socket::WatchedSocket;

/// A connection on which requests can be read.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub transport: Transport,
    pub scheme: Scheme,
}

/// How requests of a connection arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
    /// Without TLS at a listener that needs it. Such a client is told so, and gets nothing else.
    HttpToHttps,
}

impl Arrival {
    /// A connection to a listener without TLS.
    pub fn plain(socket: TcpStream, watch: &Arc<ConnectionWatch>) -> Self {
        Self { transport: Transport::Plain(MeteredSocket::new(socket, Arc::clone(watch))), scheme: Scheme::Http }
    }
}

/// Does the handshake. `None` if the client has closed the connection or the handshake failed.
pub(crate) async fn arrive(
    socket: TcpStream,
    tls: Arc<ServerConfig>,
    limits: &HttpLimits,
    watch: &Arc<ConnectionWatch>,
) -> Option<Arrival> {
    let mut first = [0];
    if socket.peek(&mut first).await.unwrap_or(0) == 0 {
        return None;
    }
    let socket = MeteredSocket::new(socket, Arc::clone(watch));
    // A method begins with a letter, the records of TLS with bytes below 32 (RFC 8446, 5.1).
    if first.iter().all(u8::is_ascii_uppercase) {
        return Some(Arrival { transport: Transport::Plain(socket), scheme: Scheme::HttpToHttps });
    }
    match TlsAcceptor::from(tls).accept(socket).into_fallible().await {
        Ok(stream) => Some(Arrival { transport: Transport::Tls(Box::new(stream)), scheme: Scheme::Https }),
        Err((error, socket)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            // The alert says why. Bytes that are not read would reset the connection, which can overtake the alert.
            watch.record_unserved();
            let mut socket = WatchedSocket::new(Transport::Plain(socket), Arc::clone(watch), limits.linger_bytes);
            // Fails if the client has gone.
            let _ = std::future::poll_fn(|cx| Pin::new(&mut socket).poll_shutdown(cx)).await;
            None
        }
    }
}
