//! What librdkafka has to say, and who hears it.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use tracing::{debug, info, warn};

use super::health::Health;
use super::{Cause, Code};

/// Turns librdkafka's lines into the log's: why a module is down once per change, that it is back once,
/// all else at debug.
#[derive(Debug)]
pub struct Context {
    cluster: String,
    module: String,
    kind: &'static str,
    health: Mutex<Health>,
}

/// syslog's severities, as librdkafka uses them.
const ERROR: i32 = 3;

impl Context {
    /// For the module `module` of `kind` (`cluster` or `consumer`) that serves `cluster`.
    #[must_use]
    pub fn new(cluster: &str, kind: &'static str, module: &str) -> Self {
        let (cluster, module) = (cluster.to_owned(), module.to_owned());
        Self { cluster, module, kind, health: Mutex::default() }
    }

    /// Something failed: told once.
    pub fn failed(&self, cause: &Cause) {
        let tell = self.health().failed(cause, Instant::now());
        self.tell(tell, cause);
    }

    /// Nothing answers: told unless the cause has been.
    pub fn all_down(&self, cause: &Cause) {
        let tell = self.health().all_down(cause, Instant::now());
        self.tell(tell, cause);
    }

    /// A request was left unanswered: told unless the broker's failure, or anything newer than the last answer, has
    /// been, since that says why.
    pub fn unanswered(&self, cause: &Cause) {
        let tell = self.health().unanswered(cause, Instant::now());
        self.tell(tell, cause);
    }

    /// A server answered.
    pub fn answered(&self) {
        let back = self.health().answered();
        if back {
            info!(cluster = self.cluster, kind = self.kind, module = self.module, "Kafka answers again");
        }
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
    /// with a code; the lesser ones only here, and some of them hold the hint that counts.
    pub(super) fn line(&self, severity: i32, facility: &str, text: &str) {
        if facility == "FAIL" && severity > ERROR && is_hint(text) {
            self.failed(&Cause::read(None, text));
        } else {
            debug!(target: "librdkafka", cluster = self.cluster, module = self.module, facility, text, "log");
        }
    }

    /// An error event of librdkafka.
    pub(super) fn event(&self, code: Code, text: &str) {
        if code == Code::ALL_BROKERS_DOWN {
            self.all_down(&Cause::own(code, text));
        } else {
            self.failed(&Cause::read(Some(code), text));
        }
    }
}

/// librdkafka guesses at a port that speaks another protocol, in lines that it does not call errors.
fn is_hint(text: &str) -> bool {
    ["might be caused by", "verify that security.protocol", "setup timed out"].iter().any(|hint| text.contains(hint))
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
