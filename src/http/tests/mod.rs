//! Tests of the server over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::serving::limits::HttpLimits;
use super::{ConnectionLimit, Endpoints, ListenerAccess, PagePieces, Readiness, Server};
use crate::config::ServedPart;
use crate::metrics::Format;

mod bounds;
mod burrow;
mod gate;
mod pages;
mod protected;
mod routes;
mod status_page;
mod stopping;

/// Longer than any test takes on the slowest machine. Reaching it means that something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server for one test.
struct Running {
    at: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        timeout(Duration::from_secs(3), self.task).await.unwrap().unwrap().unwrap();
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// Sends these bytes and returns the whole answer.
    async fn ask(&self, request: impl AsRef<[u8]>) -> String {
        String::from_utf8_lossy(&self.ask_raw(request).await).into_owned()
    }

    async fn ask_raw(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
        let mut socket = self.connect().await;
        // A server that has refused the request does not read the rest.
        let _ = socket.write_all(request.as_ref()).await;
        let _ = socket.shutdown().await;
        rest(&mut socket).await.unwrap()
    }

    async fn get(&self, path: &str) -> String {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await
    }
}

/// Reads until the server closes the connection.
async fn rest(socket: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.unwrap()?;
    Ok(bytes)
}

/// Sends a request on a connection that stays open, and reads one answer with a `Content-Length`.
async fn talk(socket: &mut TcpStream, request: &str) -> String {
    socket.write_all(request.as_bytes()).await.unwrap();
    hear(socket).await
}

async fn hear(socket: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let whole = |heard: &[u8]| {
        let text = String::from_utf8_lossy(heard).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        (body.len() >= length.parse().unwrap()).then_some(text)
    };
    loop {
        if let Some(answer) = whole(&heard) {
            return answer;
        }
        let byte = timeout(PATIENCE, socket.read_u8()).await.unwrap();
        heard.push(byte.unwrap_or_else(|error| panic!("closed after {:?}: {error}", String::from_utf8_lossy(&heard))));
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer:?}")).parse().unwrap()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name).map(|(_, value)| value))
}

fn start(site: Endpoints) -> Running {
    start_with(site, HttpLimits::default())
}

fn start_with(site: Endpoints, limits: HttpLimits) -> Running {
    start_among(&ConnectionLimit::new(512), site, limits)
}

fn start_among(crowd: &Arc<ConnectionLimit>, site: Endpoints, limits: HttpLimits) -> Running {
    let server = Server::bind("127.0.0.1:0", site, crowd).unwrap().limited(limits);
    let (at, stop) = (server.local_addr(), CancellationToken::new());
    Running { at, task: tokio::spawn(server.serve(stop.clone(), CancellationToken::new())), stop }
}

/// A site that is ready, with a page of one line.
fn plain_site() -> Endpoints {
    site(|format| Box::new(std::iter::once(format!("{format:?} page\n").into_bytes())))
}

fn site(scrape: impl Fn(Format) -> PagePieces + Send + Sync + 'static) -> Endpoints {
    let (ready, observe) = (Arc::new(Readiness::default), Arc::new(|_| {}));
    Endpoints {
        scrape: Arc::new(move |format, _| Ok(scrape(format))),
        ready,
        observe,
        burrow: Arc::new(burrow::nothing),
        status_page: Arc::new(status_page::nothing),
        lifecycle: None,
        origin: None,
        allowed_hosts: Vec::new(),
        serves: ServedPart::ALL.to_vec(),
        access: ListenerAccess::plain(),
    }
}

/// A site whose page never ends, and the number of its pages that are alive.
fn endless_site() -> (Endpoints, Arc<AtomicUsize>) {
    struct Page(Arc<AtomicUsize>);
    impl Drop for Page {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let alive = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&alive);
    let endless = site(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        let page = Page(Arc::clone(&counter));
        Box::new(std::iter::from_fn(move || {
            let _alive = &page;
            Some(vec![b'x'; 65536])
        }))
    });
    (endless, alive)
}
