//! The protection of one listener, and what it is read from.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use rustls::ServerConfig;
use tokio::time::Instant;

use crate::config::{HttpServerConfig, TlsConfig};
use crate::credentials::pem;
use crate::http::access::client_certificates::ClientVerification;
use crate::http::access::findings::{AccessFindings, AccessReport};
use crate::http::access::hashing_queue::HashingQueue;
use crate::http::access::listener_tls::{ListenerTls, TlsChoices, TlsMaterial};
use crate::http::access::passwords::{PasswordCheck, Users, Verdict};
use crate::http::access::rate_limit::RateLimit;
use crate::http::access::source_files::SourceFiles;
use crate::http::access::web_config::{self, WebConfig};
use crate::http::bodies::blocking_work;
use crate::metrics::exporter_metrics::{CertificateExpiry, CertificateUse};

/// Interval in which the files are compared with what was read.
const COMPARE: Duration = Duration::from_secs(10);
/// How long files have to stay as they are before they are used.
const SETTLING: Duration = Duration::from_secs(1);

/// The protection of one listener.
#[derive(Debug)]
pub struct ListenerAccess {
    /// The name of its `[httpserver.*]`.
    listener: String,
    source: AccessSource,
    /// `None` if there can be no users.
    passwords: Option<PasswordCheck>,
    unprotected_health: bool,
    current: RwLock<Arc<Access>>,
    /// `None` while a thread looks at the files.
    watched: Mutex<Option<WatchedFiles>>,
    /// Where the listener says when its certificates expire.
    expiry: OnceLock<Arc<CertificateExpiry>>,
}

#[derive(Debug, Default)]
struct WatchedFiles {
    files: SourceFiles,
    /// Whether they have changed and have not been read again yet.
    is_unread: bool,
}

/// What a protection is read from.
#[derive(Clone, Debug)]
enum AccessSource {
    /// There is none.
    Nothing,
    /// Certificate and key of a `[tls.*]`.
    Tls(Box<TlsConfig>),
    WebConfig(PathBuf),
}

/// What applies at a time. It is replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Access {
    tls: Option<ListenerTls>,
    users: Users,
    headers: Vec<(HeaderName, HeaderValue)>,
    rate_limit: Option<RateLimit>,
}

/// Why a listener cannot be protected as configured.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The files have mistakes.
    #[error("the protection of [httpserver.{listener}] cannot be read: {}", .mistakes.join("; "))]
    Mistakes {
        /// Name of the section.
        listener: String,
        /// Each with its place.
        mistakes: Vec<String>,
    },
    /// The system gives no random numbers for the key under which passwords are remembered.
    #[error("the system gives no random numbers")]
    Random,
}

/// What is to be done with a request.
#[derive(Debug)]
pub(crate) enum Admission {
    Admitted,
    /// The rate limit is reached.
    TooMany,
    /// No user with the right password.
    Unauthorized,
    /// Too many passwords wait for their comparison.
    Busy,
    /// There is no thread for the comparison.
    NoThread(std::io::Error),
}

impl ListenerAccess {
    /// No TLS and no passwords.
    #[must_use]
    pub fn plain() -> Arc<Self> {
        Arc::new(Self {
            listener: String::new(),
            source: AccessSource::Nothing,
            passwords: None,
            unprotected_health: false,
            current: RwLock::default(),
            watched: Mutex::default(),
            expiry: OnceLock::new(),
        })
    }

    /// Reads the protection of a listener. All listeners share the queue, so that passwords take one core together.
    ///
    /// # Errors
    /// The mistakes in its files.
    pub fn open(section: &HttpServerConfig, queue: &Arc<HashingQueue>) -> Result<Arc<Self>, AccessError> {
        let source = AccessSource::of(section);
        let ReadAccess { access, report, files } = source.read();
        let listener = section.name.clone();
        let access = access.ok_or(AccessError::Mistakes { listener, mistakes: report.mistakes })?;
        let passwords = match source {
            AccessSource::WebConfig(_) => Some(PasswordCheck::new(Arc::clone(queue)).map_err(|_| AccessError::Random)?),
            AccessSource::Nothing | AccessSource::Tls(_) => None,
        };
        Ok(Arc::new(Self {
            listener: section.name.clone(),
            source,
            passwords,
            unprotected_health: section.unprotected_health,
            current: RwLock::new(Arc::new(access)),
            watched: Mutex::new(Some(WatchedFiles { files, is_unread: false })),
            expiry: OnceLock::new(),
        }))
    }

    /// Reads the protection of a listener and returns what is wrong with it.
    #[must_use]
    pub fn check(section: &HttpServerConfig) -> AccessReport {
        AccessSource::of(section).read().report
    }

    /// TLS for a connection that begins now.
    pub(crate) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.current().tls.as_ref().map(|tls| Arc::clone(&tls.config))
    }

    /// Shows when the certificates of the listener expire, now and after each change.
    pub fn show_expiry(&self, to: Arc<CertificateExpiry>) {
        // Fails if there is one already.
        if self.expiry.set(to).is_ok() {
            self.update_expiry();
        }
    }

    /// The headers of every answer.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.current().headers {
            // An answer's own value protects the page that is in it.
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }

    /// Whether a request is answered. It may wait for the comparison of its password.
    pub(crate) async fn admit(&self, headers: &HeaderMap, is_about_health: bool) -> Admission {
        if is_about_health && self.unprotected_health {
            return Admission::Admitted;
        }
        let access = self.current();
        if access.rate_limit.as_ref().is_some_and(|limit| !limit.take(Instant::now())) {
            return Admission::TooMany;
        }
        let Some(passwords) = self.passwords.as_ref().filter(|_| !access.users.is_empty()) else {
            return Admission::Admitted;
        };
        match passwords.judge(&access.users, headers.get(AUTHORIZATION)).await {
            Verdict::Admitted => Admission::Admitted,
            Verdict::Refused => Admission::Unauthorized,
            Verdict::Busy => Admission::Busy,
            Verdict::NoThread(error) => Admission::NoThread(error),
        }
    }

    /// Reads the files again whenever they change. Never returns; safe to cancel.
    pub(crate) async fn follow_files(self: &Arc<Self>) {
        if matches!(self.source, AccessSource::Nothing) {
            return std::future::pending().await;
        }
        let mut pause = COMPARE;
        loop {
            tokio::time::sleep(pause).await;
            let access = Arc::clone(self);
            // Files may be on a slow disk. Without a thread the next look tries again.
            let settling = blocking_work::run(move || access.reread_settled()).await;
            pause = if settling.unwrap_or(false) { SETTLING } else { COMPARE };
        }
    }

    /// Reads the files again if they have changed since the last call but one and not since the last one: a certificate
    /// and its key are two files. Returns whether they have changed since the last call. Blocks.
    fn reread_settled(&self) -> bool {
        let Some(mut watched) = self.watched().take() else { return false };
        let changed = watched.files.have_changed();
        let is_due = watched.is_unread && !changed;
        watched.is_unread = changed;
        *self.watched() = Some(watched);
        if is_due {
            self.reread();
        }
        changed
    }

    /// Reads the files again if they have changed. If they have mistakes, what was read before stays, and the mistakes
    /// are logged once per change. Blocks.
    pub fn reread_if_changed(&self) {
        // Taken out, so that no lock is held while files are read. Who comes meanwhile finds nothing to compare.
        let Some(mut watched) = self.watched().take() else { return };
        let is_due = watched.files.have_changed() || watched.is_unread;
        watched.is_unread = false;
        *self.watched() = Some(watched);
        if is_due {
            self.reread();
        }
    }

    fn reread(&self) {
        let listener = &self.listener;
        let read = self.source.read();
        if let Some(access) = read.access {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(access);
            self.update_expiry();
            tracing::info!(listener, "certificates or web configuration have changed and are used from now on");
            for warning in read.report.warnings {
                tracing::warn!(listener, "{warning}");
            }
        } else {
            let mistakes = read.report.mistakes.join("; ");
            tracing::warn!(
                listener,
                mistakes,
                "certificates or web configuration are wrong: the former ones stay in use"
            );
        }
        *self.watched() = Some(WatchedFiles { files: read.files, is_unread: false });
    }

    fn update_expiry(&self) {
        let Some(shown) = self.expiry.get() else { return };
        let times = self.current().tls.as_ref().map(|tls| tls.expiry).unwrap_or_default();
        shown.set(CertificateUse::Server, times.server);
        shown.set(CertificateUse::Authority, times.authority);
    }

    fn current(&self) -> Arc<Access> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn watched(&self) -> MutexGuard<'_, Option<WatchedFiles>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a source says.
struct ReadAccess {
    /// `None` if there are mistakes.
    access: Option<Access>,
    report: AccessReport,
    files: SourceFiles,
}

impl AccessSource {
    fn of(section: &HttpServerConfig) -> Self {
        match (&section.web_config_file, &section.tls) {
            (Some(path), _) => Self::WebConfig(path.clone()),
            (None, Some(tls)) => Self::Tls(Box::new(tls.clone())),
            (None, None) => Self::Nothing,
        }
    }

    fn read(&self) -> ReadAccess {
        let (mut files, findings) = (SourceFiles::default(), AccessFindings::default());
        let access = match self {
            Self::Nothing => Access::default(),
            Self::Tls(section) => Access { tls: read_tls(section, &mut files, &findings), ..Access::default() },
            Self::WebConfig(path) => {
                let WebConfig { tls, users, headers, rate_limit } = web_config::read(path, &mut files, &findings);
                let rate_limit = rate_limit.map(|(interval, burst)| RateLimit::new(interval, burst));
                Access { tls, users, headers, rate_limit }
            }
        };
        let report = findings.report();
        ReadAccess { access: report.mistakes.is_empty().then_some(access), report, files }
    }
}

/// Reads the certificate and key of a `[tls.*]`. As in Burrow, clients are not asked for certificates.
fn read_tls(section: &TlsConfig, files: &mut SourceFiles, findings: &AccessFindings) -> Option<ListenerTls> {
    let identity = section.identity.as_ref()?;
    let path = |key: &str| format!("tls.{}.{key}", section.name);
    let mut bytes_of = |key: &str, file: &Path| {
        let bytes = files.read(file);
        let bytes =
            bytes.map_err(|why| format!("expected a readable file, found {:?}: {why}", file.display().to_string()));
        bytes.map_err(|problem| findings.add_mistake(&path(key), problem)).ok()
    };
    let (chain, key) = (bytes_of("certfile", &identity.cert_file), bytes_of("keyfile", &identity.key_file));
    let chain = chain
        .map(|bytes| pem::certificates(&bytes).map_err(|problem| findings.add_mistake(&path("certfile"), problem)));
    let key =
        key.map(|bytes| pem::private_key(&bytes).map_err(|problem| findings.add_mistake(&path("keyfile"), problem)));
    let material = TlsMaterial { chain: chain?.ok()?, key: key?.ok()? };
    let tls = ListenerTls::new(material, ClientVerification::none(), TlsChoices::new(true, true));
    tls.map_err(|problem| findings.add_mistake(&path("certfile"), problem)).ok()
}
