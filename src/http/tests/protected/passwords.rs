//! Users and passwords, and what may be had without them.

use std::time::Instant;

use super::*;

async fn answered(server: &Running, path: &str, lines: &str) -> String {
    server.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n")).await
}

#[tokio::test]
async fn nothing_is_answered_without_a_user_and_the_right_password() {
    let world = World::new(&users(4));
    let asked = Endpoints { burrow: Arc::new(|_, _, _| panic!("asked")), ..plain_site() };
    let server = start(Endpoints { access: world.access(), ..asked });
    for path in [
        "/",
        "/metrics",
        "/-/healthy",
        "/-/ready",
        "/burrow/admin",
        "/v3/kafka",
        "/api/groups",
        "/page/app.js",
        "/none",
    ] {
        for lines in
            [String::new(), basic("prometheus", "wrong"), basic("nobody", "right"), "Authorization: x\r\n".into()]
        {
            let answer = answered(&server, path, &lines).await;
            assert_eq!(status(&answer), 401, "{path} {lines}");
            assert_eq!(header(&answer, "www-authenticate"), Some("Basic realm=\"warrener\""), "{path} {lines}");
            assert!(answer.ends_with("\r\n\r\na user name and the right password are needed\n"), "{answer}");
        }
    }
    for request in ["DELETE /v3/kafka/c/consumer/g", "POST /v3/admin/loglevel", "POST /-/quit", "POST /-/reload"] {
        let answer = server.ask(format!("{request} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{{}}")).await;
        assert_eq!((status(&answer), header(&answer, "connection")), (401, Some("close")), "{request}");
    }
    let right = basic("prometheus", "right");
    for (path, expected) in [("/", 200), ("/metrics", 200), ("/-/healthy", 200), ("/none", 404)] {
        assert_eq!(status(&answered(&server, path, &right).await), expected, "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_refused_before_its_password_is_looked_at() {
    let world = World::new(&users(12));
    let allowed_hosts = vec![crate::config::HostName::parse("b").unwrap()];
    let server = start(Endpoints { access: world.access(), allowed_hosts, ..plain_site() });
    let began = Instant::now();
    for number in 0..100 {
        let answer = answered(&server, "/metrics", &basic("prometheus", &number.to_string())).await;
        assert_eq!(status(&answer), 403);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "passwords were compared");
    server.end().await;
}

/// As many as may wait, one that may be compared already, and some that find no place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_60_wrong_passwords_at_once_some_are_refused_and_a_right_one_from_before_is_answered_at_once() {
    let world = World::new(&users(8));
    let server = Arc::new(world.start());
    let right = basic("prometheus", "right");
    assert_eq!(status(&answered(&server, "/metrics", &right).await), 200);
    let flood: Vec<_> = (0..60)
        .map(|number| {
            let server = Arc::clone(&server);
            let user = if number % 2 == 0 { "prometheus" } else { "nobody" };
            tokio::spawn(async move { status(&answered(&server, "/metrics", &basic(user, &number.to_string())).await) })
        })
        .collect();
    let mut took = Vec::new();
    while !flood.iter().all(JoinHandle::is_finished) {
        let began = Instant::now();
        assert_eq!(status(&answered(&server, "/metrics", &right).await), 200);
        took.push(began.elapsed());
    }
    // Other tests run at the same time, so the slowest answer says something about them too.
    took.sort();
    assert!(took[took.len() / 2] < Duration::from_millis(100), "{took:?}");
    let mut found = std::collections::BTreeMap::<u16, usize>::new();
    for answer in flood {
        *found.entry(answer.await.unwrap()).or_default() += 1;
    }
    // Those that find the queue full are told to come again.
    assert!(found[&401] >= 32 && found.get(&503).is_some_and(|busy| *busy <= 28), "{found:?}");
    Arc::into_inner(server).unwrap().end().await;
}

#[tokio::test]
async fn huge_headers_are_refused_like_any_others() {
    let world = World::new(&users(4));
    let server = world.start();
    for (bytes, expected) in [(10, 401), (10_000, 401), (16_000, 401), (17_000, 431), (300_000, 431)] {
        let lines = format!("Authorization: Basic {}\r\n", "A".repeat(bytes));
        assert_eq!(status(&answered(&server, "/metrics", &lines).await), expected, "{bytes}");
    }
    let many = "Authorization: Basic QTpC\r\n".repeat(90);
    assert_eq!(status(&answered(&server, "/metrics", &many).await), 401);
    server.end().await;
}

#[tokio::test]
async fn health_may_be_had_without_a_password() {
    let world = World::new(&format!("{}rate_limit:\n  interval: 1h\n  burst: 2\n", users(4)));
    let section = HttpServerConfig { unprotected_health: true, ..world.section() };
    let access = ListenerAccess::open(&section, &HashingQueue::new()).unwrap();
    let server = start(Endpoints { access, ..plain_site() });
    for _ in 0..3 {
        for path in ["/-/healthy", "/-/ready", "/burrow/admin", "/burrow/admin/ready"] {
            assert_eq!(status(&answered(&server, path, "").await), 200, "{path}");
        }
    }
    let right = basic("prometheus", "right");
    for (path, lines, expected) in [
        ("/metrics", "", 401),
        ("/metrics", right.as_str(), 200),
        // The rate limit counts what is refused too, and not what is about health.
        ("/metrics", right.as_str(), 429),
        ("/none", "", 429),
        ("/-/healthy", "", 200),
    ] {
        assert_eq!(status(&answered(&server, path, lines).await), expected, "{path} {lines}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_listener_serves_only_its_parts() {
    let all = [
        (ServedPart::Health, "/-/healthy"),
        (ServedPart::Health, "/-/ready"),
        (ServedPart::Health, "/burrow/admin"),
        (ServedPart::Health, "/burrow/admin/ready"),
        (ServedPart::Metrics, "/metrics"),
        (ServedPart::Burrow, "/v3/kafka"),
        (ServedPart::StatusPage, "/"),
        (ServedPart::StatusPage, "/group"),
        (ServedPart::StatusPage, "/page/app.js"),
        (ServedPart::StatusPage, "/api/groups"),
    ];
    for part in ServedPart::ALL {
        let server = start(Endpoints { serves: vec![part], ..plain_site() });
        for (of, path) in all {
            let missing = status(&server.get(path).await) == 404;
            assert_eq!(missing, of != part, "{path} of {part:?}");
        }
        let post = server.ask("POST /-/quit HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(status(&post) == 404, part != ServedPart::Lifecycle, "{part:?}");
        server.end().await;
    }
}

#[tokio::test]
async fn headers_of_the_file_are_on_every_answer_and_the_page_keeps_its_policy() {
    let headers = "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=1\n    X-Frame-Options: deny\n    \
                   Content-Security-Policy: default-src *\n";
    let world = World::new(&format!("{headers}{}", users(4)));
    let server = world.start();
    let right = basic("prometheus", "right");
    for (path, lines, expected) in [("/metrics", right.as_str(), 200), ("/metrics", "", 401), ("/none", &right, 404)] {
        let answer = answered(&server, path, lines).await;
        let shown = ["strict-transport-security", "x-frame-options", "content-security-policy"]
            .map(|name| header(&answer, name));
        assert_eq!((status(&answer), shown), (expected, [Some("max-age=1"), Some("deny"), Some("default-src *")]));
    }
    let page = answered(&server, "/", &right).await;
    assert!(header(&page, "content-security-policy").unwrap().contains("frame-ancestors 'none'"), "{page}");
    server.end().await;
}

#[tokio::test]
async fn a_changed_file_counts_from_the_next_request_on() {
    let world = World::new(&users(4));
    let access = world.access();
    let server = start(Endpoints { access: Arc::clone(&access), ..plain_site() });
    let right = basic("prometheus", "right");
    let mut open = server.connect().await;
    let request = |lines: &str| format!("GET /-/healthy HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    assert_eq!(status(&talk(&mut open, &request(&right)).await), 200);
    world.write("web.yml", users(4).replace("prometheus", "alice"));
    access.reread_if_changed();
    assert_eq!(status(&talk(&mut open, &request(&right)).await), 401);
    assert_eq!(status(&talk(&mut open, &request(&basic("alice", "right"))).await), 200);
    world.write("web.yml", "");
    access.reread_if_changed();
    assert_eq!(status(&talk(&mut open, &request("")).await), 200);
    server.end().await;
}
