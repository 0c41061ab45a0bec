//! The members of groups, and the partitions that they own.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Name, Partition};
use crate::storage::{MemberUpdate, Update};

use super::messages::SkippedChildren;
use super::tree_limits::{LONGEST_CONSUMER, TreeLimits, is_name};
use super::{TreePartition, consumer_of, member_update};

/// The members of all groups. A member and the partitions that it owns are separate nodes that are read one by one,
/// but storage needs the members of a group as a whole. So they are collected here and reported once per batch.
#[derive(Debug, Default)]
pub(super) struct GroupRegistries {
    groups: BTreeMap<Box<str>, GroupRegistry>,
    changed: BTreeSet<Box<str>>,
    /// Number of members in all groups.
    members: usize,
}

#[derive(Debug, Default)]
struct GroupRegistry {
    members: BTreeSet<Box<str>>,
    /// By topic and partition, the data of the owner node.
    owners: BTreeMap<Box<str>, BTreeMap<Partition, Box<[u8]>>>,
    owned: usize,
}

impl GroupRegistries {
    /// Number of members in all groups.
    pub const fn count(&self) -> usize {
        self.members
    }

    /// Number of members in a group.
    pub fn count_of(&self, group: &str) -> usize {
        self.groups.get(group).map_or(0, |held| held.members.len())
    }

    /// Sets the members of a group. At most `most` are kept. Returns how many are left out.
    pub fn set_members(&mut self, group: &str, names: &[String], most: usize) -> SkippedChildren {
        let held = self.count_of(group);
        let mut members: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let listed = members.len();
        members.retain(|name| is_name(name) && name.len() <= LONGEST_CONSUMER);
        let (good, kept) = (members.len(), members.len().min(most));
        let left_out = SkippedChildren { names: listed.saturating_sub(good), nodes: good.saturating_sub(kept) };
        if kept == 0 && !self.groups.contains_key(group) {
            return left_out;
        }
        let registry = self.groups.entry(group.into()).or_default();
        let same =
            registry.members.len() == kept && members.iter().take(kept).all(|name| registry.members.contains(*name));
        if !same {
            registry.members = members.into_iter().take(kept).map(Box::from).collect();
            self.members = self.members.saturating_sub(held).saturating_add(kept);
            self.changed.insert(group.into());
        }
        left_out
    }

    /// Sets the owner of a partition. Returns false if the group's consumers already own as many partitions as the
    /// bounds allow.
    pub fn set_owner(&mut self, spot: TreePartition<'_>, owner: &[u8], bounds: TreeLimits) -> bool {
        let registry = self.groups.entry(spot.group.into()).or_default();
        let topic = registry.owners.entry(spot.topic.into()).or_default();
        if registry.owned >= bounds.owned && !topic.contains_key(&spot.partition) {
            if topic.is_empty() {
                registry.owners.remove(spot.topic);
            }
            return false;
        }
        match topic.insert(spot.partition, owner.into()) {
            None => registry.owned = registry.owned.saturating_add(1),
            Some(before) if *before == *owner => return true,
            Some(_) => {}
        }
        self.changed.insert(spot.group.into());
        true
    }

    /// Removes the owner of a partition.
    pub fn remove_owner(&mut self, spot: TreePartition<'_>) {
        let Some(registry) = self.groups.get_mut(spot.group) else { return };
        let Some(topic) = registry.owners.get_mut(spot.topic) else { return };
        if topic.remove(&spot.partition).is_some() {
            registry.owned = registry.owned.saturating_sub(1);
            self.changed.insert(spot.group.into());
        }
        if topic.is_empty() {
            registry.owners.remove(spot.topic);
        }
    }

    /// Passes the members of changed groups to `take`, until they hold `most` members and partitions together. The
    /// last group may exceed that, and at least one group is passed unless `most` is 0. Returns the number of
    /// members and partitions, plus one per group.
    pub fn report_changed(&mut self, most: usize, take: impl FnOnce(&mut dyn Iterator<Item = Update<'_>>)) -> usize {
        let (mut names, mut size) = (Vec::new(), 0_usize);
        while size < most
            && let Some(name) = self.changed.pop_first()
        {
            size = size.saturating_add(self.groups.get(&name).map_or(0, GroupRegistry::size)).saturating_add(1);
            names.push(name);
        }
        let update = |name: &str| {
            let (group, registry) = self.groups.get_key_value(name)?;
            Some(Update::Registered { group: Name(group.as_bytes()), members: registry.member_updates(group) })
        };
        take(&mut names.iter().map(AsRef::as_ref).filter_map(update));
        for name in names {
            if self.groups.get(&name).is_some_and(|held| held.size() == 0) {
                self.groups.remove(&name);
            }
        }
        size
    }

    /// Whether no empty entry is held and all counts are right.
    #[cfg(test)]
    pub fn is_tidy(&self) -> bool {
        let used = |registry: &GroupRegistry| registry.size() > 0;
        let counted =
            |registry: &GroupRegistry| registry.owners.values().map(BTreeMap::len).sum::<usize>() == registry.owned;
        let full = |registry: &GroupRegistry| registry.owners.values().all(|topic| !topic.is_empty());
        self.groups.values().all(|registry| used(registry) && counted(registry) && full(registry))
            && self.groups.values().map(|registry| registry.members.len()).sum::<usize>() == self.members
    }
}

impl GroupRegistry {
    fn size(&self) -> usize {
        self.members.len().saturating_add(self.owned)
    }

    /// All registered members with what they own, then owners that are not registered, identified by the data of
    /// their nodes.
    fn member_updates<'a>(&'a self, group: &str) -> Vec<MemberUpdate<'a>> {
        let mut owned: BTreeMap<&[u8], Vec<(Name<'a>, Vec<Partition>)>> = BTreeMap::new();
        for (topic, owners) in &self.owners {
            let topic = Name(topic.as_bytes());
            for (partition, owner) in owners {
                let topics = owned.entry(self.consumer_of_owner(owner)).or_default();
                match topics.last_mut() {
                    Some((last, partitions)) if *last == topic => partitions.push(*partition),
                    Some(_) | None => topics.push((topic, vec![*partition])),
                }
            }
        }
        let registered: Vec<_> = self.members.iter().map(|id| (id.as_bytes(), owned.remove(id.as_bytes()))).collect();
        let others = owned.into_iter().map(|(id, topics)| (id, Some(topics)));
        let with = |(id, topics): (&'a [u8], Option<_>)| MemberUpdate {
            assigned: topics.unwrap_or_default(),
            ..member_update(group, id)
        };
        registered.into_iter().chain(others).map(with).collect()
    }

    /// The consumer that an owner node names: the registered consumer with that id, otherwise the one whose thread
    /// has that id. Java's client writes the ids of its threads; others, such as kazoo-go, write their own ids.
    fn consumer_of_owner<'a>(&'a self, owner: &'a [u8]) -> &'a [u8] {
        let Ok(text) = std::str::from_utf8(owner) else { return owner };
        let registered = |id: &&str| self.members.contains(*id);
        Some(text).filter(registered).or_else(|| consumer_of(text).filter(registered)).map_or(owner, str::as_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn spot(topic: &'static str, partition: i32) -> TreePartition<'static> {
        TreePartition { group: "g", topic, partition: Partition(partition) }
    }

    /// Each reported member with the partitions that it owns.
    fn told(registries: &mut GroupRegistries) -> Vec<(String, Vec<i32>)> {
        let mut all = Vec::new();
        registries.report_changed(usize::MAX, |updates| {
            for update in updates {
                let Update::Registered { members, .. } = update else { panic!("{update:?}") };
                all.extend(members.iter().map(|member| {
                    let owned = member.assigned.iter().flat_map(|(_, list)| list.iter().map(|one| one.0));
                    (member.id.to_string(), owned.collect())
                }));
            }
        });
        all
    }

    fn with_owners(members: &[&str], owners: &[&[u8]]) -> Vec<(String, Vec<i32>)> {
        let mut registries = GroupRegistries::default();
        assert_eq!(registries.set_members("g", &names(members), usize::MAX), SkippedChildren::default());
        for (partition, owner) in (0..).zip(owners) {
            assert!(registries.set_owner(spot("t", partition), owner, TreeLimits::default()));
        }
        told(&mut registries)
    }

    fn rows<const N: usize>(rows: [(&str, &[i32]); N]) -> Vec<(String, Vec<i32>)> {
        rows.map(|(id, owned)| (id.to_owned(), owned.to_vec())).into()
    }

    #[test]
    fn an_owner_is_a_registered_consumer_or_its_thread() {
        let found = with_owners(&["g_a", "g_b"], &[b"g_a-0", b"g_b", b"g_a-11", b"g_a"]);
        assert_eq!(found, rows([("g_a", &[0, 2, 3]), ("g_b", &[1])]));
    }

    #[test]
    fn an_id_that_ends_in_a_number_is_tried_before_the_thread_that_it_looks_like() {
        let found = with_owners(&["c", "c-1"], &[b"c-1", b"c-1-0", b"c-0", b"c", b"c-2"]);
        assert_eq!(found, rows([("c", &[2, 3, 4]), ("c-1", &[0, 1])]));
        assert_eq!(with_owners(&["c-1"], &[b"c-1", b"c-1-1"]), rows([("c-1", &[0, 1])]));
        assert_eq!(with_owners(&["c"], &[b"c-1"]), rows([("c", &[0])]));
    }

    #[test]
    fn an_owner_that_is_registered_as_nothing_is_shown_by_its_data() {
        let found = with_owners(&["c"], &[b"d-0", b"\xff\xfe", b"c-x", b"c-1-1", b"d-0"]);
        let others = [("c", &[][..]), ("c-1-1", &[3]), ("c-x", &[2]), ("d-0", &[0, 4]), ("\\xff\\xfe", &[1])];
        assert_eq!(found, rows(others));
    }

    #[test]
    fn an_owner_means_another_consumer_once_that_is_registered() {
        let mut registries = GroupRegistries::default();
        registries.set_members("g", &names(&["c"]), usize::MAX);
        registries.set_owner(spot("t", 0), b"c-1", TreeLimits::default());
        assert_eq!(told(&mut registries), rows([("c", &[0])]));
        registries.set_members("g", &names(&["c", "c-1"]), usize::MAX);
        assert_eq!(told(&mut registries), rows([("c", &[]), ("c-1", &[0])]));
        registries.set_members("g", &[], usize::MAX);
        assert_eq!(told(&mut registries), rows([("c-1", &[0])]));
        registries.remove_owner(spot("t", 0));
        assert_eq!(told(&mut registries), rows([]));
        assert!(registries.is_tidy() && registries.groups.is_empty());
    }

    #[test]
    fn members_and_owners_beyond_the_bounds_are_left_out_and_counted() {
        let mut registries = GroupRegistries::default();
        let long = "x".repeat(LONGEST_CONSUMER + 1);
        let left_out = registries.set_members("g", &names(&["b", "a", "", "x/y", "c", &long, "a"]), 2);
        assert_eq!(left_out, SkippedChildren { names: 3, nodes: 1 });
        let bounds = TreeLimits { owned: 2, ..TreeLimits::default() };
        let owned = [("t", 0), ("t", 1), ("u", 2), ("t", 1)]
            .map(|(topic, at)| registries.set_owner(spot(topic, at), b"a", bounds));
        assert_eq!(owned, [true, true, false, true]);
        assert_eq!((told(&mut registries), registries.count()), (rows([("a", &[0, 1]), ("b", &[])]), 2));
        registries.remove_owner(spot("t", 0));
        assert!(registries.set_owner(spot("u", 2), b"b", bounds) && registries.is_tidy());
    }

    #[test]
    fn groups_are_told_of_by_their_size_and_one_at_least() {
        let mut registries = GroupRegistries::default();
        for group in ["a", "b", "c", "d"] {
            registries.set_members(group, &names(&["1", "2", "3"]), usize::MAX);
        }
        let mut told = |most| {
            let mut groups = Vec::new();
            let size = registries
                .report_changed(most, |updates| groups.extend(updates.map(|update| update.group().to_string())));
            (groups, size)
        };
        assert_eq!(told(1), (vec!["a".to_owned()], 4));
        assert_eq!(told(5), (vec!["b".to_owned(), "c".to_owned()], 8));
        assert_eq!(told(0), (Vec::new(), 0));
        assert_eq!(told(100).0, ["d"]);
        assert_eq!(told(100).1, 0);
    }
}
