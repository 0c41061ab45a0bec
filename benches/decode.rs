//! What decoding costs, a record: commits alone, and a stream in which one record of twenty is of another type (the
//! whole of Kafka's own examples, in turn), with those others' values read and left unread.
//!
//! `cargo bench --no-default-features --bench decode`

#![expect(clippy::unwrap_used, reason = "a benchmark is run by hand, on its own data")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use warrener::model::{Name, Offset, Partition, Timestamp};
use warrener::offsets::encode::{ValueVersion, commit_key, commit_value};
use warrener::offsets::{self, CommitRecord, Key};

const RECORDS: usize = 10_000;
const OTHER: usize = 20;

type Bytes = (Vec<u8>, Option<Vec<u8>>);

fn main() {
    divan::main();
}

/// Kafka's own examples of the types that are no commits.
fn examples() -> Vec<Bytes> {
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let lines = include_str!("../tests/fixtures/records/generated-4.2.0.txt").lines();
    let records = lines.filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split_whitespace().rev();
        let (value, key) = (words.next()?, words.next()?);
        Some((bytes(key), (value != "-").then(|| bytes(value))))
    });
    records.filter(|(key, _)| matches!(offsets::key(key), Ok(key) if !is_commit(&key))).collect()
}

const fn is_commit(key: &Key<'_>) -> bool {
    matches!(key, Key::Commit { .. })
}

fn commits() -> Vec<Bytes> {
    let commit = |number: usize| {
        let partition = Partition(i32::try_from(number % 100).unwrap());
        let commit = CommitRecord {
            group: Name(b"payments-service"),
            topic: Name(b"payments.transactions"),
            partition,
            offset: Offset(i64::try_from(number).unwrap()),
            leader_epoch: Some(3),
            metadata: b"",
            timestamp: Timestamp(1_700_000_000_000),
            expire: None,
            topic_id: None,
        };
        let value = commit_value(ValueVersion::V4, &commit).unwrap();
        (commit_key(commit.group.0, commit.topic.0, partition).unwrap(), Some(value))
    };
    (0..RECORDS).map(commit).collect()
}

fn mixed() -> Vec<Bytes> {
    let mut others = examples().into_iter().cycle();
    let mut records = commits();
    for place in records.iter_mut().step_by(OTHER) {
        *place = others.next().unwrap();
    }
    records
}

fn decode(bencher: Bencher<'_, '_>, records: &[Bytes], wanted: impl Fn(&Key<'_>) -> bool + Sync) {
    bencher.counter(ItemsCount::new(records.len())).bench(|| {
        for (key, value) in records {
            if let Ok(key) = offsets::key(black_box(key))
                && wanted(&key)
            {
                let _ = black_box(key.value(value.as_deref()));
            }
        }
    });
}

#[divan::bench]
fn commits_alone(bencher: Bencher<'_, '_>) {
    decode(bencher, &commits(), |_| true);
}

#[divan::bench]
fn one_in_twenty_is_another_and_left_unread(bencher: Bencher<'_, '_>) {
    decode(bencher, &mixed(), is_commit);
}

#[divan::bench]
fn one_in_twenty_is_another_and_read(bencher: Bencher<'_, '_>) {
    decode(bencher, &mixed(), |_| true);
}
