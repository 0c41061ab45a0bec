//! Stopping of the server.

use std::sync::mpsc;

use super::*;

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let server = start_with(plain_site(), HttpLimits { grace: PATIENCE, linger: PATIENCE, ..HttpLimits::default() });
    let mut idle = server.connect().await;
    talk(&mut idle, "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut silent = server.connect().await;
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await.unwrap(), b"");
    assert_eq!(rest(&mut silent).await.unwrap_or_default(), b"");
    let at = server.at;
    server.end().await;
    assert!(TcpStream::connect(at).await.is_err());
}

#[tokio::test]
async fn an_answer_in_flight_is_completed_and_readiness_says_that_it_stops() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = start(site(move |_| {
        let _ = wait.lock().unwrap().recv();
        Box::new(std::iter::once(b"page".to_vec()))
    }));
    let mut scraper = server.connect().await;
    scraper.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    // Once another client has been answered, the server has also read the scraper's request.
    assert_eq!(status(&server.get("/-/ready").await), 200);
    server.stop.cancel();
    let answer = server.get("/-/ready").await;
    assert_eq!(status(&answer), 503);
    assert!(answer.ends_with(r#"[{"what":"stopping"}]"#), "{answer}");
    go.send(()).unwrap();
    let page = String::from_utf8(rest(&mut scraper).await.unwrap()).unwrap();
    assert!(page.ends_with("4\r\npage\r\n0\r\n\r\n"), "{page}");
    assert_eq!(header(&page, "connection"), Some("close"));
    server.end().await;
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_cut_at_the_end() {
    let (endless, alive) = endless_site();
    let server = start_with(endless, HttpLimits { grace: Duration::from_millis(200), ..HttpLimits::default() });
    let mut sockets = Vec::new();
    for _ in 0..6 {
        let mut socket = server.connect().await;
        socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        sockets.push(socket);
    }
    sockets[0].readable().await.unwrap();
    server.end().await;
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_compression_without_end_ends_with_the_server() {
    let (endless, alive) = endless_site();
    let server = start_with(endless, HttpLimits { grace: Duration::from_millis(400), ..HttpLimits::default() });
    let mut socket = server.connect().await;
    socket.write_all(b"GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n").await.unwrap();
    timeout(PATIENCE, async {
        while alive.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    server.end().await;
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_server_that_is_dropped_leaves_no_connection() {
    let server = start(plain_site());
    let mut socket = server.connect().await;
    talk(&mut socket, "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.task.abort();
    assert_eq!(rest(&mut socket).await.unwrap_or_default(), b"");
    assert!(server.task.await.unwrap_err().is_cancelled());
}
