//! Implements sessions with zookeeper-client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tracing::debug;
use zookeeper_client::{Client, Connector, Error, OneshotWatcher, SessionState, StateWatcher};

use crate::config::{ClientProfile, Secret};
use crate::consumer::kafka_zk::KafkaZkSettings;
use crate::credentials::{CredentialWatch, Credentials};
use crate::metrics::exporter_metrics::CertificateExpiry;
use crate::model::ModuleError;
use crate::model::{Order, Timestamp};
use crate::zktree::{NodeRead, NodeResponse, ROOT};

use super::diagnosis;
use super::session::{Session, SessionLost};
use super::tls::TlsMaterial;

/// Silence after which a connection counts as lost. It is at most two fifths of the session timeout.
const SILENCE: Duration = Duration::from_secs(5);

/// How long each server may take to open a session, including the connection.
const OPENING: Duration = Duration::from_secs(8);
/// The error for a server whose answers are not valid.
pub const LIES: &str = "the server's answers do not follow ZooKeeper's protocol";

/// The settings to open sessions with.
#[derive(Debug)]
pub struct SessionSettings {
    servers: Vec<String>,
    chroot: String,
    timeout: Duration,
    client: ClientProfile,
    watch: Arc<CredentialWatch>,
    /// What `digest` and `tls` were made of.
    credentials: Arc<Credentials>,
    /// `user:password`.
    digest: Option<Secret>,
    tls: Option<TlsMaterial>,
}

impl SessionSettings {
    /// Checks the section as far as possible without a connection. `expiry` is told when its certificates expire.
    ///
    /// # Errors
    /// A certificate or key that cannot be read or is not valid.
    pub fn of(
        module: &str,
        settings: &KafkaZkSettings,
        expiry: Option<Arc<CertificateExpiry>>,
    ) -> Result<Self, ModuleError> {
        let (client, now) = (settings.connection.client.clone(), Instant::now());
        let watch = Arc::new(CredentialWatch::new(&format!("consumer.{module}"), &client, expiry, now)?);
        let credentials = watch.newest(now);
        Ok(Self {
            servers: settings.connection.servers.clone(),
            chroot: settings.path.clone(),
            timeout: settings.timeout,
            digest: digest(&client, &credentials),
            tls: tls(&client, &credentials)?,
            client,
            watch,
            credentials,
        })
    }

    /// Takes the newest credentials for the sessions to come. Those that are not valid are logged once, and the old
    /// ones stay.
    pub fn take_newest_credentials(&mut self) {
        let newest = self.watch.newest(Instant::now());
        if Arc::ptr_eq(&newest, &self.credentials) {
            return;
        }
        match tls(&self.client, &newest) {
            Ok(tls) => (self.digest, self.tls) = (digest(&self.client, &newest), tls),
            Err(error) => self.watch.log_unusable(&error),
        }
        self.credentials = newest;
    }

    /// The files of the section, to look at while a session lasts.
    pub const fn watch(&self) -> &Arc<CredentialWatch> {
        &self.watch
    }

    /// Opens a session with one of the servers; each is tried once. The time limit is needed because the client
    /// waits without end for a server that keeps sending data and opens no session.
    pub async fn connect(&self) -> Result<EnsembleSession, SessionLost> {
        let patience = OPENING.saturating_mul(u32::try_from(self.servers.len()).unwrap_or(u32::MAX));
        let silent = |_| Err(SessionLost(format!("no session was opened within {} s", patience.as_secs())));
        timeout(patience, self.open()).await.unwrap_or_else(silent)
    }

    async fn open(&self) -> Result<EnsembleSession, SessionLost> {
        let servers = self.servers.join(",");
        let connector = self.connector();
        let client = match &self.tls {
            Some(tls) => connector.with_tls(tls.options()).secure_connect(&servers).await,
            None => connector.connect(&servers).await,
        };
        match client {
            Ok(client) => EnsembleSession::open(client, &self.chroot).await,
            Err(Error::NoHosts | Error::Timeout | Error::ConnectionLoss) => {
                Err(diagnosis::diagnose(&self.servers, self.tls.as_ref()).await)
            }
            Err(error) => Err(lost(&error)),
        }
    }

    fn connector(&self) -> Connector {
        let silence = SILENCE.min(self.timeout.saturating_mul(2) / 5);
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

fn digest(client: &ClientProfile, credentials: &Credentials) -> Option<Secret> {
    let password = credentials.password.as_ref().map(Secret::reveal).unwrap_or_default();
    client.sasl.as_ref().map(|sasl| Secret::new(format!("{}:{password}", sasl.username)))
}

fn tls(client: &ClientProfile, credentials: &Credentials) -> Result<Option<TlsMaterial>, ModuleError> {
    client.tls.as_ref().map(|tls| TlsMaterial::of(tls, credentials)).transpose()
}

/// A session with an ensemble.
#[derive(Debug)]
pub struct EnsembleSession {
    client: Client,
    chroot: String,
    read_only: bool,
    states: StateWatcher,
}

impl EnsembleSession {
    /// Syncs a server that is behind the others before it is used. Otherwise a new session could see less than the
    /// last one.
    async fn open(client: Client, chroot: &str) -> Result<Self, SessionLost> {
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

    /// Waits until the session is closed, once everything that belongs to it has been dropped. A session whose
    /// connection is lost cannot be closed.
    pub fn wait_until_closed(&self) -> impl Future<Output = ()> + use<> {
        let mut states = self.states.clone();
        async move {
            while matches!(states.changed().await, SessionState::SyncConnected | SessionState::ConnectedReadOnly) {}
        }
    }
}

impl Session for EnsembleSession {
    type Watch = OneshotWatcher;

    async fn read_node(
        &self,
        path: &str,
        want: NodeRead,
    ) -> Result<(NodeResponse, Option<OneshotWatcher>), SessionLost> {
        let path = self.path(path);
        let answer = match want {
            NodeRead::Children => {
                let children = self.client.list_and_watch_children(&path).await;
                children.map(|(names, watch)| (NodeResponse::Children(names), Some(watch)))
            }
            NodeRead::Data => self.client.get_and_watch_data(&path).await.map(|(data, stat, watch)| {
                (NodeResponse::Data { data, order: Order(stat.mzxid), time: Timestamp(stat.mtime) }, Some(watch))
            }),
            NodeRead::Existence => {
                let found = self.client.check_and_watch_stat(&path).await;
                found.map(|(stat, watch)| (NodeResponse::Exists(stat.is_some()), Some(watch)))
            }
        };
        match answer {
            Ok(answer) => Ok(answer),
            // The old consumer never creates a name that is not allowed in a path.
            Err(Error::NoNode | Error::BadArguments(_)) => Ok((NodeResponse::Missing, None)),
            Err(Error::NoAuth) => Ok((NodeResponse::Refused, None)),
            Err(error) => Err(lost(&error)),
        }
    }

    async fn wait_until_fired(watch: OneshotWatcher) {
        // The next request shows what has changed. If the session is lost, every request fails.
        drop(watch.changed().await);
    }

    async fn probe(&self) -> Result<(), SessionLost> {
        self.client.check_stat(&self.path(ROOT)).await.map(drop).map_err(|error| lost(&error))
    }

    async fn session_lost(&self) -> SessionLost {
        let why = match self.states.clone().changed().await {
            SessionState::Expired => "the session has expired",
            SessionState::AuthFailed => "authentication failed",
            SessionState::Closed => "the session was closed",
            // Only the newest state is reported: the client may have found another server in the meantime.
            SessionState::Disconnected | SessionState::SyncConnected | SessionState::ConnectedReadOnly => {
                "the connection was lost"
            }
        };
        SessionLost(why.to_owned())
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

/// Converts an error to the reason why a session is lost. Texts that the server made up are replaced: they do not
/// help, and may be different each time.
fn lost(error: &Error) -> SessionLost {
    let made_up =
        matches!(error, Error::UnexpectedError(_) | Error::UnexpectedErrorCode(_) | Error::UnmarshalError { .. });
    if !made_up {
        return SessionLost(error.to_string());
    }
    debug!(%error, "{LIES}");
    SessionLost(LIES.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ClientProfile, ConnectionConfig, PasswordSource, SaslConfig, SaslMechanism, TlsConfig};

    #[test]
    fn the_next_session_has_the_newest_credentials_that_are_valid() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let pem = |name: &str| {
            let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
            params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
        };
        let tls = TlsConfig {
            name: "t".to_owned(),
            ca_file: Some(write("ca", &pem("one"))),
            identity: None,
            no_verify: false,
        };
        let sasl = SaslConfig {
            name: "s".to_owned(),
            mechanism: SaslMechanism::Plain,
            username: "user".to_owned(),
            password: Some(PasswordSource::File(write("password", "old"))),
            kerberos: None,
            token: None,
        };
        let client = ClientProfile { tls: Some(tls), sasl: Some(sasl), ..ClientProfile::default() };
        let connection = ConnectionConfig { servers: vec!["127.0.0.1:1".to_owned()], client };
        let settings = KafkaZkSettings { connection, path: String::new(), timeout: Duration::from_secs(30) };
        let mut session = SessionSettings::of("z", &settings, None).unwrap();
        let digest = |session: &SessionSettings| session.digest.as_ref().unwrap().reveal().to_owned();
        let look_twice = |session: &SessionSettings| {
            // Once to see the change, and once to see that it stays.
            drop([session.watch.look_now(Instant::now()), session.watch.look_now(Instant::now())]);
        };
        write("password", "new");
        look_twice(&session);
        assert_eq!(digest(&session), "user:old", "the session that lasts is not touched");
        session.take_newest_credentials();
        assert_eq!(digest(&session), "user:new");
        // A certificate for the reader of files, but not for the ZooKeeper client.
        write("password", "newest");
        write("ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        look_twice(&session);
        session.take_newest_credentials();
        assert_eq!(digest(&session), "user:new", "what was read before stays in use");
        write("ca", &pem("two"));
        look_twice(&session);
        session.take_newest_credentials();
        assert_eq!(digest(&session), "user:newest");
    }
}
