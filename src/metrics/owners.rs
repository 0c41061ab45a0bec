//! Who owns which partition, a series for each owner. Members of a share group share partitions, and any member may
//! claim one that another has; two of them may be shown alike, for what is shown of a long id is not all of it. A page
//! has no series twice, so those two have one series there.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::model::{Name, Partition};
use crate::storage::{GroupTopicView, Member};

use super::numbered::Numbered;

/// The owners of one partition that stand on the page already, while there is more than one.
#[derive(Default)]
pub struct Owners {
    partition: Option<Partition>,
    /// Places in the list of members. Of those that are shown alike, the first.
    members: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl Owners {
    /// Writes the series of `len` assignments of a topic after the first `from`.
    pub fn write(&mut self, (from, len): (usize, usize), topic: &GroupTopicView, to: &mut Numbered<'_>) {
        if from == 0 {
            self.partition = None;
        }
        for (place, (partition, owner)) in topic.assigned.iter().enumerate().skip(from).take(len) {
            let Some(member) = topic.members.get(*owner) else { continue };
            let has = |place: usize| topic.assigned.get(place).is_some_and(|(other, _)| other == partition);
            let shared = has(place.saturating_add(1)) || place.checked_sub(1).is_some_and(has);
            if shared && !self.adds(*partition, *owner, &topic.members) {
                continue;
            }
            let labels = [
                ("client_id", member.client_id.text()),
                ("client_host", member.client_host.text()),
                ("member_id", member.id.text()),
            ];
            to.push_labelled(*partition, &labels);
        }
    }

    /// Whether no owner of the partition that is shown like this one stands on the page.
    fn adds(&mut self, partition: Partition, owner: usize, members: &[Member]) -> bool {
        if self.partition.replace(partition) != Some(partition) {
            self.members.clear();
        }
        let shown = |place: &usize| members.get(*place).map(shown);
        let hash = |place: &usize| self.hasher.hash_one(shown(place));
        match self.members.entry(hash(&owner), |other| shown(other) == shown(&owner), hash) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(owner);
                true
            }
        }
    }
}

fn shown(member: &Member) -> [Name<'_>; 3] {
    [member.client_id.name(), member.client_host.name(), member.id.name()]
}
