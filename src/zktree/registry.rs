//! The members of groups, and what they own.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Name, Partition};
use crate::storage::{MemberUpdate, Update};

use super::{Spot, member};

/// All groups' members. A member and what it owns stand at different places of the tree and come one by one, while
/// storage wants a group's members as a whole: so they are gathered here, and told of once a batch.
#[derive(Debug, Default)]
pub(super) struct Registries {
    groups: BTreeMap<Box<str>, Registry>,
    changed: BTreeSet<Box<str>>,
}

#[derive(Debug, Default)]
struct Registry {
    members: BTreeSet<Box<str>>,
    /// The owner of each partition, by topic.
    owners: BTreeMap<Box<str>, BTreeMap<Partition, Box<str>>>,
}

impl Registries {
    /// These are the group's members.
    pub fn members(&mut self, group: &str, members: &[String]) {
        let members: BTreeSet<Box<str>> = members.iter().map(|member| member.as_str().into()).collect();
        if members.is_empty() && !self.groups.contains_key(group) {
            return;
        }
        let registry = self.groups.entry(group.into()).or_default();
        if registry.members != members {
            registry.members = members;
            self.changed.insert(group.into());
        }
    }

    /// A partition is owned by a consumer.
    pub fn own(&mut self, spot: Spot<'_>, consumer: &str) {
        let registry = self.groups.entry(spot.group.into()).or_default();
        let topic = registry.owners.entry(spot.topic.into()).or_default();
        if topic.insert(spot.partition, consumer.into()).as_deref() != Some(consumer) {
            self.changed.insert(spot.group.into());
        }
    }

    /// A partition is owned by none.
    pub fn free(&mut self, spot: Spot<'_>) {
        let Some(registry) = self.groups.get_mut(spot.group) else { return };
        let Some(topic) = registry.owners.get_mut(spot.topic) else { return };
        if topic.remove(&spot.partition).is_some() {
            self.changed.insert(spot.group.into());
        }
        if topic.is_empty() {
            registry.owners.remove(spot.topic);
        }
    }

    /// The members of the groups where that has changed since this was last asked.
    pub fn told(&self) -> impl Iterator<Item = Update<'_>> {
        self.changed.iter().filter_map(|name| {
            let (group, registry) = self.groups.get_key_value(name)?;
            Some(Update::Registered { group: Name(group.as_bytes()), members: registry.of(group) })
        })
    }

    /// Whether nothing is held that is empty.
    #[cfg(test)]
    pub fn is_tidy(&self) -> bool {
        let used = |registry: &Registry| !registry.members.is_empty() || !registry.owners.is_empty();
        self.groups.values().all(|registry| used(registry) && registry.owners.values().all(|topic| !topic.is_empty()))
    }

    /// What has changed has been told.
    pub fn settle(&mut self) {
        for name in std::mem::take(&mut self.changed) {
            if self.groups.get(&name).is_some_and(|held| held.members.is_empty() && held.owners.is_empty()) {
                self.groups.remove(&name);
            }
        }
    }
}

impl Registry {
    /// Each member with what it owns. What is owned by none of them belonged to one that has just gone.
    fn of<'a>(&'a self, group: &str) -> Vec<MemberUpdate<'a>> {
        let mut owned: BTreeMap<&str, Vec<(Name<'a>, Vec<Partition>)>> = BTreeMap::new();
        for (topic, owners) in &self.owners {
            let topic = Name(topic.as_bytes());
            for (partition, consumer) in owners {
                let topics = owned.entry(consumer).or_default();
                match topics.last_mut() {
                    Some((last, partitions)) if *last == topic => partitions.push(*partition),
                    Some(_) | None => topics.push((topic, vec![*partition])),
                }
            }
        }
        let with = |consumer: &'a str| {
            let assigned = owned.remove(consumer).unwrap_or_default();
            MemberUpdate { assigned, ..member(group, consumer) }
        };
        self.members.iter().map(|consumer| &**consumer).map(with).collect()
    }
}
