//! What a page costs, of a hundred thousand group partitions: its text, and its text compressed.
//!
//! `cargo bench --no-default-features --bench page`

#![expect(clippy::unwrap_used, reason = "a benchmark is run by hand, on its own data")]

use std::io::Write;
use std::sync::Arc;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use flate2::Compression;
use flate2::write::GzEncoder;
use warrener::config::MetricsConfig;
use warrener::metrics::{Format, MetricsPage, PageLayout};
use warrener::model::Timestamp;
use warrener::storage::View;

mod stock;

fn main() {
    divan::main();
}

fn view() -> Arc<View> {
    let storage = stock::full();
    let _ = stock::cluster(&storage).settle_time_lags(stock::NOW, |_, _, _| false);
    Arc::new(storage.view(Timestamp(stock::NOW.0 + 5_000), &stock::RULES))
}

fn page(view: &Arc<View>, layout: &Arc<PageLayout>) -> MetricsPage {
    MetricsPage::new(Arc::clone(view), Arc::clone(layout), Format::Text, Vec::new())
}

#[divan::bench(sample_count = 10)]
fn text(bencher: Bencher<'_, '_>) {
    let (view, layout) = (view(), Arc::new(PageLayout::new(&MetricsConfig::default())));
    let bytes: usize = page(&view, &layout).map(|piece| piece.len()).sum();
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| page(&view, &layout).for_each(|piece| drop(black_box(piece))));
}

#[divan::bench(sample_count = 5)]
fn gzip(bencher: Bencher<'_, '_>) {
    let (view, layout) = (view(), Arc::new(PageLayout::new(&MetricsConfig::default())));
    let pieces: Vec<Vec<u8>> = page(&view, &layout).collect();
    let bytes: usize = pieces.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        pieces.iter().for_each(|piece| encoder.write_all(piece).unwrap());
        encoder.finish().unwrap()
    });
}
