//! `[cluster.*]` and `[consumer.*]`.

use std::collections::BTreeMap;

use crate::config::ClientProfile;
use crate::config::Cluster;
use crate::config::Connection;
use crate::config::Consumer;
use crate::config::ConsumerClass;
use crate::config::Filter;
use crate::config::OffsetsTopic;
use crate::config::Start;
use crate::config::ZooKeeper;
use crate::config::file::bounds::{CLUSTERS, CONSUMERS, OFFSET_REFRESH, SERVERS, TOPIC_REFRESH, ZOOKEEPER_TIMEOUT};
use crate::config::file::findings::{Findings, Path};
use crate::config::file::scalar::{choose, resolve};
use crate::config::file::section::Section;
use crate::config::file::values;
use crate::config::sections::client::Profiles;

/// The topic in which Kafka keeps committed offsets.
pub(crate) const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Default intervals of refreshes of log ends and of metadata, in seconds.
pub(crate) const REFRESHES: [u64; 2] = [10, 60];
/// Default session timeout of ZooKeeper, in seconds.
const SILENCE: u64 = 30;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Kafka,
    KafkaZk,
    KafkaAdmin,
}

const CLASSES: [(&str, Class); 3] =
    [("kafka", Class::Kafka), ("kafka_zk", Class::KafkaZk), ("kafka_admin", Class::KafkaAdmin)];

pub(crate) fn read_clusters(
    root: &mut Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, Cluster> {
    let sections = root.bounded_sections(findings, &CLUSTERS);
    if sections.is_empty() && root.empty("cluster") {
        findings.mistake(root.path.key("cluster"), "expected at least one section [cluster.NAME], found none");
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
) -> Cluster {
    if let Some(class) = section.required(findings, "class-name", "\"kafka\"") {
        choose(findings, &class, &[("kafka", ())]);
    }
    let connection =
        Connection { servers: servers(&mut section, findings), client: profiles.of(&mut section, findings) };
    let [offsets, topics] = REFRESHES;
    let offset_refresh = section.wait(findings, &OFFSET_REFRESH, offsets);
    let topic_refresh = section.wait(findings, &TOPIC_REFRESH, topics);
    let topics = section.filter(findings, "topic-allowlist", "topic-denylist");
    section.ignore(findings, "groups-reaper-refresh", "a deleted group is removed as soon as its tombstones are read");
    section.finish(findings);
    Cluster { name, connection, offset_refresh, topic_refresh, topics }
}

fn servers(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Vec<String> {
    let path = section.path.key("servers");
    if !section.has("servers") {
        section.value("servers");
        findings.mistake(path, "expected a list of host:port, but the key is missing");
        return Vec::new();
    }
    let Some(texts) = section.texts(findings, "servers") else { return Vec::new() };
    if section.empty("servers") {
        findings.mistake(path.clone(), "expected a list of host:port, found an empty list");
    }
    findings.most(path, "servers", texts.len(), &SERVERS);
    for text in texts.iter().filter(|text| !values::is_server(&text.value)) {
        findings.mistake(text.path.clone(), format!("expected {}, found {}", values::SERVER, text.shown));
    }
    texts.into_iter().map(|text| text.value).collect()
}

/// Reads the consumers of the file, and adds one of class `kafka` for each cluster that has none.
pub(crate) fn read_consumers(
    root: &mut Section<'_>,
    profiles: &mut Profiles,
    clusters: &BTreeMap<String, Cluster>,
    findings: &mut Findings<'_>,
) -> Vec<Consumer> {
    let sections = root.bounded_sections(findings, &CONSUMERS).into_iter();
    let mut consumers: Vec<_> =
        sections.map(|(name, section)| read_consumer(name, section, profiles, clusters, findings)).collect();
    for (name, cluster) in clusters {
        if !consumers.iter().any(|consumer| consumer.cluster == *name) {
            let name = free_name(&consumers, name);
            consumers.push(default_consumer(name, cluster, Filter::default()));
        }
    }
    consumers.sort_by(|one, other| one.name.cmp(&other.name));
    consumers
}

/// The consumer of a cluster that has no consumer section.
pub(crate) fn default_consumer(name: String, cluster: &Cluster, groups: Filter) -> Consumer {
    let topic = OffsetsTopic { topic: OFFSETS_TOPIC.to_owned(), start: Start::Earliest, share_group: None };
    Consumer {
        name,
        cluster: cluster.name.clone(),
        connection: cluster.connection.clone(),
        groups,
        class: ConsumerClass::Kafka(topic),
    }
}

/// The name of the cluster, with `-kafka` appended while a consumer has that name already.
fn free_name(consumers: &[Consumer], cluster: &str) -> String {
    let mut name = cluster.to_owned();
    while consumers.iter().any(|consumer| consumer.name == name) {
        name.push_str("-kafka");
    }
    name
}

fn read_consumer(
    name: String,
    mut section: Section<'_>,
    profiles: &mut Profiles,
    clusters: &BTreeMap<String, Cluster>,
    findings: &mut Findings<'_>,
) -> Consumer {
    let class = section.required(findings, "class-name", "\"kafka\", \"kafka_zk\" or \"kafka_admin\"");
    let [class_path, profile_path] = ["class-name", "client-profile"].map(|key| section.path.key(key));
    let class = class.and_then(|text| choose(findings, &text, &CLASSES));
    let cluster = section.required(findings, "cluster", "the name of a [cluster.*]");
    let cluster = cluster.and_then(|text| Some(resolve(findings, &text, "cluster", clusters)?.0.to_owned()));
    let connection =
        Connection { servers: servers(&mut section, findings), client: profiles.of(&mut section, findings) };
    let groups = section.groups(findings);
    let topic = read_offsets_topic(&mut section, class, findings);
    let zookeeper = read_zookeeper(&mut section, class, findings);
    section.finish(findings);
    let class = match class {
        Some(Class::KafkaZk) => {
            check_zookeeper_profile(&profile_path, &connection.client, findings);
            ConsumerClass::KafkaZk(zookeeper)
        }
        Some(Class::KafkaAdmin) => {
            findings.unsupported_value(class_path, "kafka_admin");
            ConsumerClass::KafkaAdmin
        }
        Some(Class::Kafka) | None => ConsumerClass::Kafka(topic),
    };
    Consumer { name, cluster: cluster.unwrap_or_default(), connection, groups, class }
}

fn read_offsets_topic(section: &mut Section<'_>, class: Option<Class>, findings: &mut Findings<'_>) -> OffsetsTopic {
    let topic = section.text(findings, "offsets-topic");
    if let Some(topic) = topic.as_ref().filter(|topic| !values::is_topic(&topic.value)) {
        findings.mistake(
            topic.path.clone(),
            format!("expected the name of a topic (letters, digits, \".\", \"_\" and \"-\"), found {}", topic.shown),
        );
    }
    let latest = section.flag(findings, "start-latest");
    let backfill = section.flag(findings, "backfill-earliest");
    let share_group = section.text(findings, "share-group");
    let used = class.is_none_or(|class| class == Class::Kafka);
    let set = [
        ("offsets-topic", topic.is_some()),
        ("start-latest", latest),
        ("backfill-earliest", backfill),
        ("share-group", share_group.is_some()),
    ];
    warn_of_unused(section, used, &set, "\"kafka\"", findings);
    if used && backfill && !latest {
        findings.warn(section.path.key("backfill-earliest"), "has no effect without start-latest = true");
    }
    if let Some(share_group) = share_group.as_ref().filter(|_| used) {
        findings.unsupported(share_group.path.clone());
    }
    let start = match (latest, backfill) {
        (false, _) => Start::Earliest,
        (true, false) => Start::Latest,
        (true, true) => Start::LatestThenBackfill,
    };
    let topic = topic.map_or_else(|| OFFSETS_TOPIC.to_owned(), |topic| topic.value);
    OffsetsTopic { topic, start, share_group: share_group.map(|text| text.value) }
}

fn read_zookeeper(section: &mut Section<'_>, class: Option<Class>, findings: &mut Findings<'_>) -> ZooKeeper {
    let path = section.text(findings, "zookeeper-path");
    if let Some(path) = path.as_ref().filter(|path| !values::is_zookeeper_path(&path.value)) {
        let expected = "expected a path such as /kafka, which begins with / and does not end with /";
        findings.mistake(path.path.clone(), format!("{expected}, found {}", path.shown));
    }
    let timeout = section.wait(findings, &ZOOKEEPER_TIMEOUT, SILENCE);
    let used = class.is_none_or(|class| class == Class::KafkaZk);
    let set = [("zookeeper-path", path.is_some()), ("zookeeper-timeout", section.has("zookeeper-timeout"))];
    warn_of_unused(section, used, &set, "\"kafka_zk\"", findings);
    ZooKeeper { path: path.map(|path| path.value).unwrap_or_default(), timeout }
}

/// Checks what a profile needs for ZooKeeper, and warns of what has no effect there.
fn check_zookeeper_profile(path: &Path, profile: &ClientProfile, findings: &mut Findings<'_>) {
    if let Some(sasl) = &profile.sasl {
        // ZooKeeper's digest is user and password in one string. The user ends at the first colon.
        let user = !sasl.username.is_empty() && !sasl.username.contains(':');
        if !user || sasl.password.is_none() {
            let needed = "expected a profile whose [sasl.*] has a password and a user name without a colon";
            findings.mistake(
                path.clone(),
                format!("{needed}, for ZooKeeper's digest, found [{}]", Path::root().key("sasl").key(&sasl.name)),
            );
        }
    }
    if let Some(tls) = profile.tls.as_ref().filter(|tls| tls.no_verify) {
        findings.unsupported_value(path.clone(), &format!("noverify = true in [tls.{}], for ZooKeeper", tls.name));
    }
    if !profile.properties.is_empty() {
        findings.warn(path.clone(), "the properties of the profile apply to librdkafka only, not to ZooKeeper");
    }
}

fn warn_of_unused(section: &Section<'_>, used: bool, set: &[(&str, bool)], class: &str, findings: &mut Findings<'_>) {
    for (key, _) in set.iter().filter(|(_, set)| *set && !used) {
        findings.warn(section.path.key(key), format!("has no effect unless class-name is {class}"));
    }
}
