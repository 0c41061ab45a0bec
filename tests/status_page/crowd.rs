//! Ten thousand groups, on a real broker.

use super::*;

const GROUPS: i64 = 10_000;
const PARTITIONS: i32 = 4;
const COMMITS: i64 = 3;

/// Every group commits to every partition, so many times; how far behind it is, is its number.
fn commits() -> impl Iterator<Item = (i32, Record)> {
    let now = records::now();
    let of = move |group: i64, partition: i32, round: i64| {
        let (name, offset) = (format!("service-{group:05}.consumer"), GROUPS - group - (COMMITS - 1 - round));
        records::commit(name.as_bytes(), b"crowded", partition, offset.max(0), now - (COMMITS - 1 - round) * 5000)
    };
    let rounds = (0..COMMITS).flat_map(|round| (0..GROUPS).map(move |group| (round, group)));
    rounds.flat_map(move |(round, group)| (0..PARTITIONS).map(move |partition| (0, of(group, partition, round))))
}

/// Notes when the first row stands there.
const STOPWATCH: &str = "new MutationObserver((_, watch) => {
    if (!document.querySelector('tbody tr')) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.usable = performance.now(); }));
}).observe(document, {subtree: true, childList: true});";

#[test]
fn ten_thousand_groups_are_a_page_of_a_hundred_rows_and_one_small_answer() {
    let cluster = Spec::new(maven::Version::LATEST).start();
    cluster.create_topic("crowded", PARTITIONS);
    cluster.create_topic("crowd-offsets", 1);
    let record = || (b"k".to_vec(), Some(b"v".to_vec()));
    cluster.produce_raw("crowded", (0..GROUPS).flat_map(|_| (0..PARTITIONS).map(|at| (at, record()))));
    cluster.produce_raw("crowd-offsets", commits());
    let program = Program::reading(&cluster.bootstrap(), "crowd-offsets").ready();
    let lag = |page: &crate::rig::page::Page, group: &str| {
        page.value("kafka_consumergroup_lag_sum", &[("consumergroup", group)])
    };
    let page = program.page_where(seconds(60), "lag of the last group", |page| {
        lag(page, "service-09999.consumer").map(drop).ok_or_else(|| "none".to_owned())
    });

    let began = Instant::now();
    let answer = http::get(program.port, "/api/groups?trails=1", &[("Accept-Encoding", "gzip")]).unwrap();
    let (took, bytes) = (began.elapsed(), answer.body.len());
    assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("gzip")));
    assert!(bytes < 1_000_000, "{bytes} bytes");

    let mut browser = Browser::start();
    browser.call("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({"source": STOPWATCH}));
    browser.visit(program.port, "/");
    browser.until(seconds(30), "window.usable > 0");
    let usable = browser.value("window.usable");
    let steps = browser.text(
        "JSON.stringify(performance.getEntries().filter(it => it.responseEnd || it.name === 'first-contentful-paint').map(
            it => [it.name.split('/').pop(), Math.round(it.startTime), Math.round(it.responseEnd || it.startTime)]))",
    );
    assert_eq!(browser.text("document.querySelector('.where').innerText"), "1 to 100 of 10,000");
    assert_eq!(browser.value("document.querySelectorAll('tbody tr').length"), 100);
    let nodes = browser.value("document.querySelectorAll('*').length").as_u64().unwrap();
    assert!(nodes < 3500, "{nodes} elements");
    let told = rows(&mut browser)[0].clone();
    let worst = browser.text("document.querySelector('tbody .name a').textContent");
    let expected = lag(&page, &worst).unwrap();
    assert!(told.replace(',', "").contains(&format!("{expected}")), "{expected} in {told}");

    // One question a poll, which are seconds apart, and none for what is not seen.
    drop(browser.requests("/api/"));
    let (began, mut asked) = (Instant::now(), Vec::new());
    eventually(seconds(60), "three polls", || {
        asked.extend(browser.requests("/api/"));
        if asked.len() >= 3 { Ok(()) } else { Err(format!("{asked:?}")) }
    });
    assert!(began.elapsed() > seconds(5), "{asked:?} within {:?}", began.elapsed());
    assert!(asked.iter().all(|url| url.ends_with("/api/groups")), "{asked:?}");
    let typed = Instant::now();
    browser.press("/");
    browser.type_in("service-09876");
    browser.until(seconds(10), "document.querySelectorAll('tbody tr').length === 1");
    let narrowed = typed.elapsed();
    let (heap, held) = browser.memory();
    eprintln!(
        "10,000 groups: usable after {usable} ms ({steps}), {nodes} elements, answer of {bytes} bytes in {took:?}, \
         searched in {narrowed:?}; {} MB of script objects, {} MB of memory of the tab's own",
        heap / 1_000_000,
        held / 1_000_000,
    );
    assert!(heap < 30_000_000 && held < 100_000_000, "{heap} bytes of script objects, {held} bytes in all");
    browser.visit(program.port, "/?page=100");
    assert_eq!(browser.text("document.querySelector('.where').innerText"), "9,901 to 10,000 of 10,000");
    no_complaints(&mut browser);
}
