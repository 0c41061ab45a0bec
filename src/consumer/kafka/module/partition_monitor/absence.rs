//! Topics that the metadata does not name: whether they do not exist, or may not be described.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tracing::warn;

use crate::clock::later;
use crate::consumer::kafka::module::reader_progress::ReaderProgress;
use crate::consumer::kafka::module::source_topics::{OFFSETS, SHARE_STATE};
use crate::kafka::{ErrorCode, MetadataResponse, TopicDescriptions, TopicIndex};
use crate::metrics::exporter_metrics::RefreshKind;
use crate::model::{Operation, Right};

use super::PartitionMonitor;

/// Number of consecutive answers after which a topic counts as not existing.
const ABSENCES: u32 = 2;
/// The time between two questions that are refused.
pub(super) const REFUSED: Duration = Duration::from_secs(60);
/// The longest time between two questions why the topic of share groups is missing. The metadata names it as soon as it
/// exists and may be described.
const LONGEST: Duration = Duration::from_secs(3600);

/// What brokers have answered about missing topics.
#[derive(Debug, Default)]
pub(super) struct Absence {
    /// Number of consecutive answers that the offsets topic does not exist.
    answers: u32,
    /// Not before then a broker is asked again why a topic is missing, and the pause up to then.
    questions: BTreeMap<TopicIndex, (Instant, Duration)>,
}

/// A topic that may not be described. Nothing about it is asked for a minute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// When it may be asked about again.
    pub(super) until: Instant,
    /// Whether the metadata named it, while a leader refused it.
    was_named: bool,
}

impl PartitionMonitor {
    /// Records that the metadata names a topic: it exists, and may be described.
    pub(super) fn record_named(&mut self, topic: TopicIndex, positions: &ReaderProgress) {
        self.absence.questions.remove(&topic);
        if topic == OFFSETS {
            self.absence.answers = 0;
        }
        // A leader may refuse what another broker's metadata names.
        let is_held = |refusal: &Refusal| refusal.was_named && Instant::now() < refusal.until;
        if !self.refused.get(&topic).is_some_and(is_held) {
            self.record_described(topic, positions);
        }
    }

    /// Asks a broker about one topic by name, unless it refused that less than a minute ago. The metadata leaves out
    /// both a topic that may not be described and one that does not exist; the answer tells which it is.
    pub(super) fn ask_why_missing(&mut self, topic: TopicIndex, view: &MetadataResponse) {
        let now = Instant::now();
        if let Some(refusal) = self.refused.get_mut(&topic) {
            *refusal = Refusal { until: later(now, REFUSED), was_named: false };
        }
        if self.absence.questions.get(&topic).is_some_and(|(due, _)| now < *due) {
            return;
        }
        let name = self.topics.name(topic);
        if !view.has_nameless
            && let Some(broker) = view.brokers.first()
            && let Err(error) = self.questions.ask_about_topic(topic, name, broker.id)
        {
            warn!(topic = name, %error, "the request for a topic could not be sent");
        }
    }

    /// Handles the answer to the question why a topic is missing.
    pub(super) fn handle_missing_topic(
        &mut self,
        topic: TopicIndex,
        found: Option<TopicDescriptions>,
        positions: &ReaderProgress,
    ) {
        let name = self.topics.name(topic);
        match found.and_then(|found| found.topics.get(name).copied()) {
            Some(Err(code)) if code.is_refusal() => {
                self.record_refused(topic, positions);
            }
            Some(Err(ErrorCode::UNKNOWN_TOPIC_OR_PART)) if topic == OFFSETS => {
                self.record_described(OFFSETS, positions);
                // Kafka creates the topic when the first group commits; until then nothing is missing. A single
                // answer may come from a broker that does not know the topic yet.
                self.absence.answers = self.absence.answers.saturating_add(1);
                if self.absence.answers < ABSENCES {
                    return;
                }
                positions.set_partition_count(OFFSETS, 0);
                positions.report_progress(&self.metrics);
                self.offsets_topic_known = true;
            }
            Some(Err(ErrorCode::UNKNOWN_TOPIC_OR_PART)) => {
                self.postpone_question(topic);
                self.record_described(topic, positions);
            }
            Some(Err(code)) => {
                let module = &self.metrics.health().module;
                warn!(module, topic = name, %code, "a topic cannot be described");
                self.postpone_question(topic);
            }
            Some(Ok(_)) | None => {}
        }
    }

    fn postpone_question(&mut self, topic: TopicIndex) {
        let before = self.absence.questions.get(&topic).map(|(_, pause)| pause.saturating_mul(2).min(LONGEST));
        let pause = before.filter(|_| topic == SHARE_STATE).unwrap_or(REFUSED);
        self.absence.questions.insert(topic, (later(Instant::now(), pause), pause));
    }

    /// Records that leaders refuse to describe topics that the metadata names.
    pub(super) fn record_refused_by_leaders(&mut self, topics: BTreeSet<TopicIndex>, positions: &ReaderProgress) {
        for topic in topics {
            self.record_refused(topic, positions);
            self.refused.entry(topic).and_modify(|refusal| refusal.was_named = true);
        }
    }

    /// Records that a broker refuses to describe a topic.
    pub(super) fn record_refused(&mut self, topic: TopicIndex, positions: &ReaderProgress) {
        self.postpone_question(topic);
        self.refused.insert(topic, Refusal { until: later(Instant::now(), REFUSED), was_named: false });
        positions.set_refused(topic, Operation::Describe, true);
        self.metrics.record_refusal(RefreshKind::Commits, Right::to_describe(self.topics.name(topic)));
    }

    /// Records that a topic may be described.
    pub(super) fn record_described(&mut self, topic: TopicIndex, positions: &ReaderProgress) {
        self.refused.remove(&topic);
        positions.set_refused(topic, Operation::Describe, false);
        self.metrics.record_granted_right(&Right::to_describe(self.topics.name(topic)));
    }
}
