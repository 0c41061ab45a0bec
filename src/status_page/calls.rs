//! Addresses of the status page's data.
//!
//! Names are in the query, not in the path: a browser takes `..` in a path as the folder above, and some proxies do not
//! pass `%2F`. It also lets relative links work below any path of a proxy.

use crate::address::{PathSegment, decode};

/// A request for data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusPageCall {
    /// The list of all groups.
    Groups {
        /// Whether to include the course of the lags.
        trails: bool,
    },
    /// The details of one group.
    Group {
        /// Name of the cluster.
        cluster: PathSegment,
        /// Name of the group.
        name: PathSegment,
    },
    /// The details of one topic, with its groups.
    Topic {
        /// Name of the cluster.
        cluster: PathSegment,
        /// Name of the topic.
        name: PathSegment,
    },
    /// The state of the exporter.
    Exporter,
    /// An address that lacks a required name.
    Incomplete,
}

/// Makes a call from the query of a path.
type QueryParser = fn(&str) -> StatusPageCall;

const PATHS: [(&str, QueryParser); 4] = [
    ("/api/groups", |query| StatusPageCall::Groups {
        trails: value(query, "trails").is_some_and(|value| value.bytes() == b"1"),
    }),
    ("/api/group", |query| named(query, |cluster, name| StatusPageCall::Group { cluster, name })),
    ("/api/topic", |query| named(query, |cluster, name| StatusPageCall::Topic { cluster, name })),
    ("/api/exporter", |_| StatusPageCall::Exporter),
];

/// Parses a path and a query. Returns `None` if the path is not one of `/api`.
#[must_use]
pub fn parse_call(path: &str, query: &str) -> Option<StatusPageCall> {
    PATHS.iter().find(|(known, _)| *known == path).map(|(_, call)| call(query))
}

fn named(query: &str, call: fn(PathSegment, PathSegment) -> StatusPageCall) -> StatusPageCall {
    match (value(query, "cluster"), value(query, "name")) {
        (Some(cluster), Some(name)) => call(cluster, name),
        (None | Some(_), None | Some(_)) => StatusPageCall::Incomplete,
    }
}

impl StatusPageCall {
    /// The message if the requested object does not exist.
    pub(super) const fn missing(&self) -> &'static str {
        match self {
            Self::Group { .. } => "no such group",
            Self::Topic { .. } => "no such topic",
            Self::Groups { .. } | Self::Exporter | Self::Incomplete => "not found",
        }
    }
}

/// The first value of a key in a query, decoded as in HTML forms: `+` is a space.
fn value(query: &str, key: &str) -> Option<PathSegment> {
    let values = query.split('&').filter_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    values.filter_map(|value| decode(&value.replace('+', " "))).map(|bytes| PathSegment::new(&bytes)).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documentation::{DocPage, codes};

    fn group(cluster: &[u8], name: &[u8]) -> Option<StatusPageCall> {
        Some(StatusPageCall::Group { cluster: PathSegment::new(cluster), name: PathSegment::new(name) })
    }

    #[test]
    fn names_are_bytes_and_may_hold_anything() {
        for (query, name) in [
            ("cluster=a&name=b", &b"b"[..]),
            ("name=b&cluster=a&name=c", b"b"),
            ("cluster=a&name=", b""),
            ("cluster=a&name=..", b".."),
            ("cluster=a&name=%2F%26%3D%2B+%ff", b"/&=+ \xff"),
            ("cluster=a&name=x=y", b"x=y"),
            ("x&cluster=a&&name=%zz&name=b", b"b"),
        ] {
            assert_eq!(parse_call("/api/group", query), group(b"a", name), "{query}");
        }
    }

    #[test]
    fn the_reference_has_a_row_for_every_path_with_its_parameters_and_no_other() {
        let page = DocPage::read("docs/src/reference/http-api.md");
        let table = page.section("## Status page data").introduction().only_table();
        let rows: Vec<&str> = table.rows.iter().map(|row| codes(&row[0])[0]).collect();
        assert_eq!(rows, PATHS.map(|(path, _)| path));
        for row in &table.rows {
            let (path, parameters) = (codes(&row[0])[0], codes(&row[1]));
            let query = parameters.iter().map(|name| format!("{}=1", name.trim_end_matches("=1")));
            let (bare, full) = (parse_call(path, ""), parse_call(path, &query.collect::<Vec<_>>().join("&")));
            assert_ne!(full, Some(StatusPageCall::Incomplete), "{path}");
            assert_eq!(bare == full, parameters.is_empty(), "{path}");
            assert_eq!(parse_call(path, "trails=1&cluster=1&name=1"), full, "{path} has another parameter");
        }
    }

    #[test]
    fn a_name_that_is_missing_is_told() {
        for query in ["", "cluster=a", "name=b", "cluster&name", "xcluster=a&xname=b", "cluster=%4&name=b"] {
            assert_eq!(parse_call("/api/topic", query), Some(StatusPageCall::Incomplete), "{query}");
        }
        assert_eq!(parse_call("/api/groups", "trails=1"), Some(StatusPageCall::Groups { trails: true }));
        assert_eq!(parse_call("/api/groups", "trails=yes"), Some(StatusPageCall::Groups { trails: false }));
        assert_eq!(parse_call("/api/", ""), None);
    }
}
