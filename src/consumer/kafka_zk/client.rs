//! The session on zookeeper-client.

use std::time::Duration;

use tokio::time::timeout;
use tracing::debug;
use zookeeper_client::{Client, Connector, Error, OneshotWatcher, SessionState, StateWatcher};

use crate::config::{Consumer, Secret, ZooKeeper};
use crate::model::ModuleError;
use crate::model::{Order, Timestamp};
use crate::zktree::{Answer, ROOT, Want};

use super::diagnosis;
use super::session::{Lost, Session};
use super::tls::Tls;

/// Silence after which a connection counts as lost, two fifths of the session's timeout at most.
const SILENCE: Duration = Duration::from_secs(5);

/// How long each server may take to open a session, the connection included.
const OPENING: Duration = Duration::from_secs(8);
/// What is wrong with a server whose answers are none.
pub const LIES: &str = "its answers are not those of a ZooKeeper";

/// How to get a session.
#[derive(Debug)]
pub struct Settings {
    servers: Vec<String>,
    chroot: String,
    timeout: Duration,
    /// `user:password`.
    digest: Option<Secret>,
    tls: Option<Tls>,
}

impl Settings {
    /// Checks a section as far as that goes without a connection.
    ///
    /// # Errors
    /// Certificates and keys that cannot be read or do not fit.
    pub fn of(section: &Consumer, zookeeper: &ZooKeeper) -> Result<Self, ModuleError> {
        let profile = &section.connection.client;
        let digest = profile.sasl.as_ref().map(|sasl| {
            let password = sasl.password.as_ref().map(Secret::reveal).unwrap_or_default();
            Secret::new(format!("{}:{password}", sasl.username))
        });
        Ok(Self {
            servers: section.connection.servers.clone(),
            chroot: zookeeper.path.clone(),
            timeout: zookeeper.timeout,
            digest,
            tls: profile.tls.as_ref().map(Tls::of).transpose()?,
        })
    }

    /// Opens a session with one of the servers, each of them tried once. The client waits for one that goes on sending
    /// and opens none.
    pub async fn connect(&self) -> Result<Ensemble, Lost> {
        let patience = OPENING.saturating_mul(u32::try_from(self.servers.len()).unwrap_or(u32::MAX));
        let silent = |_| Err(Lost(format!("no session was opened within {} s", patience.as_secs())));
        timeout(patience, self.open()).await.unwrap_or_else(silent)
    }

    async fn open(&self) -> Result<Ensemble, Lost> {
        let servers = self.servers.join(",");
        let connector = self.connector();
        let client = match &self.tls {
            Some(tls) => connector.with_tls(tls.options()).secure_connect(&servers).await,
            None => connector.connect(&servers).await,
        };
        match client {
            Ok(client) => Ensemble::open(client, &self.chroot).await,
            Err(Error::NoHosts | Error::Timeout | Error::ConnectionLoss) => {
                Err(diagnosis::of(&self.servers, self.tls.as_ref()).await)
            }
            Err(error) => Err(lost(&error)),
        }
    }

    fn connector(&self) -> Connector {
        let silence = SILENCE.min(self.timeout.saturating_mul(2).checked_div(5).unwrap_or(SILENCE));
        let connector = Client::connector()
            .with_session_timeout(self.timeout)
            .with_connection_timeout(silence)
            .with_readonly(true)
            .with_fail_eagerly();
        match &self.digest {
            Some(digest) => connector.with_auth("digest", digest.reveal().as_bytes()),
            None => connector,
        }
    }
}

/// A session with an ensemble.
#[derive(Debug)]
pub struct Ensemble {
    client: Client,
    chroot: String,
    read_only: bool,
    states: StateWatcher,
}

impl Ensemble {
    /// A server that is behind the others catches up before it is asked: a new session could else see less than the
    /// last one did.
    async fn open(client: Client, chroot: &str) -> Result<Self, Lost> {
        let (read_only, states) = (client.session().is_readonly(), client.state_watcher());
        let ensemble = Self { client, chroot: chroot.to_owned(), read_only, states };
        if !read_only {
            ensemble.client.sync(&ensemble.path(ROOT)).await.map_err(|error| lost(&error))?;
        }
        Ok(ensemble)
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.chroot)
    }

    /// Waits until the session is closed, once all that belongs to it has been dropped. A session whose connection
    /// is lost cannot be closed.
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        let mut states = self.states.clone();
        async move {
            while matches!(states.changed().await, SessionState::SyncConnected | SessionState::ConnectedReadOnly) {}
        }
    }
}

impl Session for Ensemble {
    type Watch = OneshotWatcher;

    async fn ask(&self, path: &str, want: Want) -> Result<(Answer, Option<OneshotWatcher>), Lost> {
        let path = self.path(path);
        let answer = match want {
            Want::Children => {
                let children = self.client.list_and_watch_children(&path).await;
                children.map(|(names, watch)| (Answer::Children(names), Some(watch)))
            }
            Want::Data => self.client.get_and_watch_data(&path).await.map(|(data, stat, watch)| {
                (Answer::Data { data, order: Order(stat.mzxid), time: Timestamp(stat.mtime) }, Some(watch))
            }),
            Want::Existence => {
                let found = self.client.check_and_watch_stat(&path).await;
                found.map(|(stat, watch)| (Answer::Exists(stat.is_some()), Some(watch)))
            }
        };
        match answer {
            Ok(answer) => Ok(answer),
            // A name that cannot stand in a path is none of the old consumer's.
            Err(Error::NoNode | Error::BadArguments(_)) => Ok((Answer::Missing, None)),
            Err(Error::NoAuth) => Ok((Answer::Refused, None)),
            Err(error) => Err(lost(&error)),
        }
    }

    async fn fired(watch: OneshotWatcher) {
        // What has happened is seen by the question that follows; that the session is lost, by all of them.
        drop(watch.changed().await);
    }

    async fn probe(&self) -> Result<(), Lost> {
        self.client.check_stat(&self.path(ROOT)).await.map(drop).map_err(|error| lost(&error))
    }

    async fn lost(&self) -> Lost {
        let why = match self.states.clone().changed().await {
            SessionState::Expired => "the session has expired",
            SessionState::AuthFailed => "authentication failed",
            SessionState::Closed => "the session was closed",
            // The newest state alone is told: the client may have found another server since.
            SessionState::Disconnected | SessionState::SyncConnected | SessionState::ConnectedReadOnly => {
                "the connection was lost"
            }
        };
        Lost(why.to_owned())
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

/// Why a session is lost, in words of the client's or ours: what a server made up is of no use to anyone, and may be
/// another thing each time.
fn lost(error: &Error) -> Lost {
    let made_up =
        matches!(error, Error::UnexpectedError(_) | Error::UnexpectedErrorCode(_) | Error::UnmarshalError { .. });
    if !made_up {
        return Lost(error.to_string());
    }
    debug!(%error, "{LIES}");
    Lost(LIES.to_owned())
}
