//! The thread that asks for metadata.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::layout::{Known, Layout, identify, read, remember};
use super::pace::Pace;
use super::pulse::Pulse;
use super::{NOTICE, Running};
use crate::clock;
use crate::config::Cluster;
use crate::kafka::{Answer, Cause, Client, ClusterView, Code, Lookups, ModuleError};
use crate::metrics::own::RefreshKind;
use crate::model::{BrokerId, Timestamp, TopicId};
use crate::storage::{Broker, ClusterFacts, Cut, Metadata, Storage};

/// A frozen broker may be the one that is asked; another one is asked then.
const METADATA_LIMIT: Duration = Duration::from_secs(4);
/// Ids and what else the cluster tells can wait for the next refresh, leaders cannot.
const IDS_LIMIT: Duration = Duration::from_secs(2);
/// Names a request for ids.
const IDS_CHUNK: usize = 500;

/// What the other thread needs of an answer.
pub(super) struct Shape {
    pub(super) layout: Layout,
    pub(super) brokers: Vec<Broker>,
    /// The cluster had been down.
    pub(super) back: bool,
}

/// After how many refreshes without an answer brokers, leaders and replicas are not known any more.
const FAILED_REFRESHES: u32 = 3;

/// What a refresh finds out beside the metadata.
#[derive(Default)]
struct More {
    ids: HashMap<String, TopicId>,
    facts: ClusterFacts,
}

/// Somebody wants newer metadata.
pub(super) struct Hurry;

pub(super) struct Topics {
    cluster: Arc<Cluster>,
    client: Arc<Client>,
    pulse: Arc<Pulse>,
    storage: Arc<Storage>,
    stop: CancellationToken,
    lookups: Lookups,
    shapes: Sender<Shape>,
    hurried: Receiver<Hurry>,
    pace: Pace,
    known: Known,
    /// Numbers the askings for ids.
    round: usize,
    /// When metadata was read last.
    read_at: Instant,
}

impl Topics {
    pub(super) fn new(running: &Running, shapes: Sender<Shape>, hurried: Receiver<Hurry>) -> Result<Self, ModuleError> {
        Ok(Self {
            cluster: Arc::clone(&running.cluster),
            client: Arc::clone(&running.client),
            pulse: Arc::clone(&running.pulse),
            storage: Arc::clone(&running.storage),
            stop: running.stop.clone(),
            lookups: Lookups::new(Arc::clone(&running.client))?,
            shapes,
            hurried,
            pace: Pace::new(running.cluster.topic_refresh, Instant::now()),
            known: Known::new(),
            round: 0,
            read_at: Instant::now(),
        })
    }

    /// Until it is told to stop, or nobody wants to know any more.
    pub(super) fn run(mut self) {
        while !self.stop.is_cancelled() {
            match self.hurried.recv_timeout(self.pace.left(Instant::now()).min(NOTICE)) {
                Ok(Hurry) => self.pace.hurry(Instant::now()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.pace.is_due(Instant::now()) {
                self.refresh();
            }
        }
    }

    fn refresh(&mut self) {
        let (asked, asked_at) = (Instant::now(), clock::now());
        self.pace.asks(asked);
        let wanted = |name: &str| self.cluster.topics.allows(name.as_bytes());
        match self.client.metadata(METADATA_LIMIT, wanted) {
            // A broker that has just started may know nothing yet, not even itself.
            Ok(view) if !view.brokers.is_empty() => {
                self.read_at = asked;
                let back = self.pulse.answered(Instant::now());
                self.take(&view, asked_at, back);
                let now = Instant::now();
                self.pulse.refreshed(RefreshKind::Topics, now.saturating_duration_since(asked));
                self.pace.succeeded(now);
            }
            answer => {
                let code = answer.err().unwrap_or(Code::LEADER_NOT_AVAILABLE);
                if !self.stop.is_cancelled() {
                    let cause = Cause::own(code, "no answer to a request for metadata");
                    self.pulse.refresh_failed(RefreshKind::Topics, &cause);
                }
                self.pace.failed(Instant::now());
                if asked.saturating_duration_since(self.read_at)
                    >= self.cluster.topic_refresh.saturating_mul(FAILED_REFRESHES)
                {
                    self.storage.forget_metadata(&self.cluster.name);
                }
            }
        }
    }

    fn take(&mut self, view: &ClusterView, asked_at: Timestamp, back: bool) {
        let mut metadata = read(view, &self.known);
        let broker = view.answered.or_else(|| view.brokers.first().map(|broker| broker.id));
        let more = broker.map(|broker| self.more(&metadata, broker)).unwrap_or_default();
        identify(&mut metadata, &more.ids);
        if self.stop.is_cancelled() {
            return;
        }
        let shape = Shape { layout: Layout::of(&metadata, &self.known), brokers: metadata.brokers.clone(), back };
        self.known = remember(&metadata, &self.known);
        self.storage.apply_metadata(&self.cluster.name, metadata, asked_at);
        self.storage.apply_facts(&self.cluster.name, more.facts);
        self.tell_of_cut();
        // Fails when the other thread has stopped, and then this one is about to.
        self.shapes.send(shape).ok();
    }

    /// An assignment is not kept as a whole: told of once.
    fn tell_of_cut(&self) {
        let cluster = &self.cluster.name;
        if let Some(Cut { group, topics }) = self.storage.cluster(cluster).and_then(|cluster| cluster.take_first_cut())
        {
            tracing::warn!(
                cluster,
                group,
                topics,
                "an assignment names more than 10000 topics that the metadata does not name: the rest is not kept"
            );
        }
    }

    /// Ids of all topics and what the cluster tells of itself, as far as they come in time.
    fn more(&mut self, metadata: &Metadata, broker: BrokerId) -> More {
        // An answer that comes later than this belongs to no round any more.
        let deadline = Instant::now() + IDS_LIMIT + NOTICE;
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        let names: Vec<&str> = metadata.topics.iter().map(|topic| topic.name.as_str()).collect();
        let asked =
            names.chunks(IDS_CHUNK).filter(|chunk| self.lookups.topics(round, broker, chunk, IDS_LIMIT).is_ok());
        let described = self.lookups.probe(round, broker, IDS_LIMIT).is_ok();
        let mut awaited = asked.count().saturating_add(usize::from(described));
        let mut more = More::default();
        while awaited > 0 && !self.stop.is_cancelled() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lookups.next(left.min(NOTICE)) {
                Some(Answer::Topics { tag, result }) if tag == round => {
                    awaited = awaited.saturating_sub(1);
                    let found = result.unwrap_or_default().into_iter();
                    more.ids.extend(found.filter_map(|(name, id)| Some((name, id.ok().flatten()?))));
                }
                Some(Answer::Alive { tag, result }) if tag == round => {
                    awaited = awaited.saturating_sub(1);
                    more.facts = result.unwrap_or_default();
                }
                Some(Answer::Topics { .. } | Answer::Offsets { .. } | Answer::Alive { .. }) => {}
                None if left.is_zero() => break,
                None => {}
            }
        }
        more
    }
}
