//! The forms of single values: addresses, paths, times, regexes, levels. Errors say what was expected.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use regex::bytes::Regex;

use crate::config::file::bounds::{LAG_TIMEOUT, LISTEN_PORT, SERVER_PORT, expected_time};
use crate::model::Level;

/// The form of a server to connect to.
pub(crate) const SERVER: &str = "host:port (a host name, IPv4 or [IPv6], and a port from 1 to 65535)";

/// Whether a string is the `host:port` of a server to connect to.
pub(crate) fn is_server(text: &str) -> bool {
    let port = |text| port(text).and_then(|port| SERVER_PORT.accept(port));
    text.rsplit_once(':').is_some_and(|(host, text)| is_host(host) && port(text).is_some())
}

/// The form of an address to listen at.
const ADDRESS: &str = "expected HOST:PORT or :PORT, with a port from 0 to 65535";

/// Checks an address to listen at: `HOST:PORT` or `:PORT`. Port 0 takes a free port.
///
/// # Errors
/// A text that says what was expected.
pub fn parse_address(text: &str) -> Result<String, String> {
    let port = |text| port(text).and_then(|port| LISTEN_PORT.accept(port));
    let fits =
        text.rsplit_once(':').is_some_and(|(host, text)| (host.is_empty() || is_host(host)) && port(text).is_some());
    if fits { Ok(text.to_owned()) } else { Err(ADDRESS.to_owned()) }
}

/// Parses a number that consists of digits only.
pub(crate) fn port(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

pub(crate) fn is_host(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').map(|inner| inner.split_once('%').map_or(inner, |(address, _)| address));
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return text.parse::<Ipv4Addr>().is_ok();
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    // Docker's names contain underscores, in spite of RFC 1123.
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
}

/// Whether a string is a chroot: one or more of `/` and a name.
pub(crate) fn is_zookeeper_path(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|names| {
        names.split('/').all(|name| !name.is_empty() && name != "." && name != ".." && !name.contains(char::is_control))
    })
}

/// Whether a string is a valid name of a Kafka topic.
pub(crate) fn is_topic(text: &str) -> bool {
    (1..=249).contains(&text.len())
        && text != "."
        && text != ".."
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Whether a string is a valid value of an HTTP header.
pub(crate) fn is_header(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// A time in whole seconds.
pub(crate) fn time_of_seconds(count: i64) -> Option<Duration> {
    u64::try_from(count).ok().map(Duration::from_secs)
}

/// Parses a time with units.
pub(crate) fn parse_time(text: &str) -> Option<Duration> {
    // humantime accepts a 0 without a unit.
    let unit = text.contains(char::is_alphabetic);
    humantime::parse_duration(text).ok().filter(|_| unit)
}

/// Parses a size in bytes: digits, and a unit of 1,000 (`kB`, `MB`, `GB`, `TB`) or of 1,024 (`KiB`, or `Ki` as in
/// Kubernetes, and so on).
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.strip_suffix(unit)?;
    let powers = |thousand: u64, place: usize| (0..=place).try_fold(1, |size: u64, _| size.checked_mul(thousand));
    let place = |units: [&str; 4]| units.iter().position(|known| *known == unit);
    let factor = match unit {
        "" | "B" => Some(1),
        _ => place(["kB", "MB", "GB", "TB"])
            .and_then(|place| powers(1_000, place))
            .or_else(|| place(["KiB", "MiB", "GiB", "TiB"]).and_then(|place| powers(1_024, place)))
            .or_else(|| place(["Ki", "Mi", "Gi", "Ti"]).and_then(|place| powers(1_024, place))),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor?)
}

/// Parses the `--timeout` of `lag`, written as in the file: whole seconds, or a time with units.
///
/// # Errors
/// A text that says what was expected.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let time = if digits { text.parse().ok().and_then(time_of_seconds) } else { parse_time(text) };
    time.and_then(|time| LAG_TIMEOUT.accept(time)).ok_or_else(|| expected_time(&LAG_TIMEOUT))
}

/// Compiles an unanchored regex. The error is one line.
pub(crate) fn compile_regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.trim().trim_start_matches("error: ").to_owned()
    })
}

/// Parses a log level, in any case.
///
/// # Errors
/// A text that says what was expected.
pub fn parse_level(text: &str) -> Result<Level, String> {
    match text.to_ascii_lowercase().as_str() {
        "trace" => Ok(Level::Trace),
        "debug" => Ok(Level::Debug),
        "info" => Ok(Level::Info),
        "warn" => Ok(Level::Warn),
        "error" => Ok(Level::Error),
        _ => Err("expected trace, debug, info, warn or error".to_owned()),
    }
}

/// Returns the candidate with the smallest edit distance from a word, ignoring case.
pub(crate) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    // The edit distance takes time and memory by the product of the lengths. No key is this long.
    let word: String = word.chars().take(64).collect::<String>().to_lowercase();
    candidates.min_by_key(|candidate| {
        let short: String = candidate.chars().take(64).collect();
        strsim::damerau_levenshtein(&word, &short.to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_names_or_addresses_with_a_port() {
        let good = [
            "kafka:9092",
            "kafka-1.example.com.:1",
            "kafka_1:65535",
            "10.0.0.1:9092",
            "[::1]:9092",
            "[fe80::1%eth0]:1",
        ];
        for server in good {
            assert!(is_server(server), "{server}");
        }
        let bad = [
            "",
            "kafka",
            ":9092",
            "kafka:",
            "kafka:0",
            "kafka:65536",
            "kafka:+1",
            "kafka:9092 ",
            "ka fka:1",
            "::1:9092",
            "[::1]",
            "[x]:1",
            "10.0.0:1",
            "256.0.0.1:1",
            "-a:1",
            "a..b:1",
            "http://kafka:9092",
            "a:1,b:1",
            "kafka:9092/x",
        ];
        for server in bad {
            assert!(!is_server(server), "{server}");
        }
    }

    #[test]
    fn an_address_to_listen_at_may_lack_its_host_and_take_any_port() {
        for address in [":9308", "0.0.0.0:9308", "[::]:9308", "localhost:0"] {
            assert_eq!(parse_address(address), Ok(address.to_owned()));
        }
        for address in ["", "9308", ":", "localhost", "localhost:http", ":99999"] {
            assert!(parse_address(address).is_err(), "{address}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(parse_time("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_time("0s"), Some(Duration::ZERO));
        for text in ["", "0", "10", "1x", "-1s", "99999999999999999999s"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(time_of_seconds(-1), None);
    }

    #[test]
    fn sizes_have_units() {
        let sizes = ["0", "512", "7B", "3kB", "2MB", "1KiB", "512MiB", "2Gi", "1TiB"].map(parse_size);
        let expected = [0, 512, 7, 3_000, 2_000_000, 1_024, 536_870_912, 2_147_483_648, 1_099_511_627_776];
        assert_eq!(sizes, expected.map(Some));
        for text in
            ["", "B", "MiB", "-1", "+1", "1.5GiB", "1 MiB", "1mib", "1m", "1M", "99999999999999999999", "99999999TiB"]
        {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_of_the_command_line_is_written_as_in_the_file() {
        assert_eq!(parse_timeout("30"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_timeout("1m30s"), Ok(Duration::from_secs(90)));
        for text in ["", "0", "0s", "-1", "+1", "1.5", "1 0", "soon", "99999999999999999999", "9999999999999"] {
            assert!(parse_timeout(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_chroot_is_neither_the_root_nor_ends_in_a_slash() {
        assert!(is_zookeeper_path("/kafka") && is_zookeeper_path("/a/b.c"));
        for path in ["", "/", "kafka", "/kafka/", "//kafka", "/a/../b"] {
            assert!(!is_zookeeper_path(path), "{path}");
        }
    }

    #[test]
    fn a_bad_regex_says_why_in_one_line() {
        assert_eq!(compile_regex("^(a").unwrap_err(), "unclosed group");
        assert!(!compile_regex("(?:a{1000}){1000}{1000}").unwrap_err().contains('\n'));
    }
}
