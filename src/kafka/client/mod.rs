//! A librdkafka client: created from the checked configuration, and closed.
//!
//! - `properties`: the librdkafka properties of each role, with TLS and SASL.
//! - `refusal`: the errors for settings that librdkafka refuses.
//! - `signs`: the state of the client, as its metadata requests and sockets show it.
//! - `closing`: closing without blocking the owner.
//! - `tokens`: handing tokens over to librdkafka.
//!
//! The errors for a bad `servers` are not here: the configuration refuses it before there is a client (`servers` in
//! `src/config/sections/cluster.rs`, with the expected texts in `tests/fixtures/config/bad/servers.txt`).
//!
//! Requests are sent by `ffi`: metadata by [`Client::metadata`], ListOffsets and DescribeTopics by
//! [`Lookups`](super::Lookups). The partitions of ListOffsets are cut into requests of at most
//! [`PARTITIONS_PER_REQUEST`](super::PARTITIONS_PER_REQUEST) by those who send them; its documentation names them.

mod closing;
mod properties;
mod refusal;
mod signs;
mod tokens;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use rdkafka::config::ClientConfig;
use rdkafka::types::RDKafkaType;

use super::KafkaContext;
use super::context::NativeClient;
use super::until_drop::UntilDrop;
use crate::config::{ConnectionConfig, Secret};
use crate::credentials::Credentials;
use crate::model::ModuleError;

use properties::{certificate_rules, properties};
use refusal::refusal_error;
use signs::MetadataRequests;

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientRole {
    /// Metadata and log ends.
    Cluster,
    /// Bulk reading of a topic.
    Reader,
}

/// One librdkafka instance. It has no group id: it commits nothing, creates nothing, joins nothing.
pub struct Client {
    native: UntilDrop<NativeClient>,
    connection: ConnectionConfig,
    /// What it was made of.
    credentials: Arc<Credentials>,
    role: ClientRole,
    metadata_requests: Mutex<MetadataRequests>,
}

impl Client {
    /// Checks a connection's settings as far as librdkafka can without creating a client.
    ///
    /// # Errors
    /// A property that is refused or reserved, a mechanism that is not supported, or a file that is not readable.
    pub fn check(connection: &ConnectionConfig, role: ClientRole) -> Result<(), ModuleError> {
        let credentials = Credentials::read(&connection.client)?;
        let config = properties(connection, role, &credentials)?;
        let created = config.create_native_config().map(drop);
        created.map_err(|error| refusal_error(connection, credentials.password.as_ref(), error))
    }

    /// Returns everything that librdkafka rejects in a connection's settings. Creates a client, because librdkafka
    /// checks some settings only then. That client knows no server, so it opens no socket.
    #[must_use]
    pub fn rejected_settings(connection: &ConnectionConfig, role: ClientRole) -> Vec<ModuleError> {
        // Each property is tried alone, because librdkafka stops at the first one that it refuses.
        let alone = |(name, value): (&String, &Secret)| {
            ClientConfig::new().set(name, value.reveal()).create_native_config().err()
        };
        let refusals: Vec<_> = connection.client.properties.iter().filter_map(alone).collect();
        if !refusals.is_empty() {
            return refusals.into_iter().map(|error| refusal_error(connection, None, error)).collect();
        }
        let trial = || {
            let credentials = Credentials::read(&connection.client)?;
            let mut config = properties(connection, role, &credentials)?;
            config.remove("bootstrap.servers");
            if cfg!(feature = "gssapi") {
                // Prevents librdkafka from running kinit.
                config.set("sasl.kerberos.min.time.before.relogin", "0");
            }
            Self::of(&config, connection, Arc::new(credentials), role, KafkaContext::new("", "trial", ""))
        };
        trial().err().into_iter().collect()
    }

    /// Creates a client with the module's newest credentials, which connects in the background.
    ///
    /// # Errors
    /// The errors of [`check`](Self::check), and key material or credentials that librdkafka does not accept.
    pub fn new(connection: &ConnectionConfig, role: ClientRole, context: KafkaContext) -> Result<Self, ModuleError> {
        let credentials = context.credentials(&connection.client)?.newest(Instant::now());
        Self::with(connection, credentials, role, context.of_new_client(false))
    }

    fn with(
        connection: &ConnectionConfig,
        credentials: Arc<Credentials>,
        role: ClientRole,
        context: KafkaContext,
    ) -> Result<Self, ModuleError> {
        Self::of(&properties(connection, role, &credentials)?, connection, credentials, role, context)
    }

    fn of(
        config: &ClientConfig,
        connection: &ConnectionConfig,
        credentials: Arc<Credentials>,
        role: ClientRole,
        context: KafkaContext,
    ) -> Result<Self, ModuleError> {
        let context = match &connection.client.tls {
            Some(_) => context.checking(certificate_rules(config, &credentials)),
            None => context,
        };
        let refusal = |error| refusal_error(connection, credentials.password.as_ref(), error);
        let native_config = config.create_native_config().map_err(refusal)?;
        super::ffi::enable_events(&native_config);
        super::ffi::record_sockets(&native_config);
        super::ffi::report_faults_in_threads(&native_config);
        let native =
            NativeClient::new(config, native_config, RDKafkaType::RD_KAFKA_CONSUMER, context).map_err(refusal)?;
        Ok(Self {
            native: UntilDrop::new(native),
            connection: connection.clone(),
            credentials,
            role,
            metadata_requests: Mutex::default(),
        })
    }

    /// Creates another client with the same settings and credentials for the same module. No file is read.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn recreate(&self) -> Result<Self, ModuleError> {
        let context = self.context().of_new_client(false);
        Self::with(&self.connection, Arc::clone(&self.credentials), self.role, context)
    }

    /// Creates another client for the same module with other credentials. It is on trial until
    /// [`KafkaContext::end_trial`].
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(super) fn renew(&self, credentials: Arc<Credentials>) -> Result<Self, ModuleError> {
        Self::with(&self.connection, credentials, self.role, self.context().of_new_client(true))
    }

    /// Whether this client was made of these credentials.
    pub(super) fn is_made_of(&self, credentials: &Arc<Credentials>) -> bool {
        Arc::ptr_eq(&self.credentials, credentials)
    }

    /// The module's newest credentials, unless this client was made of them. Never blocks.
    pub(super) fn newer_credentials(&self, now: Instant) -> Option<Arc<Credentials>> {
        let newest = self.context().credentials(&self.connection.client).ok()?.newest(now);
        (!self.is_made_of(&newest)).then_some(newest)
    }

    /// The bootstrap servers, `host:port`.
    #[must_use]
    pub fn servers(&self) -> &[String] {
        &self.connection.servers
    }

    /// Passes the bootstrap servers to librdkafka again.
    pub(super) fn add_bootstrap_servers(&self) {
        super::ffi::add_brokers(&self.native, &self.connection.servers.join(","));
    }

    /// Whether another client of the module is still closing.
    pub(super) fn is_another_closing(&self) -> bool {
        self.context().closing() > 0
    }

    /// The module's name, for the log.
    pub(super) fn module(&self) -> &str {
        self.context().module()
    }

    /// The context of this client, which holds the causes of its failures.
    #[must_use]
    pub fn context(&self) -> &KafkaContext {
        self.native.context()
    }

    pub(super) fn native(&self) -> &NativeClient {
        &self.native
    }

    /// Records in the context that a server answered. Returns true when the log had reported that none did.
    pub fn record_answer(&self) -> bool {
        self.context().record_answer()
    }

    /// Passes librdkafka's queued log lines and errors to the context, and a new token to librdkafka. Never blocks.
    pub fn poll_events(&self) {
        super::ffi::poll_events(&self.native);
        tokens::hand_over(&self.native);
        self.context().log_due_causes();
    }
}

#[cfg(test)]
pub(super) mod tests;
