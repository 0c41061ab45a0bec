//! The limits on what a client may take.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;

const HEALTHY: &str = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n";

/// Limits that a test reaches quickly.
fn short() -> HttpLimits {
    let short = Duration::from_millis(200);
    HttpLimits { head: short, body: short, answer: short, ..HttpLimits::default() }
}

fn head_of(bytes: usize) -> String {
    let (start, end) = ("GET /-/healthy HTTP/1.1\r\nA: ", "\r\n\r\n");
    format!("{start}{}{end}", "a".repeat(bytes - start.len() - end.len()))
}

fn head_of_lines(lines: usize) -> String {
    format!("GET /-/healthy HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(lines - 1))
}

#[tokio::test]
async fn a_head_has_at_most_16_kib() {
    let server = start(plain_site());
    assert_eq!(status(&server.ask(head_of(16 * 1024)).await), 200);
    assert_eq!(status(&server.ask(head_of(16 * 1024 + 1)).await), 431);
    assert_eq!(status(&server.ask("A".repeat(200 * 1024)).await), 431);
    server.end().await;
}

#[tokio::test]
async fn a_head_has_at_most_100_lines() {
    let server = start(plain_site());
    assert_eq!(status(&server.ask(head_of_lines(100)).await), 200);
    assert_eq!(status(&server.ask(head_of_lines(101)).await), 431);
    server.end().await;
}

#[tokio::test]
async fn a_body_has_at_most_64_kib() {
    let server = start(plain_site());
    for (length, expected) in [(0, 403), (65536, 403), (65537, 413), (1_000_000, 413)] {
        let sized = format!("POST /-/quit HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{}", "b".repeat(length));
        assert_eq!(status(&server.ask(sized).await), expected, "{length}");
        let chunks = ["1000\r\n", &"b".repeat(0x1000), "\r\n"].concat().repeat(length / 0x1000);
        let rest = length % 0x1000;
        let rest = if rest == 0 { String::new() } else { format!("{rest:x}\r\n{}\r\n", "b".repeat(rest)) };
        let chunked = format!("POST /-/quit HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{rest}0\r\n\r\n");
        assert_eq!(status(&server.ask(chunked).await), expected, "{length} in chunks");
    }
    server.end().await;
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_goes_on_sending() {
    let server = start(plain_site());
    let mut socket = server.connect().await;
    let head = "POST /-/quit HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..64 {
        socket.write_all(&[b'b'; 4096]).await.unwrap();
    }
    let answer = hear(&mut socket).await;
    assert_eq!((status(&answer), header(&answer, "connection")), (413, Some("close")));
    server.end().await;
}

#[tokio::test]
async fn a_slow_head_is_closed_without_an_answer_and_an_idle_connection_is_not() {
    let server = start_with(plain_site(), short());
    let mut idle = server.connect().await;
    talk(&mut idle, HEALTHY).await;
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: ").await.unwrap();
    let mut sent_ahead = server.connect().await;
    talk(&mut sent_ahead, &format!("{HEALTHY}GET /-/hea")).await;
    for socket in [&mut silent, &mut slow, &mut sent_ahead] {
        assert_eq!(rest(socket).await.unwrap(), b"");
    }
    assert_eq!(status(&talk(&mut idle, HEALTHY).await), 200);
    server.end().await;
}

#[tokio::test]
async fn a_head_that_comes_in_drops_gets_no_more_time() {
    let server = start_with(plain_site(), short());
    let mut socket = server.connect().await;
    let (mut from, mut to) = socket.split();
    let drip = async {
        while to.write_all(b"A").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let mut heard = Vec::new();
    tokio::select! {
        closed = timeout(PATIENCE, from.read_to_end(&mut heard)) => drop(closed.unwrap()),
        () = drip => {}
    }
    assert_eq!(heard, b"");
    server.end().await;
}

#[tokio::test]
async fn a_slow_body_is_answered_408() {
    let server = start_with(plain_site(), short());
    for framing in ["Content-Length: 10", "Transfer-Encoding: chunked"] {
        let mut socket = server.connect().await;
        let request = format!("POST /-/quit HTTP/1.1\r\n{framing}\r\n\r\n5\r\nab");
        let answer = talk(&mut socket, &request).await;
        assert_eq!((status(&answer), header(&answer, "connection")), (408, Some("close")), "{framing}");
        assert_eq!(rest(&mut socket).await.unwrap(), b"");
    }
    server.end().await;
}

#[tokio::test]
async fn of_600_connections_512_stay_and_each_new_client_gets_in() {
    let server = start(plain_site());
    let mut sockets = Vec::new();
    for _ in 0..600 {
        let mut socket = server.connect().await;
        assert_eq!(status(&talk(&mut socket, HEALTHY).await), 200);
        sockets.push(socket);
    }
    for socket in &mut sockets[..88] {
        assert_eq!(rest(socket).await.unwrap(), b"");
    }
    for socket in &mut sockets[88..] {
        assert_eq!(status(&talk(socket, HEALTHY).await), 200);
    }
    server.end().await;
}

#[tokio::test]
async fn the_one_longest_silent_makes_room() {
    let server = start_among(&ConnectionLimit::new(3), plain_site(), HttpLimits::default());
    let (mut first, mut second, mut third) = (server.connect().await, server.connect().await, server.connect().await);
    for socket in [&mut first, &mut second, &mut third] {
        talk(socket, HEALTHY).await;
    }
    talk(&mut first, HEALTHY).await;
    let mut fourth = server.connect().await;
    talk(&mut fourth, HEALTHY).await;
    assert_eq!(rest(&mut second).await.unwrap(), b"");
    for socket in [&mut first, &mut third, &mut fourth] {
        assert_eq!(status(&talk(socket, HEALTHY).await), 200);
    }
    server.end().await;
}

#[tokio::test]
async fn servers_that_share_a_crowd_share_its_room() {
    let crowd = ConnectionLimit::new(2);
    let [one, other] = [0, 1].map(|_| start_among(&crowd, plain_site(), HttpLimits::default()));
    let (mut first, mut second) = (one.connect().await, other.connect().await);
    talk(&mut first, HEALTHY).await;
    talk(&mut second, HEALTHY).await;
    let mut third = other.connect().await;
    assert_eq!(status(&talk(&mut third, HEALTHY).await), 200);
    assert_eq!(rest(&mut first).await.unwrap(), b"");
    for socket in [&mut second, &mut third] {
        assert_eq!(status(&talk(socket, HEALTHY).await), 200);
    }
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_cut_and_its_page_dropped() {
    let (site, alive) = endless_site();
    let server = start_with(site, short());
    for version in ["1.0", "1.1"] {
        let mut socket = server.connect().await;
        socket.write_all(format!("GET /metrics HTTP/{version}\r\n\r\n").as_bytes()).await.unwrap();
        // The client reads nothing until the server has given up.
        timeout(PATIENCE, async {
            socket.readable().await.unwrap();
            while alive.load(Ordering::SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        // A page that is cut ends with an error, even if only the end of the connection marks its end.
        assert_eq!(rest(&mut socket).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset, "{version}");
    }
    server.end().await;
}

#[tokio::test]
async fn requests_whose_answers_nobody_takes_are_cut_in_the_end() {
    let server = start_with(plain_site(), short());
    let mut socket = server.connect().await;
    let many = HEALTHY.repeat(1000);
    timeout(PATIENCE, async { while socket.write_all(many.as_bytes()).await.is_ok() {} }).await.unwrap();
    assert_eq!(status(&server.get("/-/healthy").await), 200);
    server.end().await;
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let server = start(plain_site());
    for request in [
        "\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nTransfer-Encoding: frob\r\n\r\n",
        "POST /-/quit HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
    ] {
        assert_eq!(status(&server.ask(request).await), 400, "{request:?}");
    }
    server.end().await;
}

#[tokio::test]
async fn no_bytes_take_the_server_down() {
    let server = start(plain_site());
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        "(GET|HEAD|POST|CONNECT|PRI) (/|/metrics|\\*|/-/ready|a:1) HTTP/[12]\\.[01]\r\n".prop_map(String::into_bytes),
        "(Host|Expect|Upgrade|Connection|Transfer-Encoding|Content-Length|TE): [ -~]{0,12}\r\n"
            .prop_map(String::into_bytes),
        "(Expect: 100-continue|Upgrade: h2c|Connection: Upgrade|Content-Length: 5|Transfer-Encoding: chunked)\r\n"
            .prop_map(String::into_bytes),
        "\r?\n|0\r\n\r\n|5\r\nabcde\r\n".prop_map(String::into_bytes),
    ];
    let requests = proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let mut runner = TestRunner::deterministic();
    for _ in 0..300 {
        let request = requests.new_tree(&mut runner).unwrap().current();
        let mut socket = server.connect().await;
        let _ = socket.write_all(&request).await;
        let _ = socket.shutdown().await;
        let _ = rest(&mut socket).await;
    }
    assert_eq!(status(&server.get("/metrics").await), 200);
    assert!(!server.task.is_finished());
    server.end().await;
}
