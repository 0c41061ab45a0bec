//! Commits and classic groups.

use super::{Expected, GROUP, LATER, TIME, TOPIC};
use crate::model::{Name, Offset, Partition};
use crate::offsets::encode::{self, ValueVersion};
use crate::offsets::{ClassicGroupMember, CommitRecord, GroupMetadata, Key, Record, key};

pub(super) fn expected() -> Expected<Record<'static>> {
    [commits(), groups(), early()].concat()
}

const COMMIT: CommitRecord<'_> = CommitRecord {
    group: GROUP,
    topic: Name(b"t"),
    partition: Partition(3),
    offset: Offset(123),
    timestamp: TIME,
    leader_epoch: None,
    expire: None,
    metadata: "m\u{e9}".as_bytes(),
    topic_id: None,
};

fn commits() -> Expected<Record<'static>> {
    let v1 = CommitRecord { expire: Some(LATER), ..COMMIT };
    let v3 = CommitRecord { leader_epoch: Some(7), ..COMMIT };
    let v4 = CommitRecord { topic_id: Some(TOPIC), ..v3 };
    let gone = Record::CommitTombstone { group: GROUP, topic: Name(b"t"), partition: Partition(3) };
    vec![
        ("legacy-commit", Record::Commit(CommitRecord { metadata: b"md", ..COMMIT })),
        ("legacy-commit-tombstone", gone),
        ("commit-v0", Record::Commit(COMMIT)),
        ("commit-v1", Record::Commit(v1)),
        ("commit-v2", Record::Commit(COMMIT)),
        ("commit-v3", Record::Commit(v3)),
        ("commit-v4", Record::Commit(v4)),
        ("commit-v1-without-expiry", Record::Commit(COMMIT)),
        ("commit-v3-without-epoch", Record::Commit(CommitRecord { metadata: b"", ..COMMIT })),
        ("commit-v4-without-topic-id", Record::Commit(v3)),
        ("commit-v4-of-127-bytes", Record::Commit(CommitRecord { metadata: &[b'm'; 127], ..v4 })),
        ("commit-v4-tagged", Record::Commit(v4)),
        ("commit-tombstone", gone),
    ]
}

fn early() -> Expected<Record<'static>> {
    let commit = CommitRecord { group: Name(b"g"), metadata: b"md", ..COMMIT };
    vec![
        ("old-commit-legacy", Record::Commit(commit)),
        ("old-commit", Record::Commit(CommitRecord { leader_epoch: Some(7), ..commit })),
    ]
}

const FIRST: ClassicGroupMember<'_> = ClassicGroupMember {
    id: b"m1",
    instance_id: Some(b"i1"),
    client_id: b"c1",
    client_host: b"/10.0.0.1",
    rebalance_timeout: Some(300_000),
    session_timeout: 45_000,
    subscription: b"S",
    assignment: b"A",
};
const SECOND: ClassicGroupMember<'_> = ClassicGroupMember {
    id: b"m2",
    instance_id: None,
    client_id: b"",
    client_host: b"/[::1]",
    rebalance_timeout: Some(1),
    session_timeout: 2,
    subscription: b"",
    assignment: b"",
};

/// A group of `version` with these members. Callers use only the encoded members, and set the other fields themselves.
fn group(version: ValueVersion, members: &[ClassicGroupMember<'_>]) -> GroupMetadata<'static> {
    let group = encode::ClassicGroup {
        protocol_type: b"",
        generation: 0,
        protocol: None,
        leader: None,
        state_timestamp: None,
        members,
    };
    let bytes = Box::leak(Box::new(encode::group_value(version, &group).unwrap()));
    let Ok(Record::Group(group)) = (Key::Group { group: GROUP }).value(Some(bytes)) else { panic!("not a group") };
    group
}

fn groups() -> Expected<Record<'static>> {
    let full = |version: ValueVersion, members: &[ClassicGroupMember<'_>]| {
        let group = group(version, members);
        Record::Group(GroupMetadata {
            protocol_type: b"consumer",
            generation: 5,
            protocol: Some(b"range"),
            leader: Some(b"m1"),
            state_timestamp: Some(TIME).filter(|_| version >= ValueVersion::V2),
            ..group
        })
    };
    let both = [FIRST, SECOND];
    let mut expected = vec![
        ("group-v0", full(ValueVersion::V0, &both)),
        ("group-v1", full(ValueVersion::V1, &both)),
        ("group-v2", full(ValueVersion::V2, &both)),
        ("group-v3", full(ValueVersion::V3, &both)),
        ("group-v4", full(ValueVersion::V4, &both)),
        ("group-v4-tagged", full(ValueVersion::V4, &both)),
        ("group-tombstone", Record::GroupTombstone { group: GROUP }),
    ];
    let empty = ["group-v0-empty", "group-v1-empty", "group-v2-empty", "group-v3-empty", "group-v4-empty"];
    expected.extend(
        empty.into_iter().zip(ValueVersion::ALL).map(|(name, version)| (name, Record::Group(group(version, &[])))),
    );
    expected
}

#[test]
fn members_lack_what_their_version_lacks() {
    for golden in super::all().iter().filter(|golden| ["group-v0", "group-v2", "group-v4"].contains(&golden.name)) {
        let read = key(&golden.key).unwrap().value(golden.value.as_deref());
        let Ok(Record::Group(group)) = read else { panic!("not a group: {read:?}") };
        let without = ClassicGroupMember { instance_id: None, ..FIRST };
        let first = match golden.version {
            0 => ClassicGroupMember { rebalance_timeout: None, ..without },
            2 => without,
            _ => FIRST,
        };
        assert_eq!(group.members.into_iter().next(), Some(first), "{}", golden.name);
        assert_eq!(group.members.len(), 2);
    }
}
