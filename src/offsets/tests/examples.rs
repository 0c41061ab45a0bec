//! Bytes as brokers wrote them, and in the layout of each version.

use super::super::{
    ClassicGroupMember, CommitRecord, GroupMetadata, GroupProtocol, Key, MemberDetails, MemberKey, MemberMetadata,
    Record, RecordType, assignment, encode, key,
};
use crate::model::{Name, Offset, Partition, Timestamp, TopicId};

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A member of version 3 without a name and an address.
pub(super) fn member(assignment: &[u8]) -> ClassicGroupMember<'_> {
    ClassicGroupMember {
        id: b"",
        instance_id: None,
        client_id: b"",
        client_host: b"",
        rebalance_timeout: Some(300_000),
        session_timeout: 45_000,
        subscription: b"S",
        assignment,
    }
}

/// Type 1, group `g`, topic `t`, partition 3.
pub(super) const COMMIT_KEY: &str = "0001 0001 67 0001 74 00000003";
/// Type 2, group `g`.
pub(super) const GROUP_KEY: &str = "0002 0001 67";

fn commit() -> CommitRecord<'static> {
    CommitRecord {
        group: Name(b"g"),
        topic: Name(b"t"),
        partition: Partition(3),
        offset: Offset(123),
        timestamp: Timestamp(0x0000_01a2_0415_1517),
        leader_epoch: None,
        expire: None,
        metadata: b"",
        topic_id: None,
    }
}

#[track_caller]
fn reads_as(key_bytes: &str, value: &str, expected: &Record<'_>) {
    let (key_bytes, value) = (hex(key_bytes), hex(value));
    assert_eq!(key(&key_bytes).unwrap().value(Some(&value)).as_ref(), Ok(expected));
}

#[test]
fn a_commit_as_kafka_4_1_writes_it() {
    let value = "0004 000000000000007b ffffffff 01 000001a204151517 00";
    reads_as(COMMIT_KEY, value, &Record::Commit(commit()));
}

#[test]
fn a_commit_by_topic_id() {
    let value = "0004 000000000000007b 00000007 03 6d64 000001a204151517 01 00 10 000102030405060708090a0b0c0d0e0f";
    let id = TopicId(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f);
    let expected = CommitRecord { leader_epoch: Some(7), metadata: b"md", topic_id: Some(id), ..commit() };
    reads_as(COMMIT_KEY, value, &Record::Commit(expected));
}

#[test]
fn tags_that_are_not_known_are_skipped() {
    let id = "000102030405060708090a0b0c0d0e0f";
    let value = format!("0004 000000000000007b 00000007 01 000001a204151517 03 00 10 {id} 05 00 8001 02 ffff");
    let id = TopicId(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f);
    let expected = CommitRecord { leader_epoch: Some(7), topic_id: Some(id), ..commit() };
    reads_as(COMMIT_KEY, &value, &Record::Commit(expected));
}

#[test]
fn a_topic_id_of_zeros_is_none() {
    let value = "0004 000000000000007b ffffffff 01 000001a204151517 01 00 10 00000000000000000000000000000000";
    reads_as(COMMIT_KEY, value, &Record::Commit(commit()));
}

#[test]
fn metadata_of_127_bytes_and_more_takes_a_length_of_two_bytes() {
    for length in [126_usize, 127, 128, 4096, 32767] {
        let metadata = vec![b'm'; length];
        let expected = CommitRecord { metadata: &metadata, ..commit() };
        let value = encode::commit_value(encode::ValueVersion::V4, &expected).unwrap();
        let key_bytes = hex(COMMIT_KEY);
        assert_eq!(key(&key_bytes).unwrap().value(Some(&value)), Ok(Record::Commit(expected)));
    }
}

#[test]
fn older_commits() {
    let legacy_key = "0000 0001 67 0001 74 00000003";
    let v0 = "0000 000000000000007b 0002 6d64 000001a204151517";
    let expected = Record::Commit(CommitRecord { metadata: b"md", ..commit() });
    reads_as(legacy_key, v0, &expected);
    reads_as(COMMIT_KEY, v0, &expected);
    reads_as(COMMIT_KEY, "0002 000000000000007b 0002 6d64 000001a204151517", &expected);
    reads_as(COMMIT_KEY, "0001 000000000000007b 0002 6d64 000001a204151517 ffffffffffffffff", &expected);

    let v1 = "0001 000000000000007b 0000 000001a204151517 0000000000000005";
    reads_as(COMMIT_KEY, v1, &Record::Commit(CommitRecord { expire: Some(Timestamp(5)), ..commit() }));
    let v3 = "0003 000000000000007b 00000000 0000 000001a204151517";
    reads_as(COMMIT_KEY, v3, &Record::Commit(CommitRecord { leader_epoch: Some(0), ..commit() }));
}

#[test]
fn tombstones() {
    let bytes = hex("0001 0001 67 0001 74 00000003");
    let gone = Record::CommitTombstone { group: Name(b"g"), topic: Name(b"t"), partition: Partition(3) };
    assert_eq!(key(&bytes).unwrap().value(None), Ok(gone));
    let bytes = hex("0000 0001 67 0001 74 00000003");
    assert_eq!(key(&bytes).unwrap().value(None), Ok(gone));
    let bytes = hex(GROUP_KEY);
    assert_eq!(key(&bytes).unwrap().value(None), Ok(Record::GroupTombstone { group: Name(b"g") }));
    let bytes = hex("0003 0001 67");
    let (kind, group) = (GroupProtocol::Consumer, Name(b"g"));
    assert_eq!(key(&bytes).unwrap().value(None), Ok(Record::EpochTombstone { kind, group }));
}

const MEMBER_V3: &str = "0002 6d31  ffff  0001 63  0009 2f31302e302e302e31  000493e0 0000afc8  00000001 53  \
     00000019 0001 00000001 0001 74 00000002 00000000 00000003 ffffffff";

#[test]
fn a_group_of_version_3() {
    let value =
        format!("0003 0008 636f6e73756d6572 00000005 0005 72616e6765 0002 6d31 000001a204151517 00000001 {MEMBER_V3}");
    let (key_bytes, value) = (hex(GROUP_KEY), hex(&value));
    let Ok(Record::Group(group)) = key(&key_bytes).unwrap().value(Some(&value)) else { panic!("not a group") };
    assert_eq!((group.group, group.protocol_type, group.generation), (Name(b"g"), &b"consumer"[..], 5));
    assert_eq!((group.protocol, group.leader), (Some(&b"range"[..]), Some(&b"m1"[..])));
    assert_eq!(group.state_timestamp, Some(Timestamp(0x0000_01a2_0415_1517)));
    assert_eq!(group.members.len(), 1);
    let members: Vec<ClassicGroupMember<'_>> = group.members.collect();
    let assigned = hex("0001 00000001 0001 74 00000002 00000000 00000003 ffffffff");
    let expected = ClassicGroupMember { id: b"m1", client_id: b"c", client_host: b"/10.0.0.1", ..member(&assigned) };
    assert_eq!(members, [expected]);
    let topics: Vec<(String, Vec<Partition>)> = assignment(members[0].assignment)
        .unwrap()
        .map(|(topic, partitions)| (topic.to_string(), partitions.collect()))
        .collect();
    assert_eq!(topics, [("t".to_owned(), vec![Partition(0), Partition(3)])]);
}

#[test]
fn a_flexible_group_with_tags_everywhere() {
    let value = "0004 09 636f6e73756d6572 00000005 06 72616e6765 03 6d31 ffffffffffffffff 02 \
                 03 6d31 02 69 02 63 01 00000001 00000002 02 53 01  01 07 01 ff  02 00 00 09 00";
    let (key_bytes, value) = (hex(GROUP_KEY), hex(value));
    let Ok(Record::Group(group)) = key(&key_bytes).unwrap().value(Some(&value)) else { panic!("not a group") };
    assert_eq!(group.state_timestamp, None);
    let expected = ClassicGroupMember {
        id: b"m1",
        instance_id: Some(b"i"),
        client_id: b"c",
        client_host: b"",
        rebalance_timeout: Some(1),
        session_timeout: 2,
        subscription: b"S",
        assignment: b"",
    };
    assert_eq!(group.members.collect::<Vec<_>>(), [expected]);
}

#[test]
fn a_group_without_members() {
    let key_bytes = hex(GROUP_KEY);
    let value = hex("0003 0008 636f6e73756d6572 00000007 ffff ffff 000001a204151517 00000000");
    let Ok(Record::Group(GroupMetadata { generation, protocol, leader, members, .. })) =
        key(&key_bytes).unwrap().value(Some(&value))
    else {
        panic!("not a group")
    };
    assert_eq!((generation, protocol, leader, members.len()), (7, None, None, 0));
}

#[test]
fn the_key_of_a_type_that_is_not_decoded_is_not_looked_at() {
    assert_eq!(key(&hex("0009")), Ok(Key::Skipped(RecordType::ShareGroupPartitionMetadata)));
    assert_eq!(key(&hex("0012 ffff")), Ok(Key::Skipped(RecordType::StreamsGroupPartitionMetadata)));
    assert_eq!(key(&hex("0018 ff")), Ok(Key::Unknown(24)));
    assert_eq!(key(&hex("ffff")).unwrap().value(Some(b"?")), Ok(Record::Skipped(RecordType::Unknown)));
}

#[test]
fn a_member_as_kafka_4_2_writes_it() {
    // Without a classic protocol: the tag contains null.
    let value = "0000 00 00 08 72646b61666b61 0b 2f3132372e302e302e31 02 0278 01 000493e0 00 01 00 01 00";
    let (key_bytes, value) = (hex("0005 0001 67 0001 6d"), hex(value));
    let topics = encode::items(&[Name(b"x")]).unwrap();
    let metadata = MemberMetadata {
        instance_id: None,
        rack_id: None,
        client_id: Name(b"rdkafka"),
        client_host: Name(b"/127.0.0.1"),
        details: MemberDetails::Consumer {
            topics: topics.list(),
            regex: Some(Name(b"")),
            rebalance_timeout: 300_000,
            assignor: None,
            classic: None,
        },
    };
    let of = MemberKey { kind: GroupProtocol::Consumer, group: Name(b"g"), member: Name(b"m") };
    let expected = Record::Member { of, metadata: Some(metadata) };
    assert_eq!(key(&key_bytes).unwrap().value(Some(&value)), Ok(expected));
}

#[test]
fn an_assignment_of_no_bytes_is_empty() {
    assert_eq!(assignment(b"").unwrap().count(), 0);
}

#[test]
fn an_assignment_of_a_later_version_begins_like_one_that_is_known() {
    let bytes = hex("0009 00000001 0001 74 00000001 00000002 cafe");
    let mut topics = assignment(&bytes).unwrap();
    let (topic, partitions) = topics.next().unwrap();
    assert_eq!((topic, partitions.len(), topics.len()), (Name(b"t"), 1, 0));
    assert_eq!(partitions.collect::<Vec<_>>(), [Partition(2)]);
}
