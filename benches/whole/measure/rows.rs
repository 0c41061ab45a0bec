//! The rows that are measured on one broker with everything on it.

use std::time::{Duration, Instant};

use super::client::{self, Coding};
use super::field::{Field, OFFSETS_TOPIC};
use super::floor::{self, Static};
use super::report::{Row, Unit};
use super::subject::{PER_PARTITION, Start, Subject, samples};
use super::{Size, usage};
use crate::rig::{pause, seconds};

const SCRAPERS: usize = 10;
/// Longer than a compressed page is shared.
const APART: Duration = Duration::from_millis(1_500);
const SCRAPED_EACH: Duration = Duration::from_secs(15);

pub fn measure(size: Size, add: &mut dyn FnMut(Row)) {
    let field = Field::prepare(size);
    let (subject, page) = starts(&field, size, add);
    subject.await_ready();
    let bytes = page.len();
    let floor = Static::start(page);
    let text = scrapes(&subject, &floor, size, bytes, add);
    memory(&subject, size, add);
    idle(&subject, size, add);
    if let Some(rate) = size.live {
        live(&subject, &field, (size, rate), text, add);
    }
    compressed_at_once(&subject, size, add);
    plain_at_once(&subject, add);
    subject.terminate();
}

/// Starts in turn with kcat; the last one goes on, and a page of it.
fn starts(field: &Field, size: Size, add: &mut dyn FnMut(Row)) -> (Subject, Vec<u8>) {
    let (mut floors, mut starts, mut page) = (Vec::new(), Vec::new(), Vec::new());
    let [.., last_to_come] = PER_PARTITION;
    let mut last = None;
    for _ in 0..size.starts {
        drop(last.take());
        floors.push(floor::kcat(&field.servers(), OFFSETS_TOPIC, size.commits()));
        let mut subject = Subject::start(&field.servers());
        starts.push(subject.await_series(last_to_come, size.group_partitions_count()));
        last = Some(subject);
    }
    let subject = last.unwrap();
    subject.keep(&mut page);
    let full = page
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"kafka_consumergroup_complete_ratio{") && line.ends_with(b"} 1"));
    assert_eq!(full.count(), size.groups, "windows that are not full");
    for family in PER_PARTITION {
        assert_eq!(samples(&page, family), size.group_partitions_count(), "{family}");
    }
    let millions = number(size.commits()) / 1e6;
    let took = |starts: &[Start]| median(starts.iter().map(|start| start.took.as_secs_f64()));
    let cpu = |cpu: f64| cpu / millions;
    let floor = median(floors.iter().map(|run| run.took.as_secs_f64()));
    add(Row::floored("all series after", (took(&starts), floor), Unit::Seconds, 1.3));
    let per_million = cpu(median(starts.iter().map(|start| start.cpu.as_secs_f64())));
    add(Row::bound("CPU until then, per 1,000,000 records", per_million, Unit::CpuPerMillion, 1.5));
    let floor = cpu(median(floors.iter().map(|run| run.cpu.as_secs_f64())));
    add(Row::plain("kcat's CPU, per 1,000,000 records", floor, Unit::CpuPerMillion));
    (subject, page)
}

/// Scrapes in turn with the floor's. Gives back what a plain one takes.
fn scrapes(subject: &Subject, floor: &Static, size: Size, page: usize, add: &mut dyn FnMut(Row)) -> f64 {
    let (mut floors, mut plain, mut gzip) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..size.scrapes {
        pause(APART);
        floors.push(client::scrape(floor.port, Coding::Plain).took);
        plain.push(subject.scrape(Coding::Plain).took);
        gzip.push(subject.scrape(Coding::Gzip).took);
    }
    let millis = |times: &[Duration]| median(times.iter().map(|time| time.as_secs_f64() * 1e3));
    let floor = millis(&floors);
    add(Row::floored("scrape, text", (millis(&plain), floor), Unit::Millis, 1.5));
    add(Row::floored("scrape, gzip", (millis(&gzip), floor), Unit::Millis, 4.0));
    add(Row::plain("the page, text", number(page) / 1e6, Unit::Megabytes));
    let gzip = subject.scrape(Coding::Gzip).bytes;
    add(Row::plain("the page, gzip", number(gzip) / 1e6, Unit::Megabytes));
    millis(&plain)
}

/// By now it has been scraped at least ten times.
fn memory(subject: &Subject, size: Size, add: &mut dyn FnMut(Row)) {
    for coding in [Coding::Plain, Coding::Gzip] {
        for _ in size.scrapes..10 {
            subject.scrape(coding);
        }
    }
    pause(APART);
    let target = if size.group_partitions_count() >= 1_000_000 { 400.0 } else { 80.0 };
    add(Row::bound(
        "RSS after ten scrapes and more",
        megabytes(usage::resident(subject.id())),
        Unit::Megabytes,
        target,
    ));
}

fn idle(subject: &Subject, size: Size, add: &mut dyn FnMut(Row)) {
    let (began, before) = (Instant::now(), subject.cpu());
    let mut scraped = 0;
    while began.elapsed() < size.spell {
        subject.scrape(Coding::Gzip);
        scraped += 1;
        pause((SCRAPED_EACH * scraped).min(size.spell).saturating_sub(began.elapsed()));
    }
    let share = (subject.cpu() - before).as_secs_f64() / began.elapsed().as_secs_f64();
    let target = if size.group_partitions_count() >= 1_000_000 { 20.0 } else { 2.0 };
    add(Row::bound("idle CPU, gzip scrape each 15 s, refresh each 10 s", share * 1e2, Unit::Percent, target));
}

/// Follows a steady stream of commits, scraped meanwhile. `idle` is what a scrape takes without, in milliseconds.
fn live(subject: &Subject, field: &Field, (size, rate): (Size, usize), idle: f64, add: &mut dyn FnMut(Row)) {
    let (cpu, took, scrapes) = std::thread::scope(|scope| {
        let load = scope.spawn(|| field.commit_on(rate, size.spell / 2));
        let (began, before) = (Instant::now(), subject.cpu());
        let mut scrapes = Vec::new();
        while !load.is_finished() {
            scrapes.push(subject.scrape(Coding::Plain).took.as_secs_f64() * 1e3);
            pause(seconds(1).min(size.spell / 4));
        }
        (subject.cpu() - before, began.elapsed(), scrapes)
    });
    let share = cpu.as_secs_f64() / took.as_secs_f64() * 1e2;
    add(Row::bound(format!("{rate} commits a second followed live, CPU"), share, Unit::Percent, 1e2));
    let slower = median(scrapes.into_iter()) / idle;
    add(Row::bound("scrape, text, meanwhile: as many times the idle one", slower, Unit::Times, 2.0));
}

fn compressed_at_once(subject: &Subject, size: Size, add: &mut dyn FnMut(Row)) {
    let cost = |count| {
        pause(APART);
        let before = subject.cpu();
        subject.scrape_at_once(count, Coding::Gzip);
        (subject.cpu() - before).as_secs_f64()
    };
    let (mut ones, mut tens) = (0.0, 0.0);
    for _ in 0..size.scrapes {
        ones += cost(1);
        tens += cost(SCRAPERS);
    }
    // The kernel counts in hundredths of a second.
    add(Row::bound("ten gzip scrapers at once: as many times the CPU of one", tens / ones.max(0.01), Unit::Times, 2.0));
}

fn plain_at_once(subject: &Subject, add: &mut dyn FnMut(Row)) {
    let peak = |count| {
        pause(APART);
        usage::forget_peak(subject.id());
        subject.scrape_at_once(count, Coding::Plain);
        megabytes(usage::peak(subject.id()))
    };
    let (one, ten) = (peak(1), peak(SCRAPERS));
    add(Row::bound(
        "ten text scrapers at once: memory beyond that of one",
        (ten - one).max(0.0),
        Unit::Megabytes,
        64.0,
    ));
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1_000).unwrap()) / 1e3
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
