//! Finds out why no server opens a session. The client does not report the reason, so each server is tried once
//! more.

use std::net::{Shutdown, TcpStream as StdStream};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::session::SessionLost;
use super::tls::TlsMaterial;
use crate::shortage;

/// How long a server may take for each step.
const PATIENCE: Duration = Duration::from_secs(2);

/// The reason for each of the servers.
pub async fn diagnose(servers: &[String], tls: Option<&TlsMaterial>) -> SessionLost {
    let causes = servers.iter().map(|server| async move { format!("{server}: {}", cause(server, tls).await) });
    SessionLost(join_all(causes).await.join("; "))
}

async fn cause(server: &str, tls: Option<&TlsMaterial>) -> String {
    let silent = || format!("no answer within {} s", PATIENCE.as_secs());
    let stream = match timeout(PATIENCE, TcpStream::connect(server)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return shortage::error_text(&error),
        Err(_) => return silent(),
    };
    let Some(tls) = tls else { return "it accepts the connection, but opens no session".to_owned() };
    match timeout(PATIENCE.saturating_mul(2), try_tls(stream, Arc::clone(tls.config()), server)).await {
        Ok(Ok(())) => "TLS works, but it opens no session".to_owned(),
        Ok(Err(error)) => format!("TLS fails: {error}"),
        Err(_) => silent(),
    }
}

/// Shuts a stream down in both directions on drop.
struct ShutdownOnDrop(StdStream);

impl Drop for ShutdownOnDrop {
    fn drop(&mut self) {
        // It may be closed already; then nothing is left to do.
        drop(self.0.shutdown(Shutdown::Both));
    }
}

/// Performs the handshake on a separate thread. A server that sends a byte now and then could block it for hours,
/// so the stream is shut down when the caller gives up.
async fn try_tls(stream: TcpStream, config: Arc<ClientConfig>, server: &str) -> std::io::Result<()> {
    let (stream, server) = (stream.into_std()?, server.to_owned());
    let held = ShutdownOnDrop(stream.try_clone()?);
    let shaken = spawn_blocking(move || tls_handshake(stream, config, &server)).await;
    drop(held);
    shaken.map_err(std::io::Error::other)?
}

/// Performs a TLS handshake and reads once more: with TLS 1.3 a server rejects the client's certificate only after
/// the handshake.
fn tls_handshake(mut stream: StdStream, config: Arc<ClientConfig>, server: &str) -> std::io::Result<()> {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut tls = ClientConnection::new(config, name).map_err(std::io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    match tls.complete_io(&mut stream) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
