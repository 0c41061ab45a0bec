//! What documents, rules and dashboards name, and what there is to name.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use super::own::{Own, RefreshKind};
use super::sets::{self, tests::described};
use super::{Format, catalogue::Family};
use crate::config::{Metrics, NameSet};
use crate::evaluate::EvaluatorRules;
use crate::health::{Health, ModuleKind};
use crate::model::{Lag, Tick, Timestamp};

/// Words that look like a metric's name and are none: names of exporters, keys and classes of the configuration.
const OTHERS: [&str; 4] = ["kafka_exporter", "kafka_lag_exporter", "kafka_zk", "kafka_admin"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder that end so.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_str().unwrap().ends_with(end));
    assert!(!files.is_empty(), "{folder} has no {end}");
    files
}

fn families(names: NameSet) -> impl Iterator<Item = &'static Family> {
    sets::table(names).families.iter()
}

/// The families that the exporter shows of itself, once everything has happened to it.
fn own() -> BTreeSet<String> {
    let health = Arc::new(Health::new("local".to_owned(), ModuleKind::Consumer, "local".to_owned()));
    let own = Own::new(vec![Arc::clone(&health)], &Metrics::default());
    let module = own.module(&health);
    drop(module.records());
    module.topic_lag(0, Some(1));
    module.zookeeper_nodes(1);
    module.zookeeper_session();
    module.refreshed(RefreshKind::Offsets, Duration::from_secs(1));
    module.refresh_failed(RefreshKind::Topics, "leader");
    let storage = described();
    let (now, intervals) = (Timestamp(1_700_000_000_000), NonZeroUsize::new(10).unwrap());
    let view = storage.view(now, &EvaluatorRules { intervals, minimum_complete: 0.0, allowed_lag: Lag(0) });
    let page = String::from_utf8(own.render(&storage, &view, Tick(0), Format::Text)).unwrap();
    page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(str::to_owned).collect()
}

/// Every name that a query may have: a histogram has three.
fn known() -> BTreeSet<String> {
    let sets = [NameSet::KafkaExporter, NameSet::Burrow, NameSet::KafkaLagExporter, NameSet::Kminion];
    let mut names: BTreeSet<String> =
        sets.into_iter().flat_map(families).map(|family| family.name.to_owned()).collect();
    let own = own();
    let histograms =
        own.iter().filter(|name| ["warrener_scrape_seconds", "warrener_refresh_seconds"].contains(&name.as_str()));
    names.extend(histograms.flat_map(|name| ["_bucket", "_count", "_sum"].map(|part| format!("{name}{part}"))));
    names.extend(own);
    names
}

/// Names of metrics in a text, those of recording rules too.
fn named(text: &str) -> BTreeSet<String> {
    let word = Regex::new(r"[a-z0-9_:]*\b(?:kafka|burrow|kminion|warrener|process)_[a-z0-9_:]*").unwrap();
    word.find_iter(text).map(|found| found.as_str().trim_end_matches(':').to_owned()).collect()
}

#[test]
fn every_metric_that_a_dashboard_a_rule_or_a_document_names_is_there() {
    let (known, recording) = (known(), fs::read_to_string(root().join("alerts/recording.yml")).unwrap());
    let recorded: BTreeSet<&str> =
        recording.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    let mut paths = vec![root().join("README.md")];
    for (folder, end) in
        [("docs", ".md"), ("docs", ".toml"), ("alerts", ".yml"), ("alerts/tests", ".yml"), ("dashboards", ".json")]
    {
        paths.extend(files(folder, end));
    }
    for path in paths {
        let names = named(&fs::read_to_string(&path).unwrap());
        for name in names.iter().filter(|name| !OTHERS.contains(&name.as_str())) {
            // `kafka_consumergroup_*` stands for all of them.
            let there = known.contains(name)
                || recorded.contains(name.as_str())
                || name.ends_with('_') && known.iter().any(|one| one.starts_with(name));
            assert!(there, "{}: there is no metric {name}", path.display());
        }
    }
}

#[test]
fn every_metric_of_the_default_set_and_of_the_exporter_itself_is_in_the_readmes_reference() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows: BTreeSet<&str> = rows.collect();
    let shown = families(NameSet::KafkaExporter).map(|family| family.name.to_owned()).chain(own());
    let missing: Vec<String> =
        shown.filter(|name| !rows.contains(name.as_str()) && !name.starts_with("process_")).collect();
    assert_eq!(missing, Vec::<String>::new());
}
