//! The dashboards of `dashboards/`: what they are made of, and that every expression has something to show.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::rig::boards::{self, FILES, expressions, panels, variables};
use crate::rig::program::Program;
use crate::rig::prometheus::Prometheus;
use crate::rig::scratch::Scratch;
use crate::rig::{eventually, rules, seconds};

/// The variables of Grafana's own that the expressions and links use.
const GRAFANAS: [&str; 3] = ["__rate_interval", "__data", "__url_time_range"];

#[test]
fn they_are_what_their_code_writes() {
    let scratch = Scratch::new("dashboards");
    boards::generate(scratch.path());
    for file in FILES {
        let written = fs::read_to_string(scratch.join(file)).unwrap();
        let shipped = fs::read_to_string(boards::shipped().join(file)).unwrap();
        assert!(written == shipped, "{file} is not what `go run . ..` in dashboards/generate writes");
    }
}

#[test]
fn panels_have_ids_places_descriptions_and_the_data_source_of_choice() {
    let mut titles = BTreeSet::new();
    for board in FILES.map(boards::read) {
        assert!(titles.insert(board["uid"].to_string()));
        let mut ids = BTreeSet::new();
        let mut taken: BTreeMap<(u64, u64), String> = BTreeMap::new();
        for panel in panels(&board) {
            let title = panel["title"].as_str().unwrap().to_owned();
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
            let at = |key: &str| panel["gridPos"][key].as_u64().unwrap_or_else(|| panic!("{title}: {key}"));
            let (x, y, w, h) = (at("x"), at("y"), at("w"), at("h"));
            assert!(w > 0 && h > 0 && x + w <= 24, "{title}");
            for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                let other = taken.insert(place, title.clone());
                assert_eq!(other, None, "{title} lies over it");
            }
            if panel["type"] == "row" {
                continue;
            }
            assert!(panel["description"].as_str().is_some_and(|text| text.len() > 40), "{title} says not what to do");
            let targets = panel["targets"].as_array().unwrap();
            assert!(!targets.is_empty(), "{title}");
            for source in targets.iter().chain([&panel]).map(|of| &of["datasource"]) {
                assert_eq!(source["uid"], "${datasource}", "{title}");
            }
            let units = ["stat", "timeseries"].contains(&panel["type"].as_str().unwrap());
            assert!(!units || panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title} has no unit");
        }
        assert!(ids.len() > 15, "{}", board["title"]);
    }
}

#[test]
fn variables_that_are_used_exist_and_links_lead_somewhere() {
    let uids: BTreeSet<String> = FILES.map(|file| boards::read(file)["uid"].as_str().unwrap().to_owned()).into();
    for board in FILES.map(boards::read) {
        let known: BTreeSet<String> = variables(&board).into_iter().map(|(name, _)| name).collect();
        let mut used = names_after(&board.to_string(), '$');
        used.retain(|name| !GRAFANAS.contains(&name.as_str()) && name != "__all");
        assert_eq!(used, known, "{}", board["title"]);
        for link in board.to_string().split("\"/d/").skip(1) {
            let uid = link.split(['?', '"']).next().unwrap();
            assert!(uids.contains(uid), "{uid}");
            let given: BTreeSet<&str> =
                link.split("var-").skip(1).filter_map(|rest| rest.split('=').next()).take(3).collect();
            assert_eq!(given, ["datasource", "cluster", "group"].into());
        }
        assert_eq!(board["links"][0]["tags"], serde_json::json!(["warrener"]));
        assert!(board["tags"].as_array().unwrap().contains(&Value::from("warrener")));
    }
}

/// The words that follow a sign, with or without a brace between.
fn names_after(text: &str, sign: char) -> BTreeSet<String> {
    let word = |rest: &str| -> String {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.chars().take_while(|char| char.is_ascii_alphanumeric() || *char == '_').collect()
    };
    text.split(sign).skip(1).map(word).filter(|word| !word.is_empty()).collect()
}

/// As Grafana does it: one value for a variable of one, a regex for one of several, of which all are chosen.
fn substituted(text: &str, group: &str) -> String {
    [("$__rate_interval", "15s"), ("$cluster", "default"), ("$group", group), ("$topic", ".*"), ("$instance", ".*")]
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Between them they have all that a group can have: one that keeps up and has a limit, one that retention overtook.
const GROUPS: [&str; 2] = ["payments-service", "telemetry-trial"];

/// The demo, and a second program whose brokers do not answer: its refreshes fail.
#[test]
fn every_expression_and_every_variable_has_data_on_the_demo() {
    let (demo, blind) = (Program::fresh_demo(), Program::with_brokers("127.0.0.1:1"));
    let prometheus = Prometheus::scraping_all(&[demo.port, blind.port]);
    for board in FILES.map(boards::read) {
        let variables = variables(&board);
        for query in variables.iter().filter_map(|(_, query)| query.as_deref()) {
            let (of, label) = label_values(query);
            ask(&prometheus, &format!("count by ({label}) ({of})"), &format!("variable {query}"));
        }
        for (panel, expression) in expressions(&board) {
            ask(&prometheus, &expression, &panel);
        }
    }
}

/// Until there is data for one of the groups.
fn ask(prometheus: &Prometheus, expression: &str, what: &str) {
    eventually(seconds(90), &format!("data of {what:?}"), || {
        for group in GROUPS {
            let found = prometheus.series(&substituted(expression, group))?;
            if !found.is_empty() {
                return Ok(());
            }
        }
        Err(format!("nothing for {expression}"))
    });
}

/// `label_values(SERIES, LABEL)`.
fn label_values(query: &str) -> (&str, &str) {
    let inside = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).unwrap();
    inside.rsplit_once(", ").unwrap()
}

#[test]
fn grafana_is_given_the_source_and_the_folder_that_compose_mounts() {
    let folder = boards::shipped().join("provisioning");
    let sources: Value = rules::parse(&folder.join("datasources/prometheus.yml"));
    assert_eq!(sources["datasources"][0]["type"], "prometheus");
    assert_eq!(sources["datasources"][0]["isDefault"], true);
    let boards: Value = rules::parse(&folder.join("dashboards/warrener.yml"));
    assert_eq!(boards["providers"][0]["options"]["path"], "/var/lib/grafana/dashboards");
}
