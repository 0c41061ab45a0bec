//! What a record is about, as a number. Of two records of one source with the same key, the newer one replaces the
//! older one, as compaction does.

use std::hash::{BuildHasher, Hash};

use hashbrown::DefaultHashBuilder;

use crate::model::Name;

use crate::storage::sources::group_fact::GroupFact;
use crate::storage::sources::source::SourceId;
use crate::storage::sources::update::Update;

/// Hashes the names of groups, and what records are about, with a random key.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordHasher(DefaultHashBuilder);

/// The hash of a group's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupHash(pub u64);

/// The hash of what a record is about, within its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordKey(pub u64);

impl RecordHasher {
    pub fn group(&self, group: Name<'_>) -> GroupHash {
        GroupHash(self.0.hash_one(group.0))
    }

    /// The key of an update of a source.
    pub fn record(&self, source: SourceId, update: &Update<'_>) -> RecordKey {
        match update {
            Update::Commit { topic, partition, .. } | Update::CommitTombstone { topic, partition, .. } => {
                self.key(source, (0_u8, topic.0, partition.0))
            }
            Update::Members(_) | Update::GroupTombstone { .. } => self.key(source, 1_u8),
            Update::Registered { .. } => self.key(source, 2_u8),
            Update::Fact { kind, fact, .. } => self.key(source, (3_u8, kind, fact_number(fact), member_id(fact))),
            Update::Share(share) => self.key(source, (4_u8, share.topic, share.partition.0)),
        }
    }

    fn key(&self, source: SourceId, of: impl Hash) -> RecordKey {
        RecordKey(self.0.hash_one((source, of)))
    }
}

const fn fact_number(fact: &GroupFact<'_>) -> u8 {
    match fact {
        GroupFact::Epoch(_) => 0,
        GroupFact::TargetEpoch(_) => 1,
        GroupFact::Member { .. } => 2,
        GroupFact::Current { .. } => 3,
        GroupFact::Topology(_) => 4,
        GroupFact::TopicNames(_) => 5,
    }
}

const fn member_id<'a>(fact: &GroupFact<'a>) -> &'a [u8] {
    match fact {
        GroupFact::Member { id, .. } | GroupFact::Current { id, .. } => id.0,
        GroupFact::Epoch(_) | GroupFact::TargetEpoch(_) | GroupFact::Topology(_) | GroupFact::TopicNames(_) => &[],
    }
}
