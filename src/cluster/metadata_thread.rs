//! The thread that requests metadata.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::layout::{KnownTopics, PartitionLayout, known_topics, set_topic_ids, to_metadata};
use super::liveness::ClusterLiveness;
use super::retry_schedule::RetrySchedule;
use super::topic_rights::TopicRights;
use super::{NOTICE, RunningCluster};
use crate::clock;
use crate::config::ClusterConfig;
use crate::kafka::{Client, ErrorCode, FailureCause, LookupResponse, Lookups, MetadataResponse, TopicDescriptions};
use crate::metrics::exporter_metrics::RefreshKind;
use crate::model::{BrokerId, Right, Timestamp, TopicId};
use crate::storage::{self, Broker, ClusterFacts, DroppedTopics};

/// Time limit of a metadata request. The broker asked may be frozen; then another one is asked.
const METADATA_LIMIT: Duration = Duration::from_secs(4);
/// Time limit for ids and racks. They can wait for the next refresh, leaders cannot.
const IDS_LIMIT: Duration = Duration::from_secs(2);
/// Maximum number of names in a request for ids.
const IDS_CHUNK: usize = 500;

/// The time between two requests for metadata while a right is missing, and at most.
const REFUSED: Duration = Duration::from_secs(60);

/// The part of an answer that the other thread needs.
pub(super) struct LayoutUpdate {
    pub(super) layout: PartitionLayout,
    pub(super) brokers: Vec<Broker>,
    /// Whether the cluster had been down.
    pub(super) was_down: bool,
}

/// Number of refreshes without an answer after which brokers, leaders and replicas are unknown.
const FAILED_REFRESHES: u32 = 3;

/// What a refresh reads in addition to the metadata.
#[derive(Default)]
struct IdsAndRacks {
    ids: HashMap<String, TopicId>,
    racks: BTreeMap<BrokerId, String>,
    /// The error of each topic that was described, if any.
    errors: HashMap<String, Option<ErrorCode>>,
    /// Whether every request was answered.
    complete: bool,
}

/// A request for newer metadata.
pub(super) struct RefreshRequest;

pub(super) struct MetadataThread {
    cluster: Arc<ClusterConfig>,
    client: Arc<Client>,
    pulse: Arc<ClusterLiveness>,
    storage: Arc<storage::Cluster>,
    stop: CancellationToken,
    lookups: Lookups,
    layouts: Sender<LayoutUpdate>,
    refresh_requests: Receiver<RefreshRequest>,
    schedule: RetrySchedule,
    known: KnownTopics,
    rights: TopicRights,
    /// The racks of brokers, from the latest answers.
    racks: BTreeMap<BrokerId, String>,
    /// The number of the current requests for ids, as their tag.
    round: usize,
    /// When metadata was last read.
    read_at: Instant,
}

impl MetadataThread {
    /// Creates the thread's state. It runs until `stop` is cancelled.
    pub(super) fn new(
        running: &RunningCluster,
        lookups: Lookups,
        stop: CancellationToken,
        shapes: Sender<LayoutUpdate>,
        hurried: Receiver<RefreshRequest>,
    ) -> Self {
        Self {
            cluster: Arc::clone(&running.cluster),
            client: Arc::clone(&running.client),
            pulse: Arc::clone(&running.pulse),
            storage: Arc::clone(&running.storage),
            stop,
            lookups,
            layouts: shapes,
            refresh_requests: hurried,
            schedule: RetrySchedule::new(running.cluster.topic_refresh, Instant::now()),
            known: KnownTopics::new(),
            rights: TopicRights::new(Arc::clone(&running.pulse), running.consumers.clone()),
            racks: BTreeMap::new(),
            round: 0,
            read_at: Instant::now(),
        }
    }

    /// Runs until the module is stopped, or until the other thread has ended.
    pub(super) fn run(mut self) {
        while !self.stop.is_cancelled() {
            match self.refresh_requests.recv_timeout(self.schedule.time_left(Instant::now()).min(NOTICE)) {
                Ok(RefreshRequest) => self.schedule.schedule_soon(Instant::now()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.schedule.is_due(Instant::now()) {
                self.refresh();
            }
        }
    }

    fn refresh(&mut self) {
        let (asked, asked_at) = (Instant::now(), clock::now());
        self.schedule.record_request(asked);
        let cluster = Arc::clone(&self.cluster);
        let wanted = move |name: &str| cluster.topics.allows(name.as_bytes());
        match self.client.metadata_until(&self.stop, METADATA_LIMIT, wanted) {
            // A broker that has just started may know nothing yet, not even itself.
            Ok(view) if !view.brokers.is_empty() => {
                self.read_at = asked;
                let back = self.pulse.record_answer(Instant::now());
                self.apply_metadata(&view, asked_at, back);
                let now = Instant::now();
                self.pulse.record_refresh(RefreshKind::Topics, now.saturating_duration_since(asked));
                self.schedule.record_success(now);
                self.pulse.metrics().record_granted_right(&Right::METADATA);
                if self.rights.is_any_refused() {
                    self.schedule.limit_wait(REFUSED, now);
                }
            }
            Err(code) if code.is_refusal() => {
                self.pulse.metrics().record_refusal(RefreshKind::Topics, Right::METADATA);
                self.schedule.record_refusal(REFUSED, Instant::now());
                self.forget_old_metadata(asked);
            }
            answer => {
                let code = answer.err().unwrap_or(ErrorCode::LEADER_NOT_AVAILABLE);
                if !self.stop.is_cancelled() {
                    let cause = FailureCause::of_code(code, "no answer to a request for metadata");
                    self.pulse.record_refresh_failure(RefreshKind::Topics, &cause);
                }
                self.schedule.record_failure(Instant::now());
                self.forget_old_metadata(asked);
            }
        }
    }

    fn forget_old_metadata(&self, asked: Instant) {
        let age = asked.saturating_duration_since(self.read_at);
        if age >= self.cluster.topic_refresh.saturating_mul(FAILED_REFRESHES) {
            self.storage.forget_metadata();
        }
    }

    fn apply_metadata(&mut self, view: &MetadataResponse, asked_at: Timestamp, back: bool) {
        let mut metadata = to_metadata(view, &self.known);
        self.storage.drop_long_topic_names(&mut metadata);
        let broker = view.answered.or_else(|| view.brokers.first().map(|broker| broker.id));
        let broker = broker.filter(|_| !view.has_nameless);
        let names: Vec<&str> = metadata.topics.iter().map(|topic| topic.name.as_str()).collect();
        let more = broker.map(|broker| self.read_ids_and_racks(&names, broker)).unwrap_or_default();
        set_topic_ids(&mut metadata, &more.ids);
        if self.stop.is_cancelled() {
            return;
        }
        // A missing answer does not mean that a broker has no rack.
        self.racks =
            if more.complete { more.racks } else { self.racks.clone().into_iter().chain(more.racks).collect() };
        let facts = ClusterFacts {
            cluster_id: self.client.cluster_id(),
            controller: self.client.controller(),
            racks: self.racks.clone(),
        };
        let shape = LayoutUpdate {
            layout: PartitionLayout::of(&metadata, &self.known),
            brokers: metadata.brokers.clone(),
            was_down: back,
        };
        self.known = known_topics(&metadata, &self.known);
        self.storage.apply_metadata(metadata, asked_at);
        self.storage.apply_facts(facts);
        self.log_dropped_topics();
        // Fails when the other thread has stopped; then this one is about to stop.
        self.layouts.send(shape).ok();
        if let Some(broker) = broker {
            self.check_unnamed(broker);
        }
    }

    /// Logs the first assignment of which not all topics are kept.
    fn log_dropped_topics(&self) {
        let cluster = &self.cluster.name;
        if let Some(DroppedTopics { group, topics }) = self.storage.take_first_dropped() {
            tracing::warn!(
                cluster,
                group,
                topics,
                "an assignment has more than 10000 topics that are not in the metadata: the others are ignored"
            );
        }
    }

    /// Asks why the metadata does not name topics that groups name.
    fn check_unnamed(&mut self, broker: BrokerId) {
        let topics = self.rights.topics_to_ask(&self.storage, &self.cluster.topics, Instant::now());
        if !topics.is_empty() {
            let names: Vec<&str> = topics.iter().map(String::as_str).collect();
            let answer = self.read_ids_and_racks(&names, broker);
            self.rights.apply_answers(&answer.errors, Instant::now());
        }
    }

    /// Reads the ids of topics and the racks of their replicas, as far as they arrive in time.
    fn read_ids_and_racks(&mut self, names: &[&str], broker: BrokerId) -> IdsAndRacks {
        // Answers after this time are ignored.
        let deadline = Instant::now() + IDS_LIMIT + NOTICE;
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        let chunks = names.chunks(IDS_CHUNK);
        let all = chunks.len();
        let mut awaited = chunks.filter(|chunk| self.lookups.topics(round, broker, chunk, IDS_LIMIT).is_ok()).count();
        let (mut more, mut answered) = (IdsAndRacks::default(), 0);
        while awaited > 0 && !self.stop.is_cancelled() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lookups.next(left.min(NOTICE)) {
                Some(LookupResponse::Topics { tag, result }) if tag == round => {
                    awaited = awaited.saturating_sub(1);
                    answered += usize::from(result.is_ok());
                    let TopicDescriptions { topics, racks } = result.unwrap_or_default();
                    for (name, id) in topics {
                        more.errors.insert(name.clone(), id.err());
                        more.ids.extend(id.ok().flatten().map(|id| (name, id)));
                    }
                    more.racks.extend(racks);
                }
                Some(LookupResponse::Topics { .. } | LookupResponse::Offsets { .. }) => {}
                None if left.is_zero() => break,
                None => {}
            }
        }
        more.complete = answered == all;
        more
    }
}
