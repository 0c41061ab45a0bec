//! `docs/src/operations/alerts.md` against the rules in `alerts/`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{DocPage, codes, files, link, read};

#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<AlertGroup>,
}

#[derive(Deserialize)]
struct AlertGroup {
    rules: Vec<AlertRule>,
}

#[derive(Deserialize)]
struct AlertRule {
    alert: Option<String>,
    record: Option<String>,
    #[serde(rename = "for")]
    waits: Option<String>,
    keep_firing_for: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Alertmanager {
    inhibit_rules: Vec<Inhibition>,
}

#[derive(Deserialize)]
struct Inhibition {
    source_matchers: Vec<String>,
    equal: Vec<String>,
}

fn parsed<T: DeserializeOwned>(path: &str) -> T {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rules() -> Vec<AlertRule> {
    let files = files("alerts", "yml").into_iter().filter(|path| path.matches('/').count() == 1);
    files.flat_map(|path| parsed::<RuleFile>(&path).groups).flat_map(|group| group.rules).collect()
}

fn page() -> DocPage {
    DocPage::read("docs/src/operations/alerts.md")
}

/// `10m` as the page writes it; an alert that does not wait fires at once.
fn waits(time: Option<&str>) -> String {
    time.map_or_else(|| "at once".to_owned(), |time| format!("{} min", time.strip_suffix('m').unwrap()))
}

/// Alert, severity and waiting time of each row of a section.
fn rows(section: &str) -> Vec<(String, String, String)> {
    let (table, mut name, mut all) = (page().section(section).only_table(), String::new(), Vec::new());
    for row in &table.rows {
        // The second rule of an alert has no name.
        if !row[0].is_empty() {
            let (alert, target) = link(&row[0]);
            assert_eq!(target, format!("../../runbooks.md#{}", alert.to_lowercase()));
            alert.clone_into(&mut name);
        }
        let severities = row[table.column("severity")].split(", ");
        all.extend(severities.map(|severity| (name.clone(), severity.to_owned(), row[table.column("waits")].clone())));
    }
    all
}

#[test]
fn the_page_has_a_row_for_every_alert_with_its_severity_and_waiting_time_and_no_other() {
    let alerts = rules()
        .into_iter()
        .filter_map(|rule| Some((rule.alert?, rule.labels["severity"].clone(), waits(rule.waits.as_deref()))));
    let (mut alerts, mut documented): (Vec<_>, Vec<_>) =
        (alerts.collect(), [rows("## Alerts on groups"), rows("## Alerts on warrener and its clusters")].concat());
    alerts.sort();
    documented.sort();
    assert_eq!(documented, alerts);
}

#[test]
fn the_page_says_which_alerts_fire_on_without_their_condition() {
    let kept = |time: &str| -> Vec<String> {
        let kept = rules().into_iter().filter(|rule| rule.keep_firing_for.as_deref() == Some(time));
        let mut names: Vec<String> = kept.filter_map(|rule| rule.alert).collect();
        names.dedup();
        names
    };
    assert_eq!(rules().iter().filter_map(|rule| rule.keep_firing_for.clone()).collect::<BTreeSet<_>>().len(), 2);
    let minutes = kept("5m");
    let named: Vec<String> = rows("## Alerts on groups").into_iter().map(|(name, ..)| name).collect();
    let place = |name: &String| named.iter().position(|found| found == name).unwrap();
    let between: BTreeSet<&String> = named
        .iter()
        .skip(place(&minutes[0]))
        .take_while(|name| place(name) <= place(minutes.last().unwrap()))
        .collect();
    assert_eq!(between, minutes.iter().collect());
    let text = page().text();
    let range = format!("all from {} to {}) fire for 5 more minutes", minutes[0], minutes.last().unwrap());
    assert!(text.contains(&range), "{range}");
    let [one] = &kept("2m")[..] else { panic!("{:?}", kept("2m")) };
    assert!(text.contains(&format!("{one} keeps firing for 2 minutes")));
}

#[test]
fn the_page_has_a_row_for_every_recording_rule_and_no_other() {
    let table = page().section("## Recording rules").only_table();
    let documented: Vec<String> = table.rows.iter().map(|row| codes(&row[0])[0].to_owned()).collect();
    assert_eq!(documented, rules().into_iter().filter_map(|rule| rule.record).collect::<Vec<_>>());
}

#[test]
fn the_page_has_a_row_for_every_inhibition_with_the_labels_that_are_compared() {
    let table = page().section("## Alertmanager").only_table();
    let config: Alertmanager = parsed("alerts/alertmanager/alertmanager.yml");
    assert_eq!(table.rows.len(), config.inhibit_rules.len());
    for (row, rule) in table.rows.iter().zip(&config.inhibit_rules) {
        let source = rule.source_matchers.join(" ");
        let named = if row[0] == "a critical alert on a group" { "severity=\"critical\"" } else { &row[0] };
        assert!(source.contains(named), "{source}: {row:?}");
        assert_eq!(codes(&row[2]), rule.equal, "{source}");
    }
}
