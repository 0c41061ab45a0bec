//! Which topics the user may not describe, for the log, the status page and the metrics.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use super::liveness::ClusterLiveness;
use super::unnamed_topics::UnnamedTopics;
use crate::config::Filter;
use crate::health::ModuleHealth;
use crate::kafka::ErrorCode;
use crate::metrics::exporter_metrics::RefreshKind;
use crate::model::Right;
use crate::storage;

/// Topics that groups name and the metadata does not.
pub(super) struct TopicRights {
    pulse: Arc<ClusterLiveness>,
    /// Health of the consumer modules, which ask about the topics that they read.
    consumers: Vec<Arc<ModuleHealth>>,
    topics: UnnamedTopics,
    /// The topics that the newest metadata does not name.
    unnamed: BTreeSet<String>,
}

impl TopicRights {
    pub(super) fn new(pulse: Arc<ClusterLiveness>, consumers: Vec<Arc<ModuleHealth>>) -> Self {
        Self { pulse, consumers, topics: UnnamedTopics::default(), unnamed: BTreeSet::new() }
    }

    /// Returns the topics to ask about by name, of those that the newest metadata in storage does not name.
    pub(super) fn topics_to_ask(&mut self, storage: &storage::Cluster, wanted: &Filter, now: Instant) -> Vec<String> {
        let known = storage.topics();
        let names = known.unnamed().filter_map(|topic| str::from_utf8(topic.name.label.name().0).ok());
        let unnamed: BTreeSet<String> =
            names.filter(|name| wanted.allows(name.as_bytes())).map(str::to_owned).collect();
        // These are named again, or no longer needed.
        for topic in self.unnamed.difference(&unnamed) {
            self.record_granted(topic);
        }
        self.topics.retain(&unnamed);
        self.unnamed = unnamed;
        let told = |name: &String| self.consumers.iter().any(|health| health.lacks_right(&Right::to_describe(name)));
        self.topics.due(&self.unnamed, now).into_iter().filter(|name| !told(name)).collect()
    }

    /// Applies what a broker answered about topics that were asked about by name.
    pub(super) fn apply_answers(&mut self, errors: &HashMap<String, Option<ErrorCode>>, now: Instant) {
        for (name, error) in errors {
            match self.topics.record_answer(name, *error, now) {
                Some(true) => self.pulse.metrics().record_refusal(RefreshKind::Topics, Right::to_describe(name)),
                Some(false) => self.record_granted(name),
                None => {}
            }
        }
    }

    /// Whether any topic is refused.
    pub(super) fn is_any_refused(&self) -> bool {
        self.topics.refused() > 0
    }

    fn record_granted(&self, topic: &str) {
        self.pulse.metrics().record_granted_right(&Right::to_describe(topic));
    }
}
