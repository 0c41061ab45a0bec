//! The figures that pages copy from `BENCHMARKS.md`, which `make bench` writes.

use super::{DocPage, DocTable};

/// The sizes that are measured: headings there, columns here.
const SIZES: [&str; 2] = ["100,000 group partitions", "1,000,000 group partitions"];

/// What a page calls a row, the row of BENCHMARKS.md, and its column.
type Figure = (&'static str, &'static str, &'static str);

const README: [Figure; 6] = [
    ("from start to all series", "all series after", "found"),
    ("the same, as a multiple of kcat reading the topic", "all series after", "found / F"),
    ("memory after ten scrapes and more", "RSS after ten scrapes and more", "found"),
    ("scrape, text", "scrape, text", "found"),
    ("scrape, gzip", "scrape, gzip", "found"),
    ("CPU while idle, of one core", "idle CPU, gzip scrape each 15 s, refresh each 10 s", "found"),
];

const SIZING: [Figure; 11] = [
    ("memory (RSS) after ten scrapes and more", "RSS after ten scrapes and more", "found"),
    ("ten text scrapers at once, memory beyond one", "ten text scrapers at once: memory beyond that of one", "found"),
    ("start: all series after", "all series after", "found"),
    ("CPU for the start, per 1,000,000 records of the offsets topic", "CPU until then, per 1,000,000 records", "found"),
    (
        "CPU while idle (gzip scrape each 15 s, refresh each 10 s), of one core",
        "idle CPU, gzip scrape each 15 s, refresh each 10 s",
        "found",
    ),
    ("100,000 commits a second, CPU, of one core", "100000 commits a second followed live, CPU", "found"),
    ("scrape, text", "scrape, text", "found"),
    ("scrape, gzip", "scrape, gzip", "found"),
    ("page, text", "the page, text", "found"),
    ("page, gzip", "the page, gzip", "found"),
    ("one refresh of log starts and log ends", "one refresh of log ends and starts, ", "found"),
];

/// What was measured at each size.
fn measured() -> [DocTable; 2] {
    let page = DocPage::read("BENCHMARKS.md");
    SIZES.map(|size| page.section(&format!("## {size}")).only_table())
}

/// A figure as pages write it: CPU seconds are called so by the row.
fn figure(measured: &DocTable, row: &str, column: &str) -> Option<String> {
    let found = measured.rows.iter().find(|found| found[0].starts_with(row))?;
    let value = found[measured.column(column)].replace(" CPU s", " s");
    match found[0].strip_prefix("one refresh of log ends and starts, ") {
        Some(of_what) => Some(format!(
            "{value} for {}",
            of_what.replace(" of two brokers", "").replace(" of the mock cluster", " (mock cluster)")
        )),
        None => Some(value),
    }
}

fn compare(table: &DocTable, figures: &[Figure]) {
    assert_eq!(table.head[1..], SIZES);
    assert_eq!(table.rows.len(), figures.len());
    let measured = measured();
    for (row, (name, source, column)) in table.rows.iter().zip(figures) {
        let expected = measured.each_ref().map(|table| figure(table, source, column).unwrap_or_default());
        assert_eq!((row[0].as_str(), &row[1..]), (*name, &expected[..]), "BENCHMARKS.md, {source}");
    }
}

#[test]
fn the_figures_of_the_readme_are_those_of_the_benchmark() {
    compare(&DocPage::read("README.md").section("## What makes it different").only_table(), &README);
}

#[test]
fn the_figures_of_the_page_on_sizing_are_those_of_the_benchmark() {
    compare(&DocPage::read("docs/src/operations/sizing.md").section("## Figures").only_table(), &SIZING);
}

/// The number that a figure begins with.
fn number(measured: &DocTable, row: &str) -> f64 {
    let value = figure(measured, row, "found").unwrap();
    value.split(' ').next().unwrap().parse().unwrap_or_else(|error| panic!("{row}: {value}: {error}"))
}

#[test]
fn what_the_page_on_sizing_derives_from_figures_follows_from_them() {
    let (text, [small, large]) = (DocPage::read("docs/src/operations/sizing.md").text(), measured());
    let memory = number(&large, "RSS after") - number(&small, "RSS after");
    let each = (memory * 1e6 / 900_000.0 / 10.0).round() * 10.0;
    let ratio = |row: &str, by: &str| number(&small, row) / number(&small, by);
    let (smaller, longer) = (ratio("the page, text", "the page, gzip"), ratio("scrape, gzip", "scrape, text"));
    let kcat = [&small, &large].map(|table| figure(table, "kcat's CPU", "found").unwrap());
    for said in [
        format!("memory grows by {memory} MB: some {each} bytes for each further group partition"),
        format!("needs {} and {} for 1,000,000 records", kcat[0], kcat[1]),
        format!("some {smaller:.0} times smaller and the scrape some {longer:.1} times longer"),
    ] {
        assert!(text.contains(&said), "expected in sizing.md: {said}");
    }
}
