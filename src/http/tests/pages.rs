//! `/metrics` over HTTP: formats, sharing, slow clients.

use std::io::Read;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use super::super::routes::scrape_handler::ScrapeHandler;
use super::*;

const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
     application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
     text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// Joins the body of a chunked answer.
fn joined(answer: &[u8]) -> Vec<u8> {
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let (mut rest, mut body) = (&answer[at + 4..], Vec::new());
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// A page of some megabytes that does not compress well.
fn large_page() -> Vec<Vec<u8>> {
    let mut seed = 1_u32;
    let mut number = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed
    };
    (0..60).map(|_| (0..4000).flat_map(|_| format!("lag {}\n", number()).into_bytes()).collect()).collect()
}

#[tokio::test]
async fn the_client_chooses_format_and_coding() {
    let server = start(plain_site());
    let text = Some("text/plain; version=0.0.4; charset=utf-8");
    let open = Some("application/openmetrics-text; version=1.0.0; charset=utf-8");
    for (accept, coding, content_type, encoding, page) in [
        ("*/*", "identity", text, None, "Text page\n"),
        ("*/*", "gzip", text, Some("gzip"), "Text page\n"),
        (PROMETHEUS, "gzip", open, Some("gzip"), "OpenMetrics page\n"),
        (PROMETHEUS, "gzip;q=0", open, None, "OpenMetrics page\n"),
    ] {
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\nAccept-Encoding: {coding}\r\n\r\n");
        let answer = server.ask_raw(request).await;
        let head = String::from_utf8_lossy(&answer).into_owned();
        let found = ["content-type", "content-encoding", "vary"].map(|name| header(&head, name));
        assert_eq!(found, [content_type, encoding, Some("Accept, Accept-Encoding")]);
        let body = joined(&answer);
        let body = if encoding.is_some() { unzipped(&body) } else { body };
        assert_eq!(body, page.as_bytes());
    }
    server.end().await;
}

#[tokio::test]
async fn several_accept_headers_are_one_list() {
    let server = start(plain_site());
    let answer = server.ask("GET /metrics HTTP/1.1\r\nAccept: text/plain;q=0.1\r\nAccept: application/*\r\n\r\n").await;
    assert!(header(&answer, "content-type").unwrap().starts_with("application/openmetrics-text"));
    server.end().await;
}

#[tokio::test]
async fn a_large_page_arrives_whole_in_either_coding() {
    let server = start(site(|_| Box::new(large_page().into_iter())));
    let expected = large_page().concat();
    let plain = server.ask_raw("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(joined(&plain) == expected);
    let compressed = server.ask_raw("GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n").await;
    assert!(unzipped(&joined(&compressed)) == expected);
    let old = server.ask_raw("GET /metrics HTTP/1.0\r\n\r\n").await;
    assert!(old.ends_with(&expected));
    server.end().await;
}

#[tokio::test]
async fn a_page_is_made_as_it_is_taken_and_its_time_observed_once() {
    let observed = Arc::new(Mutex::new(0));
    let count = Arc::clone(&observed);
    let site = Endpoints { observe: Arc::new(move |_| *count.lock().unwrap() += 1), ..plain_site() };
    let server = start(site);
    server.get("/metrics").await;
    server.ask_raw("GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n").await;
    assert_eq!(*observed.lock().unwrap(), 2);
    server.end().await;
}

#[tokio::test]
async fn scrapers_that_take_nothing_hold_up_nobody() {
    let (endless, alive) = endless_site();
    let page = Arc::clone(&endless.scrape);
    // The text page never ends. The other one is short.
    let site = site(move |format| match format {
        Format::Text => page(format, std::time::Instant::now()).unwrap(),
        Format::OpenMetrics => Box::new(std::iter::once(b"short".to_vec())),
    });
    let server = start_with(site, HttpLimits { stall: Duration::from_millis(200), ..HttpLimits::default() });
    let mut stalled = Vec::new();
    for _ in 0..4 {
        let mut socket = server.connect().await;
        socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        socket.readable().await.unwrap();
        stalled.push(socket);
    }
    assert_eq!(alive.load(Ordering::SeqCst), 4);
    let ask = "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r\n";
    assert_eq!(status(&server.ask(ask).await), 200);
    assert!(alive.load(Ordering::SeqCst) < 4);
    drop(stalled);
    server.end().await;
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_compressed_page_waits_for_no_plain_one() {
    let (endless, _) = endless_site();
    let page = Arc::clone(&endless.scrape);
    let site = site(move |format| match format {
        Format::Text => page(format, std::time::Instant::now()).unwrap(),
        Format::OpenMetrics => Box::new(std::iter::once(b"short".to_vec())),
    });
    let server = start_with(site, HttpLimits { stall: PATIENCE, ..HttpLimits::default() });
    let mut stalled = Vec::new();
    for _ in 0..40 {
        let mut socket = server.connect().await;
        socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        stalled.push(socket);
    }
    let ask = "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n\r\n";
    assert_eq!(status(&server.ask(ask).await), 200);
    assert_eq!(status(&server.get("/-/healthy").await), 200);
    server.end().await;
}

#[tokio::test]
async fn a_page_that_cannot_be_made_costs_that_answer_alone() {
    let server = start(site(|format| match format {
        Format::Text => panic!("a bug"),
        Format::OpenMetrics => Box::new(std::iter::from_fn(|| panic!("a bug in a piece"))),
    }));
    assert_eq!(status(&server.get("/metrics").await), 500);
    assert_eq!(status(&server.ask("GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n").await), 500);
    for version in ["1.0", "1.1"] {
        let mut socket = server.connect().await;
        let ask = format!("GET /metrics HTTP/{version}\r\nAccept: application/openmetrics-text\r\n\r\n");
        socket.write_all(ask.as_bytes()).await.unwrap();
        assert!(rest(&mut socket).await.is_err(), "{version}");
    }
    for _ in 0..10 {
        assert_eq!(status(&server.get("/metrics").await), 500, "a place was lost");
    }
    assert_eq!(status(&server.get("/-/healthy").await), 200);
    server.end().await;
}

fn counted() -> (ScrapeHandler, Arc<AtomicUsize>) {
    counted_behind(channel().1)
}

/// Counts the pages. None is made before the other end of the gate is dropped.
fn counted_behind(gate: Receiver<()>) -> (ScrapeHandler, Arc<AtomicUsize>) {
    let gate = Mutex::new(gate);
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let scrape = move |_, _| {
        assert!(gate.lock().unwrap().recv().is_err());
        counter.fetch_add(1, Ordering::SeqCst);
        let pieces: PagePieces = Box::new(std::iter::once(b"page".to_vec()));
        Ok(pieces)
    };
    (ScrapeHandler::new(Arc::new(scrape), Arc::new(|_| {}), Arc::new(HttpLimits::default())), count)
}

async fn compressed(scrapes: &ScrapeHandler, format: Format) {
    assert!(scrapes.compressed(format).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn ten_scrapers_at_once_cost_one_compression() {
    let (scrapes, count) = counted();
    let scrapes = Arc::new(scrapes);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let scrapes = Arc::clone(&scrapes);
        tasks.spawn(async move { compressed(&scrapes, Format::Text).await });
    }
    tasks.join_all().await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
    compressed(&scrapes, Format::OpenMetrics).await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_compressed_page_is_shared_for_a_second_and_no_longer() {
    let (scrapes, count) = counted();
    compressed(&scrapes, Format::Text).await;
    tokio::time::advance(Duration::from_millis(999)).await;
    compressed(&scrapes, Format::Text).await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    compressed(&scrapes, Format::Text).await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_compressed_page_is_forgotten_when_it_is_stale() {
    let (scrapes, _) = counted();
    compressed(&scrapes, Format::Text).await;
    assert_eq!(scrapes.kept(), 1);
    assert!(timeout(Duration::from_millis(999), scrapes.drop_stale_forever()).await.is_err());
    assert_eq!(scrapes.kept(), 1);
    assert!(timeout(Duration::from_millis(2), scrapes.drop_stale_forever()).await.is_err());
    assert_eq!(scrapes.kept(), 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_first_to_ask_goes_away_the_next_one_takes_over() {
    // The page is not made before the first client has gone.
    let (closed, gate) = channel();
    let (scrapes, count) = counted_behind(gate);
    let mut first = Box::pin(scrapes.compressed(Format::Text));
    assert!(is_pending(&mut first).await);
    drop((first, closed));
    compressed(&scrapes, Format::Text).await;
    assert!((1..=2).contains(&count.load(Ordering::SeqCst)));
}

/// Polls once. Returns whether the future is still pending.
async fn is_pending(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending())).await
}

#[tokio::test]
async fn a_page_whose_making_breaks_off_does_not_look_complete() {
    let broken = site(|_| {
        let mut pieces = 0;
        Box::new(std::iter::from_fn(move || {
            pieces += 1;
            assert!(pieces < 3, "a bug");
            Some(b"half a page\n".to_vec())
        }))
    });
    let server = start(broken);
    for version in ["1.0", "1.1"] {
        let mut socket = server.connect().await;
        socket.write_all(format!("GET /metrics HTTP/{version}\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
        assert_eq!(rest(&mut socket).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset, "{version}");
    }
    let compressed = server.ask("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n").await;
    assert_eq!(status(&compressed), 500);
    server.end().await;
}
