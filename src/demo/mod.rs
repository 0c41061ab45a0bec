//! `warrener demo`: librdkafka's embedded mock cluster, and simulated groups on it.
//!
//! The groups do not join. Real records of the offsets topic are produced to a topic named `__consumer_offsets`, so
//! that the rest of the program runs as on a real Kafka. `topics_and_groups` lists topics and groups, `scenario`
//! decides what happens at which tick, and this file writes it.
//!
//! The demo may run for days. The embedded broker keeps 5 MiB per partition, and a record larger than that makes it
//! delete everything before it. That is how log starts move here, and how the logs stay small. The broker does not
//! compact: a reader that starts after many hours may not find the commits of groups that stopped long ago.

mod commit_pattern;
mod scenario;
mod simulated_group;
mod simulated_partition;
#[cfg(test)]
mod tests;
mod topics_and_groups;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use regex::bytes::Regex;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config::{Config, Filter, HostName, LagLimit, Overrides};
use crate::model::Level;
use crate::model::{Offset, Timestamp};
use crate::offsets::encode::EncodeError;
use crate::registry::REGISTRY;
use crate::task;
use scenario::{DemoAction, OFFSETS_PARTITIONS, OFFSETS_TOPIC, PAST, Scenario};

/// Number of brokers of the embedded cluster.
const BROKERS: i32 = 3;
/// Larger than what the embedded broker keeps of a partition (`rd_kafka_mock_partition_init`).
const PURGE_BYTES: usize = 5 * 1024 * 1024 + 64 * 1024;
/// Maximum time for writing the past, and for a full queue to drain.
const PATIENCE: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_secs(1);
const TICK_MS: i64 = 1000;
/// Default address of the demo. It is a loopback address, because simulated groups are of no interest to other
/// machines.
const ADDRESS: &str = "127.0.0.1:9308";
/// The allowed hosts while the demo listens on a loopback address.
const LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "[::1]"];
const OFFSET_REFRESH: Duration = Duration::from_secs(2);
const TOPIC_REFRESH: Duration = Duration::from_secs(10);

/// Why the demo cannot run.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The embedded cluster, or the client that writes to it, failed.
    #[error("embedded cluster: cannot {what}")]
    Cluster {
        /// The operation that failed.
        what: &'static str,
        /// Error of librdkafka.
        source: KafkaError,
    },
    /// The client has no embedded cluster.
    #[error("embedded cluster: librdkafka did not create it")]
    Missing,
    /// The embedded cluster did not accept all records of the past.
    #[error("embedded cluster: {count} records were not accepted")]
    Lost {
        /// Number of rejected records.
        count: u64,
    },
    /// A record cannot be encoded.
    #[error("embedded cluster: cannot encode a record")]
    Encode(#[from] EncodeError),
}

/// The embedded cluster and its groups. The cluster ends when this is dropped.
pub struct Demo {
    producer: BaseProducer<DeliveryContext>,
    servers: String,
    deliveries: Arc<DeliveryResults>,
    scenario: Scenario,
    /// Value of the records that [`DemoAction::Purge`] writes.
    filler: Vec<u8>,
}

/// Results of deliveries.
struct DeliveryResults {
    /// Log ends by place. -1 before the first delivery.
    ends: Vec<AtomicI64>,
    lost: AtomicU64,
}

struct DeliveryContext(Arc<DeliveryResults>);

impl ClientContext for DeliveryContext {}

impl ProducerContext for DeliveryContext {
    /// Index of the place, or [`usize::MAX`] for the offsets topic.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, place: usize) {
        match result {
            Ok(message) => {
                if let Some(end) = self.0.ends.get(place) {
                    end.fetch_max(message.offset().saturating_add(1), Ordering::Relaxed);
                }
            }
            Err(_) => {
                self.0.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Demo {
    /// Creates the cluster and its topics, and writes two minutes of past at once. Blocks for a moment.
    ///
    /// # Errors
    /// The cluster cannot be created, or does not accept the records.
    pub fn start() -> Result<Self, DemoError> {
        let scenario = Scenario::new();
        let ends = scenario.partitions().iter().map(|_| AtomicI64::new(-1)).collect();
        let deliveries = Arc::new(DeliveryResults { ends, lost: AtomicU64::new(0) });
        let producer = producer(DeliveryContext(Arc::clone(&deliveries)))?;
        let servers = create_topics(&producer)?;
        let mut demo = Self { producer, servers, deliveries, scenario, filler: vec![0; PURGE_BYTES] };
        demo.write_past(clock::now())?;
        Ok(demo)
    }

    /// The bootstrap servers of the embedded cluster: `127.0.0.1:port` of each broker, separated by commas.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        self.servers.clone()
    }

    /// A configuration for the embedded cluster, with short refresh intervals and with owners.
    #[must_use]
    pub fn config(&self, overrides: &Overrides) -> Config {
        let servers = self.bootstrap_servers().split(',').map(str::to_owned).collect();
        let mut config = Config::of_brokers(servers, &REGISTRY, Filter::default(), Filter::default());
        for cluster in &mut config.clusters {
            (cluster.offset_refresh, cluster.topic_refresh) = (OFFSET_REFRESH, TOPIC_REFRESH);
        }
        for server in &mut config.http {
            ADDRESS.clone_into(&mut server.address);
        }
        config.metrics.owners = true;
        config.metrics.limits = limits();
        config.logging.level = Level::Warn;
        overrides.apply(&mut config);
        for server in &mut config.http {
            server.allowed_hosts = allowed_hosts(&server.address);
        }
        config
    }

    /// Continues the simulation, one tick per second, until `stop`. Then the cluster ends.
    ///
    /// # Errors
    /// Records can no longer be written.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), DemoError> {
        let mut ticks = tokio::time::interval(TICK);
        // After a suspension of the machine, the simulation continues where it stopped.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let result = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.tick() {
                break Err(error);
            }
        };
        // Dropping librdkafka joins its threads, which blocks.
        let (ended, ending) = oneshot::channel();
        let end = move || {
            drop(self);
            let _ = ended.send(());
        };
        if let Err(refused) = task::start("demo-close", end) {
            refused.work_here();
        }
        drop(ending.await);
        result
    }

    fn write_past(&mut self, now: Timestamp) -> Result<(), DemoError> {
        for ago in (1..=PAST).rev() {
            self.write_tick(Timestamp(now.0.saturating_sub(ago.saturating_mul(TICK_MS))))?;
        }
        let failed = |source| DemoError::Cluster { what: "write the past", source };
        self.producer.flush(PATIENCE).map_err(failed)?;
        match self.deliveries.lost.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            count => Err(DemoError::Lost { count }),
        }
    }

    fn tick(&mut self) -> Result<(), DemoError> {
        self.poll_deliveries();
        let lost = self.deliveries.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(records = lost, "the embedded cluster did not take records");
        }
        // Usually nothing is in flight between two ticks. If a tick was slow, its log ends are taken with the next one.
        if self.producer.in_flight_count() == 0 {
            for (place, end) in self.deliveries.ends.iter().enumerate() {
                let end = end.load(Ordering::Relaxed);
                if end >= 0 {
                    self.scenario.set_log_end(place, Offset(end));
                }
            }
        }
        self.write_tick(clock::now())
    }

    /// Handles the deliveries of the last tick. A poll handles one batch, and a tick has about 50, so there must be
    /// more polls than that; otherwise deliveries would accumulate.
    fn poll_deliveries(&self) {
        for _ in 0..1000 {
            if self.producer.in_flight_count() == 0 {
                break;
            }
            self.producer.poll(Duration::ZERO);
        }
    }

    fn write_tick(&mut self, now: Timestamp) -> Result<(), DemoError> {
        for action in self.scenario.next_tick(now)? {
            match action {
                DemoAction::Write { place, count } => {
                    for _ in 0..count {
                        self.write(place, None, now)?;
                    }
                }
                DemoAction::Purge { place } => self.write(place, Some(&self.filler), now)?,
                DemoAction::Offsets { partition, key, value } => {
                    let record = BaseRecord::with_opaque_to(OFFSETS_TOPIC, usize::MAX).partition(partition);
                    let record = record.timestamp(now.0).key(&key);
                    self.send(match &value {
                        Some(value) => record.payload(value),
                        None => record,
                    })?;
                }
            }
        }
        Ok(())
    }

    fn write(&self, place: usize, payload: Option<&Vec<u8>>, now: Timestamp) -> Result<(), DemoError> {
        let Some(at) = self.scenario.partitions().get(place) else { return Ok(()) };
        let record = BaseRecord::<'_, Vec<u8>, Vec<u8>, usize>::with_opaque_to(at.topic.name, place);
        let record = record.partition(at.partition.0).timestamp(now.0);
        self.send(match payload {
            Some(payload) => record.payload(payload),
            None => record,
        })
    }

    fn send(&self, mut record: BaseRecord<'_, Vec<u8>, Vec<u8>, usize>) -> Result<(), DemoError> {
        // Limits the total time: a poll waits up to 10 ms for the queue to drain.
        for _ in 0..PATIENCE.as_millis() / 10 {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => record = back,
                Err((source, _)) => return Err(DemoError::Cluster { what: "write a record", source }),
            }
            self.producer.poll(Duration::from_millis(10));
        }
        let source = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
        Err(DemoError::Cluster { what: "write a record", source })
    }
}

/// The names under which a browser on this machine opens the demo. A page whose own host name resolves to this machine
/// (DNS rebinding) uses that name and is refused. If `--listen` makes the demo reachable for others, any host is
/// allowed.
fn allowed_hosts(address: &str) -> Vec<HostName> {
    let host = address.rsplit_once(':').and_then(|(host, _)| HostName::parse(host));
    let names = if host.is_some_and(|host| host.is_loopback()) { LOOPBACK } else { &[] };
    names.iter().filter_map(|name| HostName::parse(name)).collect()
}

/// Limits of the time lag: short for payments, long for analytics.
fn limits() -> Vec<LagLimit> {
    let limit = |group: &str, lag_seconds| Some(LagLimit { group: Regex::new(group).ok()?, lag_seconds });
    [limit("^payments-", 60.0), limit("^clickstream-", 900.0)].into_iter().flatten().collect()
}

fn producer(context: DeliveryContext) -> Result<BaseProducer<DeliveryContext>, DemoError> {
    ClientConfig::new()
        // The client owns the cluster, so both can move between threads.
        .set("test.mock.num.brokers", BROKERS.to_string())
        // Keeps the commits of a partition in order when requests are repeated.
        .set("max.in.flight.requests.per.connection", "1")
        .set("message.max.bytes", "8388608")
        .set("linger.ms", "20")
        // Suppresses librdkafka's notice that the embedded cluster is in use.
        .set_log_level(RDKafkaLogLevel::Error)
        .create_with_context(context)
        .map_err(|source| DemoError::Cluster { what: "be started", source })
}

/// Creates the topics. Returns the bootstrap servers of the cluster.
fn create_topics(producer: &BaseProducer<DeliveryContext>) -> Result<String, DemoError> {
    let cluster = producer.client().mock_cluster().ok_or(DemoError::Missing)?;
    let failed = |source| DemoError::Cluster { what: "create a topic", source };
    cluster.create_topic(OFFSETS_TOPIC, OFFSETS_PARTITIONS, BROKERS).map_err(failed)?;
    for topic in &topics_and_groups::TOPICS {
        cluster.create_topic(topic.name, topic.partitions, BROKERS).map_err(failed)?;
    }
    Ok(cluster.bootstrap_servers())
}
