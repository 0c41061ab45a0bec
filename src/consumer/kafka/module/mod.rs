//! Reads the offsets topic and the topic with the state of share groups: every partition from its beginning, then
//! its new records.
//!
//! The **partition monitor** finds partitions, asks for the log start and log end of each, and measures how far the
//! reader is behind. The **reader** reads and decodes records and updates storage. With `backfill-earliest` a second
//! reader reads the past. Each of them has its own thread and client: a broker answers the requests of one connection
//! one after the other, and a fetch at the end of the log takes half a second.
//!
//! | file | contains |
//! |---|---|
//! | `partition_monitor` | the partition monitor |
//! | `blocked_partitions` | what is done about partitions that bring no records |
//! | `live_reader`, `opening` | the reader, and how it is opened |
//! | `backfill` | the reader of the past |
//! | `reading_rights`, `refusals` | which topics may be read; what the reader does when one may not |
//! | `restarts` | partitions whose reading starts again |
//! | `partition_reading` | one partition while it is read |
//! | `reader_progress` | the progress of all partitions, which the readers share with the partition monitor |
//! | `reconfiguration` | the reader when the configuration changes |
//! | `lost_positions`, `read_errors` | positions out of range; errors of partitions, for the log |
//! | `translate`, `updates` | a record becomes an `Update` of storage, unless it is filtered |
//! | `unreadable_tails`, `tail_reading` | ends of partitions that nobody can read, and what the readers do there |
//! | `source_topics` | the names of the two topics |

mod backfill;
mod blocked_partitions;
mod live_reader;
mod lost_positions;
mod opening;
mod partition_monitor;
mod partition_reading;
mod read_errors;
mod reader_progress;
mod reading_rights;
mod reconfiguration;
mod refusals;
mod restarts;
mod source_topics;
mod tail_reading;
mod translate;
mod unreadable_tails;
mod updates;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::config::{ConsumerConfig, ConsumerFilters};
use crate::consumer::factory::settings;
use crate::consumer::takeover::Takeover;
use crate::consumer::{ModuleContext, ModuleFactory};
use crate::coordinator::{Handover, Module};
use crate::health::ModuleKind;
use crate::kafka::{Client, ClientRole, ClientSupervisor, KafkaContext};
use crate::metrics::exporter_metrics::ModuleMetrics;
use crate::model::ModuleError;
use crate::storage::Cluster;
use crate::task::Tasks;

use super::{KafkaSettings, NAME, StartMode};

use backfill::Backfill;
use live_reader::LiveReader;
use partition_monitor::PartitionMonitor;
use reader_progress::{ReadablePartition, ReaderProgress};
use source_topics::SourceTopics;
use translate::Translator;

/// Makes modules of class `kafka`.
#[derive(Debug)]
pub struct KafkaFactory;

impl ModuleFactory for KafkaFactory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self, section: &ConsumerConfig) -> Vec<ModuleError> {
        Client::rejected_settings(&settings::<KafkaSettings>(section).connection, ClientRole::Reader)
    }

    fn configure(&self, section: &ConsumerConfig, context: ModuleContext) -> Result<Box<dyn Module>, ModuleError> {
        Ok(Box::new(KafkaModule::configure(section, settings(section), context)?))
    }
}

/// A module of class `kafka`.
#[derive(Debug)]
pub struct KafkaModule {
    name: String,
    module: String,
    settings: KafkaSettings,
    filters: watch::Receiver<Arc<ConsumerFilters>>,
    handover: Handover,
    probe: Duration,
    cluster: Arc<Cluster>,
    metrics: ModuleMetrics,
    context: KafkaContext,
    tasks: Tasks,
}

impl KafkaModule {
    /// Checks the section as far as possible without a connection.
    ///
    /// # Errors
    /// Settings that librdkafka refuses.
    fn configure(
        section: &ConsumerConfig,
        settings: &KafkaSettings,
        around: ModuleContext,
    ) -> Result<Self, ModuleError> {
        Client::check(&settings.connection, ClientRole::Reader)?;
        let cluster = around.cluster.label().name().to_string();
        let context = KafkaContext::new(&cluster, ModuleKind::Consumer.name(), &section.name);
        let context = context.showing(around.metrics.certificates());
        let context = context.with_tokens(around.tokens.provider(&settings.connection));
        let cause = context.clone();
        around.metrics.health().set_cause(move || cause.cause().map(|cause| cause.to_string()));
        Ok(Self {
            name: format!("consumer.{}", section.name),
            module: section.name.clone(),
            settings: settings.clone(),
            filters: around.filters,
            handover: around.handover,
            // `warrener_up` needs an answer every few seconds.
            probe: around.offset_refresh.min(Duration::from_secs(3)),
            context,
            cluster: around.cluster,
            metrics: around.metrics,
            tasks: Tasks::new(&around.stop, around.failures),
        })
    }

    fn client(&self, role: ClientRole) -> Result<Arc<Client>, ModuleError> {
        Client::new(&self.settings.connection, role, self.context.clone()).map(Arc::new)
    }

    /// Starts the reader of the past if it is configured. Returns the sender that passes it the partitions to read.
    fn start_backfill(
        &mut self,
        positions: &Arc<ReaderProgress>,
    ) -> Result<Option<Sender<ReadablePartition>>, ModuleError> {
        if self.settings.start != StartMode::LatestThenBackfill {
            return Ok(None);
        }
        let backfill = Backfill {
            supervisor: ClientSupervisor::new(self.client(ClientRole::Reader)?),
            topic: self.settings.topic.clone(),
            module: self.module.clone(),
            cluster: Arc::clone(&self.cluster),
            translator: self.translator(),
            positions: Arc::clone(positions),
            metrics: self.metrics.clone(),
        };
        let (begin, begun) = channel();
        self.tasks.spawn(format!("{} past", self.name), move |stop| backfill.run(&begun, stop))?;
        Ok(Some(begin))
    }

    fn translator(&self) -> Translator {
        Translator::new(self.filters.clone(), self.metrics.record_counters())
    }
}

impl Module for KafkaModule {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self) -> Result<(), ModuleError> {
        let (name, topics) = (self.name.clone(), SourceTopics::new(&self.settings.topic));
        let keeper = ClientSupervisor::new(self.client(ClientRole::Reader)?);
        let (positions, metrics) = (Arc::new(ReaderProgress::default()), self.metrics.clone());
        let scout =
            PartitionMonitor::new(self.client(ClientRole::Cluster)?, topics.clone(), self.probe, metrics.clone())?;
        let (begin, begun) = channel();
        let behind = self.start_backfill(&positions)?;
        let reading = LiveReader {
            supervisor: keeper,
            topics,
            start: self.settings.start,
            takeover: Takeover::new(self.handover.clone(), Arc::clone(&self.cluster), self.module.clone()),
            waiting: Vec::new(),
            module: self.module.clone(),
            cluster: Arc::clone(&self.cluster),
            translator: self.translator(),
            positions: Arc::clone(&positions),
            metrics,
        };
        self.tasks.spawn(format!("{name} reader"), move |stop| reading.run(&begun, behind.as_ref(), stop))?;
        self.tasks.spawn(format!("{name} scout"), move |stop| scout.run(&begin, &positions, stop))
    }

    fn stop(&mut self, deadline: Instant) {
        self.tasks.stop(deadline);
    }
}
