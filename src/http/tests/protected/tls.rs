//! TLS: what is negotiated, and what a renewed certificate changes.

use rustls::version::{TLS12, TLS13};

use super::*;

#[tokio::test]
async fn pages_are_served_over_tls_with_http_1_1_alone() {
    let world = World::new(&with_tls(""));
    let server = world.start();
    let client = TlsClient { protocols: vec![b"h2", b"http/1.1"], ..world.client() };
    let stream = client.connect(&server).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    drop(stream);
    let answer = client.get(&server, "/metrics", "").await.unwrap();
    assert_eq!(status(&answer), 200);
    assert!(answer.contains("Text page"), "{answer}");
    // Without ALPN too, and many requests on one connection.
    let mut stream = world.client().connect(&server).await.unwrap();
    for _ in 0..3 {
        assert_eq!(status(&talk_tls(&mut stream, HEALTHY).await), 200);
    }
    let h2 = TlsClient { protocols: vec![b"h2"], ..world.client() };
    assert!(h2.connect(&server).await.is_err());
    server.end().await;
}

#[tokio::test]
async fn plain_http_is_answered_as_go_does_and_a_plain_listener_does_not_speak_tls() {
    let world = World::new(&with_tls(""));
    let server = world.start();
    for request in [HEALTHY, "POST /v3/admin/loglevel HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"] {
        let answer = server.ask(request).await;
        assert_eq!((status(&answer), header(&answer, "connection")), (400, Some("close")), "{answer}");
        assert!(answer.ends_with("\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"), "{answer}");
    }
    server.end().await;
    let plain = start(plain_site());
    assert!(world.client().connect(&plain).await.is_err());
    plain.end().await;
}

#[tokio::test]
async fn versions_are_within_the_bounds() {
    for (bounds, with_12, with_13) in [
        ("", true, true),
        ("  min_version: TLS10\n", true, true),
        ("  min_version: TLS13\n", false, true),
        ("  max_version: TLS12\n", true, false),
        ("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", false, true),
        ("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n", true, true),
        ("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n", false, true),
    ] {
        let world = World::new(&with_tls(bounds));
        let server = world.start();
        for (version, expected) in [(&TLS12, with_12), (&TLS13, with_13)] {
            let client = TlsClient { versions: vec![version], ..world.client() };
            let answered = client.get(&server, "/-/healthy", "").await;
            assert_eq!(answered.is_ok_and(|answer| status(&answer) == 200), expected, "{bounds} {version:?}");
        }
        server.end().await;
    }
}

#[tokio::test]
async fn only_the_listed_suites_and_curves_are_negotiated_in_the_servers_order() {
    use rustls::CipherSuite as Suite;
    let suites = "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, \
                  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n";
    for (lines, expected) in [
        ("", Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
        ("  prefer_server_cipher_suites: false\n", Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ] {
        let world = World::new(&with_tls(&format!("{suites}{lines}")));
        let server = world.start();
        let stream = world.client().connect(&server).await.unwrap();
        assert_eq!(stream.get_ref().1.negotiated_cipher_suite().unwrap().suite(), expected);
        drop(stream);
        server.end().await;
    }
    let world = World::new(&with_tls("  curve_preferences: [CurveP384]\n"));
    let server = world.start();
    let stream = world.client().connect(&server).await.unwrap();
    let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, rustls::NamedGroup::secp384r1);
    drop(stream);
    server.end().await;
}

/// The certificate that a new connection is shown.
async fn shown(client: &TlsClient, server: &Running) -> CertificateDer<'static> {
    let stream = client.connect(server).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

#[tokio::test]
async fn a_renewed_certificate_is_used_for_new_connections_and_a_bad_one_is_not() {
    let world = World::new(&with_tls(""));
    let first = std::fs::read_to_string(world.folder.path().join("server.pem")).unwrap();
    let access = world.access();
    let server = start(Endpoints { access: Arc::clone(&access), ..plain_site() });
    let client = world.client();
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut open = client.connect(&server).await.unwrap();
    assert_eq!(status(&talk_tls(&mut open, HEALTHY).await), 200);
    assert_eq!(shown(&client, &server).await, der(&first));
    // The certificate has been written, and its key has not.
    world.write("server.pem", world.authority.sign(named("localhost")).certificate);
    access.reread_if_changed();
    assert_eq!(shown(&client, &server).await, der(&first));
    let second = world.renew();
    access.reread_if_changed();
    assert_eq!(shown(&client, &server).await, der(&second));
    for bad in ["", "tls_server_config: [", &with_tls("  max_version: TLS9\n")] {
        world.write("web.yml", bad);
        access.reread_if_changed();
        if bad.is_empty() {
            // An empty file is a good one, without TLS.
            assert_eq!(status(&server.get("/-/healthy").await), 200);
            world.write("web.yml", with_tls(""));
            access.reread_if_changed();
        }
        assert_eq!(shown(&client, &server).await, der(&second));
    }
    std::fs::remove_file(world.folder.path().join("web.yml")).unwrap();
    access.reread_if_changed();
    assert_eq!(shown(&client, &server).await, der(&second));
    // What was open has stayed open.
    assert_eq!(status(&talk_tls(&mut open, HEALTHY).await), 200);
    server.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_files_are_compared_every_10_seconds() {
    let world = World::new("");
    let access = world.access();
    let server = start(Endpoints { access: Arc::clone(&access), ..plain_site() });
    assert!(access.tls().is_none());
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.write("web.yml", with_tls(""));
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(access.tls().is_none());
    // The reading itself happens on a thread, which the paused clock does not wait for.
    let changed = async {
        while access.tls().is_none() {
            tokio::time::sleep(Duration::from_secs(10)).await;
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    timeout(Duration::from_secs(100_000), changed).await.unwrap();
    server.end().await;
}

#[tokio::test]
async fn pages_of_the_listeners_own_https_origin_may_change_something() {
    let world = World::new(&with_tls(""));
    let server = world.start();
    for (lines, expected) in [
        ("", 405),
        ("Origin: https://a\r\n", 405),
        ("Origin: https://a:443\r\n", 405),
        ("Origin: http://a\r\n", 403),
        ("Origin: http://a:443\r\n", 403),
        ("Origin: https://a:80\r\n", 403),
        ("Origin: https://b\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
    ] {
        let request = format!("POST /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n");
        assert_eq!(status(&world.client().ask(&server, &request).await.unwrap()), expected, "{lines}");
    }
    server.end().await;
}
