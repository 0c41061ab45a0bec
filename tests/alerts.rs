//! The rules of `alerts/` and the Alertmanager's configuration, by the tools that load them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::rig::alertmanager::{self, amtool};
use crate::rig::rules::{self, FILES, hastened, shipped};

/// What promtool says; an error when it does not end with 0.
fn promtool(arguments: &[&str], files: &[String]) -> Result<String, String> {
    let output = Command::new("promtool").args(arguments).args(files).current_dir(shipped()).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// Files with unit tests, by their path below `alerts/`.
fn unit_tests() -> Vec<String> {
    let files = fs::read_dir(shipped().join("tests")).unwrap();
    let mut files: Vec<String> =
        files.map(|file| format!("tests/{}", file.unwrap().file_name().to_str().unwrap())).collect();
    files.sort();
    files
}

#[test]
fn promtool_has_nothing_to_say_about_the_rules() {
    let said = promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &FILES.map(str::to_owned)).unwrap();
    let remarks: Vec<&str> = said
        .lines()
        .filter(|line| !line.is_empty() && !line.contains("Checking") && !line.contains("SUCCESS"))
        .collect();
    assert_eq!(remarks, Vec::<&str>::new());
    let found: usize = said.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok()).sum();
    assert_eq!(found, rules::all().len(), "{said}");
}

#[test]
fn the_unit_tests_of_the_rules_pass() {
    promtool(&["test", "rules"], &unit_tests()).unwrap();
}

#[derive(Deserialize)]
struct UnitTests {
    tests: Vec<UnitTest>,
}

#[derive(Deserialize)]
struct UnitTest {
    #[serde(default)]
    alert_rule_test: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    alertname: String,
    #[serde(default)]
    exp_alerts: Vec<Firing>,
}

#[derive(Deserialize)]
struct Firing {
    exp_labels: BTreeMap<String, String>,
    #[expect(dead_code, reason = "an alert that is expected without its texts is not read at all")]
    exp_annotations: BTreeMap<String, String>,
}

#[test]
fn every_alert_has_a_case_that_fires_and_one_that_is_quiet_throughout() {
    let (mut firing, mut quiet) = (BTreeSet::new(), BTreeSet::new());
    for file in unit_tests() {
        for test in rules::parse::<UnitTests>(&shipped().join(file)).tests {
            let fires: BTreeSet<(String, String)> = test.alert_rule_test.iter().flat_map(fires).collect();
            let silent = test.alert_rule_test.iter().map(|expected| expected.alertname.clone());
            quiet.extend(silent.filter(|name| !fires.iter().any(|(fired, _)| fired == name)));
            firing.extend(fires);
        }
    }
    let alerts = rules::alerts();
    let each = alerts.iter().map(|(name, rule)| (name.clone(), rule.labels["severity"].clone()));
    assert_eq!(firing, each.collect());
    assert_eq!(quiet, alerts.into_iter().map(|(name, _)| name).collect());
}

fn fires(expected: &Expected) -> impl Iterator<Item = (String, String)> {
    expected.exp_alerts.iter().map(|alert| (expected.alertname.clone(), alert.exp_labels["severity"].clone()))
}

#[test]
fn every_alert_has_its_texts_and_a_section_of_the_runbooks_and_no_section_is_of_none() {
    let runbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbooks.md");
    let runbooks = fs::read_to_string(runbooks).unwrap();
    let sections: BTreeSet<String> =
        runbooks.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect();
    let mut alerts = BTreeSet::new();
    for (name, rule) in rules::alerts() {
        let severity = rule.labels["severity"].as_str();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        assert_eq!(rule.labels.len(), 1, "{name}");
        assert_eq!(rule.annotations["runbook_url"], format!("docs/runbooks.md#{}", name.to_lowercase()));
        for text in ["summary", "description"] {
            assert!(!rule.annotations[text].trim().is_empty(), "{name}: {text}");
        }
        alerts.insert(name);
    }
    assert_eq!(sections, alerts);
    // Links from one section to another lead somewhere.
    for link in runbooks.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(sections.iter().any(|section| section.to_lowercase() == link), "#{link}");
    }
}

#[test]
fn a_status_is_waited_for() {
    let status = |rule: &rules::Rule| rule.expr.contains("_status_believed");
    let alerts: Vec<_> = rules::alerts().into_iter().filter(|(_, rule)| status(rule)).collect();
    assert_eq!(alerts.len(), 6);
    for (name, rule) in rules::alerts() {
        let judged = rule.expr.contains("kafka_consumergroup_status{") || rule.expr.contains("partition_status:count");
        assert_eq!(judged, status(&rule), "{name} takes a status on trust");
        assert!(!judged || rule.waits.as_deref() == Some("10m"), "{name}");
    }
}

#[test]
fn hastened_rules_have_the_expressions_that_are_shipped() {
    let mut waits = BTreeSet::new();
    for file in FILES {
        let text = fs::read_to_string(shipped().join(file)).unwrap();
        let rules = |text: &str| -> Vec<rules::Rule> {
            let file: rules::File = serde_saphyr::from_str(text).unwrap();
            file.groups.into_iter().flat_map(|group| group.rules).collect()
        };
        let (shipped, hastened) = (rules(&text), rules(&hastened(&text)));
        let keep = |rules: &[rules::Rule]| -> Vec<_> {
            rules.iter().map(|rule| (rule.alert.clone(), rule.expr.clone(), rule.labels.clone())).collect()
        };
        assert_eq!(keep(&shipped), keep(&hastened));
        waits.extend(hastened.into_iter().filter_map(|rule| rule.waits));
    }
    assert_eq!(waits, ["10s", "15s", "30s", "5s"].map(str::to_owned).into());
}

#[test]
fn amtool_takes_the_configuration_and_routes_by_severity() {
    let config = alertmanager::config();
    let config = config.to_str().unwrap();
    let said = amtool(&["check-config", config]).unwrap();
    assert!(said.contains("SUCCESS") && said.contains("4 inhibit rules"), "{said}");
    for (labels, receiver) in [
        (&["severity=critical", "cluster=west", "consumergroup=billing"][..], "page"),
        (&["severity=warning", "cluster=west", "consumergroup=billing"], "notice"),
        (&["severity=info", "cluster=west", "consumergroup=billing"], "nobody"),
        (&["severity=critical", "cluster=west", "consumergroup=console-consumer-48213"], "nobody"),
        (&["severity=critical", "alertname=WarrenerDown", "job=warrener"], "page"),
    ] {
        let file = format!("--config.file={config}");
        let verify = format!("--verify.receivers={receiver}");
        let arguments = [&["config", "routes", "test", &file, &verify], labels].concat();
        assert_eq!(amtool(&arguments).unwrap().trim(), receiver, "{labels:?}");
    }
}
