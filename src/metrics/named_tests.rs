//! Compares the metric names in documents, rules and dashboards with the metrics that exist.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::exporter_metrics::documented_tests::{page, types};
use super::sets::{self, tests::ALL};
use crate::documentation::{files, read};

/// Names of exporters, keys and classes, which look like metric names.
const OTHERS: [&str; 4] = ["kafka_exporter", "kafka_lag_exporter", "kafka_zk", "kafka_admin"];

/// Metrics of other exporters that documents name as missing from warrener, and a field of a record.
const NOT_OURS: [&str; 8] = [
    "kafka_consumergroup_poll_time_ms",
    "kafka_consumergroupzookeeper_lag_zookeeper",
    "kminion_end_to_end_",
    "kminion_exporter_offset_consumer_records_consumed_total",
    "kminion_exporter_up",
    "kminion_kafka_broker_log_dir_size_total_bytes",
    "kminion_kafka_topic_log_dir_size_total_bytes",
    "process_id",
];

/// All names that a query may use. A histogram has three.
fn known() -> BTreeSet<String> {
    let families = ALL.into_iter().flat_map(|names| sets::metric_set(names).families);
    let mut names: BTreeSet<String> = families.map(|family| family.name.to_owned()).collect();
    for (name, kind) in types(&page()) {
        if kind == "histogram" {
            names.extend(["_bucket", "_count", "_sum"].map(|part| format!("{name}{part}")));
        }
        names.insert(name);
    }
    names
}

/// Metric names in a text, including those of recording rules.
fn named(text: &str) -> BTreeSet<String> {
    let word = Regex::new(r"[a-z0-9_:]*\b(?:kafka|burrow|kminion|warrener|process)_[a-z0-9_:]*").unwrap();
    word.find_iter(text).map(|found| found.as_str().trim_end_matches(':').to_owned()).collect()
}

/// Whether a name is known. A name that ends with `_`, as in `kafka_consumergroup_*`, stands for all names that begin
/// with it.
fn is_one(name: &str, known: &BTreeSet<String>) -> bool {
    known.contains(name) || name.ends_with('_') && known.iter().any(|one| one.starts_with(name))
}

#[test]
fn every_metric_that_a_dashboard_a_rule_or_a_document_names_is_there() {
    let (known, recording) = (known(), read("alerts/recording.yml"));
    let recorded: BTreeSet<&str> =
        recording.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    let mut paths = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for (folder, extension) in [("docs", "md"), ("docs", "toml"), ("alerts", "yml"), ("dashboards", "json")] {
        paths.extend(files(folder, extension));
    }
    let mut strangers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in paths {
        for name in named(&read(&path)) {
            if !is_one(&name, &known) && !recorded.contains(name.as_str()) && !OTHERS.contains(&name.as_str()) {
                strangers.entry(name).or_default().insert(path.clone());
            }
        }
    }
    let unknown: Vec<_> = strangers.iter().filter(|(name, _)| !NOT_OURS.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "there are no such metrics: {unknown:#?}");
    assert_eq!(strangers.into_keys().collect::<Vec<_>>(), NOT_OURS, "what no document names is listed");
}
