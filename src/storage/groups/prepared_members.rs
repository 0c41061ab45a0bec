//! The members of a group that one record has all of, prepared before the group is locked.

use std::sync::Arc;

use crate::storage::groups::member::Member;
use crate::storage::groups::owners::{Owners, TopicLookup, UnresolvedAssignments};
use crate::storage::lists::allocation;
use crate::storage::sources::source::SourceId;
use crate::storage::sources::update::{MemberUpdate, MembersUpdate};
use crate::storage::topics::names::{COUNTS, Label};

/// Members that are registered in ZooKeeper, at least one.
#[derive(Debug)]
pub(crate) struct RegisteredMembers {
    pub source: SourceId,
    pub owners: Arc<Owners>,
}

/// A classic group's generation.
#[derive(Debug)]
pub(crate) struct ClassicGeneration {
    pub protocol_type: Arc<Label>,
    pub protocol: Arc<Label>,
    pub generation: i32,
    pub owners: Arc<Owners>,
}

impl ClassicGeneration {
    /// The memory that it takes beside its own size.
    pub fn bytes(&self) -> usize {
        let label = |label: &Label| {
            allocation::allocation(size_of::<Label>().saturating_add(COUNTS)).saturating_add(label.heap_bytes())
        };
        label(&self.protocol_type).saturating_add(label(&self.protocol)).saturating_add(self.owners.bytes())
    }

    /// Prepares a generation. Returns also the number of topics that are not kept because they are too many.
    pub fn of(update: &MembersUpdate<'_>, known: TopicLookup<'_>) -> (Self, usize) {
        let (owners, cut) = owners_of(&update.members, known);
        let classic = Self {
            protocol_type: Arc::new(Label::new(&update.protocol_type.shortened())),
            protocol: Arc::new(Label::new(&update.protocol.shortened())),
            generation: update.generation,
            owners,
        };
        (classic, cut)
    }
}

impl RegisteredMembers {
    /// Prepares registered members; `None` if there are none. Returns also the number of topics that are not kept
    /// because they are too many.
    pub fn of(members: &[MemberUpdate<'_>], source: SourceId, known: TopicLookup<'_>) -> (Option<Self>, usize) {
        if members.is_empty() {
            return (None, 0);
        }
        let (owners, cut) = owners_of(members, known);
        (Some(Self { source, owners }), cut)
    }
}

fn owners_of(members: &[MemberUpdate<'_>], known: TopicLookup<'_>) -> (Arc<Owners>, usize) {
    let assigned = members.iter().enumerate().flat_map(|(index, member)| {
        member.assigned.iter().map(move |(topic, partitions)| (index, *topic, &**partitions))
    });
    let (owners, cut) =
        Owners::new(members.iter().map(Member::of).collect(), UnresolvedAssignments::of(assigned), known);
    (Arc::new(owners), cut)
}
