//! `[storage.*]`, `[evaluator.*]`, `[httpserver.*]` and `[logging]`.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::config::EvaluatorConfig;
use crate::config::ExpireGroup;
use crate::config::Filter;
use crate::config::HostName;
use crate::config::HttpServerConfig;
use crate::config::LogFormat;
use crate::config::LoggingConfig;
use crate::config::ServedPart;
use crate::config::StorageConfig;
use crate::config::file::bounds::{
    ALLOWED_LAG, EXPIRE_GROUP, INTERVALS, MIN_DISTANCE, MINIMUM_COMPLETE, READY_TIMEOUT, SERVERS_OF_HTTP,
};
use crate::config::file::findings::{Findings, KeyPath, quote};
use crate::config::file::section::Section;
use crate::config::file::values;
use crate::config::sections::client::Profiles;
use crate::config::sections::listener;
use crate::model::Level;

/// Default address of the HTTP server.
const ADDRESS: &str = "0.0.0.0:9308";
/// Name of a section that is not in the file.
const DEFAULT: &str = "default";
/// Default `ready-timeout`, in seconds.
const READY_AFTER: u64 = 300;
const WINDOW: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9);

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            name: DEFAULT.to_owned(),
            intervals: WINDOW,
            min_distance: Duration::ZERO,
            expire_group: ExpireGroup::BySource,
            groups: Filter::default(),
        }
    }
}

impl Default for EvaluatorConfig {
    fn default() -> Self {
        Self { name: DEFAULT.to_owned(), minimum_complete: 0.0, allowed_lag: 0 }
    }
}

impl HttpServerConfig {
    /// A server at an address, with defaults for the rest, as `--listen` makes it.
    #[must_use]
    pub fn with_address(address: String) -> Self {
        Self {
            name: DEFAULT.to_owned(),
            address,
            tls: None,
            web_config_file: None,
            unprotected_health: false,
            serves: ServedPart::ALL.to_vec(),
            enable_lifecycle: false,
            enable_admin: false,
            allowed_hosts: Vec::new(),
            ready_timeout: Duration::from_secs(READY_AFTER),
        }
    }
}

impl Default for HttpServerConfig {
    fn default() -> Self {
        Self::with_address(ADDRESS.to_owned())
    }
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self { level: Level::Info, format: LogFormat::Text }
    }
}

pub(crate) fn read_storage(root: &mut Section<'_>, findings: &mut Findings<'_>) -> StorageConfig {
    let mut storage = StorageConfig::default();
    for (name, mut section) in only_one(root, "storage", findings) {
        storage.name = name;
        section.choice(findings, "class-name", &[("inmemory", ())]);
        let intervals = section.count(findings, &INTERVALS);
        let intervals = intervals.and_then(|count| NonZeroUsize::new(usize::try_from(count).ok()?));
        storage.intervals = intervals.unwrap_or(WINDOW);
        storage.min_distance = section.time(findings, &MIN_DISTANCE).unwrap_or_default();
        storage.expire_group = section.time(findings, &EXPIRE_GROUP).map_or(ExpireGroup::BySource, ExpireGroup::After);
        storage.groups = section.group_filter(findings);
        section.ignore(findings, "workers", "storage has no queue and no workers");
        section.ignore(findings, "queue-depth", "storage has no queue");
        section.finish(findings);
    }
    storage
}

pub(crate) fn read_evaluator(root: &mut Section<'_>, findings: &mut Findings<'_>) -> EvaluatorConfig {
    let mut evaluator = EvaluatorConfig::default();
    for (name, mut section) in only_one(root, "evaluator", findings) {
        evaluator.name = name;
        section.choice(findings, "class-name", &[("caching", ())]);
        evaluator.minimum_complete = section.number(findings, &MINIMUM_COMPLETE).unwrap_or_default();
        evaluator.allowed_lag = section.count(findings, &ALLOWED_LAG).unwrap_or_default();
        section.ignore(findings, "expire-cache", "every scrape evaluates the current data, and nothing is cached");
        section.finish(findings);
    }
    evaluator
}

/// The sections of a kind that may exist only once. All of them are checked.
fn only_one<'a>(root: &mut Section<'a>, key: &'static str, findings: &mut Findings<'_>) -> Vec<(String, Section<'a>)> {
    let sections = root.read_sections(findings, key);
    if sections.len() > 1 {
        let names: Vec<_> = sections.iter().map(|(name, _)| quote(name)).collect();
        let problem = format!("expected one section [{key}.NAME], found {}: {}", names.len(), names.join(", "));
        findings.add_mistake(root.path.key(key), problem);
    }
    sections
}

pub(crate) fn read_http(
    root: &mut Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) -> Vec<HttpServerConfig> {
    let mut servers: Vec<HttpServerConfig> = Vec::new();
    for (name, mut section) in root.bounded_sections(findings, &SERVERS_OF_HTTP) {
        let path = section.path.key("address");
        let server = read_http_server(name, &mut section, profiles, findings);
        section.finish(findings);
        let no_port = server.address.is_empty() || server.address.ends_with(":0");
        if let Some(other) = servers.iter().find(|other| other.address == server.address && !no_port) {
            let problem =
                format!("expected an address that no other server has, found that of [httpserver.{}]", other.name);
            findings.add_mistake(path, problem);
        }
        servers.push(server);
    }
    if servers.is_empty() {
        servers.push(HttpServerConfig::default());
    }
    servers
}

fn read_http_server(
    name: String,
    section: &mut Section<'_>,
    profiles: &mut Profiles,
    findings: &mut Findings<'_>,
) -> HttpServerConfig {
    let mut server = HttpServerConfig { name, ..HttpServerConfig::default() };
    if let Some(text) = section.text(findings, "address") {
        server.address = values::parse_address(&text.value).unwrap_or_else(|expected| {
            findings.add_mistake(text.path, format!("{expected}, found {}", text.shown));
            String::new()
        });
    }
    listener::read_protection(&mut server, section, profiles, findings);
    server.enable_lifecycle = section.flag(findings, "enable-lifecycle");
    server.enable_admin = section.flag(findings, "enable-admin");
    server.allowed_hosts = read_hosts(section, findings);
    server.ready_timeout = section.time_or_default(findings, &READY_TIMEOUT, READY_AFTER);
    listener::read_served_parts(&mut server, section, findings);
    section.ignore(findings, "timeout", "the time limits of clients are fixed");
    server
}

fn read_hosts(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Vec<HostName> {
    let mut hosts = Vec::new();
    for text in section.texts(findings, "allowed-hosts").unwrap_or_default() {
        match HostName::parse(&text.value) {
            Some(host) => hosts.push(host),
            None => {
                let problem = format!("expected a host name, IPv4 or [IPv6], without a port, found {}", text.shown);
                findings.add_mistake(text.path, problem);
            }
        }
    }
    hosts
}

pub(crate) fn read_logging(root: &mut Section<'_>, findings: &mut Findings<'_>) -> LoggingConfig {
    let mut section = root.section(findings, "logging");
    let mut logging = LoggingConfig::default();
    if let Some(text) = section.text(findings, "level") {
        logging.level = level(text.path, &text.value, &text.shown, findings);
    }
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    logging.format = section.choice(findings, "format", &formats).unwrap_or(logging.format);
    section.ignore(findings, "filename", "the log is written to standard error");
    for key in ["maxsize", "maxbackups", "maxage", "use-localtime", "use-compression"] {
        section.ignore(findings, key, "the log is written to standard error; rotate it where it is stored");
    }
    section.finish(findings);
    logging
}

fn level(path: KeyPath, value: &str, shown: &str, findings: &mut Findings<'_>) -> Level {
    if ["panic", "fatal"].contains(&value.to_ascii_lowercase().as_str()) {
        findings.warn(path, format!("{shown} is not a level here: \"error\" is used instead"));
        return Level::Error;
    }
    values::parse_level(value).unwrap_or_else(|expected| {
        findings.add_mistake(path, format!("{expected}, found {shown}"));
        Level::Info
    })
}
