//! Burrow's API over HTTP. The tests of `crate::burrow` cover its answers.

use std::sync::Mutex;

use super::super::PendingItem;
use super::*;
use crate::burrow::{BurrowApi, BurrowMethod, BurrowRequest, BurrowResponse};
use crate::config::{Config, Filter};
use crate::evaluate::EvaluatorRules;
use crate::model::Level;
use crate::model::LogLevelControl;
use crate::model::{Lag, Name, Offset, Order, Partition, Timestamp};
use crate::registry::REGISTRY;
use crate::storage::{PastState, Storage, StorageRules, Update};

const RULES: EvaluatorRules =
    EvaluatorRules { intervals: std::num::NonZeroUsize::MIN, minimum_complete: 0.0, allowed_lag: Lag(0) };

/// An API with one cluster and no data.
pub(super) fn nothing(verb: BurrowMethod, path: &str, body: &[u8]) -> BurrowResponse {
    answer(&storage(), verb, path, body)
}

fn storage() -> Storage {
    Storage::new(
        ["local"],
        StorageRules {
            intervals: RULES.intervals,
            min_distance: Duration::ZERO,
            expire: crate::storage::ExpiryPolicy::NEVER,
        },
    )
}

fn answer(storage: &Storage, verb: BurrowMethod, path: &str, body: &[u8]) -> BurrowResponse {
    let config = Config::of_brokers(vec!["kafka:9092".to_owned()], &REGISTRY, Filter::default(), Filter::default());
    let level = LogLevelControl { get: Box::new(|| Level::Info), set: Box::new(|_| {}) };
    let api = BurrowApi { config: &config, storage, rules: &RULES, level: &level, host: "here" };
    api.answer(&BurrowRequest { verb, path, body, admin: true, now: Timestamp(0) })
}

/// A site whose API has one group with this many partitions.
fn large(partitions: i32) -> Endpoints {
    let storage = storage();
    let cluster = storage.cluster("local").unwrap();
    let commit = |partition| Update::Commit {
        group: Name(b"large"),
        topic: Name(b"orders"),
        partition: Partition(partition),
        offset: Offset(1),
        timestamp: Timestamp(0),
    };
    let commits = (0..partitions).map(|partition| (Order(i64::from(partition)), commit(partition)));
    cluster.apply(cluster.source("m", 0), PastState::Read, commits, Timestamp(0));
    Endpoints { burrow: Arc::new(move |verb, path, body| answer(&storage, verb, path, body)), ..plain_site() }
}

const LARGE: &str = "/v3/kafka/local/consumer/large/lag";

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn an_answer_is_json_of_a_told_length() {
    let server = start(plain_site());
    let answer = server.get("/v3/kafka?pretty=1").await;
    let expected = concat!(
        r#"{"error":false,"message":"cluster list returned","clusters":["local"],"#,
        r#""request":{"url":"/v3/kafka","host":"here"}}"#
    );
    assert_eq!((status(&answer), header(&answer, "content-type")), (200, Some("application/json")));
    assert_eq!((body(&answer), header(&answer, "content-length")), (expected, Some("114")));
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
    server.end().await;
}

#[tokio::test]
async fn unknown_paths_below_v3_are_told_in_burrows_words() {
    let server = start(plain_site());
    for path in ["/v3", "/v3/", "/v3/nothing", "/v3/kafka/"] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = server.ask(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
            assert_eq!((status(&answer), header(&answer, "content-type")), (404, Some("application/json")), "{path}");
            assert_eq!(body(&answer), r#"{"error":true,"message":"invalid request type","result":{}}"#);
        }
    }
    assert_eq!(body(&server.get("/v30").await), "not found\n");
    server.end().await;
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_405_and_a_body_is_read() {
    let server = start(plain_site());
    for (method, path, allowed) in [
        ("POST", "/v3/kafka", "GET, HEAD"),
        ("FROB", "/v3/kafka/local/consumer/a", "GET, HEAD, DELETE"),
        ("GET", "/v3/kafka/local/consumer/a/topic/b", "DELETE"),
        ("PUT", "/v3/admin/loglevel", "GET, HEAD, POST"),
        ("POST", "/burrow/admin", "GET, HEAD"),
    ] {
        let answer = server.ask(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!((status(&answer), header(&answer, "allow")), (405, Some(allowed)), "{method} {path}");
    }
    for (level, expected) in [("info", 200), ("loud", 404)] {
        let text = format!("{{\"level\":\"{level}\"}}");
        let length = text.len();
        let ask = format!("POST /v3/admin/loglevel HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{text}");
        assert_eq!(status(&server.ask(ask).await), expected);
    }
    server.end().await;
}

#[tokio::test]
async fn head_has_the_headers_of_get() {
    let server = start(large(2000));
    for path in ["/v3/kafka", "/v3/kafka/nowhere", LARGE, "/burrow/admin", "/burrow/admin/ready"] {
        let head = server.ask(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let get = server.get(path).await;
        let told =
            |answer: &str| ["content-type", "content-length"].map(|name| header(answer, name).map(str::to_owned));
        assert_eq!((status(&head), told(&head), body(&head)), (status(&get), told(&get), ""), "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn the_origin_is_told_as_configured_on_what_is_burrows_alone() {
    let server = start(Endpoints { origin: Some("https://lag.example.com".to_owned()), ..plain_site() });
    for path in ["/v3/kafka", "/v3/nothing", "/v3/kafka/local/consumer/a/status", "/burrow/admin"] {
        let answer = server.get(path).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("https://lag.example.com"), "{path}");
    }
    assert_eq!(header(&server.get("/metrics").await, "access-control-allow-origin"), None);
    server.end().await;
}

#[tokio::test]
async fn burrows_readiness_is_ours() {
    let ready = Arc::new(Mutex::new(Readiness::default()));
    let told = Arc::clone(&ready);
    let site = Endpoints { ready: Arc::new(move || told.lock().unwrap().clone()), ..plain_site() };
    let server = start(site);
    let answer = |answer: String| (status(&answer), body(&answer).to_owned());
    assert_eq!(answer(server.get("/burrow/admin").await), (200, "GOOD".to_owned()));
    assert_eq!(answer(server.get("/burrow/admin/ready").await), (200, "READY".to_owned()));
    ready.lock().unwrap().awaited.push(PendingItem::of_stopping());
    assert_eq!(answer(server.get("/burrow/admin/ready").await), (503, "STARTING".to_owned()));
    assert_eq!(answer(server.get("/burrow/admin").await), (200, "GOOD".to_owned()));
    server.end().await;
}

#[tokio::test]
async fn a_large_answer_comes_whole() {
    let server = start(large(10_000));
    let answer = server.get(LARGE).await;
    let text = body(&answer);
    assert_eq!(header(&answer, "content-length"), Some(text.len().to_string().as_str()));
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(json["status"]["partitions"].as_array().unwrap().len(), 10_000);
    server.end().await;
}

#[tokio::test]
async fn an_answer_that_would_be_too_long_is_413_with_its_length_and_the_limit() {
    let server = start_with(large(2_000), HttpLimits { answer_bytes: 1_000, ..HttpLimits::default() });
    let whole = {
        let server = start(large(2_000));
        let answer = server.get(LARGE).await;
        server.end().await;
        body(&answer).len()
    };
    let expected = format!(
        concat!(
            r#"{{"error":true,"message":"the answer would have {} bytes, and the limit is 1000","#,
            r#""request":{{"url":"{}","host":"here"}}}}"#
        ),
        whole, LARGE
    );
    let answer = server.get(LARGE).await;
    assert_eq!((status(&answer), header(&answer, "content-type")), (413, Some("application/json")));
    assert_eq!(body(&answer), expected);
    let head = server.ask(format!("HEAD {LARGE} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    let length = header(&head, "content-length").map(str::to_owned);
    assert_eq!((status(&head), length), (413, Some(expected.len().to_string())));
    assert_eq!(status(&server.get("/v3/kafka").await), 200);
    server.end().await;
}

#[tokio::test]
async fn clients_that_take_nothing_hold_up_nobody() {
    let server = start_with(large(30_000), HttpLimits { stall: Duration::from_millis(200), ..HttpLimits::default() });
    let mut stalled = Vec::new();
    for _ in 0..4 {
        let mut socket = server.connect().await;
        socket.write_all(format!("GET {LARGE} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
        socket.readable().await.unwrap();
        stalled.push(socket);
    }
    assert_eq!(status(&server.get("/v3/kafka").await), 200);
    drop(stalled);
    server.end().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_made_costs_that_answer_alone() {
    let site = Endpoints {
        burrow: Arc::new(|verb, path, body| match path {
            "/v3/bug" => panic!("a bug"),
            _ => nothing(verb, path, body),
        }),
        ..plain_site()
    };
    let server = start(site);
    for _ in 0..10 {
        assert_eq!(status(&server.get("/v3/bug").await), 500);
    }
    assert_eq!(status(&server.get("/v3/kafka").await), 200);
    server.end().await;
}
