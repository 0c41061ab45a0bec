//! `[consumer.*]`: what all classes have in common.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::file::bounds::CONSUMERS;
use crate::config::file::findings::{Findings, quote};
use crate::config::file::scalar::{choose, one_of, resolve};
use crate::config::file::section::Section;
use crate::config::sections::client::Profiles;
use crate::config::sections::consumer_section::ConsumerSection;
use crate::config::{ClusterConfig, ConsumerClass, ConsumerConfig, Filter, Registry};

/// Reads the consumers of the file, and adds one of the default class for each cluster that has none.
pub(crate) fn read_consumers(
    root: &mut Section<'_>,
    registry: &Registry,
    profiles: &mut Profiles,
    clusters: &BTreeMap<String, ClusterConfig>,
    findings: &mut Findings<'_>,
) -> Vec<ConsumerConfig> {
    let sections = root.bounded_sections(findings, &CONSUMERS).into_iter();
    let mut consumers: Vec<_> =
        sections.map(|(name, section)| read_consumer(name, section, registry, profiles, clusters, findings)).collect();
    for (name, cluster) in clusters {
        if !consumers.iter().any(|consumer| consumer.cluster == *name) {
            let name = free_name(&consumers, name);
            consumers.push(default_consumer(name, cluster, Filter::default(), registry));
        }
    }
    consumers.sort_by(|one, other| one.name.cmp(&other.name));
    consumers
}

/// The consumer of a cluster that has no consumer section.
pub(crate) fn default_consumer(
    name: String,
    cluster: &ClusterConfig,
    groups: Filter,
    registry: &Registry,
) -> ConsumerConfig {
    ConsumerConfig {
        name,
        cluster: cluster.name.clone(),
        groups,
        class: registry.default_class.facts(),
        settings: (registry.default_settings)(cluster.connection.clone()),
    }
}

/// The name of the cluster, with `-kafka` appended while a consumer has that name already.
fn free_name(consumers: &[ConsumerConfig], cluster: &str) -> String {
    let mut name = cluster.to_owned();
    while consumers.iter().any(|consumer| consumer.name == name) {
        name.push_str("-kafka");
    }
    name
}

fn read_consumer(
    name: String,
    mut section: Section<'_>,
    registry: &Registry,
    profiles: &mut Profiles,
    clusters: &BTreeMap<String, ClusterConfig>,
    findings: &mut Findings<'_>,
) -> ConsumerConfig {
    let class = read_class(&mut section, registry, findings);
    let cluster = section.required(findings, "cluster", "the name of a [cluster.*]");
    let cluster = cluster.and_then(|text| Some(resolve(findings, &text, "cluster", clusters)?.0.to_owned()));
    let groups = section.group_filter(findings);
    // Where the class is a mistake, the keys of all classes are known, and the section is read as one of the default.
    let read_as = class.unwrap_or(registry.default_class);
    let settings = read_as.read(&mut ConsumerSection { section: &mut section, profiles, findings });
    // What the other classes find counts for keys that are set and that this class lacks.
    let mut apart = Findings::new(findings.outside);
    for other in registry.classes.iter().filter(|other| other.facts().name != read_as.facts().name) {
        drop(other.read(&mut ConsumerSection { section: &mut section, profiles, findings: &mut apart }));
    }
    let keys: BTreeSet<_> = registry.classes.iter().flat_map(|other| other.keys()).copied().collect();
    for key in keys.into_iter().filter(|key| section.has_key(key) && !read_as.keys().contains(key)) {
        findings.add_mistakes_of(&section.path.key(key), &apart);
        if class.is_some() {
            let owners: Vec<_> = registry.classes.iter().copied().filter(|owner| owner.keys().contains(&key)).collect();
            let problem = format!("has no effect unless class-name is {}", quoted_names(&owners));
            findings.warn(section.path.key(key), problem);
        }
    }
    section.finish(findings);
    ConsumerConfig { name, cluster: cluster.unwrap_or_default(), groups, class: read_as.facts(), settings }
}

fn read_class(
    section: &mut Section<'_>,
    registry: &Registry,
    findings: &mut Findings<'_>,
) -> Option<&'static dyn ConsumerClass> {
    let classes: Vec<_> = registry.classes.iter().map(|class| (class.facts().name, *class)).collect();
    let text = section.required(findings, "class-name", &quoted_names(registry.classes))?;
    let class = choose(findings, &text, &classes)?;
    if !class.facts().is_supported {
        findings.add_unsupported_value(text.path, class.facts().name);
    }
    Some(class)
}

/// The names of classes as `"a", "b" or "c"`.
fn quoted_names(classes: &[&'static dyn ConsumerClass]) -> String {
    one_of(&classes.iter().map(|class| quote(class.facts().name)).collect::<Vec<_>>())
}
