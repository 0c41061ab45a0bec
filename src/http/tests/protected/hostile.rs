//! Clients that mean harm, on a listener with TLS.

use super::*;

/// Limits that a test reaches quickly.
fn short() -> HttpLimits {
    let short = Duration::from_millis(300);
    HttpLimits { head: short, answer: short, linger: short, ..HttpLimits::default() }
}

/// The first bytes of a handshake.
fn client_hello(client: &TlsClient) -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(client.config()), name).unwrap();
    let mut hello = Vec::new();
    session.write_tls(&mut hello).unwrap();
    hello
}

#[tokio::test]
async fn a_handshake_that_is_slow_half_or_none_is_closed() {
    let world = World::new(&with_tls(""));
    let server = start_with(Endpoints { access: world.access(), ..plain_site() }, short());
    let hello = client_hello(&world.client());
    let mut silent = server.connect().await;
    let mut half = server.connect().await;
    half.write_all(&hello[..hello.len() / 2]).await.unwrap();
    let mut whole = server.connect().await;
    whole.write_all(&hello).await.unwrap();
    let drips = server.connect().await;
    let drip = async {
        let (mut from, mut to) = drips.into_split();
        let send = async {
            for byte in &hello {
                if to.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let mut heard = Vec::new();
        let (read, ()) = tokio::join!(from.read_to_end(&mut heard), send);
        drop(read);
        assert_eq!(heard, b"", "a handshake that took {} drips was done", hello.len());
    };
    timeout(PATIENCE, drip).await.unwrap();
    for socket in [&mut silent, &mut half] {
        assert_eq!(rest(socket).await.unwrap_or_default(), b"");
    }
    // It got the server's part of the handshake, and was closed then.
    assert!(!rest(&mut whole).await.unwrap_or_default().is_empty());
    // A handshake that is done, and then no head.
    let mut idle = world.client().connect(&server).await.unwrap();
    let mut heard = Vec::new();
    let closed = timeout(PATIENCE, idle.read_to_end(&mut heard)).await.unwrap();
    assert!(closed.is_err() && heard.is_empty(), "{closed:?}");
    assert_eq!(status(&world.client().get(&server, "/-/healthy", "").await.unwrap()), 200);
    server.end().await;
}

#[tokio::test]
async fn no_bytes_in_the_place_of_a_handshake_take_the_server_down() {
    let world = World::new(&with_tls(""));
    let server = start_with(Endpoints { access: world.access(), ..plain_site() }, short());
    let hello = client_hello(&world.client());
    let mut mangled: Vec<Vec<u8>> = (0..200)
        .map(|number| {
            let mut bytes = hello.clone();
            let place = number * 7 % bytes.len();
            bytes[place] ^= 0xff;
            bytes
        })
        .collect();
    let record = |kind: u8, length: u16, body: &[u8]| [&[kind, 3, 3][..], &length.to_be_bytes(), body].concat();
    // Records of each type, of lengths that are too long, empty ones, and an SSL 2 greeting.
    mangled.extend((0..=255).map(|kind| record(kind, 5, b"hello")));
    mangled.push(record(22, 0xffff, &[1; 70_000]));
    mangled.push(record(22, 16_384, &[b'x'; 16_384]));
    mangled.push(record(22, 0, b"").repeat(1000));
    mangled.push(record(21, 2, &[1, 0]).repeat(1000));
    mangled.push(vec![0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10]);
    mangled.push(vec![0; 100_000]);
    for bytes in mangled {
        let mut socket = server.connect().await;
        let _ = socket.write_all(&bytes).await;
        let _ = socket.shutdown().await;
        let _ = rest(&mut socket).await;
    }
    assert_eq!(status(&world.client().get(&server, "/-/healthy", "").await.unwrap()), 200);
    assert!(!server.task.is_finished());
    server.end().await;
}

#[tokio::test]
async fn garbage_after_the_handshake_ends_the_connection_alone() {
    let world = World::new(&with_tls(""));
    let server = world.start();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = TlsClient { versions: vec![version], ..world.client() };
        let stream = client.connect(&server).await.unwrap();
        let (mut socket, _) = stream.into_inner();
        // A hello in plain text, as a renegotiation without encryption would begin.
        let hello = client_hello(&client);
        let _ = socket.write_all(&hello.repeat(50)).await;
        let mut bytes = Vec::new();
        let _ = timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.unwrap();
    }
    assert_eq!(status(&world.client().get(&server, "/-/healthy", "").await.unwrap()), 200);
    server.end().await;
}

#[tokio::test]
async fn a_thousand_connections_that_never_speak_keep_nobody_out() {
    let world = World::new(&format!("{}{}", with_tls(""), users(4)));
    let server = world.start();
    let (client, right) = (world.client(), basic("prometheus", "right"));
    assert_eq!(status(&client.get(&server, "/metrics", &right).await.unwrap()), 200);
    let hello = client_hello(&client);
    let mut sockets = Vec::new();
    for number in 0..1000 {
        let mut socket = server.connect().await;
        if number % 2 == 0 {
            let _ = socket.write_all(&hello).await;
        }
        sockets.push(socket);
        if number % 100 == 99 {
            assert_eq!(status(&client.get(&server, "/metrics", &right).await.unwrap()), 200, "{number}");
        }
    }
    assert_eq!(status(&client.get(&server, "/metrics", &right).await.unwrap()), 200);
    drop(sockets);
    server.end().await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_cut_and_does_not_look_complete() {
    let world = World::new(&with_tls(""));
    let (site, alive) = endless_site();
    let server = start_with(Endpoints { access: world.access(), ..site }, short());
    for version in ["1.0", "1.1"] {
        let mut stream = world.client().connect(&server).await.unwrap();
        stream.write_all(format!("GET /metrics HTTP/{version}\r\n\r\n").as_bytes()).await.unwrap();
        timeout(PATIENCE, async {
            stream.get_ref().0.readable().await.unwrap();
            while alive.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            while alive.load(Ordering::SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        assert_eq!(hear_all(&mut stream).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset, "{version}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_goes_on_sending_over_tls() {
    let world = World::new(&format!("{}{}", with_tls(""), users(4)));
    let server = world.start();
    for (lines, expected) in [(String::new(), 401), (basic("prometheus", "right"), 413)] {
        let mut stream = world.client().connect(&server).await.unwrap();
        let head = format!("POST /-/quit HTTP/1.1\r\nHost: a\r\n{lines}Content-Length: 9000000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..64 {
            if stream.write_all(&[b'b'; 4096]).await.is_err() {
                break;
            }
        }
        let _ = stream.flush().await;
        let answer = talk_tls(&mut stream, "").await;
        assert_eq!((status(&answer), header(&answer, "connection")), (expected, Some("close")));
    }
    server.end().await;
}

#[tokio::test]
async fn a_stop_completes_answers_and_closes_handshakes() {
    let world = World::new(&with_tls(""));
    let limits = HttpLimits { grace: PATIENCE, linger: PATIENCE, ..HttpLimits::default() };
    let server = start_with(Endpoints { access: world.access(), ..plain_site() }, limits);
    let mut idle = world.client().connect(&server).await.unwrap();
    assert_eq!(status(&talk_tls(&mut idle, HEALTHY).await), 200);
    let mut half = server.connect().await;
    half.write_all(&client_hello(&world.client())[..100]).await.unwrap();
    let silent = server.connect().await;
    server.stop.cancel();
    let mut heard = Vec::new();
    // The end is one that TLS has signed.
    timeout(PATIENCE, idle.read_to_end(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard, b"");
    drop((half, silent));
    server.end().await;
}
