//! Converts records to updates. Filters by group before it decodes the value, and counts records by type.

use std::sync::Arc;

use tokio::sync::watch;

use crate::config::ConsumerFilters;
use crate::metrics::exporter_metrics::RecordCounters;
use crate::model::{Name, Timestamp};
use crate::offsets::{
    self, FieldProblem, GroupMetadata, GroupProtocol, Key, Oddities, Record, RecordType, share_state,
};
use crate::storage::{GroupFact, GroupKind, MemberUpdate, MembersUpdate, Update};

use super::source_topics::SHARE_STATE;
use super::updates;

/// Protocol type of groups whose assignments name topic partitions. Other protocol types have other formats.
const CONSUMER: &[u8] = b"consumer";

/// Decodes and filters the records of one module.
#[derive(Debug)]
pub struct Translator {
    filters: watch::Receiver<Arc<ConsumerFilters>>,
    current: Arc<ConsumerFilters>,
    counters: RecordCounters,
    /// Commits that are not yet added to the counters.
    commits: u64,
    /// Whether a share group was read.
    has_share_groups: bool,
}

impl Translator {
    /// Creates a translator that keeps what all filters allow.
    pub fn new(mut filters: watch::Receiver<Arc<ConsumerFilters>>, counters: RecordCounters) -> Self {
        let current = Arc::clone(&filters.borrow_and_update());
        Self { filters, current, counters, commits: 0, has_share_groups: false }
    }

    /// Takes on other filters. Returns them if they have changed since the last call.
    pub fn changed_filters(&mut self) -> Option<Arc<ConsumerFilters>> {
        // An error means that nobody can change them any more.
        if !self.filters.has_changed().unwrap_or(false) {
            return None;
        }
        self.current = Arc::clone(&self.filters.borrow_and_update());
        Some(Arc::clone(&self.current))
    }

    /// Decodes a record. `None` if it is filtered, skipped or malformed.
    pub fn translate_record<'a>(&mut self, record: &crate::kafka::RawRecord<'a>) -> Option<Update<'a>> {
        if record.log.topic == SHARE_STATE {
            return self.share_update(record);
        }
        let mut oddities = Oddities::default();
        let key = match offsets::key_noting(record.key.unwrap_or_default(), &mut oddities) {
            Ok(key) => key,
            Err(error) => {
                self.counters.count_error(error.reason());
                return None;
            }
        };
        self.count(key.record_type());
        if !self.allows(&key) {
            return None;
        }
        self.has_share_groups |= key.record_type() == RecordType::ShareGroupMetadata && record.value.is_some();
        match key.value_noting(record.value, &mut oddities) {
            Ok(decoded) => {
                self.counters.count_oddities(oddities);
                self.translate(decoded, record.time.unwrap_or(Timestamp(i64::MIN)))
            }
            Err(error) => {
                self.counters.count_error(error.reason());
                negative_offset(&key, error.problem)
            }
        }
    }

    fn share_update<'a>(&mut self, record: &crate::kafka::RawRecord<'a>) -> Option<Update<'a>> {
        let mut oddities = Oddities::default();
        let key = share_state::key_noting(record.key.unwrap_or_default(), &mut oddities);
        let decoded = key.and_then(|key| {
            self.counters.count(updates::share_type(&key), 1);
            if key.group().is_some_and(|group| self.current.allow_group(group.0)) {
                key.value_noting(record.value, &mut oddities).map(Some)
            } else {
                Ok(None)
            }
        });
        match decoded {
            Ok(decoded) => {
                let decoded = decoded?;
                self.counters.count_oddities(oddities);
                updates::share(decoded, record.time.unwrap_or(Timestamp(i64::MIN))).map(Update::Share)
            }
            Err(error) => {
                self.counters.count_error(error.reason());
                None
            }
        }
    }

    /// Whether a share group was read.
    pub const fn has_share_groups(&self) -> bool {
        self.has_share_groups
    }

    /// Updates the counters. Called once per batch.
    pub fn flush_counters(&mut self) {
        if self.commits > 0 {
            self.counters.count(RecordType::OffsetCommit, std::mem::take(&mut self.commits));
        }
    }

    fn count(&mut self, kind: RecordType) {
        if kind == RecordType::OffsetCommit {
            self.commits = self.commits.saturating_add(1);
        } else {
            self.counters.count(kind, 1);
        }
    }

    fn allows(&self, key: &Key<'_>) -> bool {
        let Some(group) = key.group() else { return true };
        self.current.allow_group(group.0)
            && match key {
                Key::Commit { topic, .. } => self.current.topics.allows(topic.0),
                Key::Group { .. }
                | Key::Epoch { .. }
                | Key::TargetEpoch { .. }
                | Key::Member(_)
                | Key::Target(_)
                | Key::Current(_)
                | Key::Topics { .. }
                | Key::StatePartitions { .. }
                | Key::Expression { .. }
                | Key::Topology { .. }
                | Key::Skipped(_)
                | Key::Unknown(_) => true,
            }
    }

    fn translate<'a>(&self, record: Record<'a>, at: Timestamp) -> Option<Update<'a>> {
        Some(match record {
            Record::Commit(commit) => Update::Commit {
                group: commit.group,
                topic: commit.topic,
                partition: commit.partition,
                offset: commit.offset,
                timestamp: commit.timestamp,
            },
            Record::CommitTombstone { group, topic, partition } => Update::CommitTombstone { group, topic, partition },
            Record::Group(group) => Update::Members(self.members(&group, at)),
            Record::GroupTombstone { group } => Update::GroupTombstone { group },
            Record::Epoch { kind, group, epoch } => {
                fact_update(group, kind, at, GroupFact::Epoch(Some(updates::epoch(epoch))))
            }
            Record::EpochTombstone { kind, group } => fact_update(group, kind, at, GroupFact::Epoch(None)),
            Record::TargetEpoch { kind, group, target } => {
                fact_update(group, kind, at, GroupFact::TargetEpoch(target.map(|target| target.epoch)))
            }
            Record::Member { of, metadata } => {
                let who = metadata.map(|metadata| (metadata.client_id, metadata.client_host));
                fact_update(of.group, of.kind, at, GroupFact::Member { id: of.member, who })
            }
            Record::Current { of, current } => {
                let current = current.map(updates::current);
                fact_update(of.group, of.kind, at, GroupFact::Current { id: of.member, current })
            }
            Record::Topology { group, topology } => {
                let topology = topology.map(|topology| updates::topology(topology, &self.current.topics));
                fact_update(group, GroupProtocol::Streams, at, GroupFact::Topology(topology))
            }
            Record::Topics { group, topics } => {
                let names = topics.map(|topics| updates::names(topics, &self.current.topics));
                fact_update(group, GroupProtocol::Consumer, at, GroupFact::TopicNames(names))
            }
            // A target assignment shows up in what the member owns once it is carried out. The partitions that a
            // share group keeps state of appear in the topic with that state. What a subscription expression
            // matches appears in what members own.
            Record::Target { .. } | Record::StatePartitions { .. } | Record::Expression { .. } | Record::Skipped(_) => {
                return None;
            }
        })
    }

    fn members<'a>(&self, group: &GroupMetadata<'a>, at: Timestamp) -> MembersUpdate<'a> {
        let owns_partitions = group.protocol_type == CONSUMER;
        let member = |member: offsets::ClassicGroupMember<'a>| MemberUpdate {
            id: Name(member.id),
            client_id: Name(member.client_id),
            client_host: Name(member.client_host),
            assigned: if owns_partitions { self.assigned(member.assignment) } else { Vec::new() },
        };
        MembersUpdate {
            group: group.group,
            protocol_type: Name(group.protocol_type),
            protocol: Name(group.protocol.unwrap_or_default()),
            at,
            generation: group.generation,
            members: group.members.map(member).collect(),
        }
    }

    /// Decodes an assignment. Clients write these bytes, so a malformed assignment affects only its owners, not the
    /// group.
    fn assigned<'a>(&self, bytes: &'a [u8]) -> Vec<(Name<'a>, Vec<crate::model::Partition>)> {
        match offsets::assignment(bytes) {
            Ok(topics) => topics
                .filter(|(topic, _)| self.current.topics.allows(topic.0))
                .map(|(topic, partitions)| (topic, partitions.collect()))
                .collect(),
            Err(error) => {
                self.counters.count_error(error.reason());
                Vec::new()
            }
        }
    }
}

/// Converts a commit with a negative offset to a tombstone: a broker treats it as "nothing committed".
fn negative_offset<'a>(key: &Key<'a>, problem: FieldProblem) -> Option<Update<'a>> {
    let (Key::Commit { group, topic, partition, .. }, FieldProblem::Offset { .. }) = (key, problem) else {
        return None;
    };
    Some(Update::CommitTombstone { group: *group, topic: *topic, partition: *partition })
}

const fn fact_update<'a>(group: Name<'a>, kind: GroupProtocol, at: Timestamp, fact: GroupFact<'a>) -> Update<'a> {
    let kind = match kind {
        GroupProtocol::Consumer => GroupKind::Consumer,
        GroupProtocol::Share => GroupKind::Share,
        GroupProtocol::Streams => GroupKind::Streams,
    };
    Update::Fact { group, kind, at, fact }
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
