//! The whole program against a real broker: the table of BENCHMARKS.md.
//!
//! `cargo bench --bench whole -- [--write BENCHMARKS.md] [GROUP_PARTITIONS]...`, by default for 100000 and 1000000.

#![allow(
    dead_code,
    unused_imports,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the rig is the tests'; a benchmark is run by hand, and ends where it cannot go on"
)]

mod measure;
#[path = "../../tests/rig/mod.rs"]
mod rig;

use std::fs;
use std::path::PathBuf;

use measure::{Report, Row, Size, machine};

const SIZES: [usize; 2] = [100_000, 1_000_000];

fn main() {
    let (sizes, file) = arguments();
    println!("{}\n", machine());
    let mut reports = Vec::new();
    for size in sizes {
        println!("{size} group partitions\n\n{}", Report::HEAD);
        reports.push(measure::measure(Size::of(size), &mut |row: &Row| println!("{}", row.line())));
        println!();
    }
    if let Some(file) = file {
        fs::write(&file, document(&reports)).unwrap();
    }
}

fn arguments() -> (Vec<usize>, Option<PathBuf>) {
    let (mut sizes, mut file) = (Vec::new(), None);
    // Cargo says `--bench` of its own.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        match word.as_str() {
            "--write" => file = Some(words.next().expect("--write FILE").into()),
            size => sizes.push(size.parse().unwrap_or_else(|_| panic!("a number of group partitions, found {size:?}"))),
        }
    }
    if sizes.is_empty() {
        sizes.extend(SIZES);
    }
    (sizes, file)
}

fn document(reports: &[Report]) -> String {
    let mut text = format!("{}\n{}\n", include_str!("head.md").trim_end(), machine());
    for report in reports {
        text += &format!("\n## {} group partitions\n{}", thousands(report.group_partitions), report.table());
    }
    text
}

fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap());
    groups.collect::<Vec<_>>().join(",")
}
