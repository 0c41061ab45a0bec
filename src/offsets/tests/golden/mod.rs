//! Records as Kafka's own generated classes write them (`tests/rig/Golden.java` prints them). Each is decoded to
//! what was encoded, and every error in one is detected.

mod classic;
mod consumer;
mod share;
mod share_state;
mod streams;

use std::collections::BTreeMap;

use super::super::share_state as state;
use super::super::{DecodeError, MemberKey, Partitions, Record, encode, key, key_noting};
use super::examples::hex;
use crate::model::{Name, Partition, Timestamp, TopicId};
use crate::offsets::{AssignmentEpochs, GroupProtocol, Oddities};

const FULL: &str = include_str!("../../../../tests/fixtures/records/generated-4.2.0.txt");
/// The additions of later releases.
const LATEST: &str = include_str!("../../../../tests/fixtures/records/generated-4.4.0.txt");
const EARLY: &str = include_str!("../../../../tests/fixtures/records/generated-3.9.1.txt");

const GROUP: Name<'static> = Name("gr\u{fc}ppe".as_bytes());
const TOPIC: TopicId = TopicId(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f);
const OTHER: TopicId = TopicId(1);
const TIME: Timestamp = Timestamp(1_795_474_400_000);
const LATER: Timestamp = Timestamp(1_795_474_500_000);

/// A list of these items. It borrows from leaked memory.
macro_rules! list {
    ($($item:expr),* $(,)?) => { Box::leak(Box::new(encode::items(&[$($item),*]).unwrap())).list() };
}
use list;

/// One line of a fixture.
pub(crate) struct Golden {
    pub(crate) name: &'static str,
    pub(super) version: u8,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

impl Golden {
    /// Whether the record belongs to `__share_group_state`.
    pub(crate) fn is_share_state(&self) -> bool {
        self.name.starts_with("snapshot") || self.name.starts_with("update")
    }
}

pub(super) fn all() -> Vec<Golden> {
    [FULL, LATEST, EARLY].into_iter().flat_map(of).collect()
}

/// The records of a fixture.
pub(crate) fn of(fixture: &'static str) -> Vec<Golden> {
    let lines = fixture.lines().filter(|line| !line.starts_with('#'));
    let golden = |line: &'static str| {
        let [name, version, key, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let value = (value != "-").then(|| hex(value));
        Golden { name, version: version.parse().unwrap(), key: hex(key), value }
    };
    lines.map(golden).collect()
}

fn member(kind: GroupProtocol) -> MemberKey<'static> {
    MemberKey { kind, group: GROUP, member: Name(b"m1") }
}

fn names(names: &[&'static str]) -> crate::offsets::RecordList<'static, Name<'static>> {
    let names: Vec<Name<'_>> = names.iter().map(|name| Name(name.as_bytes())).collect();
    Box::leak(Box::new(encode::items(&names).unwrap())).list()
}

fn partitions(numbers: &[i32]) -> Partitions<'static> {
    let partitions: Vec<Partition> = numbers.iter().copied().map(Partition).collect();
    Box::leak(Box::new(encode::items(&partitions).unwrap())).list()
}

/// The epochs in which partitions were assigned.
fn epochs_of(numbers: &[i32]) -> AssignmentEpochs<'static> {
    Box::leak(Box::new(encode::items(numbers).unwrap())).list()
}

type Expected<R> = Vec<(&'static str, R)>;

#[test]
fn every_record_of_the_offsets_topic_says_what_was_put_in() {
    let expected: Expected<Record<'_>> =
        [classic::expected(), consumer::expected(), share::expected(), streams::expected()].concat();
    let mut expected: BTreeMap<_, _> = expected.into_iter().collect();
    for golden in all().iter().filter(|golden| !golden.is_share_state()) {
        let read = key(&golden.key).unwrap().value(golden.value.as_deref());
        assert_eq!(Some(read), expected.remove(golden.name).map(Ok), "{}", golden.name);
    }
    assert_eq!(expected.keys().collect::<Vec<_>>(), [&""; 0]);
}

#[test]
fn every_record_of_the_share_groups_state_says_what_was_put_in() {
    let mut expected: BTreeMap<_, _> = share_state::expected().into_iter().collect();
    for golden in all().iter().filter(|golden| golden.is_share_state()) {
        let read = state::decode(&golden.key, golden.value.as_deref());
        assert_eq!(Some(read), expected.remove(golden.name).map(Ok), "{}", golden.name);
    }
    assert_eq!(expected.keys().collect::<Vec<_>>(), [&""; 0]);
}

/// The error of decoding a record, if any.
pub(super) fn error(golden: &Golden, key_bytes: &[u8], value: Option<&[u8]>) -> Option<DecodeError> {
    oddities(golden, key_bytes, value).err()
}

/// What is odd about a record, or why it cannot be decoded.
fn oddities(golden: &Golden, key_bytes: &[u8], value: Option<&[u8]>) -> Result<Oddities, DecodeError> {
    let mut oddities = Oddities::default();
    if golden.is_share_state() {
        state::key_noting(key_bytes, &mut oddities)?.value_noting(value, &mut oddities)?;
    } else {
        key_noting(key_bytes, &mut oddities)?.value_noting(value, &mut oddities)?;
    }
    Ok(oddities)
}

/// All records without the skipped type, whose bytes are not read.
fn looked_at() -> Vec<Golden> {
    all().into_iter().filter(|golden| golden.name != "old-share-topics").collect()
}

#[test]
fn a_record_cut_anywhere_is_refused_and_the_place_is_told() {
    for golden in looked_at() {
        for length in 1..golden.key.len() {
            let error = error(&golden, &golden.key[..length], golden.value.as_deref()).unwrap();
            let context = format!("{}, key of {length} bytes: {error}", golden.name);
            assert!(error.reason() == "truncated" && error.at <= length, "{context}");
        }
        let Some(value) = &golden.value else { continue };
        for length in 0..value.len() {
            let error = error(&golden, &golden.key, Some(&value[..length])).unwrap();
            let context = format!("{}, value of {length} bytes: {error}", golden.name);
            assert!(error.reason() == "truncated" && error.at <= length, "{context}");
        }
    }
}

#[test]
fn bytes_after_the_end_are_ignored_and_noted() {
    let (none, trailing) = (Ok(Oddities::default()), Ok(Oddities { trailing: true, null: false }));
    for golden in looked_at() {
        let value = golden.value.as_deref();
        assert_eq!(oddities(&golden, &golden.key, value), none, "{}", golden.name);
        for rest in [&b"\0"[..], b"\xff\xff\xff\xff", &[1; 300]] {
            let longer = [&golden.key[..], rest].concat();
            assert_eq!(oddities(&golden, &longer, value), trailing, "{}", golden.name);
            // With additional bytes, the epoch of 4.0 looks like one of 4.1.
            let Some(value) = value.filter(|_| golden.name != "old-share-epoch") else { continue };
            let longer = [value, rest].concat();
            assert_eq!(oddities(&golden, &golden.key, Some(&longer)), trailing, "{}", golden.name);
            if !golden.is_share_state() {
                let of = key(&golden.key).unwrap();
                assert_eq!(of.value(Some(&longer)), of.value(Some(value)), "{}", golden.name);
            }
        }
    }
}

#[test]
fn the_epoch_of_early_access_with_bytes_after_it_is_refused() {
    let golden = all().into_iter().find(|golden| golden.name == "old-share-epoch").unwrap();
    let longer = [&golden.value.clone().unwrap()[..], b"\0"].concat();
    assert_eq!(error(&golden, &golden.key, Some(&longer)).unwrap().reason(), "truncated");
}

#[test]
fn a_version_above_the_highest_is_refused() {
    for golden in looked_at() {
        let highest = if golden.key[1] == 1 || golden.key[1] == 2 { 4 } else { 0 };
        let highest = if golden.is_share_state() { 0 } else { highest };
        let Some(mut value) = golden.value.clone() else { continue };
        assert_eq!(value[..2], [0, golden.version], "{}", golden.name);
        value[1] = highest + 1;
        assert_eq!(error(&golden, &golden.key, Some(&value)).unwrap().reason(), "version", "{}", golden.name);
    }
}
