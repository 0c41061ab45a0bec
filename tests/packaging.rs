//! What packages are made of: the systemd unit, the man pages and the Helm chart, by the tools that read them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::rig::maven::cached;
use crate::rig::rules;
use crate::rig::scratch::Scratch;

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging")
}

/// What a program says, which has to be there.
fn run(program: impl AsRef<Path>, arguments: &[&str], install: &str) -> Output {
    let program = program.as_ref();
    let output = Command::new(program).args(arguments).output();
    output.unwrap_or_else(|error| panic!("no `{}` ({error}): {install}", program.display()))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

const SYSTEMD: &str = "install Debian's package `systemd` (apt-get install systemd)";

#[test]
fn systemd_takes_the_unit_and_finds_little_that_it_exposes() {
    let unit = fs::read_to_string(packaging().join("systemd/warrener.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/bin/warrener --config "));
    // The program is where cargo has put it, and no manual is installed.
    let here =
        unit.replace("/usr/bin/warrener", env!("CARGO_BIN_EXE_warrener")).replace("man:warrener(1)", "man:man(1)");
    let scratch = Scratch::new("systemd");
    let file = scratch.write("warrener.service", here);
    let file = file.to_str().unwrap();
    let verified = run("systemd-analyze", &["verify", "--man=no", file], SYSTEMD);
    let said = text(verified.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("warrener")).collect();
    assert!(verified.status.success() && ours.is_empty(), "{said}");
    // In tenths: 1.5 of 10.
    let security = run("systemd-analyze", &["security", "--offline=true", "--threshold=15", file], SYSTEMD);
    assert!(security.status.success(), "{}", text(security.stdout));
}

#[test]
fn man_formats_every_page_without_a_warning() {
    let pages: BTreeSet<PathBuf> =
        fs::read_dir(packaging().join("man")).unwrap().map(|page| page.unwrap().path()).collect();
    assert!(pages.len() > 5, "{pages:?}");
    for page in pages {
        let arguments = ["--warnings=w", "-E", "UTF-8", "-Tutf8", "-Z", "-l", page.to_str().unwrap()];
        let output = run("man", &arguments, "install Debian's package `man-db` (apt-get install man-db)");
        let said = text(output.stderr);
        assert!(output.status.success() && said.is_empty(), "{}: {said}", page.display());
    }
}

/// Helm, built from its module once for all runs.
fn helm(arguments: &[&str]) -> Output {
    const MODULE: &str = "helm.sh/helm/v3/cmd/helm@v3.22.0";
    let folder = cached("helm-3.22.0", |half| {
        let output = Command::new("go").args(["install", "-ldflags=-s -w", MODULE]).env("GOBIN", half).output();
        let output = output.unwrap_or_else(|error| panic!("no `go` ({error}): install Go 1.26 or later"));
        assert!(output.status.success(), "{}", text(output.stderr));
    });
    run(folder.join("helm"), arguments, "")
}

/// What the chart comes to with these values, by kind.
fn rendered(values: &str) -> BTreeMap<String, Vec<Value>> {
    let chart = packaging().join("helm/warrener");
    let output = helm(&["template", "prod", chart.to_str().unwrap(), "--set", values]);
    assert!(output.status.success(), "{}", text(output.stderr));
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for document in text(output.stdout).split("\n---\n").filter(|document| document.contains("kind:")) {
        let value: Value = serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{error}:\n{document}"));
        kinds.entry(value["kind"].as_str().unwrap().to_owned()).or_default().push(value);
    }
    kinds
}

const ALL: &str = "serviceMonitor.enabled=true,prometheusRule.enabled=true,dashboards.enabled=true";

#[test]
fn helm_has_nothing_to_say_about_the_chart() {
    let chart = packaging().join("helm/warrener");
    for values in ["replicas=1", ALL] {
        let output = helm(&["lint", "--strict", "--set", values, chart.to_str().unwrap()]);
        let said = text(output.stdout);
        assert!(output.status.success() && !said.contains("[WARNING]"), "{said}");
    }
}

#[test]
fn the_chart_comes_to_a_pod_that_may_do_nothing_and_is_probed() {
    let plain = rendered("replicas=2");
    let kinds: Vec<&str> = plain.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["Deployment", "Secret", "Service", "ServiceAccount"]);
    let pod = &plain["Deployment"][0]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/-/healthy");
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/-/ready");
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["capabilities"]["drop"][0], "ALL");
    assert_eq!(pod["volumes"][0]["secret"]["secretName"], plain["Secret"][0]["metadata"]["name"]);
    let selector = &plain["Deployment"][0]["spec"]["selector"]["matchLabels"];
    assert_eq!(&plain["Service"][0]["spec"]["selector"], selector);

    // With TLS the listeners are those of the configuration, and the probes ask one of them.
    let protected = rendered(
        "listen=,probes.port=9309,probes.scheme=HTTPS,serviceMonitor.enabled=true,serviceMonitor.scheme=https,\
         serviceMonitor.basicAuth.username.name=scrape,serviceMonitor.tlsConfig.serverName=warrener",
    );
    let container = &protected["Deployment"][0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["args"], serde_json::json!(["--config", "/etc/warrener/warrener.toml"]));
    for probe in ["livenessProbe", "readinessProbe"] {
        let asked = &container[probe]["httpGet"];
        assert_eq!((&asked["port"], &asked["scheme"]), (&Value::from(9309), &Value::from("HTTPS")), "{probe}");
    }
    let endpoint = &protected["ServiceMonitor"][0]["spec"]["endpoints"][0];
    assert_eq!(endpoint["scheme"], "https");
    assert_eq!(endpoint["basicAuth"]["username"]["name"], "scrape");
    assert_eq!(endpoint["tlsConfig"]["serverName"], "warrener");

    // The configuration that it brings is one.
    let scratch = Scratch::new("chart");
    let file = scratch.write("warrener.toml", plain["Secret"][0]["stringData"]["warrener.toml"].as_str().unwrap());
    let checked = run(env!("CARGO_BIN_EXE_warrener"), &["check", "--config", file.to_str().unwrap()], "");
    assert_eq!(checked.status.code(), Some(0), "{}", text(checked.stderr));
    assert!(!rendered("existingSecret=mine").contains_key("Secret"));
}

#[test]
fn the_chart_brings_a_monitor_that_keeps_our_labels_and_the_very_rules_and_dashboards() {
    let all = rendered(ALL);
    let monitor = &all["ServiceMonitor"][0]["spec"];
    assert_eq!(monitor["endpoints"][0]["honorLabels"], true);
    assert_eq!(monitor["endpoints"][0]["port"], all["Service"][0]["spec"]["ports"][0]["name"]);
    assert_eq!(&monitor["selector"]["matchLabels"], &all["Service"][0]["spec"]["selector"]);
    let job = monitor["jobLabel"].as_str().unwrap();
    assert_eq!(all["Service"][0]["metadata"]["labels"][job], "warrener", "the alerts know the job by its name");

    let shipped = rules::FILES.map(|file| rules::parse::<Value>(&rules::shipped().join(file)));
    let shipped: Vec<Value> = shipped.iter().flat_map(|file| file["groups"].as_array().unwrap().clone()).collect();
    assert_eq!(all["PrometheusRule"][0]["spec"]["groups"], Value::from(shipped));
    let elsewhere = rendered("prometheusRule.enabled=true,prometheusRule.runbooks=https://wiki/warrener");
    let elsewhere = elsewhere["PrometheusRule"][0].to_string();
    assert!(elsewhere.contains("https://wiki/warrener#kafkagroupstopped") && !elsewhere.contains("docs/runbooks.md"));

    let boards = all["ConfigMap"].iter().flat_map(|map| map["data"].as_object().unwrap().values().cloned());
    let boards: BTreeSet<String> = boards.map(|board| board.as_str().unwrap().to_owned()).collect();
    let files =
        crate::rig::boards::FILES.map(|file| fs::read_to_string(crate::rig::boards::shipped().join(file)).unwrap());
    assert_eq!(boards, files.into());
}
