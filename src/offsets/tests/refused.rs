//! Records that must be refused: the error texts, and that a wrong length costs nothing.

use super::super::{DecodeError, FieldProblem, assignment, key, share_state};
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
}

#[test]
fn commits() {
    let refused = |value, reason, text| value_refused(COMMIT_KEY, value, reason, text);
    refused("", "truncated", "version at byte 0: needed 2 bytes, 0 are left");
    refused("0005", "version", "version at byte 0: needed a version from 0 to 4, found 5");
    refused("ffff", "version", "version at byte 0: needed a version from 0 to 4, found -1");
    let text = "offset at byte 2: needed an offset of at least 0, found -1";
    refused("0003 ffffffffffffffff ffffffff 0000 000001a204151517", "offset", text);
    let text = "metadata at byte 14: needed a length of at least 0, found -2";
    refused("0003 0000000000000001 ffffffff fffe 000001a204151517", "length", text);
    let text = "metadata at byte 14: needed a length of at most 32767, found 32768";
    refused("0004 0000000000000001 ffffffff 818002 000001a204151517 00", "length", text);
    let text = "metadata at byte 14: needed a varint of at most 32 bits";
    refused("0004 0000000000000001 ffffffff ffffffffff01 000001a204151517 00", "length", text);
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
    let text = "tag size at byte 25: needed a size of 16, found 17";
    refused("01 00 11 0102030405060708090a0b0c0d0e0f1011", "length", text);
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

/// Keys of types 3 to 23 with the group `g`, and the member `m` if they have one.
const EPOCH_KEY: &str = "0003 0001 67";
const MEMBER_KEY: &str = "0005 0001 67 0001 6d";
const TARGET_KEY: &str = "0007 0001 67 0001 6d";
const CURRENT_KEY: &str = "0008 0001 67 0001 6d";
const STATE_PARTITIONS_KEY: &str = "000f 0001 67";
const STREAMS_MEMBER_KEY: &str = "0013 0001 67 0001 6d";
const TOPOLOGY_KEY: &str = "0017 0001 67";
const ID: &str = "000102030405060708090a0b0c0d0e0f";

#[test]
fn keys_of_groups_that_are_not_classic() {
    key_refused("0003 ffff", "key", "group at byte 2: needed a name, found null");
    key_refused("0005 0001 67", "truncated", "member_id at byte 5: needed 2 bytes, 0 are left");
    key_refused("0013 0001 67 ffff", "key", "member_id at byte 5: needed a name, found null");
    key_refused("0010 0001 67 fffe", "length", "regular_expression at byte 5: needed a length of at least 0, found -2");
}

#[test]
fn epochs() {
    let refused = |value, reason, text| value_refused(EPOCH_KEY, value, reason, text);
    refused("0001 00000001 00", "version", "version at byte 0: needed a version from 0 to 0, found 1");
    let text = "metadata_hash at byte 9: needed 8 bytes, 7 are left";
    refused("0000 00000001 01 00 07 00000000000000", "truncated", text);
    let text = "tag size at byte 8: needed a size of 8, found 9";
    refused("0000 00000001 01 00 09 000000000000000000", "length", text);
    let text = "assignment_timestamp at byte 9: needed 8 bytes, 7 are left";
    value_refused("0006 0001 67", "0000 00000001 01 00 07 00000000000000", "truncated", text);
    let text = "stored_description_topology_epoch at byte 17: needed 4 bytes, 3 are left";
    value_refused("0011 0001 67", "0000 00000001 0000000000000000 01 02 03 000000", "truncated", text);
}

#[test]
fn members() {
    let head = "0000 00 00 01 01";
    let refused = |rest: &str, reason, text| value_refused(MEMBER_KEY, &format!("{head} {rest}"), reason, text);
    let text = "subscribed_topic_names at byte 6: needed a length of at least 0, found -1";
    refused("00 00 00000000 00 00", "length", text);
    refused("ffffffff0f 00", "truncated", "subscribed_topic_names at byte 6: needed 4294967294 bytes, 1 are left");
    refused("808080807f 00", "length", "subscribed_topic_names at byte 6: needed a varint of at most 32 bits");
    refused("02 818002 00", "length", "name at byte 7: needed a length of at most 32767, found 32768");
    // The struct of a classic member, first cut and then with an additional byte.
    let text = "supported_protocols at byte 21: needed 1 bytes, 0 are left";
    refused("01 00 00000000 00 01 00 05 01 0000afc8", "truncated", text);
    let text = "tag size at byte 15: needed a size of 7, found 8";
    refused("01 00 00000000 00 01 00 08 01 0000afc8 01 00 00", "length", text);
    let text = "supported_protocols at byte 21: needed a length of at least 0, found -1";
    refused("01 00 00000000 00 01 00 07 01 0000afc8 00 00", "length", text);

    let head = "0000 00 00 01 01 00000000 00000000 01";
    let refused = |rest: &str, reason, text| value_refused(STREAMS_MEMBER_KEY, &format!("{head} {rest}"), reason, text);
    refused("01 00 0050 00 01 00", "length", "host at byte 16: needed a length of at least 0, found -1");
    refused("01 02 68 00", "truncated", "port at byte 18: needed 2 bytes, 1 are left");
    refused("ff 00 00", "length", "client_tags at byte 16: needed a length of at least 0, found -1");
}

#[test]
fn member_assignments() {
    let refused = |value: &str, reason, text| value_refused(TARGET_KEY, value, reason, text);
    refused("0000 00 00", "length", "topic_partitions at byte 2: needed a length of at least 0, found -1");
    refused("0000 ffffffff0f", "truncated", "topic_partitions at byte 2: needed 77309411292 bytes, 0 are left");
    let text = "partitions at byte 19: needed a length of at least 0, found -1";
    refused(&format!("0000 02 {ID} 00 00 00"), "length", text);
    let text = "partitions at byte 19: needed 17179869176 bytes, 2 are left";
    refused(&format!("0000 02 {ID} ffffffff0f 00 00"), "truncated", text);
    let text = "partition at byte 20: needed a partition of at least 0, found -1";
    refused(&format!("0000 02 {ID} 02 ffffffff 00 00"), "key", text);
    let text = "tags at byte 13: needed 1 bytes, 0 are left";
    value_refused(CURRENT_KEY, "0000 00000001 00000000 00 01 01", "truncated", text);
    // The epochs of the assigned partitions: more than there are bytes, and fewer than the tag's size says.
    let head = format!("0000 00000001 00000000 00 02 {ID} 01");
    let text = "assignment_epochs at byte 32: needed 17179869176 bytes, 0 are left";
    value_refused(CURRENT_KEY, &format!("{head} 01 00 05 ffffffff0f 01 00"), "truncated", text);
    let text = "tag size at byte 31: needed a size of 5, found 6";
    value_refused(CURRENT_KEY, &format!("{head} 01 00 06 02 00000009 00 01 00"), "length", text);
}

#[test]
fn topologies() {
    let refused = |value: &str, reason, text| value_refused(TOPOLOGY_KEY, value, reason, text);
    refused("0000 00000001 81808008 00", "truncated", "subtopologies at byte 6: needed 134217728 bytes, 1 are left");
    let text = "source_topic_regex at byte 16: needed 254 bytes, 4 are left";
    refused("0000 00000001 02 02 30 01 01 01 01 01 02 0180 01 01 00 00 00", "truncated", text);
}

#[test]
fn the_state_partitions_of_early_access() {
    // 4.0 had only initialized and deleting topics.
    let text = "deleting_topics at byte 4: needed a length of at least 0, found -1";
    value_refused(STATE_PARTITIONS_KEY, "0000 01 01 00", "length", text);
    let value = format!("0000 02 {ID} 02 74 02 00000000 00 01 00");
    let text = "deleting_topics at byte 28: needed a length of at least 0, found -1";
    value_refused(STATE_PARTITIONS_KEY, &value, "length", text);
}

#[test]
fn share_states() {
    let state_refused = |key_bytes: &str, value: &str, reason, text| {
        let (key_bytes, value) = (hex(key_bytes), hex(value));
        refused(share_state::decode(&key_bytes, Some(&value)).unwrap_err(), reason, text);
    };
    state_refused("", "", "key", "key at byte 0: needed a key, found none");
    state_refused(&format!("0000 ffff {ID} 00000000"), "", "key", "group at byte 2: needed a name, found null");
    let text = "partition at byte 21: needed a partition of at least 0, found -1";
    state_refused(&format!("0001 0001 67 {ID} ffffffff"), "", "key", text);
    let key = format!("0001 0001 67 {ID} 00000000");
    state_refused(&key, "0001", "version", "version at byte 0: needed a version from 0 to 0, found 1");
    let text = "start_offset at byte 10: needed an offset of at least 0, found -2";
    state_refused(&key, "0000 00000001 00000001 fffffffffffffffe 01 00", "offset", text);
    let text = "state_batches at byte 18: needed a length of at least 0, found -1";
    state_refused(&key, "0000 00000001 00000001 0000000000000000 00 00", "length", text);
    let text = "state_batches at byte 18: needed 335544320 bytes, 1 are left";
    state_refused(&key, "0000 00000001 00000001 0000000000000000 81808008 00", "truncated", text);
    // 4.0 wrote the epoch of the snapshot in two bytes.
    let key = format!("0000 0001 67 {ID} 00000000");
    let text = "create_timestamp at byte 22: needed 8 bytes, 0 are left";
    state_refused(&key, "0000 0001 00000001 00000001 0000000000000064 01 00", "truncated", text);
}

#[test]
fn a_share_state_of_a_type_that_is_not_known_is_not_looked_at() {
    assert_eq!(share_state::decode(&hex("0002 ff"), Some(b"?")), Ok(share_state::ShareStateRecord::Unknown(2)));
}

#[test]
fn a_record_without_a_key_is_told_the_same_way() {
    assert_eq!(DecodeError::no_key(), key(b"").unwrap_err());
    assert_eq!(DecodeError::no_key().problem, FieldProblem::NoKey);
}
