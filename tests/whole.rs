//! The table of BENCHMARKS.md can be made: all of it at a small size. No time is judged here.

use crate::measure::{Size, machine, measure};

#[test]
fn every_row_of_the_table_gets_a_figure_and_the_page_has_all_series() {
    let mut told = Vec::new();
    // Measuring fails where a page lacks a series, or a window is not full.
    let report = measure(Size::smoke(), &mut |row| told.push(row.line()));
    assert_eq!(report.group_partitions, 10_000);
    let rows: Vec<&str> = report.rows.iter().map(|row| row.what.as_str()).collect();
    let expected = [
        "all series after",
        "CPU until then, per 1,000,000 records",
        "kcat's CPU, per 1,000,000 records",
        "scrape, text",
        "scrape, gzip",
        "the page, text",
        "the page, gzip",
        "RSS after ten scrapes and more",
        "idle CPU, gzip scrape each 15 s, refresh each 10 s",
        "10000 commits a second followed live, CPU",
        "scrape, text, meanwhile: as many times the idle one",
        "ten gzip scrapers at once: as many times the CPU of one",
        "ten text scrapers at once: memory beyond that of one",
        "one refresh of log ends and starts, 1,000 partitions of two brokers",
    ];
    assert_eq!(rows, expected);
    for row in &report.rows {
        assert!(row.found.is_finite() && row.floor.is_none_or(|floor| floor > 0.0), "{row:?}");
    }
    assert!(told.iter().all(|line| report.table().contains(line)));
    assert!(machine().contains("cores"));
}
