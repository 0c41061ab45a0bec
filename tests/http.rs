//! The limits of docs/src/operations/limits.md, HTTP, on a program whose cluster is down: it serves all the same.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::rig::http::{get, raw, request};
use crate::rig::program::Program;
use crate::rig::{eventually, seconds};

/// A program with nothing to read.
fn alone() -> Program {
    Program::with_brokers("127.0.0.1:1")
}

#[test]
fn without_a_broker_it_is_healthy_not_ready_and_shows_only_itself() {
    let program = alone();
    assert_eq!(program.get("/-/healthy").status, 200);
    let awaited = program.get("/-/ready");
    assert_eq!(awaited.status, 503);
    let list: serde_json::Value = serde_json::from_slice(&awaited.body).unwrap();
    assert!(list.as_array().is_some_and(|list| list.len() == 2), "cluster and consumer are awaited: {list}");
    let page = program.page();
    let strangers: Vec<_> = page
        .names()
        .filter(|name| !name.starts_with("warrener_") && !name.starts_with("process_"))
        .filter(|name| *name != "kafka_exporter_build_info")
        .collect();
    assert_eq!(strangers, Vec::<&str>::new());
    for kind in ["cluster", "consumer"] {
        let labels = [("cluster", "default"), ("kind", kind), ("module", "default")];
        assert_eq!(page.value("warrener_up", &labels), Some(0.0));
        assert_eq!(page.value("warrener_ready", &labels), Some(0.0));
    }
}

#[test]
fn unknown_paths_are_404_and_wrong_methods_405_with_allow() {
    let program = alone();
    for path in ["/nothing", "/metrics/", "/-/", "/%2e%2e/etc/passwd", "//metrics"] {
        assert_eq!(program.get(path).status, 404, "{path}");
    }
    for path in ["/metrics", "/-/healthy", "/-/ready"] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = request(program.port, method, path, &[]).unwrap();
            assert_eq!(answer.status, 405, "{method} {path}");
            let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
            allowed.sort_unstable();
            assert_eq!(allowed, ["GET", "HEAD"], "{method} {path}");
        }
    }
}

#[test]
fn head_answers_as_get_without_the_body() {
    let program = alone();
    for path in ["/metrics", "/-/healthy", "/-/ready", "/nothing"] {
        let (get, head) = (program.get(path), request(program.port, "HEAD", path, &[]).unwrap());
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{path}");
        assert_eq!(head.body, b"", "{path}");
    }
}

#[test]
fn a_query_does_not_change_the_page() {
    let answer = alone().get("/metrics?collect[]=everything");
    assert_eq!(answer.status, 200);
}

#[test]
fn a_client_that_takes_gzip_gets_gzip() {
    let program = alone();
    let plain = program.get("/metrics");
    assert_eq!(plain.header("content-encoding"), None);
    for accept in ["gzip", "deflate, gzip;q=0.5", "GZIP"] {
        let zipped = get(program.port, "/metrics", &[("Accept-Encoding", accept)]).unwrap();
        assert_eq!(zipped.header("content-encoding"), Some("gzip"), "{accept}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&zipped.body[..]).read_to_string(&mut text).unwrap();
        assert!(text.contains("\nwarrener_build_info{"), "{text}");
    }
    for accept in ["identity", "gzip;q=0", "br"] {
        let answer = get(program.port, "/metrics", &[("Accept-Encoding", accept)]).unwrap();
        assert_eq!(answer.header("content-encoding"), None, "{accept}");
    }
}

#[test]
fn what_accept_asks_for_decides_the_format() {
    let program = alone();
    let kind = |accept: &str| {
        let answer = get(program.port, "/metrics", &[("Accept", accept)]).unwrap();
        assert_eq!(answer.status, 200, "{accept}");
        answer.header("content-type").unwrap().split(';').next().unwrap().to_owned()
    };
    for accept in
        ["*/*", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8", "image/png", "", ";;,,q=", "\u{e9}"]
    {
        assert_eq!(kind(accept), "text/plain", "{accept:?}");
    }
    let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    assert_eq!(kind(prometheus), "application/openmetrics-text");
    assert_eq!(kind("application/openmetrics-text;q=0.1,text/plain;q=0.9"), "text/plain");
}

#[test]
fn a_head_above_16_kib_or_100_lines_is_431_and_one_below_is_served() {
    let program = alone();
    let long =
        |bytes: usize| format!("GET /-/healthy HTTP/1.1\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(bytes));
    let lines =
        |count: usize| format!("GET /-/healthy HTTP/1.1\r\nConnection: close\r\n{}\r\n", "X: y\r\n".repeat(count));
    let status = |head: String| raw(program.port, head.as_bytes(), seconds(8)).map(|answer| answer.status);
    assert_eq!(status(long(15_000)), Ok(200));
    assert_eq!(status(long(17_000)), Ok(431));
    assert_eq!(status(long(300_000)), Ok(431));
    assert_eq!(status(lines(90)), Ok(200));
    assert_eq!(status(lines(120)), Ok(431));
    assert_eq!(status(lines(1000)), Ok(431));
    assert_eq!(program.get("/-/healthy").status, 200);
}

#[test]
fn what_is_no_http_gets_400_or_is_closed_and_does_no_harm() {
    let mut program = alone();
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for bytes in
        [&b"hello\r\n\r\n"[..], tls, b"GET\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(("127.0.0.1", program.port)).unwrap();
        stream.set_read_timeout(Some(seconds(20))).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{bytes:?}: {answer}");
    }
    assert!(program.runs());
}

#[test]
fn a_head_that_is_not_complete_within_10_seconds_is_closed_without_an_answer() {
    let program = alone();
    let mut silent = TcpStream::connect(("127.0.0.1", program.port)).unwrap();
    let mut dripping = TcpStream::connect(("127.0.0.1", program.port)).unwrap();
    dripping.set_read_timeout(Some(seconds(1))).unwrap();
    let began = Instant::now();
    dripping.write_all(b"GET /metrics HTTP/1.1\r\n").unwrap();
    // A byte a second does not win more time.
    let mut byte = [0];
    while dripping.read(&mut byte).is_err() && began.elapsed() < seconds(20) {
        drop(dripping.write_all(b"x"));
    }
    let took = began.elapsed();
    assert!(took > seconds(8) && took < seconds(13), "closed after {took:?}");
    assert_eq!(byte, [0], "an answer");
    silent.set_read_timeout(Some(seconds(5))).unwrap();
    assert_eq!(silent.read(&mut byte).ok(), Some(0), "a client that says nothing is closed as well");
}

#[test]
fn a_crowd_of_silent_clients_keeps_nobody_out() {
    let program = alone();
    let crowd: Vec<TcpStream> = (0..600).map(|_| TcpStream::connect(("127.0.0.1", program.port)).unwrap()).collect();
    let began = Instant::now();
    assert_eq!(program.get("/-/healthy").status, 200);
    assert!(began.elapsed() < seconds(3), "{:?}", began.elapsed());
    // At most 512 are held: the longest silent are closed first.
    let open = |stream: &TcpStream| {
        stream.set_read_timeout(Some(std::time::Duration::from_millis(1))).unwrap();
        let mut stream = stream;
        stream.read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    };
    eventually(seconds(5), "at most 512 connections", || match crowd.iter().filter(|stream| open(stream)).count() {
        held @ 0..=512 => Ok(held),
        held => Err(held.to_string()),
    });
    assert!(!open(&crowd[0]), "the longest silent one is still there");
}

#[test]
fn one_connection_serves_many_requests() {
    let program = alone();
    let mut stream = TcpStream::connect(("127.0.0.1", program.port)).unwrap();
    stream.set_read_timeout(Some(seconds(10))).unwrap();
    stream.write_all("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20).as_bytes()).unwrap();
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 21);
}

#[test]
fn the_lifecycle_routes_are_403_unless_enabled() {
    let mut program = alone();
    for path in ["/-/reload", "/-/quit"] {
        assert_eq!(request(program.port, "POST", path, &[]).unwrap().status, 403, "{path}");
    }
    assert!(program.runs());
}

#[test]
fn pages_of_other_sites_change_nothing() {
    let program = Program::administered("127.0.0.1:1");
    let own = format!("http://127.0.0.1:{}", program.port);
    let set = |more: &str| {
        let body = r#"{"level":"debug"}"#;
        let head = format!("POST /v3/admin/loglevel HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{more}", program.port);
        let ask = format!("{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        raw(program.port, ask.as_bytes(), seconds(8)).unwrap().status
    };
    for (more, expected) in [
        ("Origin: null\r\n".to_owned(), 403),
        ("Origin: http://evil.example.com\r\n".to_owned(), 403),
        (format!("Origin: {own}\r\nSec-Fetch-Site: same-site\r\n"), 403),
        ("Sec-Fetch-Site: cross-site\r\n".to_owned(), 403),
    ] {
        assert_eq!(set(&more), expected, "{more}");
    }
    assert!(program.get("/v3/admin/loglevel").text().contains(r#""level":"info""#));
    for more in [String::new(), format!("Origin: {own}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: text/plain\r\n")]
    {
        assert_eq!(set(&more), 200, "{more}");
    }
    assert!(program.get("/v3/admin/loglevel").text().contains(r#""level":"debug""#));
}

#[test]
fn the_demo_answers_to_the_names_of_this_machine_alone() {
    let port = Program::demo().port;
    let answered = |host: &str| {
        let ask = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        raw(port, ask.as_bytes(), seconds(8)).unwrap()
    };
    for host in ["localhost".to_owned(), format!("127.0.0.1:{port}"), "[::1]:80".to_owned()] {
        assert_eq!(answered(&host).status, 200, "{host}");
    }
    let refused = answered("evil.example.com");
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("allowed-hosts"), "{}", refused.text());
}
