//! The status page over HTTP. The tests of `crate::status_page` cover its data.

use super::*;
use crate::evaluate::EvaluatorRules;
use crate::model::{Lag, Timestamp};
use crate::status_page::{ExporterReport, StatusPageCall, StatusPageData, StatusPageResponse};
use crate::storage::{ExpiryPolicy, Storage, StorageRules};

const INTERVALS: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN;

/// The data of one cluster about which nothing is known.
pub(super) fn nothing(call: &StatusPageCall) -> StatusPageResponse {
    let storage = Storage::new(
        ["local"],
        StorageRules { intervals: INTERVALS, min_distance: Duration::ZERO, expire: ExpiryPolicy::NEVER },
    );
    let rules = EvaluatorRules { intervals: INTERVALS, minimum_complete: 0.0, allowed_lag: Lag(0) };
    let exporter = ExporterReport { now: 0, version: "0", running: 0, modules: Vec::new(), storage: Vec::new() };
    StatusPageData { storage: &storage, rules: &rules, exporter }.answer(call, Timestamp(0))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn every_view_is_the_same_page_and_leads_on_for_machines() {
    let server = start(plain_site());
    let page = server.get("/").await;
    assert_eq!((status(&page), header(&page, "content-type")), (200, Some("text/html; charset=utf-8")));
    for link in ["\"metrics\"", "\"-/ready\"", "\"-/healthy\"", "\"exporter\""] {
        assert!(page.contains(link), "{link} in {page}");
    }
    for path in ["/group", "/group?cluster=a&name=%ff%00..", "/topic?x", "/exporter", "/?q=a"] {
        assert_eq!(body(&server.get(path).await), body(&page), "{path}");
    }
    for path in ["/group/", "/groups", "/page", "/page/", "/page/../metrics", "/page/nothing.js", "/api", "/api/"] {
        assert_eq!(status(&server.get(path).await), 404, "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_page_may_load_nothing_from_elsewhere_and_run_nothing_that_is_not_its_own() {
    let server = start(plain_site());
    for path in ["/", "/page/app.js", "/page/style.css", "/page/icon.svg"] {
        let answer = server.get(path).await;
        let policy = header(&answer, "content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("data:") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"), "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_file_that_the_client_has_is_not_sent_again() {
    let server = start(plain_site());
    for (coding, tag_end) in [("identity", "\""), ("gzip", "-gzip\"")] {
        let ask = |more: &str| format!("GET /page/app.js HTTP/1.1\r\nAccept-Encoding: {coding}\r\n{more}\r\n");
        let first = String::from_utf8_lossy(&server.ask_raw(ask("")).await).into_owned();
        let tag = header(&first, "etag").unwrap().to_owned();
        assert!(tag.ends_with(tag_end), "{tag}");
        assert_eq!(
            (header(&first, "cache-control"), header(&first, "vary")),
            (Some("no-cache"), Some("Accept-Encoding"))
        );
        let again = server.ask(ask(&format!("If-None-Match: W/\"old\", {tag}\r\n"))).await;
        assert_eq!((status(&again), header(&again, "etag"), body(&again)), (304, Some(tag.as_str()), ""));
        let other = server.ask(ask("If-None-Match: \"old\"\r\n")).await;
        assert_eq!(status(&other), 200);
    }
    server.end().await;
}

#[tokio::test]
async fn files_and_numbers_arrive_whole_in_either_coding() {
    let server = start(plain_site());
    for path in ["/", "/page/groups.js", "/api/groups", "/api/exporter"] {
        let plain = server.get(path).await;
        let packed = server.ask_raw(format!("GET {path} HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n")).await;
        let head = String::from_utf8_lossy(&packed).into_owned();
        assert_eq!(header(&head, "content-encoding"), Some("gzip"), "{path}");
        let at = packed.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let mut unzipped = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[at..]), &mut unzipped).unwrap();
        assert_eq!(unzipped, body(&plain), "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn numbers_that_would_be_too_long_are_413_in_either_coding() {
    let whole = {
        let server = start(plain_site());
        let answer = server.get("/api/groups").await;
        server.end().await;
        body(&answer).len()
    };
    let limit = whole - 1;
    let bytes = u64::try_from(limit).unwrap();
    let server = start_with(plain_site(), HttpLimits { answer_bytes: bytes, ..HttpLimits::default() });
    let expected = format!(r#"{{"error":"the answer would have {whole} bytes, and the limit is {limit}"}}"#);
    let plain = server.get("/api/groups").await;
    assert_eq!((status(&plain), body(&plain)), (413, expected.as_str()));
    let packed = server.ask_raw("GET /api/groups HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n").await;
    assert_eq!(status(&String::from_utf8_lossy(&packed)), 413);
    let at = packed.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let mut unzipped = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[at..]), &mut unzipped).unwrap();
    assert_eq!(unzipped, expected);
    assert_eq!(status(&server.get("/api/exporter").await), 200);
    server.end().await;
}

#[tokio::test]
async fn head_has_the_headers_of_get() {
    let server = start(plain_site());
    for path in ["/group", "/page/style.css", "/api/groups", "/api/group", "/api/topic?cluster=local&name=t"] {
        let head = server.ask(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let get = server.get(path).await;
        let told = |answer: &str| {
            let names = ["content-type", "content-length", "cache-control", "etag", "vary"];
            names.map(|name| header(answer, name).map(str::to_owned))
        };
        assert_eq!((status(&head), told(&head), body(&head)), (status(&get), told(&get), ""), "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn other_methods_are_told_which_are_known() {
    let server = start(plain_site());
    for path in ["/", "/group", "/exporter", "/page/app.js", "/api/groups", "/api/group"] {
        for method in ["POST", "DELETE", "OPTIONS"] {
            let answer = server.ask(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
            assert_eq!((status(&answer), header(&answer, "allow")), (405, Some("GET, HEAD")), "{method} {path}");
        }
    }
    server.end().await;
}

#[tokio::test]
async fn numbers_are_json_that_nobody_keeps() {
    let server = start(plain_site());
    for (path, expected) in [
        ("/api/groups", 200),
        ("/api/exporter?x", 200),
        ("/api/group", 400),
        ("/api/group?cluster=local&name=g", 404),
        ("/api/topic?cluster=nowhere&name=t", 404),
    ] {
        let answer = server.get(path).await;
        let told = [header(&answer, "content-type"), header(&answer, "cache-control")];
        assert_eq!((status(&answer), told), (expected, [Some("application/json"), Some("no-store")]), "{path}");
        assert!(serde_json::from_str::<serde_json::Value>(body(&answer)).is_ok(), "{answer}");
    }
    server.end().await;
}
