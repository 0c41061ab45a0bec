//! The HTTP servers of a run.

use std::net::TcpListener;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::{Config, HttpServerConfig};
use crate::http::{ConnectionLimit, ListenerAccess, Server};

use super::RunError;
use super::served_app::ServedApp;

/// The HTTP servers of a run.
pub(super) struct Listeners {
    limit: Arc<ConnectionLimit>,
    running: Vec<Listener>,
    /// Servers that are bound and wait for [`Listeners::serve_bound`], and the sections of those that go on.
    bound: Option<BoundListeners>,
    failures: UnboundedSender<RunError>,
}

/// What [`Listeners::bind`] has prepared.
struct BoundListeners {
    new: Vec<(ListenerSettings, TcpListener, Server)>,
    wanted: Vec<ListenerSettings>,
}

/// What a server is made from. Servers that are made from the same are the same.
#[derive(Clone, PartialEq)]
struct ListenerSettings {
    section: HttpServerConfig,
    origin: Option<String>,
}

struct Listener {
    settings: ListenerSettings,
    /// The socket, which a server with other settings for the same address takes over.
    socket: TcpListener,
    access: Arc<ListenerAccess>,
    stop: CancellationToken,
    /// Ends this server alone.
    closes: CancellationToken,
    task: JoinHandle<()>,
}

impl Listeners {
    /// No server yet. A server that fails reports it to `failures`.
    pub(super) const fn new(limit: Arc<ConnectionLimit>, failures: UnboundedSender<RunError>) -> Self {
        Self { limit, running: Vec::new(), bound: None, failures }
    }

    /// Binds what a configuration needs in addition, before anything is changed. An address that is listened on keeps
    /// its socket.
    pub(super) fn bind(&mut self, shown: &Arc<ServedApp>, config: &Config) -> Result<(), RunError> {
        let origin = &config.general.access_control_allow_origin;
        let wanted: Vec<_> = config
            .http
            .iter()
            .map(|section| ListenerSettings { section: section.clone(), origin: origin.clone() })
            .collect();
        let mut new = Vec::new();
        for settings in &wanted {
            if self.running.iter().any(|listener| listener.settings == *settings) {
                continue;
            }
            let address = &settings.section.address;
            let held = self.running.iter().find(|listener| listener.settings.section.address == *address);
            let endpoints = shown.endpoints(&settings.section, settings.origin.clone())?;
            let server = match held {
                Some(held) => Server::on(held.socket.try_clone()?, endpoints, &self.limit)?,
                None => Server::bind(address, endpoints, &self.limit)?,
            };
            new.push((settings.clone(), server.socket()?, server));
        }
        self.bound = Some(BoundListeners { new, wanted });
        Ok(())
    }

    /// The URLs of the servers that are bound.
    pub(super) fn bound_urls(&self) -> Vec<String> {
        let bound = self.bound.iter().flat_map(|bound| &bound.new);
        bound.map(|(_, _, server)| server.url()).collect()
    }

    /// Closes what was bound.
    pub(super) fn drop_bound(&mut self) {
        self.bound = None;
    }

    /// Serves what was bound, and ends the servers that are not wanted any more once their answers in flight are
    /// complete. Must be called within the runtime.
    pub(super) fn serve_bound(&mut self) {
        let Some(BoundListeners { new, wanted }) = self.bound.take() else { return };
        for (settings, socket, server) in new {
            info!(address = %server.local_addr(), "listening");
            let (stop, closes, failures) = (CancellationToken::new(), CancellationToken::new(), self.failures.clone());
            let (stopping, closing, access) = (stop.clone(), closes.clone(), server.access());
            let task = tokio::spawn(async move {
                let ended = server.serve(stopping.clone(), closing.clone()).await;
                if !stopping.is_cancelled() && !closing.is_cancelled() {
                    let error = ended.map_or_else(RunError::from, |()| RunError::Ended("a server".to_owned()));
                    // Fails if the run is ending anyway.
                    let _ = failures.send(error);
                } else if let Err(error) = ended {
                    warn!(%error, "a server did not end well");
                }
            });
            self.running.push(Listener { settings, socket, access, stop, closes, task });
        }
        for listener in self.running.extract_if(.., |listener| !wanted.contains(&listener.settings)) {
            listener.closes.cancel();
        }
    }

    /// Reads web configurations, certificates and keys again that have changed. Blocks.
    pub(super) fn reread_access(&self) {
        self.running.iter().for_each(|listener| listener.access.reread_if_changed());
    }

    /// Ends all servers, and waits until their answers in flight are complete.
    pub(super) async fn stop(self) {
        self.running.iter().for_each(|listener| listener.stop.cancel());
        for listener in self.running {
            if let Err(error) = listener.task.await {
                warn!(%error, "a server did not end well");
            }
        }
    }
}
