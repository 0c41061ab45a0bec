//! The scout: which partitions there are, where their logs begin and end, how far the reader is behind.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::kafka::{Answer, Client, Code, Found, Isolation, Lookups, ModuleError, Place, Spec};
use crate::metrics::own::ModuleMetrics;
use crate::model::{BrokerId, Offset, Partition, TopicId};

pub use super::parts::Positions;

use super::parts::{Begin, Notice};

/// Between two looks for new partitions, and for a topic that is not there yet.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_FOR_TOPIC: Duration = Duration::from_secs(1);
/// How many answers in a row make sure that there is no such topic.
const ABSENCES: u32 = 2;
/// How long an answer is waited for.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two askings for bounds that could not be told.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// How long an idle scout waits for answers before it looks at what is due.
const STEP: Duration = Duration::from_millis(20);

/// See the module.
pub struct Scout {
    client: Arc<Client>,
    lookups: Lookups,
    topic: String,
    probe: Duration,
    metrics: ModuleMetrics,
    leaders: BTreeMap<Partition, Option<BrokerId>>,
    /// Partitions whose bounds are asked for, and what is known of them.
    wanted: BTreeMap<Partition, Bounds>,
    /// Partitions whose end was asked for once more and could not be told.
    untold: BTreeSet<Partition>,
    asked: HashMap<usize, (Question, Vec<Partition>)>,
    next_tag: usize,
    /// Whether the topic has been seen, or is known not to exist: what comes up later is all new.
    seen: bool,
    /// How many answers in a row said that there is no such topic.
    absences: u32,
    /// Why the broker does not show the topic, so that it is told once.
    refused: Option<Code>,
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
    /// The last stable offset by now, of a partition that has been read up to an earlier one.
    NewEnd,
    /// The high watermark.
    HighWatermark,
}

impl Scout {
    /// A scout that asks for high watermarks each `probe`.
    ///
    /// # Errors
    /// librdkafka gives no queue.
    pub fn new(
        client: Arc<Client>,
        topic: String,
        probe: Duration,
        metrics: ModuleMetrics,
    ) -> Result<Self, ModuleError> {
        Ok(Self {
            lookups: Lookups::new(Arc::clone(&client))?,
            client,
            topic,
            probe,
            metrics,
            leaders: BTreeMap::new(),
            wanted: BTreeMap::new(),
            untold: BTreeSet::new(),
            asked: HashMap::new(),
            next_tag: 0,
            seen: false,
            absences: 0,
            refused: None,
        })
    }

    /// Looks out until it is told to stop.
    pub fn run(
        mut self,
        begin: &Sender<Notice>,
        positions: &Positions,
        stop: &CancellationToken,
    ) -> Result<(), ModuleError> {
        let start = Instant::now();
        let (mut look, mut ask, mut probe) = (start, start, start);
        while !stop.is_cancelled() {
            let now = Instant::now();
            if now >= look {
                look = later(now, self.look(positions));
                ask = now;
            }
            let mut ended = positions.take_ended();
            for partition in positions.take_again() {
                self.wanted.insert(partition, Bounds::default());
                ask = now;
            }
            if now >= ask && !self.wanted.is_empty() {
                let wanted: BTreeSet<Partition> = self.wanted.keys().copied().collect();
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
                self.ask(Question::HighWatermark, &self.leaders.keys().copied().collect())?;
                probe = later(now, self.probe);
            }
            if let Some(answer) = self.lookups.next(STEP) {
                self.take(answer, begin, positions);
            }
        }
        Ok(())
    }

    /// Asks for the topic's partitions; tells when to look again.
    fn look(&mut self, positions: &Positions) -> Duration {
        let Ok(view) = self.client.metadata(METADATA_TIMEOUT, |name| name == self.topic) else {
            return LOOK_FOR_TOPIC;
        };
        if view.brokers.is_empty() {
            // A broker that has just started may know nothing yet, not even itself.
            return LOOK_FOR_TOPIC;
        }
        self.answered();
        let topic = view.topics.into_iter().find(|topic| topic.name == self.topic);
        if topic.as_ref().is_some_and(|topic| topic.error.is_some() || topic.partitions.is_empty()) {
            return LOOK_FOR_TOPIC;
        }
        let Some(topic) = topic else {
            // A topic that may not be described is left out like one that does not exist: asked for by its name,
            // the broker says which it is.
            if let Some(broker) = view.brokers.first()
                && let Err(error) = self.lookups.topics(0, broker.id, &[&self.topic], LOOKUP_TIMEOUT)
            {
                warn!(topic = self.topic, %error, "the offsets topic cannot be asked for");
            }
            return LOOK_FOR_TOPIC;
        };
        (self.refused, self.absences) = (None, 0);
        let known = self.leaders.len();
        for partition in topic.partitions {
            if self.leaders.insert(partition.id, partition.leader).is_none() {
                self.wanted.insert(partition.id, Bounds { late: self.seen, ..Bounds::default() });
            }
        }
        if self.leaders.len() > known {
            info!(
                module = self.metrics.health().module,
                topic = self.topic,
                partitions = self.leaders.len(),
                "reading"
            );
        }
        self.seen = true;
        positions.count(self.leaders.len());
        LOOK
    }

    /// Asks about partitions, a request a leader, so that one broker's silence costs only its own.
    fn ask(&mut self, question: Question, about: &BTreeSet<Partition>) -> Result<(), ModuleError> {
        let pending: BTreeSet<Partition> = self
            .asked
            .values()
            .filter(|(asked, _)| *asked == question)
            .flat_map(|(_, partitions)| partitions.iter().copied())
            .collect();
        let mut by_leader: BTreeMap<Option<BrokerId>, Vec<Partition>> = BTreeMap::new();
        for partition in about.difference(&pending) {
            by_leader.entry(self.leaders.get(partition).copied().flatten()).or_default().push(*partition);
        }
        let (spec, isolation) = match question {
            Question::Start => (Spec::Earliest, Isolation::Uncommitted),
            Question::End | Question::NewEnd => (Spec::Latest, Isolation::Committed),
            Question::HighWatermark => (Spec::Latest, Isolation::Uncommitted),
        };
        for chunk in by_leader.values().flat_map(|partitions| partitions.chunks(500)) {
            let tag = self.next_tag;
            self.next_tag = tag.wrapping_add(1);
            let places = chunk.iter().map(|partition| Place { topic: &self.topic, partition: *partition, spec });
            self.lookups.offsets(tag, places, isolation, LOOKUP_TIMEOUT)?;
            self.asked.insert(tag, (question, chunk.to_vec()));
        }
        Ok(())
    }

    fn take(&mut self, answer: Answer, begin: &Sender<Notice>, positions: &Positions) {
        let (tag, result) = match answer {
            Answer::Offsets { tag, result } => (tag, result),
            Answer::Topics { result, .. } => return self.take_absence(result.ok(), positions),
            Answer::Alive { .. } => return,
        };
        let Some((question, partitions)) = self.asked.remove(&tag) else { return };
        let results = match result {
            Ok(results) => results,
            Err(code) => vec![Err(code); partitions.len()],
        };
        for (partition, result) in partitions.into_iter().zip(results) {
            if result.is_ok() {
                self.answered();
            }
            if question == Question::NewEnd {
                self.take_new_end(partition, result, begin);
            } else {
                self.take_one(question, partition, result, positions);
            }
        }
        let known: Vec<Begin> = self.wanted.iter().filter_map(|(partition, bounds)| bounds.begin(*partition)).collect();
        for known in known {
            self.wanted.remove(&known.partition);
            if begin.send(Notice::Begin(known)).is_err() {
                warn!(partition = known.partition.0, "the reader has ended");
            }
        }
        positions.tell(&self.metrics);
    }

    /// Takes in why the topic is not among the others.
    fn take_absence(&mut self, found: Option<HashMap<String, Result<Option<TopicId>, Code>>>, positions: &Positions) {
        match found.and_then(|found| found.get(&self.topic).copied()) {
            Some(Err(Code::UNKNOWN_TOPIC_OR_PART)) => {
                // It comes up with the first group that commits; until then nothing is missing. One answer alone
                // may come from a broker that has not heard of it yet.
                self.absences = self.absences.saturating_add(1);
                if self.absences < ABSENCES {
                    return;
                }
                positions.count(self.leaders.len());
                positions.tell(&self.metrics);
                self.seen = true;
            }
            Some(Err(code)) => {
                if self.refused.replace(code) != Some(code) {
                    warn!(module = self.metrics.health().module, topic = self.topic, %code, "the offsets topic is refused");
                }
            }
            Some(Ok(_)) | None => {}
        }
    }

    /// Tells the reader how far the log goes by now. Without an answer it is asked for again.
    fn take_new_end(&mut self, partition: Partition, result: Result<Found, Code>, begin: &Sender<Notice>) {
        match result.ok().and_then(|found| found.offset) {
            // Fails when the reader has ended, which is told by itself.
            Some(end) => drop(begin.send(Notice::End { partition, end })),
            None => drop(self.untold.insert(partition)),
        }
    }

    fn take_one(
        &mut self,
        question: Question,
        partition: Partition,
        result: Result<Found, Code>,
        positions: &Positions,
    ) {
        let offset = result.ok().and_then(|found| found.offset);
        match (question, self.wanted.get_mut(&partition)) {
            (Question::Start, Some(bounds)) => bounds.start = offset.or(bounds.start),
            (Question::End, Some(bounds)) => bounds.end = offset.or(bounds.end),
            (Question::Start | Question::End, None) | (Question::NewEnd, _) => {}
            (Question::HighWatermark, _) => {
                let lag = offset.zip(positions.of(partition)).map(|(end, at)| end.0.saturating_sub(at.0).max(0));
                self.metrics.topic_lag(partition.0, lag);
            }
        }
    }

    fn answered(&self) {
        self.client.answered();
        self.metrics.answered();
    }
}

impl Bounds {
    fn begin(&self, partition: Partition) -> Option<Begin> {
        Some(Begin { partition, start: self.start?, end: self.end?, late: self.late })
    }
}

fn later(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}
