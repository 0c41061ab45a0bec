//! Records that must be refused: what is said of them, and that a lie about a length costs nothing.

use super::super::{DecodeError, Problem, assignment, key};
use super::examples::{COMMIT_KEY, GROUP_KEY, hex};

#[track_caller]
fn refused(error: DecodeError, reason: &str, text: &str) {
    assert_eq!((error.reason(), error.to_string().as_str()), (reason, text));
    assert!(DecodeError::REASONS.contains(&error.reason()));
}

#[track_caller]
fn key_refused(bytes: &str, reason: &str, text: &str) {
    refused(key(&hex(bytes)).unwrap_err(), reason, text);
}

#[track_caller]
fn value_refused(key_bytes: &str, value: &str, reason: &str, text: &str) {
    let (key_bytes, value) = (hex(key_bytes), hex(value));
    refused(key(&key_bytes).unwrap().value(Some(&value)).unwrap_err(), reason, text);
}

#[test]
fn keys() {
    key_refused("", "key", "key at byte 0: needed a key, found none");
    key_refused("00", "truncated", "type at byte 0: needed 2 bytes, 1 are left");
    key_refused("0001 ffff", "key", "group at byte 2: needed a name, found null");
    key_refused("0001 fffe 67", "length", "group at byte 2: needed a length of at least 0, found -2");
    key_refused("0001 0001 67 ffff 00000000", "key", "topic at byte 5: needed a name, found null");
    key_refused("0001 0001 67 7fff 74", "truncated", "topic at byte 7: needed 32767 bytes, 1 are left");
    let text = "partition at byte 8: needed a partition of at least 0, found -1";
    key_refused("0001 0001 67 0001 74 ffffffff", "key", text);
    key_refused("0001 0001 67 0001 74 00000000 00", "trailing", "key at byte 12: needed the end, found 1 more bytes");
    key_refused("0002 0001 67 00", "trailing", "key at byte 5: needed the end, found 1 more bytes");
}

#[test]
fn commits() {
    let refused = |value, reason, text| value_refused(COMMIT_KEY, value, reason, text);
    refused("", "truncated", "version at byte 0: needed 2 bytes, 0 are left");
    refused("0005", "version", "version at byte 0: needed a version from 0 to 4, found 5");
    refused("ffff", "version", "version at byte 0: needed a version from 0 to 4, found -1");
    let text = "offset at byte 2: needed an offset of at least 0, found -1";
    refused("0003 ffffffffffffffff ffffffff 0000 000001a204151517", "offset", text);
    let text = "metadata at byte 14: needed a length of at least 0, found -1";
    refused("0003 0000000000000001 ffffffff ffff 000001a204151517", "length", text);
    refused("0004 0000000000000001 ffffffff 00 000001a204151517 00", "length", text);
    let text = "metadata at byte 14: needed a length of at most 32767, found 32768";
    refused("0004 0000000000000001 ffffffff 818002 000001a204151517 00", "length", text);
    let text = "metadata at byte 14: needed a varint of at most 32 bits";
    refused("0004 0000000000000001 ffffffff ffffffffff01 000001a204151517 00", "length", text);
    let text = "value at byte 23: needed the end, found 2 more bytes";
    refused("0002 0000000000000001 0003 6d6d6d 000001a204151517 0000", "trailing", text);
}

#[test]
fn tags() {
    let refused = |tags: &str, reason, text| {
        let value = format!("0004 0000000000000001 ffffffff 01 000001a204151517 {tags}");
        value_refused(COMMIT_KEY, &value, reason, text);
    };
    refused("", "truncated", "tags at byte 23: needed 1 bytes, 0 are left");
    refused("ffffffff0f", "truncated", "tag at byte 28: needed 1 bytes, 0 are left");
    refused("01 05 ffffffff0f", "truncated", "tag at byte 30: needed 4294967295 bytes, 0 are left");
    refused("01 00 02 0102", "truncated", "topic_id at byte 26: needed 16 bytes, 2 are left");
    let text = "tag size at byte 25: needed the end, found 1 more bytes";
    refused("01 00 11 0102030405060708090a0b0c0d0e0f1011", "trailing", text);
}

#[test]
fn a_legacy_commit_of_another_version() {
    let value = "0001 0000000000000001 0000 000001a204151517 0000000000000005";
    let text = "version at byte 0: needed a version from 0 to 0, found 1";
    value_refused("0000 0001 67 0001 74 00000003", value, "version", text);
}

#[test]
fn groups() {
    let head = "0003 0000 00000007 ffff ffff 000001a204151517";
    let refused = |members: &str, reason, text| value_refused(GROUP_KEY, &format!("{head} {members}"), reason, text);
    refused("ffffffff", "length", "members at byte 20: needed a length of at least 0, found -1");
    refused("80000000", "length", "members at byte 20: needed a length of at least 0, found -2147483648");
    let text = "members at byte 20: needed 51539607528 bytes, 3 are left";
    refused("7fffffff 000000", "truncated", text);
    let text = "subscription at byte 40: needed a length of at least 0, found -5";
    refused("00000001 0000 ffff 0000 0000 00000000 00000000 fffffffb 00000000", "length", text);
    refused("00000000 00", "trailing", "value at byte 24: needed the end, found 1 more bytes");
    let flexible = "0004 01 00000007 00 00 000001a204151517";
    let text = "members at byte 17: needed 64424509410 bytes, 1 are left";
    value_refused(GROUP_KEY, &format!("{flexible} ffffffff0f 00"), "truncated", text);
    let text = "members at byte 17: needed a length of at least 0, found -1";
    value_refused(GROUP_KEY, &format!("{flexible} 00 00"), "length", text);
}

#[test]
fn assignments() {
    let refused = |bytes: &str, reason, text| refused(assignment(&hex(bytes)).unwrap_err(), reason, text);
    refused("00", "truncated", "assignment version at byte 0: needed 2 bytes, 1 are left");
    let text = "assignment version at byte 0: needed a version from 0 to 32767, found -1";
    refused("ffff 00000000", "version", text);
    let text = "assigned_partitions at byte 2: needed 12884901882 bytes, 0 are left";
    refused("0000 7fffffff", "truncated", text);
    let text = "partitions at byte 9: needed a length of at least 0, found -2";
    refused("0000 00000001 0001 74 fffffffe", "length", text);
    let text = "partition at byte 13: needed a partition of at least 0, found -1";
    refused("0000 00000001 0001 74 00000001 ffffffff", "key", text);
}

#[test]
fn a_record_without_a_key_is_told_the_same_way() {
    assert_eq!(DecodeError::no_key(), key(b"").unwrap_err());
    assert_eq!(DecodeError::no_key().problem, Problem::NoKey);
}
