//! `[cluster.*]`.

use std::collections::BTreeMap;

use crate::config::file::bounds::{CLUSTERS, OFFSET_REFRESH, SERVERS, TOPIC_REFRESH};
use crate::config::file::findings::Findings;
use crate::config::file::scalar::choose;
use crate::config::file::section::Section;
use crate::config::file::values;
use crate::config::sections::client::Profiles;
use crate::config::sections::exposure;
use crate::config::{ClusterConfig, ConnectionConfig};

/// Default intervals of refreshes of log ends and of metadata, in seconds.
pub(crate) const REFRESHES: [u64; 2] = [10, 60];

pub(crate) fn read_clusters(
    root: &mut Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, ClusterConfig> {
    let sections = root.bounded_sections(findings, &CLUSTERS);
    if sections.is_empty() && root.is_empty_or_absent("cluster") {
        findings.add_mistake(root.path.key("cluster"), "expected at least one section [cluster.NAME], found none");
    }
    sections
        .into_iter()
        .map(|(name, section)| (name.clone(), read_cluster(name, section, profiles, findings)))
        .collect()
}

fn read_cluster(
    name: String,
    mut section: Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) -> ClusterConfig {
    if let Some(class) = section.required(findings, "class-name", "\"kafka\"") {
        choose(findings, &class, &[("kafka", ())]);
    }
    let connection = read_connection(&mut section, profiles, findings);
    exposure::warn_of_kafka(&connection, findings);
    let [offsets, topics] = REFRESHES;
    let offset_refresh = section.time_or_default(findings, &OFFSET_REFRESH, offsets);
    let topic_refresh = section.time_or_default(findings, &TOPIC_REFRESH, topics);
    let topics = section.filter(findings, "topic-allowlist", "topic-denylist");
    section.ignore(findings, "groups-reaper-refresh", "a deleted group is removed as soon as its tombstones are read");
    section.finish(findings);
    ClusterConfig { name, connection, offset_refresh, topic_refresh, topics }
}

/// Reads `servers` and `client-profile`.
pub(crate) fn read_connection(
    section: &mut Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) -> ConnectionConfig {
    ConnectionConfig { servers: servers(section, findings), client: profiles.for_section(section, findings) }
}

fn servers(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Vec<String> {
    let path = section.path.key("servers");
    if !section.has_key("servers") {
        section.value("servers");
        findings.add_mistake(path, "expected a list of host:port, but the key is missing");
        return Vec::new();
    }
    let Some(texts) = section.texts(findings, "servers") else { return Vec::new() };
    if section.is_empty_or_absent("servers") {
        findings.add_mistake(path.clone(), "expected a list of host:port, found an empty list");
    }
    findings.check_count(path, "servers", texts.len(), &SERVERS);
    for text in texts.iter().filter(|text| !values::is_server(&text.value)) {
        findings.add_mistake(text.path.clone(), format!("expected {}, found {}", values::SERVER, text.shown));
    }
    texts.into_iter().map(|text| text.value).collect()
}
