//! `docker-compose.yml` and the `Dockerfile`: read as Docker reads them, and run without it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::rig::compose::{self, Compose};
use crate::rig::page::Page;
use crate::rig::{eventually, http, seconds};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_compose_file_is_one_by_the_specification_and_names_files_that_there_are() {
    let project = compose::read();
    let services = project["services"].as_object().unwrap();
    let names: BTreeSet<&str> = services.keys().map(String::as_str).collect();
    assert_eq!(names, ["alertmanager", "grafana", "kafka", "load", "prometheus", "warrener"].into());
    for (name, service) in services {
        let image = service["image"].as_str().unwrap();
        assert!(!image.contains('.') || image.contains(':'), "{name}: {image} names a registry or no version");
        assert!(image.split(':').next().is_some_and(|image| !image.contains('.')), "{name}: {image} names a registry");
        for volume in service["volumes"].as_array().into_iter().flatten().filter(|volume| volume["type"] == "bind") {
            let source = volume["source"].as_str().unwrap();
            assert!(Path::new(source).exists(), "{name}: no {source}");
            assert_eq!(volume["read_only"], true, "{name} may write to {source}");
        }
        // What listens is open to this machine alone.
        for port in service["ports"].as_array().into_iter().flatten() {
            assert_eq!(port["host_ip"], "127.0.0.1", "{name}");
        }
    }
    assert_eq!(services["load"]["image"], services["kafka"]["image"]);
    assert_eq!(services["grafana"]["image"], "grafana/grafana:11.6.0");
}

/// What the groups of the load are there to show.
const STATES: [(&str, &str); 4] = [("slow", "warn"), ("gone", "stop"), ("stuck", "stall"), ("replay", "rewind")];

#[test]
fn its_services_run_and_the_load_brings_groups_into_every_state() {
    let mut compose = Compose::new();
    compose.start("kafka");
    let kafka = compose.port("kafka");
    eventually(seconds(90), "broker", || {
        crate::rig::wire::Wire::connect(kafka, seconds(2)).and_then(|mut wire| wire.api_versions())
    });
    for service in ["load", "warrener", "alertmanager", "prometheus"] {
        compose.start(service);
    }
    let mut seen = BTreeSet::new();
    eventually(seconds(240), "group in every state", || {
        let page = Page::parse(http::get(compose.port("warrener"), "/metrics", &[])?.text());
        for (labels, _) in page.family("kafka_consumergroup_partition_status") {
            seen.insert((labels["consumergroup"].clone(), labels["status"].clone()));
        }
        let steady = page.value("kafka_consumergroup_status", &[("consumergroup", "steady"), ("status", "ok")]);
        if steady == Some(1.0) {
            seen.insert(("steady".to_owned(), "ok".to_owned()));
        }
        let wanted = STATES.iter().chain(&[("steady", "ok")]);
        let missing: Vec<_> =
            wanted.filter(|(group, status)| !seen.contains(&((*group).to_owned(), (*status).to_owned()))).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}; the load says:\n{}", compose.log("load"))) }
    });
    prometheus_scrapes_has_the_rules_and_knows_whom_to_tell(compose.port("prometheus"));
}

fn prometheus_scrapes_has_the_rules_and_knows_whom_to_tell(port: u16) {
    let ask = |path: &str| -> Result<Value, String> {
        serde_json::from_slice(&http::get(port, path, &[])?.body).map_err(|error| error.to_string())
    };
    eventually(seconds(60), "scraped warrener and an Alertmanager", || {
        let (targets, tellers) = (ask("/api/v1/targets")?, ask("/api/v1/alertmanagers")?);
        let up = targets["data"]["activeTargets"][0]["health"] == "up";
        let told = tellers["data"]["activeAlertmanagers"].as_array().is_some_and(|list| list.len() == 1);
        if up && told { Ok(()) } else { Err(format!("{targets}\n{tellers}")) }
    });
    let rules = ask("/api/v1/rules").unwrap();
    let groups = rules["data"]["groups"].as_array().unwrap();
    let names: BTreeSet<&str> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 6, "{names:?}");
}

/// The instructions of the Dockerfile, each with its words on one line.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("Dockerfile")).unwrap().replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = lines.map(|line| line.split_once(' ').unwrap());
    split.map(|(name, rest)| (name.to_owned(), rest.trim().to_owned())).collect()
}

#[test]
fn the_dockerfile_copies_what_there_is_builds_as_the_readme_does_and_runs_as_nobody() {
    let all = instructions();
    let of = |name: &str| -> Vec<&str> {
        all.iter().filter(|(found, _)| found == name).map(|(_, rest)| rest.as_str()).collect()
    };
    let sources = of("COPY").into_iter().filter(|rest| !rest.starts_with("--from=build"));
    let sources: Vec<&str> = sources.flat_map(|rest| rest.split(' ').rev().skip(1)).collect();
    let sent = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let sent: BTreeSet<&str> = sent.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert_eq!(sources.iter().copied().collect::<BTreeSet<_>>(), sent);
    for source in sources {
        assert!(root().join(source).exists(), "no {source}");
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let targets = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
    for target in targets {
        assert!(sent.iter().any(|sent| target.starts_with(sent)), "{target} is not copied: cargo asks for it");
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let build = "cargo build --release";
    assert!(readme.contains(build) && of("RUN").iter().any(|run| run.contains(build)));
    let rust = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"')).unwrap();
    assert_eq!(of("FROM"), [format!("rust:{rust}-bookworm AS build").as_str(), "debian:bookworm-slim"]);
    let user = of("USER");
    assert!(user.len() == 1 && user[0].split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user:?}");
    assert_eq!(of("ENTRYPOINT"), [r#"["/usr/local/bin/warrener"]"#]);
}

#[test]
fn the_images_health_check_tells_a_program_that_serves_from_one_that_does_not() {
    let all = instructions();
    let (_, check) = all.iter().find(|(name, _)| name == "HEALTHCHECK").unwrap();
    let words: Vec<String> = serde_json::from_str(check.split_once("CMD ").unwrap().1).unwrap();
    let check = |port: u16| {
        let words: Vec<String> = words.iter().map(|word| word.replace("9308", &port.to_string())).collect();
        let output = std::process::Command::new(&words[0]).args(&words[1..]).output().unwrap();
        output.status.success()
    };
    let program = crate::rig::program::Program::with_brokers("127.0.0.1:1");
    let states: BTreeMap<bool, bool> = [(true, check(program.port)), (false, check(crate::rig::free_port()))].into();
    assert_eq!(states, [(true, true), (false, false)].into());
}
