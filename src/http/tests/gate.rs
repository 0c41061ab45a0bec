//! Requests that a browser sends for a page of another site.

use super::*;
use crate::config::HostName;

fn with_hosts(hosts: &[&str]) -> Running {
    let allowed_hosts = hosts.iter().map(|host| HostName::parse(host).unwrap()).collect();
    start(Endpoints { allowed_hosts, ..plain_site() })
}

/// Returns the status of a request with these header lines.
async fn answered(server: &Running, method: &str, path: &str, lines: &str) -> u16 {
    status(&server.ask(format!("{method} {path} HTTP/1.1\r\n{lines}\r\n")).await)
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = start(plain_site());
    // An accepted request is answered with 405, because the path is read-only. Only the origin check is tested here.
    for (lines, expected) in [
        ("Host: a:9308\r\n", 405),
        ("Host: a:9308\r\nOrigin: http://a:9308\r\n", 405),
        ("Host: A:9308\r\nOrigin: http://a:9308\r\nSec-Fetch-Site: same-origin\r\n", 405),
        ("Host: a\r\nOrigin: http://a:80\r\n", 405),
        ("Host: [::1]:9308\r\nOrigin: http://[::1]:9308\r\n", 405),
        ("Host: a:9308\r\nSec-Fetch-Site: none\r\n", 405),
        ("Host: a:9308\r\nContent-Type: text/plain\r\n", 405),
        ("Host: a:9308\r\nOrigin: null\r\n", 403),
        ("Host: a:9308\r\nOrigin:\r\n", 403),
        ("Host: a:9308\r\nOrigin: http://b:9308\r\n", 403),
        ("Host: a:9308\r\nOrigin: http://a:9309\r\n", 403),
        ("Host: a:9308\r\nOrigin: http://a\r\n", 403),
        ("Host: a:9308\r\nOrigin: https://a:9308\r\n", 403),
        ("Host: a:9308\r\nOrigin: http://a:9308.b\r\n", 403),
        ("Host: a:9308\r\nOrigin: http://a:9308, http://b\r\n", 403),
        ("Host: a:9308\r\nOrigin: http://a:9308\r\nOrigin: http://b\r\n", 403),
        ("Host: a:9308\r\nOrigin: http://a:9308\r\nSec-Fetch-Site: same-site\r\n", 403),
        ("Host: a:9308\r\nSec-Fetch-Site: cross-site\r\n", 403),
        ("Host: a:9308\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n", 403),
        ("Origin: http://a:9308\r\n", 403),
        ("Host: a b\r\nOrigin: http://a b\r\n", 403),
    ] {
        for method in ["POST", "DELETE", "PUT", "PATCH"] {
            assert_eq!(answered(&server, method, "/metrics", lines).await, expected, "{method} {lines:?}");
        }
        for method in ["GET", "HEAD"] {
            assert_eq!(answered(&server, method, "/metrics", lines).await, 200, "{method} {lines:?}");
        }
    }
    server.end().await;
}

#[tokio::test]
async fn each_route_that_changes_something_is_refused_before_it_is_asked() {
    let server = start(Endpoints { burrow: Arc::new(|_, _, _| panic!("asked")), ..plain_site() });
    for (method, path) in [
        ("POST", "/v3/admin/loglevel"),
        ("DELETE", "/v3/kafka/c/consumer/g"),
        ("DELETE", "/v3/kafka/c/consumer/g/topic/t"),
        ("POST", "/-/quit"),
        ("POST", "/-/reload"),
    ] {
        let answer = server.ask(format!("{method} {path} HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n")).await;
        assert_eq!(status(&answer), 403, "{method} {path}");
        assert!(answer.ends_with("\r\n\r\nrequests from pages of other sites may only read\n"), "{answer}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_server_with_allowed_hosts_answers_to_no_other_name() {
    let server = with_hosts(&["lag.example.com", "127.0.0.1", "[::1]"]);
    for (path, lines, expected) in [
        ("/metrics", "Host: lag.example.com\r\n", 200),
        ("/metrics", "Host: LAG.example.com.:9308\r\n", 200),
        ("/metrics", "Host: 127.0.0.1:1\r\n", 200),
        ("/metrics", "Host: [0:0:0:0:0:0:0:1]:1\r\n", 200),
        ("http://lag.example.com/metrics", "", 200),
        ("/metrics", "", 403),
        ("/metrics", "Host: \r\n", 403),
        ("/metrics", "Host: evil.example.com\r\n", 403),
        ("/metrics", "Host: lag.example.com.evil.com\r\n", 403),
        ("/metrics", "Host: evil@lag.example.com\r\n", 403),
        ("/metrics", "Host: lag.example.com\r\nHost: evil.example.com\r\n", 403),
        ("http://lag.example.com/metrics", "Host: evil.example.com\r\n", 403),
        ("http://evil.example.com/metrics", "Host: lag.example.com\r\n", 403),
        ("/", "Host: evil.example.com\r\n", 403),
        ("/v3/kafka", "Host: evil.example.com\r\n", 403),
        ("/api/groups", "Host: evil.example.com\r\n", 403),
        ("/-/healthy", "Host: evil.example.com\r\n", 403),
        ("/none", "Host: evil.example.com\r\n", 403),
    ] {
        assert_eq!(answered(&server, "GET", path, lines).await, expected, "{path} {lines:?}");
    }
    let answer = server.ask("GET / HTTP/1.1\r\nHost: evil.example.com\r\n\r\n").await;
    let told = "the host of this request is not in allowed-hosts of this [httpserver.*]\n";
    assert!(answer.ends_with(&format!("\r\n\r\n{told}")), "{answer}");
    server.end().await;
}
