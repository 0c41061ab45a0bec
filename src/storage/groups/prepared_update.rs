//! The values that an update stores, prepared before its group is locked.
//!
//! Under a shard's lock nothing is copied, sorted or freed that grows with the record. The new value is swapped with
//! the previous one, which is freed after the lock.

use crate::model::Offset;

use crate::storage::groups::epoch_facts;

use crate::storage::groups::owners::TopicLookup;
use crate::storage::groups::prepared_members::{ClassicGeneration, RegisteredMembers};
use crate::storage::sources::source::SourceId;
use crate::storage::sources::update::Update;
use crate::storage::windows::share_progress;

/// See the module documentation.
#[derive(Debug)]
pub(crate) enum PreparedUpdate {
    /// Nothing is prepared, because the update is small.
    Nothing,
    Generation(Option<ClassicGeneration>),
    Registered(Option<RegisteredMembers>),
    Fact(epoch_facts::PreparedFact),
    /// Ranges of finished records of a share group, sorted.
    Finished(Vec<(Offset, Offset)>),
}

impl PreparedUpdate {
    /// Prepares an update. Returns also the number of topics of its assignment that are not kept.
    pub fn of(update: &Update<'_>, source: SourceId, known: TopicLookup<'_>) -> (Self, usize) {
        match update {
            Update::Members(members) => {
                let (generation, cut) = ClassicGeneration::of(members, known);
                (Self::Generation(Some(generation)), cut)
            }
            Update::Registered { members, .. } => {
                let (registered, cut) = RegisteredMembers::of(members, source, known);
                (Self::Registered(registered), cut)
            }
            Update::Fact { fact, .. } => (Self::Fact(epoch_facts::PreparedFact::of(fact)), 0),
            Update::Share(share) => {
                let finished = share.state.as_ref().map(|state| share_progress::joined_and_limited(&state.finished));
                (Self::Finished(finished.unwrap_or_default()), 0)
            }
            Update::Commit { .. } | Update::CommitTombstone { .. } | Update::GroupTombstone { .. } => {
                (Self::Nothing, 0)
            }
        }
    }
}
