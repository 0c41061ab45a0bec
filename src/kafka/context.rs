//! What librdkafka has to say, and who hears it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use tracing::{debug, info, warn};

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
}

/// syslog's severities, as librdkafka uses them.
const ERROR: i32 = 3;

impl Context {
    /// For the module `module` of `kind` (`cluster` or `consumer`) that serves `cluster`.
    #[must_use]
    pub fn new(cluster: &str, kind: &'static str, module: &str) -> Self {
        let (cluster, module) = (cluster.to_owned(), module.to_owned());
        Self { cluster, module, kind, health: Arc::default() }
    }

    /// Something failed: told once.
    pub fn failed(&self, cause: &Cause) {
        let tell = self.health().failed(cause, Instant::now());
        self.tell(tell, cause);
    }

    /// Nothing answers: told when no cause comes up in a while.
    pub fn all_down(&self, cause: &Cause) {
        self.health().all_down(cause, Instant::now());
    }

    /// Tells what has waited long enough for a better cause.
    pub(super) fn settle(&self) {
        let overdue = self.health().overdue(Instant::now());
        if let Some(cause) = overdue {
            self.tell(true, &cause);
        }
    }

    /// A request was left unanswered: told unless its broker's failure has been, or is in a while, since that says
    /// why.
    pub fn unanswered(&self, cause: &Cause) {
        self.health().unanswered(cause, Instant::now());
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

    fn tell(&self, tell: bool, cause: &Cause) {
        let Cause { broker, code, reason, text } = cause;
        let broker = broker.as_deref().unwrap_or("-");
        let code = code.map_or_else(|| "-".into(), Code::name);
        if tell {
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
        } else {
            debug!(cluster = self.cluster, module = self.module, broker, cause = text, "still cannot be reached");
        }
    }

    /// A log line of librdkafka. Those that end a connection with severity error come as an error event too,
    /// with a code; the lesser ones only here, and some of them are the only sign there is.
    pub(super) fn line(&self, severity: i32, facility: &str, text: &str) {
        let guess = if facility == "FAIL" && severity > ERROR { Cause::guess(text) } else { None };
        match guess {
            Some(cause) => self.failed(&cause),
            None => debug!(target: "librdkafka", cluster = self.cluster, module = self.module, facility, text, "log"),
        }
    }

    /// An error event of librdkafka.
    pub(super) fn event(&self, code: Code, text: &str) {
        let cause = Cause::read(Some(code), text);
        if code == Code::ALL_BROKERS_DOWN {
            self.all_down(&Cause::own(code, "no broker answers"));
        } else if ["Disconnected", "error:"].iter().any(|bare| cause.text.starts_with(bare)) {
            self.health().failed_somehow(&cause, Instant::now());
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
