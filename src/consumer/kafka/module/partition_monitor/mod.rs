//! The partition monitor: finds partitions, asks where their logs begin and end, and measures how far the reader is
//! behind.
//!
//! - `questions`: cuts the partitions of a question into ListOffsets requests.
//! - `answers`: what follows from the answers, for the reader, for readiness and for the log.
//! - `absence`: topics that the metadata does not name, or that may not be described.

mod absence;
mod answers;
mod questions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::clock::later;
use crate::kafka::{Client, ClientSupervisor, ErrorCode, Lookups, MetadataTopic, TopicIndex, TopicPartition};
use crate::metrics::exporter_metrics::{ModuleMetrics, RefreshKind};
use crate::model::{BrokerId, ModuleError, Offset, Operation, Right};
use crate::task::create_when_possible;

use super::blocked_partitions::BlockedPartitions;
use super::reader_progress::{ReadablePartition, ReaderMessage, ReaderProgress};
use super::source_topics::{OFFSETS, SHARE_STATE, SourceTopics};
use super::unreadable_tails::{UnreadableTails, has_unreadable_tails};
use absence::{Absence, REFUSED, Refusal};
use questions::{OffsetQuery, Questions};

/// Time between two checks for new partitions, and between two checks for a topic that does not exist yet.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_FOR_TOPIC: Duration = Duration::from_secs(1);
/// How long to wait for metadata.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
/// Time between two requests for bounds that are still unknown.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Time between two requests for the ends of partitions that may end with offsets that nobody can read.
const ASK_FOR_TAILS: Duration = Duration::from_millis(500);
/// How long an idle monitor waits for answers before it checks what is due.
const STEP: Duration = Duration::from_millis(20);

/// See the module documentation.
pub struct PartitionMonitor {
    client: Arc<Client>,
    questions: Questions,
    topics: SourceTopics,
    probe: Duration,
    metrics: ModuleMetrics,
    leaders: BTreeMap<TopicPartition, Option<BrokerId>>,
    /// The addresses of the brokers, `host:port`.
    addresses: BTreeMap<BrokerId, String>,
    /// Partitions whose bounds are requested, with the bounds known so far.
    requested: BTreeMap<TopicPartition, RequestedBounds>,
    /// Partitions whose new end was requested and could not be determined.
    unanswered_ends: BTreeSet<TopicPartition>,
    /// The last known ends of partitions.
    ends: BTreeMap<TopicPartition, Offset>,
    tails: UnreadableTails,
    blocked: BlockedPartitions,
    refused: BTreeMap<TopicIndex, Refusal>,
    /// Whether the offsets topic has been seen, or is known not to exist. Partitions that appear later are new.
    offsets_topic_known: bool,
    absence: Absence,
}

#[derive(Clone, Copy, Debug, Default)]
struct RequestedBounds {
    start: Option<Offset>,
    end: Option<Offset>,
    late: bool,
}

impl PartitionMonitor {
    /// Creates a monitor that asks for high watermarks every `probe`.
    ///
    /// # Errors
    /// librdkafka does not create a queue.
    pub fn new(
        client: Arc<Client>,
        topics: SourceTopics,
        probe: Duration,
        metrics: ModuleMetrics,
    ) -> Result<Self, ModuleError> {
        Ok(Self {
            questions: Questions::new(Lookups::new(Arc::clone(&client))?),
            client,
            topics,
            probe,
            metrics,
            leaders: BTreeMap::new(),
            addresses: BTreeMap::new(),
            requested: BTreeMap::new(),
            unanswered_ends: BTreeSet::new(),
            ends: BTreeMap::new(),
            tails: UnreadableTails::default(),
            blocked: BlockedPartitions::default(),
            refused: BTreeMap::new(),
            offsets_topic_known: false,
            absence: Absence::default(),
        })
    }

    /// Runs until `stop` is cancelled.
    pub fn run(
        mut self,
        begin: &Sender<ReaderMessage>,
        positions: &ReaderProgress,
        stop: &CancellationToken,
    ) -> Result<(), ModuleError> {
        let start = Instant::now();
        let (mut look, mut ask, mut probe, mut tail) = (start, start, start, start);
        let mut keeper = ClientSupervisor::new(Arc::clone(&self.client));
        while !stop.is_cancelled() {
            let now = Instant::now();
            self.client.poll_events();
            if let Some(client) = keeper.check(now) {
                self.replace_client(client, stop);
            }
            if now >= look {
                look = later(now, self.discover_partitions(positions, stop));
                ask = now;
            }
            let mut ended = positions.take_end_requests();
            for log in positions.take_rereads() {
                self.requested.insert(log, RequestedBounds::default());
                ask = now;
            }
            if now >= ask && !self.requested.is_empty() {
                let wanted: BTreeSet<TopicPartition> = self.requested.keys().copied().collect();
                self.request_offsets(OffsetQuery::Start, &wanted)?;
                self.request_offsets(OffsetQuery::End, &wanted)?;
            }
            if now >= ask {
                ended.append(&mut self.unanswered_ends);
                ask = later(now, ASK_AGAIN);
            }
            if !ended.is_empty() {
                self.request_offsets(OffsetQuery::NewEnd, &ended)?;
            }
            if now >= probe && !self.leaders.is_empty() {
                let all = self.leaders.keys().copied().collect();
                self.request_offsets(OffsetQuery::HighWatermark, &all)?;
                probe = later(now, self.probe);
            }
            if now >= tail && positions.has_unreadable_tails() {
                self.request_offsets(OffsetQuery::Tail, &self.unread_partitions(positions))?;
                tail = later(now, ASK_FOR_TAILS);
            }
            if let Some(answer) = self.questions.next_answer(STEP) {
                self.handle_answer(answer, begin, positions)?;
            }
        }
        Ok(())
    }

    /// The partitions of the offsets topic whose readers stand before the last known ends.
    fn unread_partitions(&self, positions: &ReaderProgress) -> BTreeSet<TopicPartition> {
        let stands_before = |end: &Offset, log| positions.readable_position(log).is_some_and(|at| at < *end);
        let unread = self.ends.iter().filter(|(log, end)| log.topic == OFFSETS && stands_before(end, **log));
        unread.map(|(log, _)| *log).collect()
    }

    /// Continues with another client. Requests that the old client has not answered are sent again.
    fn replace_client(&mut self, client: Arc<Client>, stop: &CancellationToken) {
        if let Some(lookups) = create_when_possible("a queue", || Lookups::new(Arc::clone(&client)), stop) {
            self.questions = Questions::new(lookups);
            self.client = client;
        }
    }

    /// Requests the partitions of the topics. Returns the time until the next check.
    fn discover_partitions(&mut self, positions: &ReaderProgress, stop: &CancellationToken) -> Duration {
        let topics = self.topics.clone();
        let view = self.client.metadata_until(stop, METADATA_TIMEOUT, move |name| topics.find(name).is_some());
        let view = match view {
            Ok(view) => view,
            Err(code) if code.is_refusal() => {
                self.metrics.record_refusal(RefreshKind::Commits, Right::METADATA);
                return REFUSED;
            }
            Err(_) => return LOOK_FOR_TOPIC,
        };
        self.metrics.record_granted_right(&Right::METADATA);
        if view.brokers.is_empty() {
            // A broker that has just started may know nothing yet, not even itself.
            return LOOK_FOR_TOPIC;
        }
        self.record_answer();
        if let Some(id) = self.client.cluster_id() {
            positions.set_unreadable_tails(has_unreadable_tails(&id));
        }
        self.addresses = view.brokers.iter().map(|broker| (broker.id, broker.address())).collect();
        let find = |topic| view.topics.iter().find(|found| found.name == self.topics.name(topic));
        let (offsets, shares) = (find(OFFSETS), find(SHARE_STATE));
        for (topic, found) in [(OFFSETS, offsets), (SHARE_STATE, shares)] {
            match found {
                Some(found) if found.error.is_some_and(ErrorCode::is_refusal) => self.record_refused(topic, positions),
                Some(_) => self.record_named(topic, positions),
                None => {}
            }
        }
        if offsets.is_some_and(|topic| topic.error.is_some() || topic.partitions.is_empty()) {
            return LOOK_FOR_TOPIC;
        }
        let Some(offsets) = offsets else {
            self.ask_why_missing(OFFSETS, &view);
            return if positions.is_refused(OFFSETS, Operation::Describe) { LOOK } else { LOOK_FOR_TOPIC };
        };
        match shares {
            // This topic is counted before the offsets topic, so that the module is not ready without it.
            Some(shares) if shares.error.is_none() => self.record_partitions(SHARE_STATE, shares, positions),
            // Without share groups nobody needs the topic, nor a right to it.
            None if positions.has_share_groups() => self.ask_why_missing(SHARE_STATE, &view),
            Some(_) | None => {}
        }
        self.record_partitions(OFFSETS, offsets, positions);
        self.offsets_topic_known = true;
        LOOK
    }

    /// Records the partitions of a topic.
    fn record_partitions(&mut self, topic: TopicIndex, found: &MetadataTopic, positions: &ReaderProgress) {
        let held = |leaders: &BTreeMap<TopicPartition, _>| leaders.keys().filter(|log| log.topic == topic).count();
        let known = held(&self.leaders);
        for partition in &found.partitions {
            let log = TopicPartition { topic, partition: partition.id };
            if self.leaders.insert(log, partition.leader).is_none() {
                self.requested
                    .insert(log, RequestedBounds { late: self.offsets_topic_known, ..RequestedBounds::default() });
            }
        }
        let partitions = held(&self.leaders);
        if partitions > known {
            info!(
                module = self.metrics.health().module,
                topic = self.topics.name(topic),
                partitions,
                "reading a topic"
            );
        }
        positions.set_partition_count(topic, partitions);
    }

    /// Asks a question about partitions.
    fn request_offsets(&mut self, question: OffsetQuery, about: &BTreeSet<TopicPartition>) -> Result<(), ModuleError> {
        let now = Instant::now();
        let may_ask = |log: &&TopicPartition| self.refused.get(&log.topic).is_none_or(|refusal| refusal.until <= now);
        let about = about.iter().filter(may_ask).copied().collect();
        self.questions.ask(question, &about, &self.leaders, &self.topics)
    }

    /// Records that a server answered.
    fn record_answer(&self) {
        self.client.record_answer();
        self.metrics.record_answer();
    }
}

impl RequestedBounds {
    fn readable_partition(&self, log: TopicPartition) -> Option<ReadablePartition> {
        Some(ReadablePartition { log, start: self.start?, end: self.end?, late: self.late })
    }
}
