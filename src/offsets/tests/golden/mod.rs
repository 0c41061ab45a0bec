//! Records as Kafka's own generated classes write them (`tests/rig/Golden.java` prints them). Each is decoded to
//! what was encoded, and every error in one is detected.

mod classic;
mod consumer;
mod share;
mod share_state;
mod streams;

use std::collections::BTreeMap;

use super::super::share_state as state;
use super::super::{DecodeError, MemberKey, Partitions, Record, encode, key};
use super::examples::hex;
use crate::model::{Name, Partition, Timestamp, TopicId};
use crate::offsets::GroupProtocol;

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
pub(super) struct Golden {
    pub(super) name: &'static str,
    pub(super) version: u8,
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
}

impl Golden {
    /// Whether the record belongs to `__share_group_state`.
    pub(super) fn is_share_state(&self) -> bool {
        self.name.starts_with("snapshot") || self.name.starts_with("update")
    }
}

pub(super) fn all() -> Vec<Golden> {
    let lines = [FULL, LATEST, EARLY].into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#'));
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
    if golden.is_share_state() {
        return state::decode(key_bytes, value).err();
    }
    key(key_bytes).and_then(|key| key.value(value)).err()
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
fn a_byte_after_the_end_is_refused() {
    for golden in looked_at() {
        let longer = [&golden.key[..], b"\0"].concat();
        assert_eq!(error(&golden, &longer, golden.value.as_deref()).unwrap().reason(), "trailing", "{}", golden.name);
        let Some(value) = &golden.value else { continue };
        let longer = [&value[..], b"\0"].concat();
        // With an additional byte, the epoch of 4.0 looks like a truncated one of 4.1.
        let reason = if golden.name == "old-share-epoch" { "truncated" } else { "trailing" };
        assert_eq!(error(&golden, &golden.key, Some(&longer)).unwrap().reason(), reason, "{}", golden.name);
    }
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
