//! The status page in a real browser: on the demo, and on a real broker with names that nobody should choose and with
//! ten thousand groups.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::broker::Spec;
use crate::rig::browser::{Browser, Look};
use crate::rig::client::Record;
use crate::rig::program::Program;
use crate::rig::{eventually, http, maven, pause, records, seconds};

mod crowd;
mod names;

/// What the first cells of all rows of the first table say.
const ROWS: &str = "JSON.stringify([...document.querySelector('table.rows tbody').rows].map(row => row.innerText))";
/// The group of the demo that stalls.
const STALLED: &str = "recommendations";

/// The demo, once a group is in error.
fn demo() -> &'static Program {
    let program = Program::demo();
    await_group(program, seconds(120), "group in error", |group| group["status"] == "ERR");
    program
}

/// A demo that shows the group that stalls as such. It is a fresh one: the group stalls for the first six minutes, and
/// later catches up now and then.
fn stalled_demo() -> Program {
    let program = Program::fresh_demo().ready();
    await_group(&program, seconds(120), "stalled group", is_stalled);
    program
}

fn is_stalled(group: &Value) -> bool {
    group["name"] == STALLED && group["worst"]["status"] == "STALL"
}

fn await_group(program: &Program, patience: Duration, what: &str, is_wanted: impl Fn(&Value) -> bool) {
    eventually(patience, what, || {
        let body: Value = serde_json::from_slice(&program.get("/api/groups").body).unwrap();
        if body["groups"].as_array().unwrap().iter().any(&is_wanted) { Ok(()) } else { Err(body.to_string()) }
    });
}

fn rows(browser: &mut Browser) -> Vec<String> {
    serde_json::from_str(&browser.text(ROWS)).unwrap()
}

fn no_complaints(browser: &mut Browser) {
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn the_stalled_group_stands_among_the_first_with_its_reason() {
    let program = stalled_demo();
    let mut browser = Browser::start();
    browser.visit(program.port, "/");
    let rows = rows(&mut browser);
    let (first, rest): (Vec<&String>, Vec<&String>) = rows.iter().partition(|row| row.starts_with("ERR"));
    assert_eq!(rows.iter().take(first.len()).collect::<Vec<_>>(), first, "all that are in error stand on top");
    assert!(rest.iter().any(|row| row.starts_with("OK")), "{rest:?}");
    let stalled = first.iter().find(|row| row.contains(STALLED)).unwrap_or_else(|| panic!("{rows:?}"));
    assert!(stalled.contains("stalled: at offset 1,000 for "), "{stalled}");
    assert!(browser.text("document.title").ends_with(" ERR \u{b7} warrener"));
    let cluster = browser.text("document.querySelector('.cluster').innerText");
    assert!(cluster.contains("default") && cluster.contains("up, ready") && cluster.contains("3 brokers"), "{cluster}");
    no_complaints(&mut browser);
}

#[test]
fn search_and_filter_narrow_the_list_and_stay_in_the_address() {
    let program = demo();
    let mut browser = Browser::start();
    browser.visit(program.port, "/");
    let all = rows(&mut browser).len();
    // The slash leads to the field from anywhere.
    browser.press("/");
    browser.type_in("LOYAL");
    browser.until(seconds(10), "document.querySelectorAll('table.rows tbody tr').length === 1");
    let narrowed = rows(&mut browser);
    assert!(narrowed[0].contains("loyalty-points") && all > 20, "{narrowed:?} of {all}");
    assert_eq!(browser.text("location.search"), "?q=LOYAL");
    // A topic's name finds the groups that read it.
    browser.visit(program.port, "/?q=customers-cdc");
    assert_eq!(rows(&mut browser).len(), 2);
    browser.visit(program.port, "/?status=err");
    let errors = rows(&mut browser);
    assert!(!errors.is_empty() && errors.iter().all(|row| row.starts_with("ERR")), "{errors:?}");
    browser.value("document.querySelector('button[data-status=ALL]').click()");
    assert_eq!((rows(&mut browser).len(), browser.text("location.search").as_str()), (all, ""));
    browser.visit(program.port, "/?q=nobody+is+called+so");
    assert_eq!(browser.text("document.querySelector('.none-found').innerText"), "No group matches.");
    browser.visit(program.port, "/?sort=name");
    let sorted = browser.text("[...document.querySelectorAll('tbody .name a')].map(a => a.textContent).join('\\n')");
    let mut by_name: Vec<&str> = sorted.lines().collect();
    by_name.sort_unstable();
    assert_eq!(sorted.lines().collect::<Vec<_>>(), by_name);
    assert_eq!(browser.text("document.querySelector('th.name').getAttribute('aria-sort')"), "ascending");
    no_complaints(&mut browser);
}

#[test]
fn a_groups_address_opens_directly_and_its_numbers_change_without_reloading() {
    let program = stalled_demo();
    let mut browser = Browser::start();
    browser.visit(program.port, &format!("/group?cluster=default&name={STALLED}"));
    assert_eq!(browser.text("document.querySelector('h1').innerText"), STALLED);
    let partitions = rows(&mut browser);
    assert_eq!(partitions.len(), 4);
    for row in &partitions {
        assert!(row.starts_with("STALL") && row.contains("stalled: at offset 1,000 for "), "{row}");
        assert!(row.contains("recommendations-") && row.contains("@10.0."), "its owner: {row}");
    }
    browser.visit(program.port, "/group?cluster=default&name=orders-service");
    // A mark that a reload would take away, and the focus and the place, which nothing may.
    browser.value(
        "window.mark = 1; window.scrollTo(0, 50); document.querySelectorAll('tbody a')[3].focus({preventScroll: true})",
    );
    let focused = browser.text("document.activeElement.closest('tr').querySelector('.place').innerText");
    let committed = "document.querySelector('tbody .committed').innerText";
    let before = browser.text(committed);
    browser.until(seconds(30), &format!("{committed} !== {before:?}"));
    assert_eq!(browser.value("window.mark"), 1);
    assert_eq!(browser.value("scrollY"), 50);
    let still = browser.text("document.activeElement.closest('tr').querySelector('.place').innerText");
    assert_eq!(still, focused);
    assert_eq!(browser.value("document.querySelectorAll('.spark .line[d]').length > 0"), true);
    no_complaints(&mut browser);
}

#[test]
fn a_topic_shows_its_groups_and_the_exporter_its_health() {
    let program = demo();
    let mut browser = Browser::start();
    browser.visit(program.port, "/topic?cluster=default&name=orders");
    let groups = rows(&mut browser).join("\n");
    for group in ["orders-service", "legacy-exporter", "fraud-detector", "inventory-sync", "report-builder"] {
        assert!(groups.contains(group), "{group} in {groups}");
    }
    assert_eq!(browser.value("document.querySelectorAll('table.rows')[1].tBodies[0].rows.length"), 6);
    browser.visit(program.port, "/exporter");
    let health = browser.text("document.querySelector('main').textContent");
    for expected in ["everything has been read once", "up, ready", "offset commit", "group metadata", "Records behind"]
    {
        assert!(health.contains(expected), "{expected} in {health}");
    }
    browser.visit(program.port, "/group?cluster=default&name=nobody");
    assert!(browser.text("document.querySelector('.none-found').innerText").starts_with("There is no such group"));
    // A browser calls an answer of 404 an error.
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|told| told.contains("404")), "{complaints:?}");
}

#[test]
fn numbers_times_and_names_are_told_as_everywhere_else_and_no_line_grows_for_ever() {
    let program = demo();
    let mut browser = Browser::start();
    browser.visit(program.port, "/exporter");
    let told = |browser: &mut Browser, module: &str, expression: &str| {
        browser.text(&format!("import('./page/{module}.js').then(it => JSON.stringify({expression}))"))
    };
    let numbers = "['18446744073709551615', -1001, 0, 999, 1000, '-9223372036854775808'].map(it.number)";
    let expected = r#"["18,446,744,073,709,551,615","-1,001","0","999","1,000","-9,223,372,036,854,775,808"]"#;
    assert_eq!(told(&mut browser, "format", numbers), expected);
    let times = "[-5, 0, 59, 60, 61, 432, 3599, 3600, 90061, 172800].map(seconds => it.duration(seconds * 1000))";
    let expected = r#"["0s","0s","59s","1m","1m1s","7m12s","59m59s","1h","1d1h","2d"]"#;
    assert_eq!(told(&mut browser, "format", times), expected);
    let shares = "[0, 0.004, 0.999, 1].map(it.share)";
    assert_eq!(told(&mut browser, "format", shares), r#"["0 %","0 %","99 %","100 %"]"#);
    // A day of polls: short, from the last quarter of an hour, its peak in it, and what was not known left open.
    let day = "(() => {
        const trails = new it.Trails();
        const lag = at => at === 28700 ? 5000 : at % 100 === 0 ? null : at % 7;
        for (let at = 0; at < 28800; at += 1) trails.note('a', at * 3000, lag(at), [[90, 1], [60, '9223372036854775807']]);
        const list = trails.of('a');
        trails.keep(new Set());
        return [list.length <= 120, list[0] > 28800 * 3000 - 30 * 60 * 1000, list.includes(5000),
            list.some(Number.isNaN), list.at(-2) === 28799 * 3000, trails.of('a').length];
    })()";
    assert_eq!(told(&mut browser, "spark", day), "[true,true,true,true,true,0]");
    no_complaints(&mut browser);
}

#[test]
fn all_can_be_done_with_the_keyboard() {
    let program = demo();
    let mut browser = Browser::start();
    browser.visit(program.port, "/");
    let focus = "(document.activeElement.innerText || document.activeElement.id)";
    browser.press("Tab");
    assert_eq!(browser.text(focus), "Skip to the content");
    browser.press("Enter");
    browser.press("Tab");
    assert_eq!(browser.text(focus), "search", "what is skipped to comes next");
    browser.press("Tab");
    assert!(browser.text(focus).starts_with("All"));
    browser.press("Tab");
    browser.press(" ");
    assert_eq!(browser.text("location.search"), "?status=err");
    (0..4).for_each(|_| browser.press("Tab"));
    assert_eq!(browser.text(focus), "Group");
    browser.press("Enter");
    assert_eq!(browser.text("location.search"), "?status=err&sort=name");
    (0..6).for_each(|_| browser.press("Tab"));
    let group = browser.text(focus);
    browser.press("Enter");
    browser.until(seconds(10), "location.pathname === '/group'");
    browser.until(seconds(10), &format!("document.querySelector('h1')?.innerText === {group:?}"));
    no_complaints(&mut browser);
}

#[test]
fn a_server_that_does_not_answer_is_told_of_and_so_is_its_return() {
    let mut program = Program::with_brokers("127.0.0.1:1");
    let mut browser = Browser::start();
    browser.visit(program.port, "/");
    // Why its cluster is down stands there as well.
    browser.until(seconds(30), "document.querySelector('.cluster').innerText.includes('127.0.0.1:1')");
    let shown = browser.text("document.querySelector('main').innerText");
    assert!(shown.contains("down") && shown.contains("No groups yet"), "{shown}");
    program.signal(libc::SIGSTOP);
    browser.until(seconds(30), "document.querySelector('#pulse').innerText.startsWith('no answer for ')");
    let alarm = browser.text("document.querySelector('[role=alert]').innerText");
    assert!(alarm.starts_with("warrener does not answer. What is shown is from "), "{alarm}");
    program.signal(libc::SIGCONT);
    browser.until(seconds(30), "document.querySelector('#pulse').dataset.state === 'live'");
    assert_eq!(browser.value("document.querySelector('[role=alert]').hidden"), true);
}

#[test]
fn nobody_is_shut_out_by_rules_of_accessibility_that_a_machine_can_check() {
    let program = demo();
    let axe = maven::axe();
    let mut browser = Browser::start();
    // The rules are not the page's own, and it would not let them in.
    browser.call("Page.setBypassCSP", serde_json::json!({"enabled": true}));
    for look in Look::all() {
        browser.look(look);
        for path in
            ["/", "/group?cluster=default&name=recommendations", "/topic?cluster=default&name=orders", "/exporter"]
        {
            browser.visit(program.port, path);
            browser.value("document.querySelectorAll('details').forEach(details => { details.open = true; })");
            browser.value(&format!("{axe}; 0"));
            let found = browser.text(
                "axe.run({resultTypes: ['violations']}).then(found => JSON.stringify(found.violations.map(rule =>
                    [rule.id, ...rule.nodes.slice(0, 3).map(node => node.html + ' ' + node.failureSummary)])))",
            );
            assert_eq!(found, "[]", "{path} {}", look.name());
            let (seen, whole) = ("document.documentElement.clientWidth", "document.documentElement.scrollWidth");
            assert_eq!(browser.value(whole), browser.value(seen), "{path} {} is wider than the screen", look.name());
        }
    }
}

/// `make pictures` writes them for the README; any other run looks at the same pictures and throws them away.
#[test]
fn pictures_for_the_readme() {
    let program = demo();
    let scratch = crate::rig::scratch::Scratch::new("pictures");
    let asked = std::env::var_os("WARRENER_PICTURES");
    let folder = asked.as_ref().map_or(scratch.path(), Path::new);
    // A reader is to see time lags, which the demo's cluster does not tell of what was there at its start, and lines
    // with some history: the group stalls anew some ten minutes after that.
    let history = if asked.is_some() { seconds(90) } else { Duration::ZERO };
    if asked.is_some() {
        await_group(program, seconds(900), "stalled group", |group| is_stalled(group) && !group["time_lag"].is_null());
    }
    let mut browser = Browser::start();
    for (view, path) in [("groups", "/"), ("group", "/group?cluster=default&name=recommendations")] {
        browser.look(Look::WIDE);
        browser.visit(program.port, path);
        pause(history);
        for look in Look::all() {
            browser.look(look);
            browser.until(seconds(10), &format!("innerWidth === {}", look.width));
            let picture = browser.picture();
            let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
            assert_eq!((size(16), size(20)), (look.width, look.height()), "width and height in the PNG's head");
            std::fs::write(folder.join(format!("{view}-{}.png", look.name())), &picture).unwrap();
        }
    }
    no_complaints(&mut browser);
}
