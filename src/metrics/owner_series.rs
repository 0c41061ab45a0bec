//! Writes the owners of partitions, one series per owner.
//!
//! A partition may have several owners: members of a share group share partitions, and a member may claim one that
//! another has. Two owners may look the same, because long ids are shortened. A page must not contain a series twice,
//! so such owners share one series.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::model::{Name, Partition};
use crate::storage::{GroupTopicView, Member, PartitionOwner};

use super::partition_samples::PartitionSamples;

/// The owners of one partition that have been written, if it has several.
#[derive(Default)]
pub struct OwnerSeries {
    partition: Option<Partition>,
    /// Indexes in the list of members. Of members that look the same, the first one.
    members: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl OwnerSeries {
    /// Writes the series of `len` assignments of a topic, beginning with number `from`.
    pub fn write(&mut self, (from, len): (usize, usize), topic: &GroupTopicView, to: &mut PartitionSamples<'_>) {
        if from == 0 {
            self.partition = None;
        }
        for (place, &PartitionOwner { partition, member: owner }) in
            topic.assigned.iter().enumerate().skip(from).take(len)
        {
            let Some(member) = topic.members.get(owner) else { continue };
            let has = |place: usize| topic.assigned.get(place).is_some_and(|other| other.partition == partition);
            let shared = has(place.saturating_add(1)) || place.checked_sub(1).is_some_and(has);
            if shared && !self.insert_if_new(partition, owner, &topic.members) {
                continue;
            }
            let labels = [
                ("client_id", member.client_id.text()),
                ("client_host", member.client_host.text()),
                ("member_id", member.id.text()),
            ];
            to.push_labelled(partition, &labels);
        }
    }

    /// Records an owner of a partition. Returns whether no owner that looks the same was written before.
    fn insert_if_new(&mut self, partition: Partition, owner: usize, members: &[Member]) -> bool {
        if self.partition.replace(partition) != Some(partition) {
            self.members.clear();
        }
        let shown = |place: &usize| members.get(*place).map(shown_fields);
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

fn shown_fields(member: &Member) -> [Name<'_>; 3] {
    [member.client_id.name(), member.client_host.name(), member.id.name()]
}
