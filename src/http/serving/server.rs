//! Accepts clients, and closes their connections when the server stops.

use std::collections::HashSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::http::routes::api_handler::ApiHandler;
use crate::http::routes::origin_check::OriginCheck;
use crate::http::routes::router::Router;
use crate::http::routes::scrape_handler::ScrapeHandler;
use crate::http::serving::connection;
use crate::http::serving::connection_limit::ConnectionLimit;
use crate::http::serving::connection_watch::ConnectionWatch;
use crate::http::serving::limits::HttpLimits;
use crate::http::serving::listener::{BindError, listen};
use crate::http::{Endpoints, ListenerAccess};
use crate::shortage;

/// An HTTP server that is bound. It serves once [`Server::serve`] is awaited.
pub struct Server {
    listener: TcpListener,
    local: SocketAddr,
    endpoints: Endpoints,
    connection_limit: Arc<ConnectionLimit>,
    limits: HttpLimits,
}

impl Server {
    /// Listens on `HOST:PORT`. An empty host means all addresses, port 0 any free port.
    ///
    /// The clients count towards `connection_limit`, which other servers may share. Clients that connect before
    /// [`Server::serve`] wait for it. Resolving a name may block.
    ///
    /// # Errors
    /// The address is malformed, cannot be resolved, or cannot be bound.
    pub fn bind(address: &str, site: Endpoints, crowd: &Arc<ConnectionLimit>) -> Result<Self, BindError> {
        let listener = listen(address)?;
        let refused = |source| BindError::Refused { address: address.to_owned(), source };
        Self::on(listener, site, crowd).map_err(refused)
    }

    /// Serves on a socket that listens already, such as that of another server.
    ///
    /// # Errors
    /// The socket has no address.
    pub fn on(listener: TcpListener, site: Endpoints, crowd: &Arc<ConnectionLimit>) -> io::Result<Self> {
        Ok(Self {
            local: listener.local_addr()?,
            listener,
            endpoints: site,
            connection_limit: Arc::clone(crowd),
            limits: HttpLimits::default(),
        })
    }

    /// The socket, for another server.
    ///
    /// # Errors
    /// There is no file descriptor left.
    pub fn socket(&self) -> io::Result<TcpListener> {
        self.listener.try_clone()
    }

    /// The bound address, with the port that was chosen.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// What protects it.
    pub fn access(&self) -> Arc<ListenerAccess> {
        Arc::clone(&self.endpoints.access)
    }

    /// The address of its status page.
    pub fn url(&self) -> String {
        let scheme = if self.endpoints.access.tls().is_some() { "https" } else { "http" };
        format!("{scheme}://{}/", self.local)
    }

    #[cfg(test)]
    pub(crate) fn limited(self, limits: HttpLimits) -> Self {
        Self { limits, ..self }
    }

    /// Serves until `stop`, and then until the answers in flight are complete, for at most two seconds. `closes` ends this
    /// server alone: the program goes on, and another server may take the socket, so no more clients are accepted.
    ///
    /// After `stop`, new clients are still accepted, so that `/-/ready` can report the stop, but not waited for. The
    /// tasks of all connections have ended when this returns. When the future is dropped, they are aborted.
    ///
    /// # Errors
    /// The socket cannot be registered with the runtime, because there is no file descriptor left.
    pub async fn serve(self, stop: CancellationToken, closes: CancellationToken) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let limits = Arc::new(self.limits);
        let pages = Arc::new(Router {
            scrapes: ScrapeHandler::new(self.endpoints.scrape, self.endpoints.observe, Arc::clone(&limits)),
            api: ApiHandler::new(
                self.endpoints.burrow,
                self.endpoints.status_page,
                self.endpoints.origin.as_deref(),
                &limits,
            ),
            ready: self.endpoints.ready,
            lifecycle: self.endpoints.lifecycle,
            serves: self.endpoints.serves,
            access: self.endpoints.access,
            origin_check: OriginCheck::new(self.endpoints.allowed_hosts),
            limits: Arc::clone(&limits),
            stopping: CancellationToken::new(),
            closes: closes.clone(),
        });
        let mut clients = ServerConnections::new(Arc::clone(&pages), self.connection_limit);
        let mut door = Acceptor::new(self.local);
        let mut following = pin!(pages.access.follow_files());
        let mut grace_ends = None;
        while grace_ends.is_none() || !clients.pending.is_empty() {
            tokio::select! {
                biased;
                () = either(&stop, &closes), if grace_ends.is_none() => {
                    pages.stopping.cancel();
                    clients.mark_pending();
                    grace_ends = Some(Instant::now() + limits.grace);
                }
                () = sleep_until(grace_ends) => break,
                Some(ended) = clients.tasks.join_next_with_id() => clients.remove(ended),
                () = pages.scrapes.drop_stale_forever() => {}
                () = &mut following => {}
                () = door.wait_for_recovery(&limits) => door.record_recovery(),
                accepted = door.next(&listener), if !closes.is_cancelled() => match accepted {
                    Ok(socket) => clients.admit(socket),
                    Err(error) => {
                        // When no descriptor is left, cutting a silent client frees one.
                        if door.record_failure(&error, &limits) {
                            clients.connection_limit.close_longest_silent();
                        }
                    }
                },
            }
        }
        drop(listener);
        clients.tasks.shutdown().await;
        // Renderings in progress end with their next piece. They are not waited for any longer than this.
        let ending = async { tokio::join!(pages.scrapes.close(), pages.api.close(&limits)) };
        let _ = tokio::time::timeout(limits.grace / 4, ending).await;
        Ok(())
    }
}

async fn either(one: &CancellationToken, other: &CancellationToken) {
    tokio::select! {
        () = one.cancelled() => {}
        () = other.cancelled() => {}
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// The connections of this server.
struct ServerConnections {
    router: Arc<Router>,
    connection_limit: Arc<ConnectionLimit>,
    /// Connections whose tasks have not ended.
    open: HashSet<Id>,
    /// Connections that were open when the stop began and whose tasks have not ended. The stop waits for them.
    pending: HashSet<Id>,
    tasks: JoinSet<()>,
}

impl ServerConnections {
    fn new(pages: Arc<Router>, crowd: Arc<ConnectionLimit>) -> Self {
        Self {
            router: pages,
            connection_limit: crowd,
            open: HashSet::new(),
            pending: HashSet::new(),
            tasks: JoinSet::new(),
        }
    }

    fn mark_pending(&mut self) {
        self.pending.clone_from(&self.open);
    }

    fn admit(&mut self, socket: TcpStream) {
        let watch = Arc::new(ConnectionWatch::new(Arc::clone(&self.router.limits)));
        let guest = self.connection_limit.admit(Arc::clone(&watch));
        let talk = connection::serve_connection(socket, Arc::clone(&self.router), watch);
        let task = self.tasks.spawn(async move {
            talk.await;
            drop(guest);
        });
        self.open.insert(task.id());
    }

    fn remove(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(?error, "a connection's task failed");
                }
                error.id()
            }
        };
        self.open.remove(&id);
        self.pending.remove(&id);
    }
}

/// Accepts clients and pauses after failures.
struct Acceptor {
    address: SocketAddr,
    /// No client is accepted before this time. Set when accepting fails.
    paused_until: Option<Instant>,
    /// Time of the last failure to accept. `None` once accepting has worked for a while: with few descriptors it works
    /// and fails in turns, because each client that leaves frees a descriptor for the next one.
    last_failure: Option<Instant>,
}

impl Acceptor {
    const fn new(address: SocketAddr) -> Self {
        Self { address, paused_until: None, last_failure: None }
    }

    /// Returns the next client. Safe to cancel and call again at any time.
    async fn next(&self, listener: &tokio::net::TcpListener) -> io::Result<TcpStream> {
        if let Some(opens) = self.paused_until {
            tokio::time::sleep_until(opens).await;
        }
        listener.accept().await.map(|(socket, _)| socket)
    }

    /// Waits until accepting has worked for a while after a failure. Never returns if there was no failure. Safe to
    /// cancel.
    async fn wait_for_recovery(&self, limits: &HttpLimits) {
        sleep_until(self.last_failure.map(|failed| failed + limits.calm)).await;
    }

    fn record_recovery(&mut self) {
        if self.last_failure.take().is_some() {
            tracing::info!(address = %self.address, "connections are accepted again");
        }
    }

    /// Handles a failure to accept a client. Returns whether the failure lasts unless a descriptor is freed.
    fn record_failure(&mut self, error: &io::Error, limits: &HttpLimits) -> bool {
        use io::ErrorKind as Kind;
        if matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::Interrupted) {
            // That concerns only this client.
            return false;
        }
        if self.last_failure.is_none() {
            tracing::warn!(address = %self.address, cause = shortage::error_text(error), "connections cannot be accepted");
        }
        let now = Instant::now();
        (self.paused_until, self.last_failure) = (Some(now + limits.pause), Some(now));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const EMFILE: i32 = 24;

    fn door() -> Acceptor {
        Acceptor::new(SocketAddr::from(([127, 0, 0, 1], 9308)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_lack_of_descriptors_makes_the_door_wait_and_not_spin() {
        let listener = tokio::net::TcpListener::from_std(listen("127.0.0.1:0").unwrap()).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut door, start) = (door(), Instant::now());
        assert!(door.record_failure(&io::Error::from_raw_os_error(EMFILE), &HttpLimits::default()));
        door.next(&listener).await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_door_works_again_once_it_has_not_stuck_for_a_while() {
        let (mut door, limits) = (door(), HttpLimits::default());
        for _ in 0..3 {
            assert!(door.record_failure(&io::Error::from_raw_os_error(EMFILE), &limits));
            tokio::time::advance(limits.calm - Duration::from_millis(1)).await;
        }
        let last = Instant::now();
        door.wait_for_recovery(&limits).await;
        assert_eq!(last.elapsed(), Duration::from_millis(1));
        door.record_recovery();
        assert_eq!(door.last_failure, None);
    }

    #[test]
    fn a_client_that_gave_up_early_holds_up_nobody() {
        let mut door = door();
        assert!(!door.record_failure(&io::ErrorKind::ConnectionAborted.into(), &HttpLimits::default()));
        assert!(door.last_failure.is_none() && door.paused_until.is_none());
    }
}
