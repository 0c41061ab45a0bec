//! Topics that the metadata does not name: whether they do not exist, or may not be described.

use tracing::{info, warn};

use crate::consumer::kafka::module::reader_progress::ReaderProgress;
use crate::consumer::kafka::module::source_topics::{OFFSETS, SHARE_STATE};
use crate::kafka::{ErrorCode, MetadataResponse, TopicDescriptions, TopicIndex};

use super::PartitionMonitor;

/// Number of consecutive answers after which a topic counts as not existing.
const ABSENCES: u32 = 2;

/// What brokers have answered about missing topics.
#[derive(Debug, Default)]
pub(super) struct Absence {
    /// Number of consecutive answers that the offsets topic does not exist.
    answers: u32,
    /// Why the broker refuses the offsets topic. Kept so that each reason is logged once.
    refused: Option<ErrorCode>,
    /// Whether a broker was asked why the topic of share groups is missing.
    asked_for_shares: bool,
}

impl Absence {
    /// Records that the metadata names the offsets topic.
    pub(super) const fn end(&mut self) {
        (self.refused, self.answers) = (None, 0);
    }
}

impl PartitionMonitor {
    /// Asks a broker about one topic by name. The metadata leaves out both a topic that may not be described and
    /// one that does not exist; the answer tells which it is.
    pub(super) fn request_description(&mut self, topic: TopicIndex, view: &MetadataResponse) {
        let name = self.topics.name(topic);
        if let Some(broker) = view.brokers.first()
            && let Err(error) = self.questions.ask_about_topic(topic, name, broker.id)
        {
            warn!(topic = name, %error, "the request for a topic could not be sent");
        }
    }

    /// Asks a broker why the topic of share groups is missing, unless that was asked before.
    pub(super) fn ask_once_for_shares(&mut self, view: &MetadataResponse) {
        if !std::mem::replace(&mut self.absence.asked_for_shares, true) {
            self.request_description(SHARE_STATE, view);
        }
    }

    /// Handles the answer to the question why a topic is missing.
    pub(super) fn handle_missing_topic(
        &mut self,
        topic: TopicIndex,
        found: Option<TopicDescriptions>,
        positions: &ReaderProgress,
    ) {
        let (name, module) = (self.topics.name(topic), &self.metrics.health().module);
        match found.and_then(|found| found.topics.get(name).copied()) {
            Some(Err(code)) if topic == SHARE_STATE => {
                if code != ErrorCode::UNKNOWN_TOPIC_OR_PART {
                    info!(module, topic = name, %code, "share groups will have no offsets: the broker refuses access to their topic");
                }
            }
            Some(Err(ErrorCode::UNKNOWN_TOPIC_OR_PART)) => {
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
            Some(Err(code)) => {
                if self.absence.refused.replace(code) != Some(code) {
                    warn!(module, topic = name, %code, "the broker refuses access to the offsets topic");
                }
            }
            Some(Ok(_)) | None => {}
        }
    }
}
