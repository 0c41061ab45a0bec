//! What is wrong is named, tried again, and floods neither the log, the broker nor the endpoint.
//!
//! Each mistake has its own program, which is watched for ten seconds, so they are made at the same time.

use serde_json::json;

use super::*;
use crate::rig::issuer::claims;
use crate::rig::program::command;
use crate::rig::token_server::TokenServer;
use crate::rig::{eventually, free_port, pause, side_by_side};

/// Runs it for ten seconds: log, status page and `/metrics` name the mistake in these words.
fn fails(keys: &str, words: &str) -> String {
    let mut program = Program::with_config(&file(&guarded().cluster, keys, ""));
    eventually(seconds(25), "line that names the mistake", || {
        let log = program.log();
        let named = log.lines().any(|line| line.contains("Kafka cannot be reached") && line.contains(words));
        if named { Ok(()) } else { Err(log) }
    });
    pause(seconds(10));
    let log = program.log();
    assert!(program.runs(), "it is to try again:\n{log}");
    assert!(log.lines().count() <= 15, "the log is flooded:\n{log}");
    let page = program.page();
    for kind in ["cluster", "consumer"] {
        assert_eq!(page.value("warrener_up", &[("kind", kind)]), Some(0.0), "{log}");
    }
    let status = program.get("/api/exporter").text().to_owned();
    assert!(status.contains(&words.replace('"', "\\\"")), "{status}");
    shows_nothing(&program, &[SECRET, "eyJ", "d2FycmVuZXI6", "hush"]);
    program.terminate();
    log
}

/// As `fails`, with an endpoint that answers so. It is asked again, but not often.
fn endpoint_fails(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static, words: &str) {
    let server = TokenServer::start(answer);
    let words = words.replace("ENDPOINT", &format!("the token endpoint 127.0.0.1:{}", server.port));
    let log = fails(&credentials(&server.url()), &words);
    let asked = server.asked().len();
    assert!((2..=8).contains(&asked), "asked {asked} times");
    assert_eq!(log.matches("a token cannot be fetched").count(), 1, "{log}");
}

#[test]
fn what_is_wrong_is_named_and_tried_again_without_a_flood() {
    side_by_side(&[
        ("a wrong secret", &a_wrong_secret),
        ("an endpoint that fails", &an_endpoint_that_fails),
        ("an endpoint that leads elsewhere is not followed", &an_endpoint_that_leads_elsewhere_is_not_followed),
        ("answers that are no tokens", &answers_that_are_no_tokens),
        ("a token that has expired", &a_token_that_has_expired),
        ("an endpoint that does not answer", &an_endpoint_that_does_not_answer),
        ("an endpoint that is not there", &an_endpoint_that_is_not_there),
        ("an endpoint that is not trusted", &an_endpoint_that_is_not_trusted),
        ("a file without a token", &a_file_without_a_token),
        ("tokens that the broker does not accept", &tokens_that_the_broker_does_not_accept),
    ]);
}

fn a_wrong_secret() {
    let words = "no token for [sasl.token]: ENDPOINT answers 401 Unauthorized (invalid_client): check client-id and the client's secret";
    endpoint_fails(honest("another", 3600), words);
}

fn an_endpoint_that_fails() {
    endpoint_fails(|_| Reply::Json(500, "hush".to_owned()), "ENDPOINT answers 500 Internal Server Error");
}

fn an_endpoint_that_leads_elsewhere_is_not_followed() {
    let elsewhere = TokenServer::start(honest(SECRET, 3600));
    let url = elsewhere.url();
    let moved = move |_: &Asked| {
        let head = format!("HTTP/1.1 307 Moved\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        Reply::Raw(head.into_bytes())
    };
    endpoint_fails(moved, "ENDPOINT answers 307, a redirect, which is not followed");
    assert_eq!(elsewhere.asked().len(), 0);
}

fn answers_that_are_no_tokens() {
    side_by_side(&[
        ("no JSON", &|| {
            let page = |_: &Asked| Reply::Json(200, "<html>hush</html>".to_owned());
            endpoint_fails(page, "ENDPOINT answers something other than a JSON object");
        }),
        ("no end", &|| endpoint_fails(|_| Reply::Endless, "ENDPOINT answers more than 1048576 bytes")),
        ("no HTTP", &|| {
            endpoint_fails(|_| Reply::Raw(b"hush\r\n\r\n".to_vec()), "ENDPOINT cannot be reached: ");
        }),
        ("no token", &|| {
            let broken = json!({ "access_token": "a\u{1}auth=hush" }).to_string();
            let answer = move |_: &Asked| Reply::Json(200, broken.clone());
            endpoint_fails(answer, "expected a token of letters, digits and -._~+/");
        }),
    ]);
}

fn a_token_that_has_expired() {
    let expired = |_: &Asked| Reply::Json(200, json!({ "access_token": guarded().issuer.token(-60) }).to_string());
    endpoint_fails(expired, "the token has expired: renew it, or compare the clocks");
}

fn an_endpoint_that_does_not_answer() {
    let server = TokenServer::start(|_| Reply::Silence(seconds(60)));
    let words = format!("the token endpoint 127.0.0.1:{} did not answer within 10 s", server.port);
    fails(&credentials(&server.url()), &words);
    assert!((1..=4).contains(&server.asked().len()));
}

fn an_endpoint_that_is_not_there() {
    let port = free_port();
    let gone = format!("the token endpoint 127.0.0.1:{port} cannot be reached: Connection refused (os error 111)");
    fails(&credentials(&format!("http://127.0.0.1:{port}/token")), &gone);
}

fn an_endpoint_that_is_not_trusted() {
    let server = TokenServer::start_tls(guarded().cluster.file("server.pem").as_ref(), honest(SECRET, 3600));
    let words = "invalid peer certificate: UnknownIssuer: set token-tls to a [tls.*] whose cafile has its authority";
    fails(&credentials(&format!("https://127.0.0.1:{}/token", server.port)), words);
    assert_eq!(server.asked().len(), 0);
}

fn a_file_without_a_token() {
    let path = guarded().scratch.write("empty", "\n");
    let words = format!("no token for [sasl.token]: cannot use {}: it is empty", path.display());
    fails(&format!("token-file = \"{}\"", path.display()), &words);
}

/// The broker says of no failed attempt whose it was.
fn tokens_that_the_broker_does_not_accept() {
    let good = claims(3600);
    let changed = |name: &str, value: serde_json::Value| {
        let mut claims = good.clone();
        claims[name] = value;
        guarded().issuer.signed(&claims)
    };
    let failures = || guarded().cluster.log().matches("Failed authentication").count();
    let refused = |keys: &str, words| drop(fails(keys, words));
    let token = |token: &str| {
        refused(&format!("token = \"{token}\""), "the broker does not accept the token: compare its issuer");
    };
    let extended =
        format!("token = \"{}\"\nextensions = {{ logicalCluster = \"lkc-2\" }}", guarded().issuer.token(3600));
    let before = failures();
    side_by_side(&[
        ("another audience", &|| token(&changed("aud", json!("another")))),
        ("another issuer", &|| token(&changed("iss", json!("https://id.other")))),
        ("another key", &|| token(&Issuer::new().token(3600))),
        ("no JWT", &|| token("opaque")),
        ("an extension", &|| refused(&extended, "the broker does not accept the token")),
    ]);
    let tried = failures() - before;
    assert!((10..=300).contains(&tried), "{tried} failed attempts of five programs in some ten seconds");
    println!("{tried} failed attempts");
}

#[test]
fn lag_says_why_there_is_no_token() {
    let server = TokenServer::start(honest("another", 3600));
    let scratch = Scratch::new("lag");
    let path = scratch.write("warrener.toml", file(&guarded().cluster, &credentials(&server.url()), ""));
    let output = command().args(["lag", "--timeout", "5", "--config"]).arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_ne!(output.status.code(), Some(0), "{text}");
    let words = "cluster \"local\" did not answer within 5s: no token for [sasl.token]: the token endpoint";
    assert!(text.contains(words) && text.contains("(invalid_client): check client-id"), "{text}");
    assert!(!text.contains(SECRET), "{text}");
}
