//! Whether a group is shown, and what of it: topics that it commits to, and topics that the metadata names and that
//! have partitions assigned to its members.
//!
//! A group whose source is read from the beginning is not among the groups of the cluster until then: see
//! [`crate::storage::SourceBuild`].

use std::cmp::Ordering;
use std::iter;
use std::sync::Arc;

use crate::model::Name;

use crate::storage::groups::group::{Group, GroupTopic};
use crate::storage::groups::owners::{Owners, TopicAssignment};
use crate::storage::topics::Topics;
use crate::storage::topics::names::TopicName;
use crate::storage::windows::group_partition::GroupPartition;
use crate::storage::windows::group_partitions::GroupPartitions;

/// A topic that a group shows.
#[derive(Debug)]
pub(crate) struct ShownTopic<'a> {
    pub name: &'a Arc<TopicName>,
    /// The partitions that are committed.
    pub slots: &'a GroupPartitions,
    /// Commits read while the group was followed live.
    pub commits: u64,
    /// Partitions that are assigned to members.
    pub assigned: TopicAssignment,
    /// Whether the group is a share group.
    pub is_share: bool,
}

impl<'a> ShownTopic<'a> {
    /// The partitions that are committed and shown.
    pub fn shown_slots(&self) -> impl Iterator<Item = &'a GroupPartition> + use<'a> {
        self.slots.shown(self.is_share)
    }

    fn is_shown(&self, known: &Topics) -> bool {
        let any = !self.assigned.is_empty() || self.shown_slots().next().is_some();
        any && !known.is_hidden(self.name)
    }
}

static NO_SLOTS: GroupPartitions = GroupPartitions::NONE;

impl Group {
    /// Whether the group is shown: Kafka lists it, it has members, or a topic that is not hidden
    /// (docs/src/reference/storage-rules.md, When a group is shown).
    pub fn is_shown(&self, known: &Topics) -> bool {
        self.is_shown_with(|| self.shown(known).next().is_some())
    }

    /// The same, for callers that know already whether the group shows a topic.
    pub fn is_shown_with(&self, shows_topic: impl FnOnce() -> bool) -> bool {
        self.meta.is_recorded() || self.meta.has_members() || shows_topic()
    }

    /// Whether Burrow would know the group: it has members or a topic. Burrow learns of a group from commits and owners,
    /// not from the record of a group that is empty.
    pub fn is_used(&self, known: &Topics) -> bool {
        self.meta.has_members() || self.shown(known).next().is_some()
    }

    /// The topics that are shown, sorted by name.
    pub fn shown<'a>(&'a self, known: &'a Topics) -> impl Iterator<Item = ShownTopic<'a>> {
        let (owners, is_share) = (self.meta.owners(), self.is_share());
        let mut committed = self.topics.iter().peekable();
        let mut assigned = owners.into_iter().flat_map(|owners| owners.named()).peekable();
        let both = iter::from_fn(move || {
            let order = match (committed.peek(), assigned.peek()) {
                (Some(topic), Some((name, _))) => topic.name.label.name().cmp(&name.label.name()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            let topic = committed.next_if(|_| order.is_le());
            let owned = assigned.next_if(|_| order.is_ge());
            shown_topic(topic, owned, owners, is_share)
        });
        both.filter(|topic| topic.is_shown(known))
    }

    /// The topic of this name, if the group shows it.
    pub fn shown_of<'a>(&'a self, name: &[u8], known: &'a Topics) -> Option<ShownTopic<'a>> {
        let owners = self.meta.owners();
        let topic = self.find(name).ok().and_then(|place| self.topics.get(place));
        let owned = owners.and_then(|owners| owners.assignment_of(Name(name)));
        shown_topic(topic, owned, owners, self.is_share()).filter(|topic| topic.is_shown(known))
    }
}

fn shown_topic<'a>(
    topic: Option<&'a GroupTopic>,
    owned: Option<(&'a Arc<TopicName>, TopicAssignment)>,
    owners: Option<&Arc<Owners>>,
    is_share: bool,
) -> Option<ShownTopic<'a>> {
    match (topic, owned) {
        (Some(GroupTopic { name, partitions: slots, commits }), owned) => {
            // A committed topic is shown although the metadata does not name it.
            let unnamed = || owners.map(|owners| owners.assignment_of_unnamed(name.label.name()));
            let assigned = owned.map(|(_, owned)| owned).or_else(unnamed).unwrap_or_default();
            Some(ShownTopic { name, slots, commits: *commits, assigned, is_share })
        }
        (None, Some((name, assigned))) => Some(ShownTopic { name, slots: &NO_SLOTS, commits: 0, assigned, is_share }),
        (None, None) => None,
    }
}
