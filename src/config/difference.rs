//! What differs between two checked configurations, which is what a reload has to do.

use std::collections::BTreeMap;

use super::{ClusterConfig, Config, ConsumerConfig, Filter};

/// What a reload does with a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleChange {
    /// The section is new: a module is started.
    Added,
    /// The section is gone: its module is stopped, and what it brought is removed.
    Removed,
    /// The module reads something else, or connects in another way. A new module reads beside the old one, and takes its
    /// place once it has caught up.
    Replaced,
    /// The running module takes on the new settings.
    Updated,
}

/// The modules that differ, by the name of their section. Modules that are not listed go on untouched.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ConfigDifference {
    /// `[cluster.*]`.
    pub clusters: BTreeMap<String, ModuleChange>,
    /// `[consumer.*]`, and the consumers of clusters that have none.
    pub consumers: BTreeMap<String, ModuleChange>,
}

impl ConfigDifference {
    /// Compares two configurations.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Self {
        Self {
            clusters: changes(&old.clusters, &new.clusters, |cluster| &cluster.name, cluster_change),
            consumers: changes(
                &old.consumers,
                &new.consumers,
                |consumer| &consumer.name,
                |before, after| consumer_change((old, before), (new, after)),
            ),
        }
    }
}

/// The filters that apply to a consumer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerFilters {
    /// Those of its section and of storage, for groups.
    pub groups: [Filter; 2],
    /// That of its cluster, for topics.
    pub topics: Filter,
}

impl ConsumerFilters {
    /// The filters of a consumer of a configuration.
    #[must_use]
    pub fn of(config: &Config, consumer: &ConsumerConfig) -> Self {
        let cluster = config.cluster(&consumer.cluster);
        Self {
            groups: [consumer.groups.clone(), config.storage.groups.clone()],
            topics: cluster.map(|cluster| cluster.topics.clone()).unwrap_or_default(),
        }
    }

    /// Whether all filters allow a group.
    #[must_use]
    pub fn allow_group(&self, group: &[u8]) -> bool {
        self.groups.iter().all(|filter| filter.allows(group))
    }

    /// Whether `new` surely allows nothing that these do not allow.
    fn cover(&self, new: &Self) -> bool {
        self.groups.iter().zip(&new.groups).all(|(old, new)| old.covers(new)) && self.topics.covers(&new.topics)
    }
}

fn changes<T>(
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> &String,
    change: impl Fn(&T, &T) -> Option<ModuleChange>,
) -> BTreeMap<String, ModuleChange> {
    let find = |list: &[T], wanted: &T| list.iter().position(|one| name(one) == name(wanted));
    let removed = old.iter().filter(|section| find(new, section).is_none());
    let removed = removed.map(|section| (name(section).clone(), ModuleChange::Removed));
    let kept = new.iter().filter_map(|section| {
        let before = find(old, section).and_then(|place| old.get(place));
        let change = before.map_or(Some(ModuleChange::Added), |before| change(before, section));
        Some((name(section).clone(), change?))
    });
    removed.chain(kept).collect()
}

fn cluster_change(old: &ClusterConfig, new: &ClusterConfig) -> Option<ModuleChange> {
    if old.connection != new.connection {
        return Some(ModuleChange::Replaced);
    }
    (old != new).then_some(ModuleChange::Updated)
}

fn consumer_change(
    (old_config, old): (&Config, &ConsumerConfig),
    (new_config, new): (&Config, &ConsumerConfig),
) -> Option<ModuleChange> {
    let (filters, new_filters) = (ConsumerFilters::of(old_config, old), ConsumerFilters::of(new_config, new));
    let is_same = old.cluster == new.cluster && old.class.name == new.class.name && old.settings.equals(&*new.settings);
    // Records that an old filter has refused are not kept, so they are read again.
    if !is_same || !filters.cover(&new_filters) {
        return Some(ModuleChange::Replaced);
    }
    (filters != new_filters).then_some(ModuleChange::Updated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::loaded;

    const BEFORE: &str = r#"
        [cluster.a]
        class-name = "kafka"
        servers = ["a:1"]
        [cluster.b]
        class-name = "kafka"
        servers = ["b:1"]
        [consumer.old]
        class-name = "kafka_zk"
        cluster = "a"
        servers = ["z:1"]
        [storage.default]
        group-denylist = "^test"
    "#;

    /// The changes as `section: change`, after replacing texts of the configuration.
    fn after(replacements: &[(&str, &str)]) -> Vec<String> {
        let text = replacements.iter().fold(BEFORE.to_owned(), |text, (old, new)| {
            assert!(text.contains(old), "{old}");
            text.replace(old, new)
        });
        let difference = ConfigDifference::between(&loaded(BEFORE).unwrap().config, &loaded(&text).unwrap().config);
        let clusters = difference.clusters.iter().map(|(name, change)| format!("cluster.{name}: {change:?}"));
        let consumers = difference.consumers.iter().map(|(name, change)| format!("consumer.{name}: {change:?}"));
        clusters.chain(consumers).collect()
    }

    #[test]
    fn what_is_written_in_another_way_is_no_change() {
        assert_eq!(after(&[]), [""; 0]);
        assert_eq!(after(&[(r#"servers = ["b:1"]"#, "topic-refresh = 60\n servers = [\"b:1\"]")]), [""; 0]);
    }

    #[test]
    fn sections_come_and_go() {
        assert_eq!(
            after(&[("[cluster.b]", "[cluster.c]")]),
            ["cluster.b: Removed", "cluster.c: Added", "consumer.b: Removed", "consumer.c: Added"]
        );
        // Cluster a has no consumer section any more, so it gets one of class kafka.
        assert_eq!(
            after(&[("cluster = \"a\"", "cluster = \"b\"")]),
            ["consumer.a: Added", "consumer.b: Removed", "consumer.old: Replaced"]
        );
    }

    #[test]
    fn servers_and_profiles_replace_the_modules_that_use_them() {
        assert_eq!(after(&[("b:1", "b:2")]), ["cluster.b: Replaced", "consumer.b: Replaced"]);
        assert_eq!(after(&[("z:1", "z:2")]), ["consumer.old: Replaced"]);
        let profile = "servers = [\"a:1\"]\n client-profile = \"p\"\n [client-profile.p]\n client-id = \"w\"";
        assert_eq!(after(&[("servers = [\"a:1\"]", profile)]), ["cluster.a: Replaced"]);
    }

    #[test]
    fn times_and_filters_act_in_the_running_modules() {
        let refresh = "servers = [\"a:1\"]\n offset-refresh = 3";
        assert_eq!(after(&[("servers = [\"a:1\"]", refresh)]), ["cluster.a: Updated"]);
        let topics = "servers = [\"b:1\"]\n topic-denylist = \"x\"";
        assert_eq!(after(&[("servers = [\"b:1\"]", topics)]), ["cluster.b: Updated", "consumer.b: Updated"]);
        let groups = "servers = [\"z:1\"]\n group-denylist = \"x\"";
        assert_eq!(after(&[("servers = [\"z:1\"]", groups)]), ["consumer.old: Updated"]);
    }

    #[test]
    fn a_filter_that_may_allow_more_reads_again() {
        assert_eq!(after(&[("^test", "^tests")]), ["consumer.b: Replaced", "consumer.old: Replaced"]);
    }

    #[test]
    fn settings_without_a_module_change_no_module() {
        let more = "group-denylist = \"^test\"\n intervals = 3\n [logging]\n level = \"debug\"\n [httpserver.x]\n address = \":1\"";
        assert_eq!(after(&[("group-denylist = \"^test\"", more)]), [""; 0]);
    }
}
