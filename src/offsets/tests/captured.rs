//! Records that brokers wrote while real clients ran (`tests/captured.rs`): each can be decoded, and none can if it
//! is cut anywhere.

use super::super::share_state as state;
use super::super::{DecodeError, OwnedItems, Record, key};
use super::examples::hex;

const BY_4_4: &str = include_str!("../../../tests/fixtures/records/captured-4.4.0.txt");
const BY_4_3: &str = include_str!("../../../tests/fixtures/records/captured-4.3.1.txt");
const BY_4_2: &str = include_str!("../../../tests/fixtures/records/captured-4.2.0.txt");
const BY_3_9: &str = include_str!("../../../tests/fixtures/records/captured-3.9.1.txt");
const BY_2_8: &str = include_str!("../../../tests/fixtures/records/captured-2.8.2.txt");

struct Captured {
    is_share_state: bool,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

fn captured(text: &'static str) -> impl Iterator<Item = Captured> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let [topic, key, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let value = (value != "-").then(|| hex(value));
        Captured { is_share_state: topic == "__share_group_state", key: hex(key), value }
    })
}

fn all() -> impl Iterator<Item = Captured> {
    [BY_4_4, BY_4_3, BY_4_2, BY_3_9, BY_2_8].into_iter().flat_map(captured)
}

/// The error of decoding a record, if any.
fn error(captured: &Captured, key_bytes: &[u8], value: Option<&[u8]>) -> Option<DecodeError> {
    if captured.is_share_state {
        return state::decode(key_bytes, value).err();
    }
    key(key_bytes).and_then(|key| key.value(value)).err()
}

#[test]
fn every_record_that_a_broker_wrote_is_read() {
    for captured in all() {
        let found = error(&captured, &captured.key, captured.value.as_deref());
        assert_eq!(found, None, "{:02x?} {:02x?}", captured.key, captured.value);
    }
}

#[test]
fn a_record_that_a_broker_wrote_is_refused_wherever_it_is_cut() {
    for captured in all() {
        for length in 1..captured.key.len() {
            let error = error(&captured, &captured.key[..length], captured.value.as_deref()).unwrap();
            assert_eq!(error.reason(), "truncated", "{length} of {:02x?}", captured.key);
        }
        let Some(value) = &captured.value else { continue };
        for length in 0..value.len() {
            // The rest is then the epoch of a share group as brokers of 4.0 wrote it.
            if captured.key[..2] == [0, 11] && length == 7 && value[6] == 0 {
                continue;
            }
            let error = error(&captured, &captured.key, Some(&value[..length]));
            let reason = error.map(|error| error.reason());
            assert_eq!(reason, Some("truncated"), "{length} of {:02x?} {value:02x?}", captured.key);
        }
    }
}

#[test]
fn brokers_of_4_4_write_since_when_partitions_are_assigned() {
    let all: Vec<Captured> = captured(BY_4_4).filter(|captured| !captured.is_share_state).collect();
    let records = || all.iter().map(|captured| key(&captured.key).unwrap().value(captured.value.as_deref()).unwrap());
    let times = records().filter_map(|record| {
        let Record::TargetEpoch { target, .. } = record else { return None };
        target?.timestamp
    });
    assert!(times.count() > 0);
    let epochs = records().filter_map(|record| {
        let Record::Current { current, .. } = record else { return None };
        let OwnedItems::Partitions(mut owned) = current?.assigned else { return None };
        let owned = owned.next()?;
        Some((owned.item.partitions.len(), owned.epochs?.len()))
    });
    let epochs: Vec<(usize, usize)> = epochs.collect();
    assert!(!epochs.is_empty() && epochs.iter().all(|(partitions, epochs)| partitions == epochs), "{epochs:?}");
}
