//! The cluster module: brokers, topics, partitions, log starts and log ends.
//!
//! Two threads share one client. One requests metadata, which blocks. The other keeps ListOffsets requests to all
//! leaders in flight and applies each answer to storage as it arrives, so a broker that does not answer affects
//! only its own partitions and delays nothing else. In between it runs the time lookups for the time lags.
//!
//! | file | contains |
//! |---|---|
//! | `module` | the module of a `[cluster.*]` section |
//! | `metadata_thread` | the thread that requests metadata, topic ids and racks |
//! | `layout` | a metadata answer, as storage and the refresh plan need it |
//! | `unnamed_topics`, `topic_rights` | topics that the metadata does not name: missing, or not allowed |
//! | `retry_schedule` | when metadata is requested |
//! | `offsets_thread` | the thread that requests log starts and log ends |
//! | `refresh_plan` | which leaders are asked for them, and when; its `requests` cuts their partitions into requests |
//! | `time_lookup_runner`, `lookup_requests` | applies the answers of time lookups to storage; sends the lookups |
//! | `lookup_schedule` | which time lookups are needed, and when |
//! | `liveness` | whether the cluster answers |
//!
//! `layout`, `unnamed_topics`, `retry_schedule`, `refresh_plan` and `lookup_schedule` are pure: they use neither a client nor the clock.

mod layout;
mod liveness;
mod lookup_requests;
mod lookup_schedule;
mod metadata_thread;
mod module;
mod offsets_thread;
mod refresh_plan;
mod retry_schedule;
mod time_lookup_runner;
mod topic_rights;
mod unnamed_topics;

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::config::ClusterConfig;
use crate::coordinator::Handover;
use crate::health::ModuleHealth;
use crate::kafka::{Client, ClientRole, ClientSupervisor, KafkaContext, Lookups};
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::ModuleError;
use crate::storage;
use crate::task;
use crate::token::TokenProvider;
use liveness::ClusterLiveness;

pub use module::{ClusterContext, ClusterModule};

/// How long a thread may take to notice that it has to stop.
const NOTICE: Duration = Duration::from_millis(100);
/// Time limit of the request by which a module that replaces another one finds out whether the cluster answers.
const TRIAL: Duration = Duration::from_secs(2);

/// A cluster module that is checked but not started.
#[derive(Clone, Debug)]
pub struct ConfiguredCluster {
    section: watch::Receiver<Arc<ClusterConfig>>,
    context: KafkaContext,
}

impl ConfiguredCluster {
    /// Checks the settings. Opens no socket. `tokens` is for clients that authenticate with them.
    ///
    /// # Errors
    /// A property that librdkafka refuses, a mechanism that is not built in, or a file that cannot be read.
    pub fn configure(
        mut section: watch::Receiver<Arc<ClusterConfig>>,
        tokens: Option<Arc<TokenProvider>>,
    ) -> Result<Self, ModuleError> {
        let cluster = Arc::clone(&section.borrow_and_update());
        Client::check(&cluster.connection, ClientRole::Cluster)?;
        let context = KafkaContext::new(&cluster.name, "cluster", &cluster.name).with_tokens(tokens);
        Ok(Self { section, context })
    }

    /// The name of the section.
    fn name(&self) -> String {
        self.section.borrow().name.clone()
    }

    /// Creates the client, which connects in the background. A server that does not answer is no error.
    ///
    /// # Errors
    /// Only what waiting cannot repair: key material or credentials that librdkafka does not accept.
    ///
    pub fn start(
        mut self,
        storage: Arc<storage::Cluster>,
        metrics: ModuleMetrics,
        consumers: Vec<Arc<ModuleHealth>>,
        handover: Handover,
        stop: CancellationToken,
    ) -> Result<RunningCluster, ModuleError> {
        let cluster = Arc::clone(&self.section.borrow_and_update());
        let client = Arc::new(Client::new(&cluster.connection, ClientRole::Cluster, self.context)?);
        let pulse = Arc::new(ClusterLiveness::new(Arc::clone(&client), metrics));
        Ok(RunningCluster { cluster, section: self.section, client, pulse, storage, consumers, handover, stop })
    }
}

/// A started cluster module, to be run on a blocking thread.
pub struct RunningCluster {
    cluster: Arc<ClusterConfig>,
    section: watch::Receiver<Arc<ClusterConfig>>,
    client: Arc<Client>,
    pulse: Arc<ClusterLiveness>,
    /// The cluster in storage that the module updates.
    storage: Arc<storage::Cluster>,
    /// Health of the consumer modules that read groups of this cluster.
    consumers: Vec<Arc<ModuleHealth>>,
    handover: Handover,
    stop: CancellationToken,
}

impl RunningCluster {
    /// The client. Its context knows why the cluster does not answer.
    #[must_use]
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Runs until the module is stopped, and returns soon after. A metadata request that a broker leaves unanswered
    /// ends by itself some seconds later.
    pub fn run(mut self) {
        let mut keeper = ClientSupervisor::new(Arc::clone(&self.client));
        self.wait_for_handover(&mut keeper);
        while let Some(client) = self.run_with_client(&mut keeper) {
            self.use_client(client);
            self.apply_section();
        }
    }

    /// Waits until the module that this one replaces has ended. Until then it only finds out whether the cluster
    /// answers.
    fn wait_for_handover(&mut self, keeper: &mut ClientSupervisor) {
        if self.handover.is_open() {
            return;
        }
        while !self.stop.is_cancelled() && !self.handover.is_open() {
            self.client.poll_events();
            if let Some(client) = keeper.check(Instant::now()) {
                self.use_client(client);
            }
            if !self.handover.is_complete()
                && self.client.metadata_until(&self.stop, TRIAL, |_| false).is_ok_and(|found| !found.brokers.is_empty())
            {
                self.handover.record_complete();
            }
            task::wait(NOTICE, &self.stop);
        }
        let (before, now) = (self.storage.topics().facts.cluster_id.clone(), self.client.cluster_id());
        if before.is_some() && now.is_some() && before != now {
            info!(cluster = self.cluster.name, "the servers are those of another cluster");
            self.storage.forget_topics();
        }
    }

    fn use_client(&mut self, client: Arc<Client>) {
        self.pulse = Arc::new(self.pulse.with_client(Arc::clone(&client)));
        self.client = client;
    }

    /// Takes on other settings of the section.
    fn apply_section(&mut self) {
        // An error means that nobody can change them any more.
        if self.section.has_changed().unwrap_or(false) {
            self.cluster = Arc::clone(&self.section.borrow_and_update());
            self.storage.keep_topics(|topic| self.cluster.topics.allows(topic.0));
        }
    }

    /// Works with one client and one set of settings until one of them has to be replaced, and returns the client to go
    /// on with. `None` when the module is stopped.
    fn run_with_client(&self, keeper: &mut ClientSupervisor) -> Option<Arc<Client>> {
        let (shapes, new_shapes) = mpsc::channel();
        let (hurry, hurried) = mpsc::channel();
        let ending = self.stop.child_token();
        let lookups = || task::create_when_possible("a queue", || Lookups::new(Arc::clone(&self.client)), &self.stop);
        let offsets = offsets_thread::OffsetsThread::new(self, lookups()?, new_shapes, hurry);
        let topics = metadata_thread::MetadataThread::new(self, lookups()?, ending.clone(), shapes, hurried);
        let thread = task::start_when_possible("cluster-topics", move || topics.run(), &self.stop);
        let replacement = offsets.run(keeper);
        ending.cancel();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(cluster = self.cluster.name, "the metadata thread panicked");
        }
        replacement
    }
}

#[cfg(test)]
mod tests;
