//! The web configuration of Prometheus' exporter-toolkit, as of July 2026: TLS, headers, users and a rate limit in a YAML
//! file.
//!
//! Source of the rules: `web/tls_config.go`, `web/handler.go` and `docs/web-configuration.md` of
//! <https://github.com/prometheus/exporter-toolkit>. Where warrener is stricter, docs/src/reference/web-configuration.md
//! says so.

mod headers;
mod suites;
mod syntax;
#[cfg(test)]
mod tests;
mod tls;
mod users;

use std::path::Path;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};

use crate::http::access::findings::AccessFindings;
use crate::http::access::listener_tls::ListenerTls;
use crate::http::access::passwords::Users;
use crate::http::access::source_files::SourceFiles;

/// Longest `rate_limit.interval`.
const MOST_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);
/// Largest `rate_limit.burst`.
const MOST_BURST: u32 = 1_000_000;

/// A checked web configuration. That of an empty file has nothing.
#[derive(Debug, Default)]
pub(crate) struct WebConfig {
    pub tls: Option<ListenerTls>,
    pub users: Users,
    /// Headers of every answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Interval and burst.
    pub rate_limit: Option<(Duration, u32)>,
}

/// Reads a web configuration and the files that it names. Mistakes and warnings are added to `findings`.
pub(crate) fn read(path: &Path, files: &mut SourceFiles, findings: &AccessFindings) -> WebConfig {
    let file = path.display().to_string();
    let bytes = files.read(path).map_err(|why| format!("cannot read the web configuration: {why}"));
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "expected UTF-8 text".to_owned()));
    let raw = match text.and_then(|text| syntax::parse(&text)) {
        Ok(raw) => raw,
        Err(problem) => {
            findings.add_mistake(&file, problem);
            return WebConfig::default();
        }
    };
    let findings = findings.below(&file);
    WebConfig {
        tls: raw.tls_server_config.and_then(|raw| {
            let folder = path.parent().unwrap_or(Path::new(""));
            tls::read(&raw, folder, files, &findings.below("tls_server_config"))
        }),
        users: users::read(raw.basic_auth_users.unwrap_or_default(), &findings),
        headers: raw.http_server_config.map(|raw| headers::read(&raw, &findings)).unwrap_or_default(),
        rate_limit: raw.rate_limit.and_then(|raw| read_rate_limit(&raw, &findings)),
    }
}

fn read_rate_limit(raw: &syntax::RawRateLimit, findings: &AccessFindings) -> Option<(Duration, u32)> {
    let text = raw.interval.as_deref().filter(|text| !text.is_empty()).unwrap_or("0");
    let Some(interval) = parse_duration(text).filter(|interval| *interval <= MOST_INTERVAL) else {
        let problem = format!("expected a time from 0 to 24h with a unit, such as \"100ms\", found {}", shown(text));
        findings.add_mistake("rate_limit.interval", problem);
        return None;
    };
    if interval.is_zero() {
        return None;
    }
    let burst = raw.burst.unwrap_or(0);
    let Some(allowed) = u32::try_from(burst).ok().filter(|burst| (1..=MOST_BURST).contains(burst)) else {
        let problem = format!("expected a whole number from 1 to {MOST_BURST}, found {burst}");
        findings.add_mistake("rate_limit.burst", problem);
        return None;
    };
    Some((interval, allowed))
}

/// Parses a duration of Go that is not negative, such as `1m30s` or `0.5s`.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    loop {
        let number = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (value, after) = rest.split_at_checked(number)?;
        let unit = after.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += value.parse::<f64>().ok()? * unit;
        if after.is_empty() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        rest = after;
    }
}

/// A key of the file for a message: in quotes if it needs them.
fn key(text: &str) -> String {
    let is_bare = (1..=120).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_bare { text.to_owned() } else { shown(text) }
}

/// A text of the file for a message: in quotes, with control characters escaped, and cut if it is long.
fn shown(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}", format!("{}...", text.get(..end).unwrap_or_default())),
        None => format!("{text:?}"),
    }
}
