//! Other rules and filters while the program runs, and modules that are gone.

use hashbrown::HashSet;

use crate::model::Name;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::lock;
use crate::storage::rules::StorageRules;
use crate::storage::sources::source::SourceId;
use crate::storage::topics::Topics;

impl Cluster {
    /// Changes the settings. Windows that are longer than the new ones lose their oldest commits; shorter ones grow with
    /// the next commits.
    pub(crate) fn set_rules(&self, rules: StorageRules) {
        let before = {
            let mut held = self.rules.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            std::mem::replace(&mut *held, rules)
        };
        if rules.intervals < before.intervals {
            self.shards.retain(|_, group| {
                group.retain(|_, slot| {
                    slot.window.shrink(rules.intervals);
                    true
                })
            });
        }
    }

    /// Removes the groups of a module that `allows` does not allow. A group that another module has read too stays with
    /// what that module knows.
    pub fn keep_groups(&self, module: &str, allows: impl Fn(Name<'_>) -> bool) {
        let sources = self.sources_of(module);
        self.shards.retain(|name, group| {
            allows(Name(name)) || sources.iter().fold(true, |_, source| group.remove_source(*source))
        });
    }

    /// Removes the topics that `allows` does not allow, from the cluster and from its groups.
    pub fn keep_topics(&self, allows: impl Fn(Name<'_>) -> bool) {
        let refused: Vec<_> = self.names.all().into_iter().filter(|topic| !allows(topic.label.name())).collect();
        if refused.is_empty() {
            return;
        }
        self.change_topics(|topics| refused.iter().for_each(|name| topics.hide(name)));
        let groups: Vec<Box<[u8]>> =
            self.shards.iter().flat_map(|shard| shard.keys().cloned().collect::<Vec<_>>()).collect();
        for group in groups {
            for topic in &refused {
                self.remove_topic(Name(&group), topic.label.name());
            }
        }
        drop(refused);
        self.free_unused_names();
    }

    /// Removes everything that a module has read.
    pub fn remove_module(&self, module: &str) {
        self.keep_sources(module, &HashSet::new());
    }

    /// Removes what came from the sources of a module that are not in `kept`.
    pub fn keep_sources(&self, module: &str, kept: &HashSet<SourceId>) {
        for source in self.sources_of(module) {
            if !kept.contains(&source) {
                self.remove_source(source);
            }
        }
    }

    /// Forgets all topics, when the cluster turns out to be another one. Groups stay.
    pub fn forget_topics(&self) {
        self.change_topics(|topics| *topics = Topics::default());
    }

    fn sources_of(&self, module: &str) -> Vec<SourceId> {
        let sources = lock(&self.sources);
        sources.iter().filter(|((name, ..), _)| name == module).map(|(_, source)| *source).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::model::{Order, Timestamp};
    use crate::storage::sources::source::PastState;
    use crate::storage::tests::{cluster, commit, live};

    /// Groups with their topics.
    fn shown(cluster: &Cluster) -> Vec<String> {
        let mut shown: Vec<String> = Vec::new();
        for shard in cluster.shards().iter() {
            for (name, group) in shard.iter() {
                let topics = group.topics.iter().map(|topic| topic.name.label.name().to_string());
                shown.push(format!("{}: {}", Name(name), topics.collect::<Vec<_>>().join(" ")));
            }
        }
        shown.sort_unstable();
        shown
    }

    #[test]
    fn a_filter_removes_only_what_its_module_has_read() {
        let cluster = cluster();
        live(&cluster, vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("b", "t", 0, 1, 1))]);
        let other = cluster.source("n", 3);
        cluster.apply(other, PastState::Read, [(Order(9), commit("b", "u", 0, 1, 1))], Timestamp(1));
        cluster.keep_groups("m", |group| group.0 != b"b");
        assert_eq!(shown(&cluster), ["a: t", "b: u"]);
        cluster.remove_module("m");
        assert_eq!(shown(&cluster), ["b: u"]);
    }

    #[test]
    fn a_refused_topic_leaves_its_groups_and_the_cluster() {
        let cluster = cluster();
        live(&cluster, vec![(1, commit("a", "t", 0, 1, 1)), (2, commit("a", "u", 0, 1, 1))]);
        live(&cluster, vec![(3, commit("b", "u", 0, 1, 1))]);
        cluster.keep_topics(|topic| topic.0 != b"u");
        assert_eq!(shown(&cluster), ["a: t"]);
        assert_eq!(cluster.names_held(), 1);
    }

    #[test]
    fn windows_follow_the_intervals() {
        let cluster = cluster();
        let lengths = |cluster: &Cluster| {
            let shard = cluster.shards().of(Name(b"a"));
            let partitions = shard[&b"a"[..]].topics.iter().flat_map(|topic| topic.partitions.iter());
            partitions.map(|slot| slot.window.len()).collect::<Vec<_>>()
        };
        let add = |orders: std::ops::Range<i64>| {
            live(&cluster, orders.map(|order| (order, commit("a", "t", 0, order, order))).collect());
        };
        add(1..20);
        let before = cluster.rules();
        assert_eq!(lengths(&cluster), [before.intervals.get()]);
        cluster.set_rules(StorageRules { intervals: NonZeroUsize::new(2).unwrap(), ..before });
        assert_eq!(lengths(&cluster), [2]);
        cluster.set_rules(before);
        add(20..21);
        assert_eq!(lengths(&cluster), [3]);
    }
}
