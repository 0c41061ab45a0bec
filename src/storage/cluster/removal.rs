//! Removal by request: removes a group, or one of its topics, at once, whichever sources it came from
//! (docs/src/reference/storage-rules.md, Removal by request).
//!
//! Kafka is not changed. So the group is shown again when it commits, and when its partition of the offsets topic is
//! read again.

use std::sync::Arc;

use crate::model::Name;

use crate::storage::cluster::Cluster;
use crate::storage::groups::group::Group;
use crate::storage::groups::group_meta::GroupMeta;

impl Cluster {
    /// Removes a group. Returns whether it existed.
    pub fn remove_group(&self, group: Name<'_>) -> bool {
        // The removed values are freed after the lock is released.
        let removed = {
            let mut shard = self.shards.of(group);
            shard.refused.forget(self.shards.hasher().group(group));
            shard.get_mut(group.0).map(|held| {
                let topics = (std::mem::take(&mut held.topics), std::mem::take(&mut held.unnamed_topics));
                (topics, held.clear())
            })
        };
        self.remove_if_empty(group);
        removed.is_some()
    }

    /// Removes a topic from a group, and the group if that was its last topic. Returns whether the group had the topic.
    pub fn remove_topic(&self, group: Name<'_>, topic: Name<'_>) -> bool {
        self.compute_owners();
        let committed = {
            let mut shard = self.shards.of(group);
            let held = shard.get_mut(group.0);
            held.and_then(|held| {
                let removed = held.find(topic.0).ok().and_then(|place| held.topics.remove(place));
                held.count_again();
                removed
            })
        };
        let assigned = self.unassign(group, topic);
        let forgotten = {
            let mut shard = self.shards.of(group);
            let held = shard.get_mut(group.0).filter(|held| held.topics.is_empty() && !held.meta.has_named_topics());
            held.filter(|_| committed.is_some() || assigned).map(Group::clear)
        };
        drop(forgotten);
        self.remove_if_empty(group);
        committed.is_some() || assigned
    }

    /// Removes a topic from the assignments of a group's members. Returns whether it was there.
    fn unassign(&self, group: Name<'_>, topic: Name<'_>) -> bool {
        loop {
            let held = self.shards.of(group).get(group.0).and_then(|held| held.meta.owners().cloned());
            let Some(owners) = held else { return false };
            let Some(without) = owners.without(topic).map(Arc::new) else { return false };
            let unheld = self
                .shards
                .of(group)
                .get_mut(group.0)
                .map(|held| held.change_meta(|meta| meta.replace_owners(&owners, Arc::clone(&without))));
            // If the assignment has changed in the meantime, `replace` returns the new one unused. Then it is tried
            // again.
            if unheld.is_none_or(|owners| !Arc::ptr_eq(&owners, &without)) {
                return true;
            }
        }
    }

    fn remove_if_empty(&self, group: Name<'_>) {
        let gone = {
            let mut shard = self.shards.of(group);
            if shard.get(group.0).is_some_and(Group::is_empty) { shard.remove(group.0) } else { None }
        };
        drop(gone);
    }
}

impl Group {
    /// Forgets everything but remembered tombstones, which are not shown and are needed while the past is read.
    fn clear(&mut self) -> GroupMeta {
        self.generations = 0;
        let held = self.meta.clear();
        self.count_again();
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Order, Timestamp};
    use crate::storage::sources::source::PastState;
    use crate::storage::tests::{cluster, commit, live, members};

    fn topics(cluster: &Cluster, group: &str) -> Option<Vec<String>> {
        let detail = cluster.group(Name(group.as_bytes()))?;
        Some(detail.topics.iter().map(|topic| topic.name.label.name().to_string()).collect())
    }

    #[test]
    fn a_removed_group_is_gone_with_all_its_sources_until_it_commits_again() {
        let cluster = cluster();
        live(&cluster, vec![(1, commit("a", "t", 0, 1, 1)), (2, members("a", 1, &[("m", "t", &[0])]))]);
        let other = cluster.source("n", 3);
        cluster.apply(other, PastState::Read, [(Order(9), commit("a", "u", 0, 1, 1))], Timestamp(1));
        live(&cluster, vec![(3, commit("b", "t", 0, 1, 1))]);
        assert_eq!(topics(&cluster, "a"), Some(vec!["t".to_owned(), "u".to_owned()]));
        assert!(cluster.remove_group(Name(b"a")) && !cluster.remove_group(Name(b"nobody")));
        assert_eq!(topics(&cluster, "a"), None);
        assert_eq!(topics(&cluster, "b"), Some(vec!["t".to_owned()]));
        live(&cluster, vec![(4, commit("a", "t", 0, 2, 2))]);
        assert_eq!(topics(&cluster, "a"), Some(vec!["t".to_owned()]));
    }

    #[test]
    fn a_group_goes_with_its_last_topic() {
        let cluster = cluster();
        live(&cluster, vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("a", "u", 0, 1, 1))]);
        live(&cluster, vec![(3, members("a", 1, &[("m", "t", &[0])]))]);
        assert!(!cluster.remove_topic(Name(b"a"), Name(b"v")) && cluster.remove_topic(Name(b"a"), Name(b"t")));
        assert_eq!(topics(&cluster, "a"), Some(vec!["u".to_owned()]));
        assert!(cluster.remove_topic(Name(b"a"), Name(b"u")));
        assert_eq!(topics(&cluster, "a"), None);
    }

    #[test]
    fn what_was_deleted_in_kafka_stays_deleted_when_the_past_comes_behind() {
        let cluster = cluster();
        let source = cluster.source("m", 0);
        let gone = crate::storage::Update::CommitTombstone {
            group: Name(b"a"),
            topic: Name(b"t"),
            partition: crate::model::Partition(0),
        };
        cluster.apply(
            source,
            PastState::Ahead,
            [(Order(10), gone), (Order(11), commit("a", "u", 0, 1, 1))],
            Timestamp(1),
        );
        assert!(cluster.remove_group(Name(b"a")));
        assert_eq!(topics(&cluster, "a"), None);
        cluster.apply(source, PastState::Behind, [(Order(5), commit("a", "t", 0, 1, 1))], Timestamp(1));
        assert_eq!(topics(&cluster, "a"), None);
    }
}
