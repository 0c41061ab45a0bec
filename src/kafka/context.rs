//! Receives librdkafka's log lines and errors, and decides what is logged.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use tracing::{debug, info, warn};

use super::certificate_probe::{self, CertificateProbes, CertificateRules, Finding};
use super::client_token::ClientToken;
use super::failure_log::FailureLog;
use super::ffi::ClientSockets;
use super::{ErrorCode, FailureCause, handshake_hint};
use crate::config::ClientProfile;
use crate::credentials::CredentialWatch;
use crate::metrics::exporter_metrics::CertificateExpiry;
use crate::model::{FailureReason, ModuleError};
use crate::task;
use crate::token::TokenProvider;

/// The native client, as rdkafka wraps it.
pub(super) type NativeClient = rdkafka::client::Client<KafkaContext>;

/// Turns librdkafka's lines into warrener's log: logs once per change why a module is down, once that it is back,
/// and everything else at debug level.
#[derive(Clone, Debug)]
pub struct KafkaContext {
    cluster: String,
    module: String,
    kind: &'static str,
    /// Shared by the clients of one module, so that a failure of all of them is logged once.
    health: Arc<Mutex<FailureLog>>,
    /// What fails while this client is on trial.
    trial: Arc<Mutex<FailureLog>>,
    on_trial: Arc<AtomicBool>,
    /// Shared by the clients of one module. Filled by the first one.
    credentials: Arc<OnceLock<Arc<CredentialWatch>>>,
    /// How this client checks the certificates of brokers. `None` without TLS.
    rules: Option<Arc<CertificateRules>>,
    /// What is wrong with the certificates of brokers. Shared by the clients of one module.
    probes: Arc<CertificateProbes>,
    /// Where the module shows when its certificates expire.
    expiry: Option<Arc<CertificateExpiry>>,
    /// Number of clients of the module that are closing.
    closing: Arc<AtomicUsize>,
    /// The sockets of this client only.
    sockets: Arc<ClientSockets>,
    /// The tokens of this client only. `None` if it needs none.
    token: Option<Arc<ClientToken>>,
}

/// Counts a client as closing until it is dropped.
pub(super) struct ClosingGuard(Arc<AtomicUsize>);

impl Drop for ClosingGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How librdkafka reports a failure that `rd_kafka_oauthbearer_set_token_failure` gave to it.
const NO_TOKEN: &str = "Failed to acquire SASL OAUTHBEARER token";

/// Severity "error" of syslog, as librdkafka uses it.
const ERROR: i32 = 3;

impl KafkaContext {
    /// Creates a context for the module `module` of `kind` (`cluster` or `consumer`) that serves `cluster`.
    #[must_use]
    pub fn new(cluster: &str, kind: &'static str, module: &str) -> Self {
        let (cluster, module) = (cluster.to_owned(), module.to_owned());
        Self {
            cluster,
            module,
            kind,
            health: Arc::default(),
            trial: Arc::default(),
            on_trial: Arc::default(),
            credentials: Arc::default(),
            rules: None,
            probes: Arc::default(),
            expiry: None,
            closing: Arc::default(),
            sockets: Arc::default(),
            token: None,
        }
    }

    /// The same, and shows when the certificates of the module's clients expire. For a context without clients.
    #[must_use]
    pub fn showing(self, expiry: Arc<CertificateExpiry>) -> Self {
        Self { expiry: Some(expiry), ..self }
    }

    /// Returns a context of the same module for a client that is about to be created. The failures of a client that is
    /// on trial are its own: they are not those of the module.
    pub(super) fn of_new_client(&self, on_trial: bool) -> Self {
        let on_trial = Arc::new(AtomicBool::new(on_trial));
        let token = self.token.as_ref().map(|token| Arc::new(token.of_new_client()));
        Self { sockets: Arc::default(), trial: Arc::default(), on_trial, token, ..self.clone() }
    }

    /// The same for a client that checks the certificates of brokers like this.
    pub(super) fn checking(self, rules: CertificateRules) -> Self {
        Self { rules: Some(Arc::new(rules)), ..self }
    }

    /// Ends the trial of this client, which works for the module from now on.
    pub(super) fn end_trial(&self) {
        self.on_trial.store(false, Ordering::Relaxed);
    }

    /// The credentials of the module. They are read when the first client asks for them.
    ///
    /// # Errors
    /// A file that cannot be read or that has another content, at the first call.
    pub(super) fn credentials(&self, profile: &ClientProfile) -> Result<Arc<CredentialWatch>, ModuleError> {
        if let Some(watch) = self.credentials.get() {
            return Ok(Arc::clone(watch));
        }
        let watch = CredentialWatch::new(&self.section(), profile, self.expiry.clone(), Instant::now())?;
        // Another client may have been faster.
        Ok(Arc::clone(self.credentials.get_or_init(|| Arc::new(watch))))
    }

    /// The same context for clients that get their tokens from this provider.
    #[must_use]
    pub fn with_tokens(self, provider: Option<Arc<TokenProvider>>) -> Self {
        Self { token: provider.map(|provider| Arc::new(ClientToken::new(provider))), ..self }
    }

    /// The client's tokens.
    pub(super) fn token(&self) -> Option<&ClientToken> {
        self.token.as_deref()
    }

    /// Whether the client needs a token and has not got one yet.
    pub(super) fn waits_for_token(&self) -> bool {
        self.token().is_some_and(ClientToken::is_missing)
    }

    /// Handles librdkafka's request for a token.
    pub(super) fn request_token(&self) {
        match self.token() {
            Some(token) => token.request(),
            None => {
                let text = "no token: set mechanism = \"OAUTHBEARER\" in a [sasl.*], not sasl.mechanisms in properties";
                self.record_failure(&FailureCause::of_code(ErrorCode::AUTHENTICATION, text));
            }
        }
    }

    /// The client's sockets.
    pub(super) fn sockets(&self) -> &ClientSockets {
        &self.sockets
    }

    /// The module's name.
    pub(super) fn module(&self) -> &str {
        &self.module
    }

    /// The path of the module's section, such as `consumer.local`.
    pub(super) fn section(&self) -> String {
        format!("{}.{}", self.kind, self.module)
    }

    /// Marks a client of the module as closing.
    pub(super) fn begin_closing(&self) -> ClosingGuard {
        self.closing.fetch_add(1, Ordering::Relaxed);
        ClosingGuard(Arc::clone(&self.closing))
    }

    /// Number of clients of the module that are closing.
    pub(super) fn closing(&self) -> usize {
        self.closing.load(Ordering::Relaxed)
    }

    /// Records a failure. It is logged once it has an effect.
    pub fn record_failure(&self, cause: &FailureCause) {
        self.health().record_failure(cause, Instant::now());
    }

    /// Records that nothing has answered for so long that the module counts as down.
    pub fn record_silence(&self, cause: &FailureCause) {
        self.health().record_silence(cause, Instant::now());
    }

    /// Logs the causes that are due.
    pub(super) fn log_due_causes(&self) {
        let due = self.health().take_due(Instant::now());
        for cause in due {
            self.log(&cause);
        }
    }

    /// Records that a request is unanswered. Unless the next attempt is answered, this is logged, with the failure
    /// of its broker if one is known.
    pub fn record_unanswered(&self, cause: &FailureCause) {
        self.health().record_unanswered(cause, Instant::now());
    }

    /// Records that a broker, `host:port`, answered a request.
    pub fn record_answer_of(&self, broker: &str) {
        self.health().record_answer_of(broker);
    }

    /// How many error events of the module's clients there were so far that concern a broker, `host:port`.
    #[must_use]
    pub fn error_count(&self, broker: Option<&str>) -> u64 {
        self.health().errors.concerning(broker)
    }

    /// Records that a server answered. Returns true when the log had reported that none did.
    pub fn record_answer(&self) -> bool {
        let back = self.health().record_answer();
        if back {
            info!(cluster = self.cluster, kind = self.kind, module = self.module, "Kafka answers again");
        }
        back
    }

    /// Why nothing answers, or the last failure since something answered.
    #[must_use]
    pub fn cause(&self) -> Option<FailureCause> {
        self.health().cause().cloned()
    }

    fn health(&self) -> std::sync::MutexGuard<'_, FailureLog> {
        let health = if self.on_trial.load(Ordering::Relaxed) { &self.trial } else { &self.health };
        health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, cause: &FailureCause) {
        let FailureCause { broker, code, reason, text } = cause;
        let broker = broker.as_deref().unwrap_or("-");
        let code = code.map_or_else(|| "-".into(), ErrorCode::name);
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

    /// Handles a log line of librdkafka. Lines of severity "error" that end a connection also arrive as an error
    /// event with a code. Less severe ones arrive only here, and some of them are the only sign of a failure.
    pub(super) fn handle_log_line(&self, severity: i32, facility: &str, text: &str) {
        debug!(target: "librdkafka", cluster = self.cluster, module = self.module, facility, text, "log");
        if facility == "SASLREFRESH"
            && severity <= ERROR
            && let Some(cause) = FailureCause::of_kinit(text)
        {
            self.record_failure(&cause);
        }
        if facility == "FAIL"
            && severity > ERROR
            && let Some(cause) = FailureCause::parse_disconnect(text)
        {
            self.record_failure(&cause);
        }
    }

    /// Handles an error event of librdkafka.
    pub(super) fn handle_error_event(&self, code: ErrorCode, text: &str) {
        debug!(target: "librdkafka", cluster = self.cluster, module = self.module, code = code.0, text, "error");
        if text.contains(NO_TOKEN) {
            // It was recorded when it was passed to the client.
            return;
        }
        let mut cause = FailureCause::parse(Some(code), text);
        self.health().errors.record(cause.broker.as_deref());
        if let Some(token) = self.token().filter(|_| cause.reason == FailureReason::Authentication) {
            cause = token.explain(cause);
        }
        if code == ErrorCode::ALL_BROKERS_DOWN {
            self.health().record_all_down(&FailureCause::of_code(code, "no broker answers"), Instant::now());
        } else if ["Disconnected", "Send failed", "error:"].iter().any(|bare| cause.text.starts_with(bare)) {
            self.health().record_vague_failure(&cause);
        } else if let Some(cause) = self.explained(cause) {
            self.record_failure(&cause);
        }
    }

    /// Returns a failure with what is wrong with the broker's certificate, if it failed because of that. `None` while
    /// that is being found out; then it is recorded later.
    fn explained(&self, cause: FailureCause) -> Option<FailureCause> {
        let (Some(rules), Some(broker)) = (&self.rules, &cause.broker) else { return Some(cause) };
        if cause.reason == FailureReason::ClientCertificate && !rules.has_identity {
            let text = handshake_hint::client_certificate(&cause.text, false);
            return Some(cause.with_text(text));
        }
        if cause.reason != FailureReason::Certificate {
            return Some(cause);
        }
        match self.probes.finding(broker, Instant::now()) {
            Finding::Known(Some(text)) => Some(cause.with_text(text)),
            Finding::Known(None) => Some(cause),
            Finding::Awaited => {
                self.health().record_vague_failure(&cause);
                None
            }
            Finding::Due => {
                self.health().record_vague_failure(&cause);
                let (context, rules, broker) = (self.clone(), Arc::clone(rules), broker.clone());
                let probe = move || {
                    let finding = certificate_probe::explain(&broker, &rules);
                    context.probes.record(&broker, finding.clone());
                    context.record_failure(&match finding {
                        Some(text) => cause.with_text(text),
                        None => cause,
                    });
                };
                if let Err(refused) = task::start("kafka-certificate", probe) {
                    // It ends by itself within seconds, and this happens once a minute at most.
                    refused.work_here();
                }
                None
            }
        }
    }
}

impl ClientContext for KafkaContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        let severity = match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                ERROR
            }
            RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                ERROR + 1
            }
        };
        self.handle_log_line(severity, facility, text);
    }

    fn error(&self, error: KafkaError, text: &str) {
        debug!(cluster = self.cluster, module = self.module, %error, text, "error");
    }
}
