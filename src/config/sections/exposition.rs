//! `[metrics]`.

use std::collections::BTreeMap;

use crate::config::Granularity;
use crate::config::LagLimit;
use crate::config::MetricsConfig;
use crate::config::NameSet;
use crate::config::Registry;
use crate::config::file::bounds::{LABEL, LABELS, LAG_SECONDS, LIMITS, expected_time};
use crate::config::file::findings::{Findings, quote};
use crate::config::file::scalar::{choose, compile, kind, text};
use crate::config::file::section::Section;

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            names: vec![NameSet::DEFAULT],
            granularity: Granularity::Partition,
            owners: false,
            labels: BTreeMap::new(),
            limits: Vec::new(),
        }
    }
}

pub(crate) fn read_metrics(root: &mut Section<'_>, registry: &Registry, findings: &mut Findings<'_>) -> MetricsConfig {
    let mut section = root.section(findings, "metrics");
    let metrics = MetricsConfig {
        names: read_names(&mut section, registry, findings),
        granularity: section
            .choice(
                findings,
                "granularity",
                &[("partition", Granularity::Partition), ("topic", Granularity::Topic), ("group", Granularity::Group)],
            )
            .unwrap_or(Granularity::Partition),
        owners: section.flag(findings, "owners"),
        labels: read_labels(&mut section, findings),
        limits: read_limits(&mut section, findings),
    };
    if metrics.owners && metrics.granularity != Granularity::Partition {
        findings.warn(section.path.key("owners"), "has no effect unless granularity is \"partition\"");
    }
    section.finish(findings);
    metrics
}

fn read_names(section: &mut Section<'_>, registry: &Registry, findings: &mut Findings<'_>) -> Vec<NameSet> {
    let sets: Vec<_> = (registry.name_sets)().into_iter().map(|set| (set.name(), set)).collect();
    let Some(texts) = section.texts(findings, "names") else { return MetricsConfig::default().names };
    if section.is_empty_or_absent("names") {
        findings.add_mistake(section.path.key("names"), "expected at least one name set, found an empty list");
    }
    let mut names = Vec::new();
    for text in texts {
        let Some(set) = choose(findings, &text, &sets) else { continue };
        if names.contains(&set) {
            findings.add_mistake(text.path.clone(), format!("expected each name set once, found {} twice", text.shown));
        }
        names.push(set);
    }
    names
}

/// All labels of any name set, and those that Prometheus' formats reserve.
#[rustfmt::skip]
pub(crate) const TAKEN_LABELS: [&str; 42] = [
    "address", "broker_count", "broker_id", "client_host", "client_id", "cluster", "cluster_id", "cluster_name",
    "cluster_version", "consumer_group", "consumer_id", "consumergroup", "controller_id", "coordinator_id", "group",
    "group_id", "id", "is_controller", "kind", "known", "le", "member_host", "member_id", "module", "partition",
    "partition_count", "partition_id", "port", "protocol", "protocol_type", "quantile", "rack_id", "reason",
    "replication_factor", "revision", "rustc", "state", "status", "topic", "topic_name", "type", "version",
];

fn read_labels(section: &mut Section<'_>, findings: &mut Findings<'_>) -> BTreeMap<String, String> {
    let Some((path, value)) = section.value("labels") else { return BTreeMap::new() };
    let Some(table) = value.as_table() else {
        findings.add_mistake(
            path,
            format!("expected a table of labels such as {{ env = \"prod\" }}, found {}", kind(value)),
        );
        return BTreeMap::new();
    };
    findings.check_count(path.clone(), "labels", table.len(), &LABELS);
    let mut labels = BTreeMap::new();
    for (name, value) in table.iter() {
        let name: &str = name.get_ref();
        let path = path.key(name);
        if let Some(expected) = label_problem(name) {
            findings.add_mistake(path.clone(), format!("expected {expected}, found {}", quote(name)));
        }
        if let Some(text) = text(findings, path.clone(), value.get_ref()) {
            findings.check_count(path, "bytes", text.value.len(), &LABEL);
            labels.insert(name.to_owned(), text.value);
        }
    }
    labels
}

fn label_problem(name: &str) -> Option<&'static str> {
    let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !first || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Some("a label name of the form [a-zA-Z_][a-zA-Z0-9_]*");
    }
    if name.starts_with("__") {
        return Some("a label name that does not begin with __, which Prometheus reserves");
    }
    TAKEN_LABELS.contains(&name).then_some("a label name that no metric uses")
}

fn read_limits(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Vec<LagLimit> {
    let Some((path, value)) = section.value("limit") else { return Vec::new() };
    let Some(array) = value.as_array() else {
        findings.add_mistake(path, format!("expected sections [[metrics.limit]], found {}", kind(value)));
        return Vec::new();
    };
    findings.check_count(path.clone(), "sections", array.len(), &LIMITS);
    let mut limits = Vec::new();
    for (index, entry) in array.iter().enumerate() {
        let path = path.index(index);
        match entry.get_ref().as_table() {
            Some(table) => limits.extend(read_limit(Section::new(path, Some(table)), findings)),
            None => {
                let problem = format!("expected a section [[metrics.limit]], found {}", kind(entry.get_ref()));
                findings.add_mistake(path, problem);
            }
        }
    }
    limits
}

fn read_limit(mut section: Section<'_>, findings: &mut Findings<'_>) -> Option<LagLimit> {
    let group = section.required(findings, "group", "a regular expression");
    let group = group.and_then(|text| compile(findings, &text));
    let limit = section.time(findings, &LAG_SECONDS);
    if !section.has_key("lag-seconds") {
        findings.add_mistake(
            section.path.key("lag-seconds"),
            format!("{}, but the key is missing", expected_time(&LAG_SECONDS)),
        );
    }
    section.finish(findings);
    Some(LagLimit { group: group?, lag_seconds: limit?.as_secs_f64() })
}
