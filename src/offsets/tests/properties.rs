//! Properties over any records and any bytes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::encode::{self, ClassicGroup, ValueVersion};
use super::super::{
    ClassicGroupMember, CommitRecord, DecodeError, GroupMetadata, Key, Record, RecordType, assignment, key,
};
use super::text;
use crate::model::{Name, Offset, Partition, Timestamp, TopicId};

/// The owned bytes of a record.
#[derive(Clone, Debug)]
struct Bytes {
    key: Vec<u8>,
    value: Vec<u8>,
    flexible: bool,
}

#[derive(Clone, Debug)]
struct OwnedMember {
    texts: [Vec<u8>; 5],
    instance: Option<Vec<u8>>,
    timeouts: [i32; 2],
}

impl OwnedMember {
    fn borrowed(&self) -> ClassicGroupMember<'_> {
        let [id, client_id, client_host, subscription, assignment] = &self.texts;
        ClassicGroupMember {
            id,
            instance_id: self.instance.as_deref(),
            client_id,
            client_host,
            rebalance_timeout: Some(self.timeouts[0]),
            session_timeout: self.timeouts[1],
            subscription,
            assignment,
        }
    }
}

fn version() -> impl Strategy<Value = ValueVersion> {
    prop::sample::select(&ValueVersion::ALL[..])
}

type CommitParts = ((Vec<u8>, Vec<u8>, i32), (i64, i64, Option<i32>, Option<i64>), Vec<u8>, Option<u128>);

fn commit_parts() -> impl Strategy<Value = CommitParts> {
    (
        (text(), text(), 0..=i32::MAX),
        (0..=i64::MAX, any::<i64>(), option::of(0..=i32::MAX), option::of(0..=i64::MAX)),
        text(),
        option::of(1..=u128::MAX),
    )
}

fn commit_of(parts: &CommitParts) -> CommitRecord<'_> {
    let ((group, topic, partition), (offset, timestamp, leader_epoch, expire), metadata, topic_id) = parts;
    CommitRecord {
        group: Name(group),
        topic: Name(topic),
        partition: Partition(*partition),
        offset: Offset(*offset),
        timestamp: Timestamp(*timestamp),
        leader_epoch: *leader_epoch,
        expire: expire.map(Timestamp),
        metadata,
        topic_id: topic_id.map(TopicId),
    }
}

fn members() -> impl Strategy<Value = Vec<OwnedMember>> {
    let member = (prop::array::uniform5(text()), option::of(text()), prop::array::uniform2(any::<i32>()));
    vec(member.prop_map(|(texts, instance, timeouts)| OwnedMember { texts, instance, timeouts }), 0..4)
}

type GroupParts = (Vec<u8>, i32, Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>, Vec<OwnedMember>);

fn group_parts() -> impl Strategy<Value = GroupParts> {
    (text(), any::<i32>(), option::of(text()), option::of(text()), option::of(0..=i64::MAX), members())
}

fn group_bytes(version: ValueVersion, name: &[u8], parts: &GroupParts) -> Bytes {
    let (protocol_type, generation, protocol, leader, state_timestamp, members) = parts;
    let members: Vec<ClassicGroupMember<'_>> = members.iter().map(OwnedMember::borrowed).collect();
    let group = ClassicGroup {
        protocol_type,
        generation: *generation,
        protocol: protocol.as_deref(),
        leader: leader.as_deref(),
        state_timestamp: state_timestamp.map(Timestamp),
        members: &members,
    };
    let value = encode::group_value(version, &group).unwrap();
    Bytes { key: encode::group_key(name).unwrap(), value, flexible: version == ValueVersion::V4 }
}

fn commit_bytes(version: ValueVersion, parts: &CommitParts) -> Bytes {
    let commit = commit_of(parts);
    let key = encode::commit_key(commit.group.0, commit.topic.0, commit.partition).unwrap();
    Bytes { key, value: encode::commit_value(version, &commit).unwrap(), flexible: version == ValueVersion::V4 }
}

fn any_record() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        (version(), commit_parts()).prop_map(|(version, parts)| commit_bytes(version, &parts)),
        (version(), text(), group_parts()).prop_map(|(version, name, parts)| group_bytes(version, &name, &parts)),
    ]
}

/// Decodes everything in a record, with members and assignments.
fn read(key_bytes: &[u8], value: Option<&[u8]>) -> Result<(), DecodeError> {
    let record = key(key_bytes)?.value(value)?;
    // The comparison requests every item of every list.
    assert_eq!(key(key_bytes)?.value(value), Ok(record));
    if let Record::Group(GroupMetadata { members, .. }) = record {
        let promised = members.len();
        assert_eq!(members.inspect(|member| known(walk(member.assignment))).count(), promised);
    }
    Ok(())
}

fn walk(bytes: &[u8]) -> Result<(), DecodeError> {
    let topics = assignment(bytes)?;
    let promised = topics.len();
    let walked = topics.inspect(|(_, partitions)| assert_eq!(partitions.count(), partitions.len())).count();
    assert_eq!(walked, promised);
    Ok(())
}

fn known(result: Result<(), DecodeError>) {
    if let Err(error) = result {
        assert!(DecodeError::REASONS.contains(&error.reason()), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_commit_comes_back_as_it_was_written(version in version(), parts in commit_parts()) {
        let bytes = commit_bytes(version, &parts);
        let full = commit_of(&parts);
        let expected = CommitRecord {
            leader_epoch: full.leader_epoch.filter(|_| version >= ValueVersion::V3),
            expire: full.expire.filter(|_| version == ValueVersion::V1),
            topic_id: full.topic_id.filter(|_| version == ValueVersion::V4),
            ..full
        };
        let key = key(&bytes.key).unwrap();
        prop_assert_eq!((key.group(), key.record_type()), (Some(full.group), RecordType::OffsetCommit));
        prop_assert_eq!(key.value(Some(&bytes.value)), Ok(Record::Commit(expected)));
        let (group, topic, partition) = (full.group, full.topic, full.partition);
        prop_assert_eq!(key.value(None), Ok(Record::CommitTombstone { group, topic, partition }));
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        kind in prop_oneof![Just(None), option::of(-1_i16..26)],
        version in option::of(-1_i16..6),
        key_bytes in vec(any::<u8>(), 0..40),
        value in option::of(vec(any::<u8>(), 0..80)),
    ) {
        let with = |number: Option<i16>, rest: &[u8]| [&number.map_or(vec![], |n| n.to_be_bytes().to_vec()), rest].concat();
        known(read(&with(kind, &key_bytes), value.map(|value| with(version, &value)).as_deref()));
        known(walk(&key_bytes));
        // With a valid key, so that the values are decoded, too.
        for right in [&b"\0\x02\0\x01g"[..], b"\0\x01\0\x01g\0\x01t\0\0\0\0"] {
            known(read(right, Some(&with(version, &key_bytes))));
        }
    }

    #[test]
    fn a_mutated_record_is_read_or_refused(
        record in any_record(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut value = record.value;
        for (place, byte) in changes {
            let place = place.index(value.len());
            value[place] = byte;
        }
        known(read(&record.key, Some(&value)));
        known(read(&value, Some(&record.key)));
    }

    #[test]
    fn an_assignment_comes_back_as_it_was_written(
        topics in vec((text(), vec((0..=i32::MAX).prop_map(Partition), 0..5)), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let borrowed: Vec<(Name<'_>, &[Partition])> = topics.iter().map(|(name, all)| (Name(name), &all[..])).collect();
        let bytes = encode::assignment(&borrowed).unwrap();
        let read: Vec<(Vec<u8>, Vec<Partition>)> =
            assignment(&bytes).unwrap().map(|(name, all)| (name.0.to_vec(), all.collect())).collect();
        prop_assert_eq!(read, topics);
        known(walk(&bytes[..cut.index(bytes.len())]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_group_comes_back_as_it_was_written(version in version(), name in text(), parts in group_parts()) {
        let bytes = group_bytes(version, &name, &parts);
        let read = key(&bytes.key).unwrap().value(Some(&bytes.value)).unwrap();
        let Record::Group(group) = read else { panic!("not a group: {read:?}") };
        let (protocol_type, generation, protocol, leader, state_timestamp, members) = &parts;
        prop_assert_eq!(group.group, Name(&name));
        prop_assert_eq!((group.protocol_type, group.generation), (&protocol_type[..], *generation));
        prop_assert_eq!((group.protocol, group.leader), (protocol.as_deref(), leader.as_deref()));
        prop_assert_eq!(group.state_timestamp, state_timestamp.filter(|_| version >= ValueVersion::V2).map(Timestamp));
        prop_assert_eq!(group.members.len(), members.len());
        let expected: Vec<ClassicGroupMember<'_>> = members.iter().map(|member| ClassicGroupMember {
            instance_id: member.instance.as_deref().filter(|_| version >= ValueVersion::V3),
            rebalance_timeout: Some(member.timeouts[0]).filter(|_| version >= ValueVersion::V1),
            ..member.borrowed()
        }).collect();
        prop_assert_eq!(group.members.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_record_cut_anywhere_is_refused(record in any_record()) {
        for length in 0..record.key.len() {
            // The first two bytes of a skipped type are a complete key; those of other types are not.
            prop_assert!(key(&record.key[..length]).is_err(), "a key of {length} bytes");
        }
        let key: Key<'_> = key(&record.key).unwrap();
        for length in 0..record.value.len() {
            let error = key.value(Some(&record.value[..length])).unwrap_err();
            prop_assert_eq!(error.reason(), "truncated", "a value of {} bytes, flexible: {}", length, record.flexible);
        }
    }
}
