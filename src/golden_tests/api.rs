//! The status page's answers. What the exporter says about itself is written down here, since it is an argument of
//! them.

use crate::status_page::{
    ExporterReport, ModuleReport, NamedCount, ReaderReport, RefreshReport, RightReport, StatusPageData, StorageReport,
    parse_call,
};
use crate::storage::Storage;

use super::json::lay_out;
use super::setting::{NOW, RULES, ago};
use super::storage::{NOT_SHOWN, SHOWN, TOPICS, WEST, storage};
use super::{Golden, percent};

pub(super) fn goldens() -> Vec<Golden> {
    let storage = storage();
    let groups = |groups: &[(&str, &[&[u8]])]| -> Vec<String> {
        let named = groups.iter().flat_map(|(cluster, groups)| groups.iter().map(|group| query(cluster, group)));
        named.map(|query| format!("/api/group?{query}")).collect()
    };
    let topics =
        TOPICS.iter().flat_map(|(cluster, topics)| topics.iter().map(|topic| query(cluster, topic.as_bytes())));
    let topics: Vec<String> = topics.map(|query| format!("/api/topic?{query}")).collect();
    let missing = [
        groups(&[("main", &NOT_SHOWN), ("nowhere", &[b"billing"])]),
        ["/api/group", "/api/group?cluster=main", "/api/topic?name=orders", "/api/topic?cluster=empty&name=orders"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let other = [groups(&SHOWN[2..]), missing.concat()].concat();
    [
        ("groups", vec!["/api/groups".to_owned()]),
        ("groups-trails", vec!["/api/groups?trails=1".to_owned()]),
        ("group-classic", groups(&SHOWN[..1])),
        ("group-newer", groups(&SHOWN[1..2])),
        ("group-other", other),
        ("topic", topics),
        ("exporter", vec!["/api/exporter".to_owned()]),
    ]
    .map(|(name, addresses)| (format!("api/{name}.txt"), answers(&storage, &addresses)))
    .to_vec()
}

fn query(cluster: &str, name: &[u8]) -> String {
    format!("cluster={}&name={}", percent(cluster.as_bytes()), percent(name))
}

/// Each address with its answer; the version of the program is left out.
fn answers(storage: &Storage, addresses: &[String]) -> String {
    let version = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"");
    let answers = addresses.iter().map(|address| {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let data = StatusPageData { storage, rules: &RULES, exporter: exporter() };
        let answer = data.answer(&parse_call(path, query).unwrap(), NOW);
        let body = serde_json::to_string(&answer.body).unwrap().replace(version, "\"version\":\"-\"");
        format!("{address}\n{}\n{}\n\n", answer.status, lay_out(&body))
    });
    answers.collect()
}

fn exporter() -> ExporterReport {
    let modules = vec![
        ModuleReport {
            refreshes: vec![
                RefreshReport { kind: "offsets", last: Some(ago(10).0), errors: vec![count("timeout", 2)] },
                RefreshReport { kind: "topics", last: None, errors: Vec::new() },
            ],
            missing_rights: vec![RightReport { operation: "Describe", resource: "topic orders \"eu\"".to_owned() }],
            dropped: vec![count("late", 3), count("recreated", 1)],
            ..module("main", "cluster", "main")
        },
        ModuleReport {
            ready: false,
            awaited: Some("reading the offsets topic to its end"),
            done: Some(3),
            total: Some(50),
            reader: Some(ReaderReport {
                behind: vec![(0, 7), (12, 0)],
                records: vec![count("offset_commit", 90)],
                errors: vec![count("key", 2)],
            }),
            ..module("main", "consumer", "main")
        },
        ModuleReport {
            up: false,
            trouble: Some("broker \"kafka3:9092\" refused the connection".to_owned()),
            ready: false,
            awaited: Some("reading log ends"),
            done: None,
            total: None,
            ..module(WEST, "cluster", WEST)
        },
    ];
    let storage = vec![
        StorageReport { name: "groups", held: 12, limit: Some(500) },
        StorageReport { name: "group-partitions", held: 30, limit: None },
        StorageReport { name: "memory", held: 20_000, limit: Some(1_000_000) },
    ];
    ExporterReport { now: NOW.0 + 250, version: env!("CARGO_PKG_VERSION"), running: 61_000, modules, storage }
}

/// A module that is up and ready.
fn module(cluster: &str, kind: &'static str, name: &str) -> ModuleReport {
    ModuleReport {
        cluster: cluster.to_owned(),
        kind,
        module: name.to_owned(),
        up: true,
        trouble: None,
        ready: true,
        awaited: None,
        done: Some(1),
        total: Some(1),
        missing_rights: Vec::new(),
        refreshes: Vec::new(),
        reader: None,
        refused: (kind == "cluster").then_some(0),
        incomplete: (kind == "cluster").then_some(0),
        dropped: Vec::new(),
    }
}

const fn count(name: &'static str, count: u64) -> NamedCount {
    NamedCount { name, count }
}
