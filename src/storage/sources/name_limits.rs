//! Drops what is about names that are too long (docs/src/reference/storage-rules.md, Limits).
//!
//! Names of groups and topics are never cut, because users ask for them. So the cost of a record with a long name is
//! limited here, before anything of it is kept. Client ids, hosts and ids of members are shortened where they are shown,
//! by `Name::shortened`.

use crate::model::{LONGEST_GROUP, LONGEST_TOPIC, Name};

use crate::storage::sources::group_fact::GroupFact;
use crate::storage::sources::update::{MemberUpdate, Update};

impl Name<'_> {
    /// Whether a group with this name is accepted: at most [`LONGEST_GROUP`] bytes.
    #[must_use]
    pub const fn is_valid_group_name(self) -> bool {
        self.0.len() <= LONGEST_GROUP
    }

    /// Whether a topic with this name is accepted: at most [`LONGEST_TOPIC`] bytes.
    #[must_use]
    pub const fn is_valid_topic_name(self) -> bool {
        self.0.len() <= LONGEST_TOPIC
    }
}

/// Removes from an update what is about topics with too long a name, and returns the number of such names.
///
/// The whole update is removed if it is only about such a topic, or about a group with too long a name.
pub(crate) fn drop_long_names(mut update: Update<'_>) -> (Option<Update<'_>>, u64) {
    if !update.group().is_valid_group_name() {
        return (None, 1);
    }
    let refused = match &mut update {
        Update::Commit { topic, .. } | Update::CommitTombstone { topic, .. } => {
            return if topic.is_valid_topic_name() { (Some(update), 0) } else { (None, 1) };
        }
        Update::Members(members) => drop_long_assigned(&mut members.members),
        Update::Registered { members, .. } => drop_long_assigned(members),
        Update::Fact { fact: GroupFact::Topology(Some(topology)), .. } => {
            topology.sources.iter_mut().map(|(_, topics)| drop_long_topics(topics, |topic| *topic)).sum()
        }
        Update::Fact { fact: GroupFact::TopicNames(Some(names)), .. } => drop_long_topics(names, |(_, name)| *name),
        Update::Fact {
            fact:
                GroupFact::Epoch(_)
                | GroupFact::TargetEpoch(_)
                | GroupFact::Member { .. }
                | GroupFact::Current { .. }
                | GroupFact::Topology(None)
                | GroupFact::TopicNames(None),
            ..
        }
        | Update::GroupTombstone { .. }
        | Update::Share(_) => 0,
    };
    (Some(update), u64::try_from(refused).unwrap_or(u64::MAX))
}

fn drop_long_assigned(members: &mut [MemberUpdate<'_>]) -> usize {
    members.iter_mut().map(|member| drop_long_topics(&mut member.assigned, |(topic, _)| *topic)).sum()
}

/// Removes items whose topic has too long a name, and returns how many.
fn drop_long_topics<'a, T>(items: &mut Vec<T>, topic: impl Fn(&T) -> Name<'a>) -> usize {
    let before = items.len();
    items.retain(|item| topic(item).is_valid_topic_name());
    before.saturating_sub(items.len())
}
