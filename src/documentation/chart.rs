//! `docs/src/operations/install.md` against the values of the Helm chart.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{DocPage, codes, read};

/// The paths of all values, those of groups of values included: `service` and `service.port`.
fn paths(value: &Value, above: &str, to: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        paths(value, &path, to);
        to.insert(path);
    }
}

#[test]
fn the_page_names_every_value_of_the_chart_and_no_other() {
    let values: Value = serde_saphyr::from_str(&read("packaging/helm/warrener/values.yaml")).unwrap();
    let (mut known, mut wrong) = (BTreeSet::new(), Vec::new());
    paths(&values, "", &mut known);
    let section = DocPage::read("docs/src/operations/install.md").section("## Kubernetes");
    let (table, text) = (section.only_table(), section.text());
    let also = text.lines().find(|line| line.starts_with("Also: ")).unwrap();
    let mut named: BTreeSet<&str> = table.rows.iter().flat_map(|row| codes(&row[0])).chain(codes(also)).collect();
    for name in named.iter().map(|name| name.trim_end_matches(".*")).filter(|name| !known.contains(*name)) {
        wrong.push(format!("the chart has no {name}"));
    }
    // Values that stand in the row of another one.
    let meanings: Vec<&str> = table.rows.iter().flat_map(|row| codes(&row[2])).collect();
    let beside = known.iter().filter(|path| meanings.contains(&path.as_str()));
    named.extend(beside.map(String::as_str));
    for row in &table.rows {
        let group = codes(&row[0])[0].rsplit_once('.').map_or("", |(group, _)| group);
        named.extend(known.iter().filter_map(|path| {
            let key = path.strip_prefix(group)?.strip_prefix('.')?;
            codes(&row[2]).contains(&key).then_some(path.as_str())
        }));
    }
    let is_named = |path: &str| {
        let mut names = named.iter().map(|name| name.trim_end_matches(".*"));
        names.any(|name| path == name || path.starts_with(&format!("{name}.")) || name.starts_with(&format!("{path}.")))
    };
    wrong.extend(known.iter().filter(|path| !is_named(path)).map(|path| format!("the page does not name {path}")));
    assert_eq!(wrong, Vec::<String>::new());
}
