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
use crate::model::{Operation, Resource, Right};
use crate::storage::{self, Metadata, Topic};

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

    /// Applies newer metadata, and returns the topics to ask about by name: hidden ones that groups
    /// name, and those that were refused while the metadata named them.
    pub(super) fn topics_to_ask(
        &mut self,
        metadata: &Metadata,
        storage: &storage::Cluster,
        wanted: &Filter,
        now: Instant,
    ) -> Vec<String> {
        // A hidden topic that no group names is not kept.
        let known = storage.topics();
        let named = |topic: &Topic| str::from_utf8(topic.name.label.name().0).ok().map(str::to_owned);
        let (hidden, others): (Vec<_>, Vec<_>) = known.unnamed().partition(|topic| topic.is_hidden());
        let hidden = hidden.into_iter().filter_map(|topic| named(topic));
        let others = others.into_iter().filter_map(|topic| named(topic)).filter(|name| self.topics.contains(name));
        let refused = self.refused().filter(|name| !self.topics.contains(name));
        let mut unnamed: BTreeSet<String> = hidden.chain(others).chain(refused).collect();
        unnamed.retain(|name| wanted.allows(name.as_bytes()));
        for topic in &metadata.topics {
            unnamed.remove(&topic.name);
            if self.unnamed.contains(&topic.name) {
                self.record_granted(&topic.name);
            }
        }
        for forgotten in self.topics.retain(&unnamed) {
            self.record_granted(&forgotten);
        }
        self.unnamed = unnamed;
        let told = |name: &String| self.consumers.iter().any(|health| health.lacks_right(&Right::to_describe(name)));
        self.topics.due(&self.unnamed, now).into_iter().filter(|name| !told(name)).collect()
    }

    /// Applies what a broker answered about topics that were asked about by name.
    pub(super) fn apply_answers(&mut self, errors: &HashMap<String, Option<ErrorCode>>, now: Instant) {
        let unnamed: Vec<_> = errors.iter().filter(|(name, _)| self.unnamed.contains(*name)).collect();
        for (name, error) in unnamed {
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

    /// The topics that may not be described, as far as is known.
    fn refused(&self) -> impl Iterator<Item = String> {
        let rights = self.pulse.metrics().health().missing_rights();
        rights.into_iter().filter_map(|right| match (right.operation, right.resource) {
            (Operation::Describe, Resource::Topic(name)) => Some(name),
            (Operation::Describe | Operation::Read, _) => None,
        })
    }

    fn record_granted(&self, topic: &str) {
        self.pulse.metrics().record_granted_right(&Right::to_describe(topic));
    }
}
