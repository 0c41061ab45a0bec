//! Paths, methods, health and readiness.

use std::collections::BTreeMap;

use super::*;
use crate::documentation::{DocPage, codes, link};
use crate::http::PendingItem;
use crate::http::routes::{files, router::ROUTES};

#[tokio::test]
async fn the_reference_has_a_row_for_every_path_with_its_methods_and_no_other() {
    let table = DocPage::read("docs/src/reference/http-api.md").introduction().only_table();
    let rows = table
        .rows
        .iter()
        .flat_map(|row| codes(link(&row[0]).0).into_iter().map(|path| (path.to_owned(), row[1].clone())));
    let (families, rows): (BTreeMap<_, _>, BTreeMap<_, _>) = rows.partition(|(path, _)| path.ends_with("..."));
    let routes = ROUTES.iter().map(|route| {
        let methods = route.methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
        (route.path.to_owned(), methods)
    });
    let views = files::VIEWS.map(|path| (path.to_owned(), "GET, HEAD".to_owned()));
    assert_eq!(rows, routes.chain(views).collect());
    // The paths below these have tables of their own, or are the status page's files.
    assert_eq!(families.keys().collect::<Vec<_>>(), ["/api/...", "/page/...", "/v3/..."]);
    let server = start(plain_site());
    for (path, methods) in rows.iter().chain([(&"/page/app.js".to_owned(), &families["/page/..."])]) {
        let answer = server.ask(format!("FROB {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!((status(&answer), header(&answer, "allow")), (405, Some(methods.as_str())), "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn every_path_answers_get() {
    let server = start(plain_site());
    for (path, expected) in [
        ("/", 200),
        ("/metrics", 200),
        ("/metrics?x=y", 200),
        ("/-/healthy", 200),
        ("/-/ready", 200),
        ("/nowhere", 404),
        ("/metrics/", 404),
        ("//", 404),
        ("http://other.example/-/healthy", 200),
    ] {
        assert_eq!(status(&server.get(path).await), expected, "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = start(plain_site());
    for path in ["/", "/metrics", "/-/healthy", "/-/ready"] {
        for coding in ["identity", "gzip"] {
            let ask = |method| format!("{method} {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {coding}\r\n\r\n");
            let (get, head) = (server.ask_raw(ask("GET")).await, server.ask(ask("HEAD")).await);
            let get = String::from_utf8_lossy(&get).into_owned();
            let lines = |answer: &str| {
                let head = answer.split_once("\r\n\r\n").unwrap().0.to_owned();
                // hyper leaves out `Transfer-Encoding` if there is no body, as RFC 9112 allows.
                let differs = |line: &&str| line.starts_with("date:") || line.starts_with("transfer-encoding:");
                let mut lines: Vec<_> = head.lines().filter(|line| !differs(line)).map(str::to_owned).collect();
                lines.sort();
                lines
            };
            assert_eq!(lines(&head), lines(&get), "{path}");
            assert!(head.ends_with("\r\n\r\n"), "{head:?}");
        }
    }
    server.end().await;
}

#[tokio::test]
async fn head_of_metrics_renders_nothing() {
    let server = start(site(|_| panic!("rendered")));
    assert_eq!(status(&server.ask("HEAD /metrics HTTP/1.1\r\n\r\n").await), 200);
    server.end().await;
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_told_which_it_knows() {
    let server = start(plain_site());
    for (method, path, allowed) in [
        ("POST", "/metrics", "GET, HEAD"),
        ("DELETE", "/", "GET, HEAD"),
        ("OPTIONS", "/-/ready", "GET, HEAD"),
        ("FROB", "/-/healthy", "GET, HEAD"),
        ("GET", "/-/reload", "POST"),
        ("HEAD", "/-/quit", "POST"),
    ] {
        let answer = server.ask(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!((status(&answer), header(&answer, "allow")), (405, Some(allowed)), "{method} {path}");
    }
    server.end().await;
}

#[tokio::test]
async fn lifecycle_requests_are_forbidden() {
    let server = start(plain_site());
    for path in ["/-/reload", "/-/quit"] {
        assert_eq!(status(&server.ask(format!("POST {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await), 403);
    }
    assert_eq!(status(&server.get("/-/healthy").await), 200);
    server.end().await;
}

#[tokio::test]
async fn readiness_lists_what_is_awaited_and_how_far_it_is() {
    let awaited = vec![PendingItem {
        what: "reading the offsets topic to its end".into(),
        cluster: Some("local".into()),
        kind: Some("consumer"),
        module: Some("default".into()),
        done: Some(37),
        total: Some(50),
    }];
    let waiting = Endpoints { ready: Arc::new(move || Readiness { awaited: awaited.clone() }), ..plain_site() };
    let server = start(waiting);
    let answer = server.get("/-/ready").await;
    assert_eq!((status(&answer), header(&answer, "content-type")), (503, Some("application/json")));
    assert!(answer.ends_with(concat!(
        r#"[{"what":"reading the offsets topic to its end","cluster":"local","kind":"consumer","#,
        r#""module":"default","done":37,"total":50}]"#
    )));
    server.end().await;
}

#[tokio::test]
async fn a_ready_process_awaits_nothing() {
    let server = start(plain_site());
    assert!(server.get("/-/ready").await.ends_with("\r\n\r\n[]"));
    server.end().await;
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_their_order() {
    let server = start(plain_site());
    let answers = server
        .ask(concat!(
            "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
            "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /-/ready HTTP/1.1\nHost: a\n\n",
        ))
        .await;
    let statuses: Vec<_> = answers.match_indices("HTTP/1.1 ").map(|(at, _)| status(&answers[at..])).collect();
    assert_eq!(statuses, [200, 404, 200, 200, 200]);
    server.end().await;
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let server = start(plain_site());
    let mut socket = server.connect().await;
    for _ in 0..100 {
        assert_eq!(status(&talk(&mut socket, "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n").await), 200);
    }
    server.end().await;
}
