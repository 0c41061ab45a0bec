//! The scout: finds partitions, asks where their logs begin and end, and measures how far the reader is behind.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::later;
use crate::kafka::{
    Answer, Cause, Client, ClusterView, Code, Described, Isolation, Keeper, Log, Lookups, Place, Spec, TopicAt,
    TopicView,
};
use crate::metrics::own::ModuleMetrics;
use crate::model::ModuleError;
use crate::model::{BrokerId, Offset, Partition};
use crate::task::make_in_time;

pub use super::parts::Positions;

use super::held::{Course, Held, Stands, Why};
use super::parts::{Begin, Notice};
use super::topics::{OFFSETS, SHARE_STATE, Topics};

/// Time between two checks for new partitions, and between two checks for a topic that does not exist yet.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_FOR_TOPIC: Duration = Duration::from_secs(1);
/// Number of consecutive answers after which a topic counts as not existing.
const ABSENCES: u32 = 2;
/// How long to wait for an answer.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// Time between two requests for bounds that are still unknown.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// How long an idle scout waits for answers before it checks what is due.
const STEP: Duration = Duration::from_millis(20);

/// See the module documentation.
pub struct Scout {
    client: Arc<Client>,
    lookups: Lookups,
    topics: Topics,
    probe: Duration,
    metrics: ModuleMetrics,
    leaders: BTreeMap<Log, Option<BrokerId>>,
    /// The addresses of the brokers, `host:port`.
    addresses: BTreeMap<BrokerId, String>,
    /// Partitions whose bounds are requested, with the bounds known so far.
    wanted: BTreeMap<Log, Bounds>,
    /// Partitions whose new end was requested and could not be determined.
    untold: BTreeSet<Log>,
    held: Held,
    asked: HashMap<usize, (Question, Vec<Log>)>,
    next_tag: usize,
    /// Whether the offsets topic has been seen, or is known not to exist. Partitions that appear later are new.
    seen: bool,
    /// Number of consecutive answers that the offsets topic does not exist.
    absences: u32,
    /// Why the broker refuses the offsets topic. Kept so that each reason is logged once.
    refused: Option<Code>,
    /// Whether a broker was asked why the topic of share groups is missing.
    asked_for_shares: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    start: Option<Offset>,
    end: Option<Offset>,
    late: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// The log start.
    Start,
    /// The last stable offset.
    End,
    /// The current last stable offset of a partition that has been read up to an earlier one.
    NewEnd,
    /// The high watermark.
    HighWatermark,
    /// The last stable offset of a partition that brings no records although its log grows.
    Stable,
}

impl Scout {
    /// Creates a scout that asks for high watermarks every `probe`.
    ///
    /// # Errors
    /// librdkafka does not create a queue.
    pub fn new(
        client: Arc<Client>,
        topics: Topics,
        probe: Duration,
        metrics: ModuleMetrics,
    ) -> Result<Self, ModuleError> {
        Ok(Self {
            lookups: Lookups::new(Arc::clone(&client))?,
            client,
            topics,
            probe,
            metrics,
            leaders: BTreeMap::new(),
            addresses: BTreeMap::new(),
            wanted: BTreeMap::new(),
            untold: BTreeSet::new(),
            held: Held::default(),
            asked: HashMap::new(),
            next_tag: 0,
            seen: false,
            absences: 0,
            refused: None,
            asked_for_shares: false,
        })
    }

    /// Runs until `stop` is cancelled.
    pub fn run(
        mut self,
        begin: &Sender<Notice>,
        positions: &Positions,
        stop: &CancellationToken,
    ) -> Result<(), ModuleError> {
        let start = Instant::now();
        let (mut look, mut ask, mut probe) = (start, start, start);
        let mut keeper = Keeper::new(Arc::clone(&self.client));
        while !stop.is_cancelled() {
            let now = Instant::now();
            self.client.serve();
            if let Some(client) = keeper.look(now) {
                self.replace_client(client, stop);
            }
            if now >= look {
                look = later(now, self.look(positions, stop));
                ask = now;
            }
            let mut ended = positions.take_ended();
            for log in positions.take_again() {
                self.wanted.insert(log, Bounds::default());
                ask = now;
            }
            if now >= ask && !self.wanted.is_empty() {
                let wanted: BTreeSet<Log> = self.wanted.keys().copied().collect();
                self.ask(Question::Start, &wanted)?;
                self.ask(Question::End, &wanted)?;
            }
            if now >= ask {
                ended.append(&mut self.untold);
                ask = later(now, ASK_AGAIN);
            }
            if !ended.is_empty() {
                self.ask(Question::NewEnd, &ended)?;
            }
            if now >= probe && !self.leaders.is_empty() {
                let all = self.leaders.keys().copied().collect();
                self.ask(Question::HighWatermark, &all)?;
                probe = later(now, self.probe);
            }
            if let Some(answer) = self.lookups.next(STEP) {
                self.take(answer, begin, positions)?;
            }
        }
        Ok(())
    }

    /// Continues with another client. Requests that the old client has not answered are sent again.
    fn replace_client(&mut self, client: Arc<Client>, stop: &CancellationToken) {
        if let Some(lookups) = make_in_time("a queue", || Lookups::new(Arc::clone(&client)), stop) {
            self.lookups = lookups;
            self.client = client;
            self.asked.clear();
        }
    }

    /// Requests the partitions of the topics. Returns the time until the next check.
    fn look(&mut self, positions: &Positions, stop: &CancellationToken) -> Duration {
        let topics = self.topics.clone();
        let view = self.client.metadata_until(stop, METADATA_TIMEOUT, move |name| topics.find(name).is_some());
        let Ok(view) = view else { return LOOK_FOR_TOPIC };
        if view.brokers.is_empty() {
            // A broker that has just started may know nothing yet, not even itself.
            return LOOK_FOR_TOPIC;
        }
        self.answered();
        self.addresses = view.brokers.iter().map(|broker| (broker.id, broker.address())).collect();
        let find = |topic| view.topics.iter().find(|found| found.name == self.topics.name(topic));
        let (offsets, shares) = (find(OFFSETS), find(SHARE_STATE));
        if offsets.is_some_and(|topic| topic.error.is_some() || topic.partitions.is_empty()) {
            return LOOK_FOR_TOPIC;
        }
        let Some(offsets) = offsets else {
            self.ask_for(OFFSETS, &view);
            return LOOK_FOR_TOPIC;
        };
        (self.refused, self.absences) = (None, 0);
        match shares {
            // This topic is counted before the offsets topic, so that the module is not ready without it.
            Some(shares) if shares.error.is_none() => self.see(SHARE_STATE, shares, positions),
            Some(_) => {}
            None if self.asked_for_shares => {}
            None => {
                self.asked_for_shares = true;
                self.ask_for(SHARE_STATE, &view);
            }
        }
        self.see(OFFSETS, offsets, positions);
        self.seen = true;
        LOOK
    }

    /// Asks a broker about one topic by name. The metadata leaves out both a topic that may not be described and
    /// one that does not exist; the answer tells which it is.
    fn ask_for(&mut self, topic: TopicAt, view: &ClusterView) {
        let (name, TopicAt(tag)) = (self.topics.name(topic), topic);
        if let Some(broker) = view.brokers.first()
            && let Err(error) = self.lookups.topics(tag, broker.id, &[name], LOOKUP_TIMEOUT)
        {
            warn!(topic = name, %error, "a topic cannot be asked for");
        }
    }

    /// Records the partitions of a topic.
    fn see(&mut self, topic: TopicAt, found: &TopicView, positions: &Positions) {
        let held = |leaders: &BTreeMap<Log, _>| leaders.keys().filter(|log| log.topic == topic).count();
        let known = held(&self.leaders);
        for partition in &found.partitions {
            let log = Log { topic, partition: partition.id };
            if self.leaders.insert(log, partition.leader).is_none() {
                self.wanted.insert(log, Bounds { late: self.seen, ..Bounds::default() });
            }
        }
        let partitions = held(&self.leaders);
        if partitions > known {
            info!(module = self.metrics.health().module, topic = self.topics.name(topic), partitions, "reading");
        }
        positions.count(topic, partitions);
    }

    /// Sends a question about partitions, one request per leader, so that a silent broker affects only its own
    /// partitions.
    fn ask(&mut self, question: Question, about: &BTreeSet<Log>) -> Result<(), ModuleError> {
        let pending: BTreeSet<Log> = self
            .asked
            .values()
            .filter(|(asked, _)| *asked == question)
            .flat_map(|(_, logs)| logs.iter().copied())
            .collect();
        let mut by_leader: BTreeMap<Option<BrokerId>, Vec<Log>> = BTreeMap::new();
        for log in about.difference(&pending) {
            by_leader.entry(self.leaders.get(log).copied().flatten()).or_default().push(*log);
        }
        let (spec, isolation) = match question {
            Question::Start => (Spec::Earliest, Isolation::Uncommitted),
            Question::End | Question::NewEnd | Question::Stable => (Spec::Latest, Isolation::Committed),
            Question::HighWatermark => (Spec::Latest, Isolation::Uncommitted),
        };
        for chunk in by_leader.values().flat_map(|logs| logs.chunks(500)) {
            let tag = self.next_tag;
            self.next_tag = tag.wrapping_add(1);
            let place = |log: &Log| Place { topic: self.topics.name(log.topic), partition: log.partition, spec };
            let places = chunk.iter().map(place);
            self.lookups.offsets(tag, places, isolation, LOOKUP_TIMEOUT)?;
            self.asked.insert(tag, (question, chunk.to_vec()));
        }
        Ok(())
    }

    fn take(&mut self, answer: Answer, begin: &Sender<Notice>, positions: &Positions) -> Result<(), ModuleError> {
        let (tag, result) = match answer {
            Answer::Offsets { tag, result } => (tag, result),
            Answer::Topics { tag, result } => {
                self.take_absence(TopicAt(tag), result.ok(), positions);
                return Ok(());
            }
        };
        let Some((question, logs)) = self.asked.remove(&tag) else { return Ok(()) };
        let results = match result {
            Ok(results) => results,
            Err(code) => vec![Err(code); logs.len()],
        };
        let mut standing = BTreeSet::new();
        for (log, result) in logs.into_iter().zip(results) {
            self.hear(log, result.as_ref().err().copied());
            let offset = result.ok().and_then(|found| found.offset);
            match question {
                Question::Start => drop(self.wanted.get_mut(&log).map(|bounds| bounds.start = offset.or(bounds.start))),
                Question::End => drop(self.wanted.get_mut(&log).map(|bounds| bounds.end = offset.or(bounds.end))),
                Question::NewEnd => self.take_new_end(log, offset, begin),
                Question::Stable => self.take_stable(log, offset, begin),
                Question::HighWatermark if self.take_high_watermark(log, offset, positions) => {
                    standing.insert(log);
                }
                Question::HighWatermark => {}
            }
        }
        let known: Vec<Begin> = self.wanted.iter().filter_map(|(log, bounds)| bounds.begin(*log)).collect();
        for known in known {
            self.wanted.remove(&known.log);
            if begin.send(Notice::Begin(known)).is_err() {
                warn!(partition = known.log.partition.0, "the reader has ended");
            }
        }
        positions.tell(&self.metrics);
        if standing.is_empty() { Ok(()) } else { self.ask(Question::Stable, &standing) }
    }

    /// Handles the answer to the question why a topic is missing.
    fn take_absence(&mut self, topic: TopicAt, found: Option<Described>, positions: &Positions) {
        let (name, module) = (self.topics.name(topic), &self.metrics.health().module);
        match found.and_then(|found| found.topics.get(name).copied()) {
            Some(Err(code)) if topic == SHARE_STATE => {
                if code != Code::UNKNOWN_TOPIC_OR_PART {
                    info!(module, topic = name, %code, "share groups will have no offsets: their topic is refused");
                }
            }
            Some(Err(Code::UNKNOWN_TOPIC_OR_PART)) => {
                // Kafka creates the topic when the first group commits; until then nothing is missing. A single
                // answer may come from a broker that does not know the topic yet.
                self.absences = self.absences.saturating_add(1);
                if self.absences < ABSENCES {
                    return;
                }
                positions.count(OFFSETS, 0);
                positions.tell(&self.metrics);
                self.seen = true;
            }
            Some(Err(code)) => {
                if self.refused.replace(code) != Some(code) {
                    warn!(module, topic = name, %code, "the offsets topic is refused");
                }
            }
            Some(Ok(_)) | None => {}
        }
    }

    /// Passes the current end of the log to the reader. Without an answer the question is asked again.
    fn take_new_end(&mut self, log: Log, end: Option<Offset>, begin: &Sender<Notice>) {
        match end {
            // Fails when the reader has ended, which is reported separately.
            Some(end) => drop(begin.send(Notice::End { log, end })),
            None => drop(self.untold.insert(log)),
        }
    }

    /// Handles the high watermark of a partition. Returns whether to ask why nothing is read from it.
    fn take_high_watermark(&mut self, log: Log, end: Option<Offset>, positions: &Positions) -> bool {
        let (position, Partition(partition)) = (positions.of(log), log.partition);
        if log.topic == OFFSETS {
            self.metrics.topic_lag(partition, end.zip(position).map(|(end, at)| end.0.saturating_sub(at.0).max(0)));
        }
        let Some((end, position)) = end.zip(position) else { return false };
        let (module, topic) = (&self.metrics.health().module, self.topics.name(log.topic));
        match self.held.note(log, position, end, Instant::now()) {
            Course::Nothing => false,
            Course::Ask => true,
            Course::GoesOn(stood) => {
                info!(module, topic, partition, seconds = stood.as_secs(), "a partition that stood still goes on");
                false
            }
        }
    }

    /// Handles the last stable offset of a partition that stands still, which shows the reason.
    fn take_stable(&mut self, log: Log, stable: Option<Offset>, begin: &Sender<Notice>) {
        let (Some(stable), Some(position)) = (stable, self.held.position(log)) else { return };
        let why = if stable <= position { Why::Transaction } else { Why::Stuck };
        let Some(Stands { at, since, is_news }) = self.held.explain(log, why, Instant::now()) else { return };
        let (module, topic, partition) = (&self.metrics.health().module, self.topics.name(log.topic), log.partition.0);
        let (offset, seconds) = (at.0, since.as_secs());
        match why {
            Why::Transaction if is_news => warn!(
                module,
                topic,
                partition,
                at = offset,
                seconds,
                "an open transaction holds a partition back: what was committed there since is not known"
            ),
            Why::Transaction => {}
            Why::Stuck => {
                if is_news {
                    warn!(
                        module,
                        topic,
                        partition,
                        at = offset,
                        seconds,
                        "a partition stands still though there is more to read: its reading is started again"
                    );
                }
                // Fails when the reader has ended, which is reported separately.
                begin.send(Notice::Stuck { log, at }).ok();
            }
        }
    }

    /// Records whether the leader of a partition answered.
    fn hear(&self, log: Log, error: Option<Code>) {
        let leader = self.leaders.get(&log).copied().flatten().and_then(|leader| self.addresses.get(&leader));
        let context = self.client.context();
        match error {
            None => {
                self.answered();
                if let Some((context, leader)) = context.zip(leader) {
                    context.answered_by(leader);
                }
            }
            Some(code @ (Code::TIMED_OUT | Code::TRANSPORT)) => {
                let cause = Cause::own(code, "no answer to a request for log ends");
                if let Some(context) = context {
                    context.unanswered(&cause.of_broker(leader.map(String::as_str)));
                }
            }
            Some(_) => {}
        }
    }

    fn answered(&self) {
        self.client.answered();
        self.metrics.answered();
    }
}

impl Bounds {
    fn begin(&self, log: Log) -> Option<Begin> {
        Some(Begin { log, start: self.start?, end: self.end?, late: self.late })
    }
}
