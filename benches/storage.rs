//! What storage costs, a hundred thousand group partitions at a time: commits read from the start and followed live,
//! a refresh of the log ends, the settling of time lags, a view.
//!
//! `cargo bench --no-default-features --bench storage`

#![expect(clippy::unwrap_used, reason = "a benchmark is run by hand, on its own data")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use warrener::model::Timestamp;
use warrener::storage::{PastState, Storage};

mod stock;

fn main() {
    divan::main();
}

/// A round of commits on top of nine, into what nobody sees yet.
#[divan::bench(sample_count = 10)]
fn commits_read(bencher: Bencher<'_, '_>) {
    let (storage, names) = (stock::empty(), stock::names());
    let cluster = stock::cluster(&storage);
    let built = || {
        let mut build = cluster.start_build(cluster.source("local", 0));
        (0..9).for_each(|number| build.apply(stock::round(&names, number), stock::NOW));
        build
    };
    bencher.counter(ItemsCount::new(stock::GROUP_PARTITIONS)).with_inputs(built).bench_local_values(|mut build| {
        build.apply(stock::round(&names, 9), stock::NOW);
        build
    });
}

/// A round of commits into full windows that are shown.
#[divan::bench(sample_count = 10)]
fn commits_followed(bencher: Bencher<'_, '_>) {
    let (storage, names) = (stock::full(), stock::names());
    let cluster = stock::cluster(&storage);
    let source = cluster.source("local", 0);
    let mut number = 9;
    bencher.counter(ItemsCount::new(stock::GROUP_PARTITIONS)).bench_local(|| {
        number += 1;
        cluster.apply(source, PastState::Read, stock::round(&names, number), stock::NOW);
    });
}

/// A refresh that finds every log end moved.
#[divan::bench]
fn log_ends(bencher: Bencher<'_, '_>) {
    let storage = stock::full();
    let mut moves = 0;
    bencher.counter(ItemsCount::new(stock::PARTITIONS)).bench_local(|| {
        moves += 1;
        stock::refresh(&storage, 1_000 + moves, stock::NOW.0 + moves * 10_000);
    });
}

/// Commits whose time lags are to be settled.
#[divan::bench(sample_count = 10)]
fn settle_first(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(stock::GROUP_PARTITIONS)).with_inputs(stock::full).bench_local_refs(settle);
}

/// Commits whose time lags are settled: what a refresh costs while nothing moves.
#[divan::bench(sample_count = 10)]
fn settle_again(bencher: Bencher<'_, '_>) {
    let mut storage = stock::full();
    settle(&mut storage);
    bencher.counter(ItemsCount::new(stock::GROUP_PARTITIONS)).bench_local(|| settle(&mut storage));
}

fn settle(storage: &mut Storage) {
    black_box(stock::cluster(storage).settle_time_lags(stock::NOW, |_, _, _| false));
}

#[divan::bench(sample_count = 10)]
fn view(bencher: Bencher<'_, '_>) {
    let mut storage = stock::full();
    settle(&mut storage);
    let now = Timestamp(stock::NOW.0 + 5_000);
    bencher
        .counter(ItemsCount::new(stock::GROUP_PARTITIONS))
        .bench_local(|| black_box(storage.view(now, &stock::RULES)));
}
