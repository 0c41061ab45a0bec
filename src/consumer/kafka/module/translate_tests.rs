//! Records that are cut or changed anywhere: each is counted, and what follows it is read.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::super::source_topics::{OFFSETS, SHARE_STATE};
use super::*;
use crate::config::MetricsConfig;
use crate::health::{ModuleHealth, ModuleKind};
use crate::kafka::{RawRecord, TopicIndex, TopicPartition};
use crate::metrics::exporter_metrics::ExporterMetrics;
use crate::model::{Offset, Partition, Tick};
use crate::offsets::tests::golden::{self, Golden};
use crate::offsets::{DecodeError, encode};
use crate::storage::{ExpiryPolicy, Storage, StorageRules};

/// The additions of 4.3 and 4.4, and what Redpanda writes.
const FIXTURES: [&str; 2] = [
    include_str!("../../../../tests/fixtures/records/generated-4.4.0.txt"),
    include_str!("../../../../tests/fixtures/records/redpanda.txt"),
];

/// A translator, and what it has counted.
struct Counted {
    translator: Translator,
    metrics: ExporterMetrics,
}

impl Counted {
    fn new() -> Self {
        let health = Arc::new(ModuleHealth::new("local".to_owned(), ModuleKind::Consumer, "local".to_owned()));
        let reasons = DecodeError::REASONS.to_vec();
        let metrics = ExporterMetrics::new(vec![Arc::clone(&health)], &MetricsConfig::default(), reasons);
        let (_, filters) = watch::channel(Arc::default());
        let translator = Translator::new(filters, metrics.module(&health).record_counters());
        Self { translator, metrics }
    }

    /// The numbers of records by type, and of errors by reason.
    fn counts(&mut self) -> [BTreeMap<&'static str, u64>; 2] {
        self.translator.flush_counters();
        let rules =
            StorageRules { intervals: NonZeroUsize::MIN, min_distance: Duration::ZERO, expire: ExpiryPolicy::NEVER };
        let report = self.metrics.report(&Storage::new([], rules), (Timestamp(0), Tick(0)), Duration::ZERO);
        let reader = report.modules.into_iter().next().and_then(|module| module.reader).unwrap();
        [reader.records, reader.errors].map(|counts| counts.iter().map(|count| (count.name, count.count)).collect())
    }

    /// Translates a record, and a commit behind it, which has to be read.
    fn translate(&mut self, topic: TopicIndex, key: &[u8], value: Option<&[u8]>) {
        let log = TopicPartition { topic, partition: Partition(0) };
        let record = RawRecord { log, offset: Offset(0), time: None, key: Some(key), value };
        drop(self.translator.translate_record(&record));
        let behind = offsets::CommitRecord {
            group: Name(b"behind"),
            topic: Name(b"t"),
            partition: Partition(0),
            offset: Offset(9),
            timestamp: Timestamp(1),
            leader_epoch: None,
            expire: None,
            metadata: b"",
            topic_id: None,
        };
        let key = encode::commit_key(b"behind", b"t", Partition(0)).unwrap();
        let value = encode::commit_value(encode::ValueVersion::V4, &behind).unwrap();
        let log = TopicPartition { topic: OFFSETS, ..log };
        let next = RawRecord { log, offset: Offset(1), time: None, key: Some(&key), value: Some(&value) };
        let read = self.translator.translate_record(&next);
        assert!(matches!(read, Some(Update::Commit { group: Name(b"behind"), offset: Offset(9), .. })), "{read:?}");
    }
}

/// The records of the fixtures.
fn fixtures() -> impl Iterator<Item = Golden> {
    FIXTURES.into_iter().flat_map(golden::of)
}

/// The topic that a record belongs to.
fn topic(golden: &Golden) -> TopicIndex {
    if golden.is_share_state() { SHARE_STATE } else { OFFSETS }
}

/// Every beginning of some bytes, and these bytes with each byte changed in five ways.
fn mangled(bytes: &[u8]) -> Vec<Vec<u8>> {
    let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
    let changed = (0..bytes.len()).flat_map(|place| {
        let byte = bytes[place];
        [byte ^ 1, byte ^ 0x80, byte.wrapping_add(1), 0, 0xff].map(|other| {
            let mut changed = bytes.to_vec();
            changed[place] = other;
            changed
        })
    });
    cut.chain(changed).collect()
}

#[test]
fn a_record_that_is_cut_or_changed_is_counted_and_what_follows_is_read() {
    for golden in fixtures() {
        let (topic, Golden { name, key, value, .. }) = (topic(&golden), golden);
        let keys = mangled(&key).into_iter().map(|key| (key, value.clone()));
        let values = value.iter().flat_map(|value| mangled(value)).map(|value| (key.clone(), Some(value)));
        let (mut counted, mut records, mut bad_keys, mut errors) = (Counted::new(), 0, 0, 0);
        for (key, value) in keys.chain(values) {
            let read = if topic == SHARE_STATE {
                share_state::key(&key).map(|key| key.value(value.as_deref()).map(drop))
            } else {
                offsets::key(&key).map(|key| key.value(value.as_deref()).map(drop))
            };
            records += 1;
            bad_keys += u64::from(read.is_err());
            errors += u64::from(read.and_then(|value| value).is_err());
            counted.translate(topic, &key, value.as_deref());
        }
        let [types, reasons] = counted.counts();
        // The commits behind them are counted, too.
        assert_eq!(types.values().sum::<u64>(), 2 * records - bad_keys, "{name}: {types:?}");
        // An assignment that cannot be read is an error of its own.
        let counted: u64 = reasons.values().sum();
        assert!(if name == "redpanda-group" { counted >= errors } else { counted == errors }, "{name}: {reasons:?}");
        assert!(errors > 0, "{name}");
    }
}

#[test]
fn a_record_that_is_whole_is_no_error() {
    for golden in fixtures() {
        let (topic, Golden { name, key, value, .. }) = (topic(&golden), golden);
        let mut counted = Counted::new();
        counted.translate(topic, &key, value.as_deref());
        let [types, reasons] = counted.counts();
        assert_eq!((types.values().sum::<u64>(), reasons), (2, BTreeMap::new()), "{name}: {types:?}");
    }
}
