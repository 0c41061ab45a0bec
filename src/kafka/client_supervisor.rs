//! Supervises a client: restores it when it has lost its brokers, and replaces it when that does not help, or when its
//! files have changed.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use super::Client;
use super::client_renewal::ClientRenewal;
use super::recovery::{Recovery, RecoveryAction};
use crate::clock::later;

/// Time between two checks.
const LOOK: Duration = Duration::from_secs(1);
/// How long a bootstrap server may take to accept a connection.
const ACCEPTING: Duration = Duration::from_secs(2);
/// Time between two attempts to connect while no server accepts a connection.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Supervises one client. It belongs to the thread that works with the client; `recovery` decides which remedy is
/// due.
pub struct ClientSupervisor {
    client: Arc<Client>,
    recovery: Recovery,
    next: Instant,
    /// The result of a running attempt to connect: whether a bootstrap server accepts a connection.
    accepted: Option<Receiver<bool>>,
    renewal: ClientRenewal,
}

impl ClientSupervisor {
    /// Creates a supervisor for a client that was just created.
    #[must_use]
    pub fn new(client: Arc<Client>) -> Self {
        let now = Instant::now();
        Self { client, recovery: Recovery::new(now), next: now, accepted: None, renewal: ClientRenewal::default() }
    }

    /// The current client.
    #[must_use]
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Checks the client and applies a remedy when one is due. Call it often; it never blocks. Returns the new
    /// client if the old one was replaced; the caller must then drop the old one.
    pub fn check(&mut self, now: Instant) -> Option<Arc<Client>> {
        self.renewal.poll_events();
        if now < self.next {
            return None;
        }
        self.next = later(now, LOOK);
        if let Some(client) = self.renewal.check(&self.client, now) {
            (self.recovery, self.accepted) = (Recovery::new(now), None);
            self.client = client;
            return Some(Arc::clone(&self.client));
        }
        let signs = self.client.state(now);
        let remedy = self.recovery.next_action(signs, now)?;
        if remedy == RecoveryAction::Bootstrap && signs.brokerless {
            // A server has just answered, so there is no need to check whether one accepts connections.
            self.bootstrap(now);
            return None;
        }
        if !self.check_accepts(now) {
            return None;
        }
        match remedy {
            RecoveryAction::Bootstrap => {
                self.bootstrap(now);
                None
            }
            RecoveryAction::Replace => self.replace(now),
        }
    }

    fn bootstrap(&mut self, now: Instant) {
        self.recovery.record_applied(RecoveryAction::Bootstrap, now);
        debug!(module = self.client.module(), "a client has lost its brokers: its bootstrap servers are added again");
        self.client.add_bootstrap_servers();
    }

    /// Replaces the client. At most one old client of a module is closing at a time, because closing may hang.
    fn replace(&mut self, now: Instant) -> Option<Arc<Client>> {
        if self.client.is_another_closing() {
            return None;
        }
        self.recovery.record_applied(RecoveryAction::Replace, now);
        let module = self.client.module();
        match self.client.recreate() {
            Ok(client) => {
                warn!(module, "a Kafka client that did not connect for a minute is replaced");
                self.client = Arc::new(client);
                Some(Arc::clone(&self.client))
            }
            Err(error) => {
                warn!(module, %error, "a Kafka client that does not connect cannot be replaced");
                None
            }
        }
    }

    /// Whether a bootstrap server is known to accept a connection. Starts an attempt if none is running.
    fn check_accepts(&mut self, now: Instant) -> bool {
        match self.accepted.as_ref().map(Receiver::try_recv) {
            Some(Ok(true)) => {
                self.accepted = None;
                true
            }
            Some(Err(TryRecvError::Empty)) => false,
            Some(Ok(false)) => {
                self.accepted = None;
                self.next = later(now, TRY_AGAIN);
                false
            }
            Some(Err(TryRecvError::Disconnected)) | None => {
                self.accepted = self.try_to_connect();
                false
            }
        }
    }

    fn try_to_connect(&self) -> Option<Receiver<bool>> {
        let (send, accepted) = sync_channel(1);
        let servers = self.client.servers().to_vec();
        // Fails when the supervisor was dropped.
        let try_all = move || send.send(servers.iter().any(|server| accepts_connection(server))).ok();
        match thread::Builder::new().name("kafka-connect".to_owned()).spawn(try_all) {
            Ok(_) => Some(accepted),
            Err(error) => {
                debug!(module = self.client.module(), %error, "no thread could be started to test the bootstrap servers");
                None
            }
        }
    }
}

/// Whether one of a server's addresses accepts a connection. The name lookup has no time limit but the resolver's.
fn accepts_connection(server: &str) -> bool {
    server.to_socket_addrs().is_ok_and(|addresses| {
        addresses.into_iter().any(|address| TcpStream::connect_timeout(&address, ACCEPTING).is_ok())
    })
}

impl std::fmt::Debug for ClientSupervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("recovery", &self.recovery).finish_non_exhaustive()
    }
}
