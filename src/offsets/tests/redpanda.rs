//! Records as Redpanda writes them, built from the layouts of its `group_metadata.cc`: members with a version of their
//! own, and keys of tombstones that are wrapped.

use super::super::{
    ClassicGroupMember, FieldProblem, GroupMetadata, Key, MemberKey, Oddities, Record, encode, key, key_noting,
};
use super::examples::{COMMIT_KEY, GROUP_KEY, hex, member};
use super::golden;
use crate::model::{Name, Partition, Timestamp};
use crate::offsets::GroupProtocol;

/// The same records, which the tests with real servers and those of mangled records use.
pub(super) const FIXTURE: &str = include_str!("../../../tests/fixtures/records/redpanda.txt");

/// A group of the type `consumer` in generation 5 with the assignor `range`, up to the number of its members.
const HEAD: &str = "0003 0008 636f6e73756d6572 00000005 0005 72616e6765 002c \
    72646b61666b612d31313131313131312d313131312d313131312d313131312d313131313131313131313131 000001a204151517";
/// Version, id, no instance id, client id, host, both timeouts, a subscription, and an assignment of `t` 0 and 3.
const FIRST: &str = "0003 002c 72646b61666b612d31313131313131312d313131312d313131312d313131312d313131313131313131313131 ffff \
    0007 72646b61666b61 000a 31302e302e302e313233 000493e0 0000afc8 00000001 53 \
    00000019 0001 00000001 0001 74 00000002 00000000 00000003 ffffffff";
/// A static member that owns nothing.
const SECOND: &str = "0003 002c 72646b61666b612d32323232323232322d323232322d323232322d323232322d323232323232323232323232 0002 6931 \
    0001 63 0000 00000001 00000002 00000000 00000000";

fn value(members: &[&str]) -> Vec<u8> {
    hex(&format!("{HEAD} {:08x} {}", members.len(), members.concat()))
}

fn read(value: &[u8], oddities: &mut Oddities) -> Option<GroupMetadata<'static>> {
    let value = Box::leak(value.to_vec().into_boxed_slice());
    let group = Key::Group { group: Name(b"g") };
    let record = group.value_noting(Some(value), oddities).ok()?;
    let Record::Group(group) = record else { panic!("not a group: {record:?}") };
    Some(group)
}

#[test]
fn members_with_a_version_of_their_own_are_read() {
    let mut oddities = Oddities::default();
    let group = read(&value(&[FIRST, SECOND]), &mut oddities).unwrap();
    assert_eq!(oddities, Oddities::default());
    assert_eq!((group.protocol_type, group.generation), (&b"consumer"[..], 5));
    assert_eq!(
        (group.protocol, group.leader),
        (Some(&b"range"[..]), Some(&b"rdkafka-11111111-1111-1111-1111-111111111111"[..]))
    );
    assert_eq!(group.state_timestamp, Some(Timestamp(0x0000_01a2_0415_1517)));
    let assigned = hex("0001 00000001 0001 74 00000002 00000000 00000003 ffffffff");
    let first = ClassicGroupMember {
        id: b"rdkafka-11111111-1111-1111-1111-111111111111",
        client_id: b"rdkafka",
        client_host: b"10.0.0.123",
        ..member(&assigned)
    };
    let second = ClassicGroupMember {
        id: b"rdkafka-22222222-2222-2222-2222-222222222222",
        instance_id: Some(b"i1"),
        client_id: b"c",
        client_host: b"",
        rebalance_timeout: Some(1),
        session_timeout: 2,
        subscription: b"",
        assignment: b"",
    };
    assert_eq!((group.members.len(), group.members.collect::<Vec<_>>()), (2, vec![first, second]));
}

#[test]
fn the_fixture_has_this_group() {
    let fixture = golden::of(FIXTURE).into_iter().find(|golden| golden.name == "redpanda-group").unwrap();
    assert_eq!(fixture.value, Some(value(&[FIRST, SECOND])));
}

#[test]
fn a_group_without_members_is_the_same_in_both_layouts() {
    let group = read(&value(&[]), &mut Oddities::default()).unwrap();
    assert_eq!((group.generation, group.members.len()), (5, 0));
}

#[test]
fn a_group_with_members_that_is_cut_anywhere_is_refused() {
    let whole = value(&[FIRST, SECOND]);
    for length in 0..whole.len() {
        assert_eq!(read(&whole[..length], &mut Oddities::default()), None, "{length}");
    }
}

#[test]
fn bytes_after_the_members_are_those_of_no_layout() {
    let longer = [&value(&[FIRST])[..], b"\0"].concat();
    assert_eq!(read(&longer, &mut Oddities::default()), None);
}

#[test]
fn members_of_another_version_are_refused() {
    for version in ["0000", "0002", "0004", "ffff"] {
        let other = FIRST.replacen("0003", version, 1);
        assert_eq!(read(&value(&[&other]), &mut Oddities::default()), None, "{version}");
    }
}

#[test]
fn the_layout_of_a_broker_of_kafka_comes_first_and_may_have_bytes_after_it() {
    // The same group without the versions of its members.
    let members = [FIRST, SECOND].map(|member| member.strip_prefix("0003").unwrap());
    let whole = value(&members);
    let mut oddities = Oddities::default();
    let group = read(&whole, &mut oddities).unwrap();
    assert_eq!((group.members.len(), oddities), (2, Oddities::default()));
    let same = read(&value(&[FIRST, SECOND]), &mut oddities).unwrap();
    assert_eq!(group, same);
    let longer = [&whole[..], b"\0\0\0"].concat();
    assert_eq!(read(&longer, &mut oddities), Some(group));
    assert_eq!(oddities, Oddities { trailing: true, null: false });
}

/// A key with its length in front, as old tombstones have it.
fn wrapped(key: &[u8]) -> Vec<u8> {
    [&u32::try_from(key.len()).unwrap().to_le_bytes(), key].concat()
}

#[test]
fn wrapped_keys_are_those_that_they_wrap() {
    let member = MemberKey { kind: GroupProtocol::Consumer, group: Name(b"g"), member: Name(b"m") };
    // Of 256 bytes: its length in front looks like the type of a commit and the group "".
    let long = encode::commit_key(b"g", &[b't'; 245], Partition(1)).unwrap();
    assert_eq!(long.len(), 256);
    let keys = [hex(COMMIT_KEY), hex(GROUP_KEY), encode::key(&Key::Member(member)).unwrap(), long];
    for bytes in keys {
        let (mut oddities, wrapped) = (Oddities::default(), wrapped(&bytes));
        assert_eq!(key_noting(&wrapped, &mut oddities), key(&bytes));
        assert_eq!(oddities, Oddities::default());
    }
}

#[test]
fn a_wrapped_tombstone_deletes_what_it_names() {
    let bytes = wrapped(&hex(COMMIT_KEY));
    let gone = Record::CommitTombstone { group: Name(b"g"), topic: Name(b"t"), partition: Partition(3) };
    assert_eq!(key(&bytes).unwrap().value(None), Ok(gone));
}

#[test]
fn a_length_that_is_not_that_of_the_rest_wraps_nothing() {
    let bytes = wrapped(&hex(COMMIT_KEY));
    let unknown = Ok(Key::Unknown(0x0c00));
    assert_eq!(key(&bytes[..bytes.len() - 1]), unknown);
    assert_eq!(key(&[&bytes[..], b"\0"].concat()), unknown);
    // Nor does one around a key that cannot be read, or is of no type.
    let odd = wrapped(b"\0\x01\0\x01g\0\x01t\xff\xff\xff\xff");
    assert_eq!(key(&odd), unknown);
    assert_eq!(key(&wrapped(b"\0\x09\0\x01g")), Ok(Key::Unknown(0x0500)));
    assert!(key(&wrapped(b"")).is_err());
}

#[test]
fn a_key_that_ends_where_it_should_is_not_unwrapped() {
    // Type 1, the group "" and a topic of 250 bytes: as a length, its first four bytes are that of the rest.
    let bytes = encode::commit_key(b"", &[b't'; 250], Partition(7)).unwrap();
    assert_eq!(u32::from_le_bytes(bytes[..4].try_into().unwrap()), u32::try_from(bytes.len() - 4).unwrap());
    let Ok(Key::Commit { topic, partition, .. }) = key(&bytes) else { panic!("not a commit") };
    assert_eq!((topic.0.len(), partition), (250, Partition(7)));
}

#[test]
fn null_metadata_is_empty_and_noted() {
    let plain = "0003 0000000000000001 ffffffff ffff 000001a204151517";
    let flexible = "0004 0000000000000001 ffffffff 00 000001a204151517 00";
    for value in [plain, flexible] {
        let (key_bytes, value, mut oddities) = (hex(COMMIT_KEY), hex(value), Oddities::default());
        let record = key(&key_bytes).unwrap().value_noting(Some(&value), &mut oddities);
        let Ok(Record::Commit(commit)) = record else { panic!("{record:?}") };
        assert_eq!((commit.offset.0, commit.metadata), (1, &b""[..]));
        assert_eq!(oddities.reasons().collect::<Vec<_>>(), ["null"]);
        let longer = [&value[..], b"rest"].concat();
        key(&key_bytes).unwrap().value_noting(Some(&longer), &mut oddities).unwrap();
        assert_eq!(oddities.reasons().collect::<Vec<_>>(), ["null", "trailing"]);
    }
}

#[test]
fn a_negative_length_of_metadata_is_not_null() {
    let (key_bytes, value) = (hex(COMMIT_KEY), hex("0003 0000000000000001 ffffffff fffe 000001a204151517"));
    let error = key(&key_bytes).unwrap().value(Some(&value)).unwrap_err();
    assert_eq!(error.problem, FieldProblem::Length { found: -2 });
}
