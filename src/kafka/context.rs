//! What librdkafka has to say, and who hears it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use tracing::{debug, info, warn};

use super::ffi::Sockets;
use super::health::Health;
use super::{Cause, Code};

/// Turns librdkafka's lines into the log's: why a module is down once per change, that it is back once,
/// all else at debug.
#[derive(Clone, Debug)]
pub struct Context {
    cluster: String,
    module: String,
    kind: &'static str,
    /// Shared by the clients of one module, so that what fails for all of them is told once.
    health: Arc<Mutex<Health>>,
    /// How many clients of the module are being closed.
    closing: Arc<AtomicUsize>,
    /// Of one client alone.
    sockets: Arc<Sockets>,
}

/// A client that is being closed, until this is dropped.
pub(super) struct Closing(Arc<AtomicUsize>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// syslog's severities, as librdkafka uses them.
const ERROR: i32 = 3;

impl Context {
    /// For the module `module` of `kind` (`cluster` or `consumer`) that serves `cluster`.
    #[must_use]
    pub fn new(cluster: &str, kind: &'static str, module: &str) -> Self {
        let (cluster, module) = (cluster.to_owned(), module.to_owned());
        Self { cluster, module, kind, health: Arc::default(), closing: Arc::default(), sockets: Arc::default() }
    }

    /// The same module's, for a client that is being made.
    pub(super) fn of_new_client(&self) -> Self {
        Self { sockets: Arc::default(), ..self.clone() }
    }

    /// The client's sockets.
    pub(super) fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// The module's name.
    pub(super) fn module(&self) -> &str {
        &self.module
    }

    /// A client of the module is about to be closed.
    pub(super) fn begin_closing(&self) -> Closing {
        self.closing.fetch_add(1, Ordering::Relaxed);
        Closing(Arc::clone(&self.closing))
    }

    /// How many clients of the module are being closed.
    pub(super) fn closing(&self) -> usize {
        self.closing.load(Ordering::Relaxed)
    }

    /// Something failed: logged once it hurts.
    pub fn failed(&self, cause: &Cause) {
        self.health().failed(cause, Instant::now());
    }

    /// Nothing has answered for so long that the module counts as down.
    pub fn silent(&self, cause: &Cause) {
        self.health().silent(cause, Instant::now());
    }

    /// Logs what is due.
    pub(super) fn settle(&self) {
        let due = self.health().due(Instant::now());
        for cause in due {
            self.log(&cause);
        }
    }

    /// A request stays unanswered: logged, with its broker's failure where one is known, unless the next try is
    /// answered.
    pub fn unanswered(&self, cause: &Cause) {
        self.health().unanswered(cause, Instant::now());
    }

    /// A broker, `host:port`, answered a request.
    pub fn answered_by(&self, broker: &str) {
        self.health().answered_by(broker);
    }

    /// A server answered. True when none did before.
    pub fn answered(&self) -> bool {
        let back = self.health().answered();
        if back {
            info!(cluster = self.cluster, kind = self.kind, module = self.module, "Kafka answers again");
        }
        back
    }

    /// Why nothing answers, or what failed last since something did.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.health().cause().cloned()
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, cause: &Cause) {
        let Cause { broker, code, reason, text } = cause;
        let broker = broker.as_deref().unwrap_or("-");
        let code = code.map_or_else(|| "-".into(), Code::name);
        warn!(
            cluster = self.cluster,
            kind = self.kind,
            module = self.module,
            broker,
            reason = reason.name(),
            code = %code,
            cause = text,
            "Kafka cannot be reached"
        );
    }

    /// A log line of librdkafka. Those that end a connection with severity error come as an error event too,
    /// with a code; the lesser ones only here, and some of them are the only sign there is.
    pub(super) fn line(&self, severity: i32, facility: &str, text: &str) {
        debug!(target: "librdkafka", cluster = self.cluster, module = self.module, facility, text, "log");
        if facility == "FAIL"
            && severity > ERROR
            && let Some(cause) = Cause::guess(text)
        {
            self.failed(&cause);
        }
    }

    /// An error event of librdkafka.
    pub(super) fn event(&self, code: Code, text: &str) {
        debug!(target: "librdkafka", cluster = self.cluster, module = self.module, code = code.0, text, "error");
        let cause = Cause::read(Some(code), text);
        if code == Code::ALL_BROKERS_DOWN {
            self.health().all_down(&Cause::own(code, "no broker answers"), Instant::now());
        } else if ["Disconnected", "error:"].iter().any(|bare| cause.text.starts_with(bare)) {
            self.health().failed_somehow(&cause);
        } else {
            self.failed(&cause);
        }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        let severity = match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                ERROR
            }
            RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                ERROR + 1
            }
        };
        self.line(severity, facility, text);
    }

    fn error(&self, error: KafkaError, text: &str) {
        debug!(cluster = self.cluster, module = self.module, %error, text, "error");
    }
}
