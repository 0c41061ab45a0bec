//! What documents, rules and dashboards name, and what there is to name.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::own::documented_tests::{page, types};
use super::sets::{self, tests::ALL};
use crate::documentation::{files, read};

/// Names of exporters, keys and classes of the configuration.
const OTHERS: [&str; 4] = ["kafka_exporter", "kafka_lag_exporter", "kafka_zk", "kafka_admin"];

/// Metrics of other exporters that warrener has not, and a field of a record: what pages say of them is that.
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

/// Every name that a query may have: a histogram has three.
fn known() -> BTreeSet<String> {
    let families = ALL.into_iter().flat_map(|names| sets::table(names).families);
    let mut names: BTreeSet<String> = families.map(|family| family.name.to_owned()).collect();
    for (name, kind) in types(&page()) {
        if kind == "histogram" {
            names.extend(["_bucket", "_count", "_sum"].map(|part| format!("{name}{part}")));
        }
        names.insert(name);
    }
    names
}

/// Names of metrics in a text, those of recording rules too.
fn named(text: &str) -> BTreeSet<String> {
    let word = Regex::new(r"[a-z0-9_:]*\b(?:kafka|burrow|kminion|warrener|process)_[a-z0-9_:]*").unwrap();
    word.find_iter(text).map(|found| found.as_str().trim_end_matches(':').to_owned()).collect()
}

/// `kafka_consumergroup_*` stands for all of them.
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
