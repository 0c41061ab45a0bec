//! `[storage.*]`, `[evaluator.*]`, `[httpserver.*]`, `[metrics]` and `[logging]`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::client::{Profiles, file};
use super::findings::{Findings, Path, quote};
use super::section::{Section, choose, kind, text};
use super::values;
use super::{
    Evaluator, Expiry, Filter, Granularity, HttpServer, Level, Limit, LogFormat, Logging, Metrics, NameSet, Storage,
};

/// Where the metrics are served unless told otherwise.
const ADDRESS: &str = "0.0.0.0:9308";
const READY_TIMEOUT: u64 = 300;
const INTERVALS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9);

impl Default for Storage {
    fn default() -> Self {
        Self {
            intervals: INTERVALS,
            min_distance: Duration::ZERO,
            expire_group: Expiry::BySource,
            groups: Filter::default(),
        }
    }
}

impl Default for Evaluator {
    fn default() -> Self {
        Self { minimum_complete: 0.0, allowed_lag: 0 }
    }
}

impl HttpServer {
    /// The server at an address with everything else by default, as `--listen` makes it.
    #[must_use]
    pub fn at(address: String) -> Self {
        Self {
            name: "default".to_owned(),
            address,
            tls: None,
            web_config_file: None,
            enable_lifecycle: false,
            enable_admin: false,
            ready_timeout: Duration::from_secs(READY_TIMEOUT),
        }
    }
}

impl Default for HttpServer {
    fn default() -> Self {
        Self::at(ADDRESS.to_owned())
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            names: vec![NameSet::KafkaExporter],
            granularity: Granularity::Partition,
            owners: false,
            labels: BTreeMap::new(),
            limits: Vec::new(),
        }
    }
}

impl Default for Logging {
    fn default() -> Self {
        Self { level: Level::Info, format: LogFormat::Text }
    }
}

pub(super) fn read_storage(root: &mut Section<'_>, findings: &mut Findings<'_>) -> Storage {
    let mut storage = Storage::default();
    for mut section in only_one(root, "storage", findings) {
        section.choice(findings, "class-name", &[("inmemory", ())]);
        let intervals = section.count(findings, "intervals", 1);
        let intervals = intervals.and_then(|count| NonZeroUsize::new(usize::try_from(count).ok()?));
        storage.intervals = intervals.unwrap_or(INTERVALS);
        storage.min_distance = section.time(findings, "min-distance").unwrap_or_default();
        storage.expire_group = section.time(findings, "expire-group").map_or(Expiry::BySource, Expiry::After);
        storage.groups = section.groups(findings);
        section.ignore(findings, "workers", "storage has no queue, and needs no workers to empty it");
        section.ignore(findings, "queue-depth", "storage has no queue");
        section.finish(findings);
    }
    storage
}

pub(super) fn read_evaluator(root: &mut Section<'_>, findings: &mut Findings<'_>) -> Evaluator {
    let mut evaluator = Evaluator::default();
    for mut section in only_one(root, "evaluator", findings) {
        section.choice(findings, "class-name", &[("caching", ())]);
        evaluator.minimum_complete = section.share(findings, "minimum-complete").unwrap_or_default();
        evaluator.allowed_lag = section.count(findings, "allowed-lag", 0).unwrap_or_default();
        if evaluator.minimum_complete > 0.0 {
            findings.unsupported(section.path.key("minimum-complete"));
        }
        if evaluator.allowed_lag > 0 {
            findings.unsupported(section.path.key("allowed-lag"));
        }
        section.ignore(findings, "expire-cache", "each scrape evaluates anew, and nothing is cached");
        section.finish(findings);
    }
    evaluator
}

/// The sections of a kind of which there can be one; all are checked.
fn only_one<'a>(root: &mut Section<'a>, key: &'static str, findings: &mut Findings<'_>) -> Vec<Section<'a>> {
    let sections = root.sections(findings, key);
    if sections.len() > 1 {
        let names: Vec<_> = sections.iter().map(|(name, _)| quote(name)).collect();
        let problem = format!("expected one section [{key}.NAME], found {}: {}", names.len(), names.join(", "));
        findings.mistake(root.path.key(key), problem);
    }
    sections.into_iter().map(|(_, section)| section).collect()
}

pub(super) fn read_http(
    root: &mut Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) -> Vec<HttpServer> {
    let mut servers: Vec<HttpServer> = Vec::new();
    for (name, mut section) in root.sections(findings, "httpserver") {
        let path = section.path.key("address");
        let server = read_http_server(name, &mut section, profiles, findings);
        section.finish(findings);
        let no_port = server.address.is_empty() || server.address.ends_with(":0");
        if let Some(other) = servers.iter().find(|other| other.address == server.address && !no_port) {
            let problem = format!("expected an address of its own, found that of [httpserver.{}]", other.name);
            findings.mistake(path, problem);
        }
        servers.push(server);
    }
    if servers.is_empty() {
        servers.push(HttpServer::default());
    }
    servers
}

fn read_http_server(
    name: String,
    section: &mut Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) -> HttpServer {
    let mut server = HttpServer { name, ..HttpServer::default() };
    if let Some(text) = section.text(findings, "address") {
        server.address = values::parse_address(&text.value).unwrap_or_else(|expected| {
            findings.mistake(text.path, format!("{expected}, found {}", text.shown));
            String::new()
        });
    }
    if let Some(named) = section.text(findings, "tls") {
        server.tls = profiles.server_tls(&named, findings);
        findings.unsupported(named.path);
    }
    server.web_config_file = file(section, "web-config-file", findings);
    if server.web_config_file.is_some() {
        findings.unsupported(section.path.key("web-config-file"));
    }
    server.enable_lifecycle = section.flag(findings, "enable-lifecycle");
    server.enable_admin = section.flag(findings, "enable-admin");
    for (key, enabled) in [("enable-lifecycle", server.enable_lifecycle), ("enable-admin", server.enable_admin)] {
        if enabled {
            findings.unsupported(section.path.key(key));
        }
    }
    server.ready_timeout = section.wait(findings, "ready-timeout", READY_TIMEOUT);
    section.ignore(findings, "timeout", "slow clients are cut off at fixed limits");
    server
}

pub(super) fn read_metrics(root: &mut Section<'_>, findings: &mut Findings<'_>) -> Metrics {
    let mut section = root.section(findings, "metrics");
    let metrics = Metrics {
        names: read_names(&mut section, findings),
        granularity: section
            .choice(
                findings,
                "granularity",
                &[("partition", Granularity::Partition), ("topic", Granularity::Topic), ("group", Granularity::Group)],
            )
            .unwrap_or(Granularity::Partition),
        owners: section.flag(findings, "owners"),
        labels: read_labels(&mut section, findings),
        limits: read_limits(&mut section, findings),
    };
    if metrics.owners && metrics.granularity != Granularity::Partition {
        findings.warn(section.path.key("owners"), "has no effect unless granularity is \"partition\"");
    }
    section.finish(findings);
    metrics
}

fn read_names(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Vec<NameSet> {
    const SETS: [(&str, NameSet); 4] = [
        (NameSet::KafkaExporter.name(), NameSet::KafkaExporter),
        (NameSet::Burrow.name(), NameSet::Burrow),
        (NameSet::KafkaLagExporter.name(), NameSet::KafkaLagExporter),
        (NameSet::Kminion.name(), NameSet::Kminion),
    ];
    let Some(texts) = section.texts(findings, "names") else { return Metrics::default().names };
    if section.empty("names") {
        findings.mistake(section.path.key("names"), "expected at least one set of names, found an empty list");
    }
    let mut names = Vec::new();
    for text in texts {
        let Some(set) = choose(findings, &text, &SETS) else { continue };
        if names.contains(&set) {
            findings.mistake(text.path.clone(), format!("expected each set of names once, found {} again", text.shown));
        }
        match set {
            NameSet::KafkaExporter => {}
            NameSet::Burrow | NameSet::KafkaLagExporter | NameSet::Kminion => {
                findings.unsupported_value(text.path, &text.value);
            }
        }
        names.push(set);
    }
    names
}

/// Every label that some series of any name set has, and those that Prometheus' formats use.
#[rustfmt::skip]
const TAKEN_LABELS: [&str; 42] = [
    "address", "broker_count", "broker_id", "client_host", "client_id", "cluster", "cluster_id", "cluster_name",
    "cluster_version", "consumer_group", "consumer_id", "consumergroup", "controller_id", "coordinator_id", "group",
    "group_id", "id", "is_controller", "kind", "known", "le", "member_host", "member_id", "module", "partition",
    "partition_count", "partition_id", "port", "protocol", "protocol_type", "quantile", "rack_id", "reason",
    "replication_factor", "revision", "rustc", "state", "status", "topic", "topic_name", "type", "version",
];

fn read_labels(section: &mut Section<'_>, findings: &mut Findings<'_>) -> BTreeMap<String, String> {
    let Some((path, value)) = section.value("labels") else { return BTreeMap::new() };
    let Some(table) = value.as_table() else {
        findings.mistake(path, format!("expected a table of labels, found {}", kind(value)));
        return BTreeMap::new();
    };
    let mut labels = BTreeMap::new();
    for (name, value) in table.iter() {
        let name: &str = name.get_ref();
        let path = path.key(name);
        if let Some(expected) = label_problem(name) {
            findings.mistake(path.clone(), format!("expected {expected}, found {}", quote(name)));
        }
        if let Some(text) = text(findings, path, value.get_ref()) {
            labels.insert(name.to_owned(), text.value);
        }
    }
    labels
}

fn label_problem(name: &str) -> Option<&'static str> {
    let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !first || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Some("a label name of the form [a-zA-Z_][a-zA-Z0-9_]*");
    }
    if name.starts_with("__") {
        return Some("a label name that does not begin with __, which is Prometheus' own");
    }
    TAKEN_LABELS.contains(&name).then_some("a label name that no series has already")
}

fn read_limits(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Vec<Limit> {
    let Some((path, value)) = section.value("limit") else { return Vec::new() };
    let Some(array) = value.as_array() else {
        findings.mistake(path, format!("expected sections [[metrics.limit]], found {}", kind(value)));
        return Vec::new();
    };
    let mut limits = Vec::new();
    for (index, entry) in array.iter().enumerate() {
        let path = path.index(index);
        match entry.get_ref().as_table() {
            Some(table) => limits.extend(read_limit(Section::new(path.clone(), Some(table)), findings)),
            None => {
                let problem = format!("expected a section [[metrics.limit]], found {}", kind(entry.get_ref()));
                findings.mistake(path.clone(), problem);
            }
        }
        findings.unsupported(path);
    }
    limits
}

fn read_limit(mut section: Section<'_>, findings: &mut Findings<'_>) -> Option<Limit> {
    let group = section.required(findings, "group", "a regular expression");
    let group = group.and_then(|text| super::section::compile(findings, &text));
    let limit = section.time(findings, "lag-seconds");
    if !section.has("lag-seconds") {
        findings.mistake(section.path.key("lag-seconds"), "expected seconds, found no such key");
    }
    section.finish(findings);
    Some(Limit { group: group?, lag_seconds: limit?.as_secs_f64() })
}

pub(super) fn read_logging(root: &mut Section<'_>, findings: &mut Findings<'_>) -> Logging {
    let mut section = root.section(findings, "logging");
    let mut logging = Logging::default();
    if let Some(text) = section.text(findings, "level") {
        logging.level = level(text.path, &text.value, &text.shown, findings);
    }
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    logging.format = section.choice(findings, "format", &formats).unwrap_or(logging.format);
    section.ignore(findings, "filename", "the log goes to standard error, for the service manager to keep");
    for key in ["maxsize", "maxbackups", "maxage", "use-localtime", "use-compression"] {
        section.ignore(findings, key, "whoever keeps the log rotates it");
    }
    section.finish(findings);
    logging
}

fn level(path: Path, value: &str, shown: &str, findings: &mut Findings<'_>) -> Level {
    if ["panic", "fatal"].contains(&value.to_ascii_lowercase().as_str()) {
        findings.warn(path, format!("{shown} is no level here: \"error\" takes its place"));
        return Level::Error;
    }
    values::parse_level(value).unwrap_or_else(|expected| {
        findings.mistake(path, format!("{expected}, found {shown}"));
        Level::Info
    })
}
