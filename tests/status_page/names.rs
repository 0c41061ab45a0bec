//! Names that nobody should choose.

use super::*;

/// Bytes of a name, and what the page shows.
fn names() -> Vec<(Vec<u8>, String)> {
    let long = "n".repeat(200);
    let plain =
        ["<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "..", "a/b?c=d&e#f+g %41", "\"'`${x}"];
    let mut names: Vec<(Vec<u8>, String)> =
        plain.iter().chain([&long.as_str()]).map(|name| (name.as_bytes().to_vec(), (*name).to_owned())).collect();
    names.extend([
        (b"".to_vec(), "\"\"".to_owned()),
        (b"\xff\xfe".to_vec(), "\\xff\\xfe".to_owned()),
        (b"\\xff\\xfe".to_vec(), "\\\\xff\\\\xfe".to_owned()),
        ("pay\u{202e}drawer".as_bytes().to_vec(), "pay\\u{202e}drawer".to_owned()),
        ("a\nb\u{200b}c".as_bytes().to_vec(), "a\\u{a}b\\u{200b}c".to_owned()),
    ]);
    names
}

#[test]
fn names_that_nobody_should_choose_are_text_and_lead_to_their_groups() {
    let cluster = Spec::common();
    cluster.create_topic("page-names", 1);
    let commits: Vec<(i32, Record)> =
        names().iter().map(|(name, _)| (0, records::commit(name, name, 0, 7, records::now()))).collect();
    cluster.produce_raw("page-names", commits);
    let program = Program::reading(&cluster.bootstrap(), "page-names").ready();
    let mut browser = Browser::start();
    browser.visit(program.port, "/");
    let links = "[...document.querySelectorAll('tbody .name a')].map(link => [link.textContent, link.href])";
    let links: Vec<(String, String)> = serde_json::from_value(browser.value(links)).unwrap();
    let mut found: Vec<&String> = links.iter().map(|(name, _)| name).collect();
    let wanted = names();
    let mut wanted: Vec<&String> = wanted.iter().map(|(_, shown)| shown).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    for (name, address) in &links {
        browser.open(address);
        let shown = "document.querySelector('#pulse')?.dataset.state === 'live' && document.querySelector('tbody .committed')?.innerText === '7'";
        browser.until(seconds(20), shown);
        assert_eq!(browser.text("document.querySelector('h1').textContent"), *name, "{address}");
        let topic = browser.text("document.querySelector('tbody .name a').href");
        browser.open(&topic);
        browser.until(seconds(20), "document.querySelector('tbody .name a') !== null");
        assert_eq!(browser.text("document.querySelector('h1').textContent"), *name, "{topic}");
    }
    // By its bytes, as whoever writes addresses by hand would.
    browser.visit(program.port, "/group?cluster=local&name=%FF%FE");
    browser.until(seconds(20), "document.querySelector('h1').textContent === '\\\\xff\\\\xfe'");
    assert_eq!(browser.value("document.querySelectorAll('img').length"), 0);
    no_complaints(&mut browser);
}
