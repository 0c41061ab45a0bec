//! Compares the exporter's own families with the rows of `docs/src/reference/metrics.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use super::*;
use crate::documentation::{DocPage, codes};
use crate::evaluate::EvaluatorRules;
use crate::health::ModuleKind;
use crate::metrics::documented_tests::{Values, labels, reference, series};
use crate::metrics::sets::tests::described;
use crate::model::FailureReason;
use crate::model::{Lag, Timestamp};
use crate::storage::StorageLimits;

/// A family's labels and its type.
type Described = (Vec<String>, String);

/// A page with all of the exporter's own families.
pub fn page() -> String {
    let modules = [ModuleKind::Cluster, ModuleKind::Consumer]
        .map(|kind| Arc::new(ModuleHealth::new("local".to_owned(), kind, "local".to_owned())));
    let own = ExporterMetrics::new(modules.to_vec(), &MetricsConfig::default(), Vec::new());
    let module = own.module(&modules[1]);
    drop(module.record_counters());
    module.set_topic_lag(0, Some(1));
    module.set_zookeeper_nodes(1);
    module.count_zookeeper_session();
    let expiring =
        [module.certificates(), own.module(&modules[0]).certificates(), own.listener_certificates("default")];
    for (expiry, certificate) in
        expiring.iter().zip([CertificateUse::Client, CertificateUse::Authority, CertificateUse::Server])
    {
        expiry.set(certificate, Some(Timestamp(0)));
    }
    module.record_refresh_error(RefreshKind::Commits, FailureReason::Authorization.name());
    for kind in RefreshKind::OF_CLUSTER {
        module.record_refresh(kind, Duration::from_secs(1));
        module.record_refresh_error(kind, FailureReason::Leader.name());
    }
    let storage = described();
    storage.set_limits(StorageLimits { memory: Some(1 << 30), ..StorageLimits::default() });
    let (now, intervals) = (Timestamp(1_700_000_000_000), NonZeroUsize::new(10).unwrap());
    let view = storage.view(now, &EvaluatorRules { intervals, minimum_complete: 0.0, allowed_lag: Lag(0) });
    String::from_utf8(own.render(&storage, &view, Tick(0), Format::Text)).unwrap()
}

/// The types of the families of a page, by name.
pub fn types(page: &str) -> BTreeMap<String, String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

fn shown() -> BTreeMap<String, Described> {
    let page = page();
    let labels = |name: &str, kind: &str| {
        let name = if kind == "histogram" { format!("{name}_bucket") } else { name.to_owned() };
        let is_of = |line: &&str| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let sample = page.lines().find(is_of).unwrap_or_else(|| panic!("{name} has no sample here"));
        series(sample).into_iter().map(|(label, _)| label).filter(|label| label != "le").collect()
    };
    types(&page).into_iter().map(|(name, kind)| (name.clone(), (labels(&name, &kind), kind))).collect()
}

fn documented(section: &DocPage) -> BTreeMap<String, (Described, Values)> {
    let table = section.introduction().only_table();
    let (kind, has_labels) = (table.column("type"), table.head[1] == "labels");
    let rows = table.rows.iter().map(|row| {
        let (labels, values) = if has_labels { labels(&row[1], &[]) } else { Default::default() };
        (codes(&row[0])[0].to_owned(), ((labels, row[kind].clone()), values))
    });
    let families: BTreeMap<_, _> = rows.collect();
    assert_eq!(families.len(), table.rows.len(), "a row stands there twice");
    families
}

#[test]
fn the_reference_has_a_row_for_every_family_of_the_exporter_and_of_its_process_and_no_other() {
    let (own, process) = (reference().section("## Exporter metrics"), reference().section("## Process metrics"));
    let rows = documented(&own).into_iter().chain(documented(&process)).map(|(name, (described, _))| (name, described));
    let mut rows: BTreeMap<String, Described> = rows.collect();
    let shown = shown();
    if !shown.contains_key("process_max_fds") {
        rows.remove("process_max_fds"); // Absent here, because there is no limit.
    }
    assert_eq!(rows, shown);
}

#[test]
fn the_reference_lists_every_value_of_the_exporters_own_labels() {
    let (page, mut kinds) = (page(), BTreeMap::new());
    for (name, (_, values)) in documented(&reference().section("## Exporter metrics")) {
        for (label, listed) in values {
            let samples = page.lines().filter(|line| !line.starts_with('#') && line.starts_with(&name));
            let shown = samples.flat_map(series).filter(|(found, _)| *found == label).map(|(_, value)| value);
            assert_eq!(shown.collect::<BTreeSet<_>>(), listed, "{name}: {label}");
            kinds.insert(name.clone(), label);
        }
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}

#[test]
fn the_reference_lists_every_reason_for_which_a_refresh_fails() {
    let table = reference().section("### Refreshes").only_table();
    let reasons: Vec<&str> = table.rows.iter().map(|row| codes(&row[0])[0]).collect();
    assert_eq!(reasons, FailureReason::ALL.map(FailureReason::name));
}
