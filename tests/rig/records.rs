//! Records as a broker writes them to the offsets topic, byte by byte, for names that no client could send.

use super::client::Record;

/// A commit: type 1, value version 3.
pub fn commit(group: &[u8], topic: &[u8], partition: i32, offset: i64, time: i64) -> Record {
    let mut value = Vec::from(3_i16.to_be_bytes());
    value.extend(offset.to_be_bytes());
    value.extend((-1_i32).to_be_bytes());
    put_string(&mut value, b"");
    value.extend(time.to_be_bytes());
    (commit_key(group, topic, partition), Some(value))
}

pub fn commit_key(group: &[u8], topic: &[u8], partition: i32) -> Vec<u8> {
    let mut key = Vec::from(1_i16.to_be_bytes());
    put_string(&mut key, group);
    put_string(&mut key, topic);
    key.extend(partition.to_be_bytes());
    key
}

/// The metadata of a classic group without members: type 2, value version 3.
pub fn empty_group(group: &[u8], generation: i32) -> Record {
    group_of(group, b"consumer", generation, None)
}

/// What a member of a classic group and its leader wrote.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    pub id: &'a [u8],
    pub subscription: &'a [u8],
    pub assignment: &'a [u8],
}

/// The metadata of a classic group with members, which the broker keeps for half an hour without a heartbeat.
pub fn group_with(group: &[u8], protocol_type: &[u8], protocol: &[u8], members: &[Member<'_>]) -> Record {
    let (key, value) = group_of(group, protocol_type, 3, Some((protocol, members[0].id)));
    let mut value = value.unwrap();
    value.truncate(value.len() - 4);
    value.extend(i32::try_from(members.len()).unwrap().to_be_bytes());
    for member in members {
        put_string(&mut value, member.id);
        value.extend((-1_i16).to_be_bytes());
        put_string(&mut value, b"client");
        put_string(&mut value, b"/127.0.0.1");
        value.extend(300_000_i32.to_be_bytes());
        value.extend(1_800_000_i32.to_be_bytes());
        for bytes in [member.subscription, member.assignment] {
            value.extend(i32::try_from(bytes.len()).unwrap().to_be_bytes());
            value.extend(bytes);
        }
    }
    (key, Some(value))
}

/// The protocol and the leader are null where there are no members. The last field is the number of members, 0.
fn group_of(group: &[u8], protocol_type: &[u8], generation: i32, of: Option<(&[u8], &[u8])>) -> Record {
    let mut value = Vec::from(3_i16.to_be_bytes());
    put_string(&mut value, protocol_type);
    value.extend(generation.to_be_bytes());
    match of {
        Some((protocol, leader)) => {
            put_string(&mut value, protocol);
            put_string(&mut value, leader);
        }
        None => value.extend([0xff; 4]),
    }
    value.extend(0_i64.to_be_bytes());
    value.extend(0_i32.to_be_bytes());
    (group_key(group), Some(value))
}

pub fn group_key(group: &[u8]) -> Vec<u8> {
    let mut key = Vec::from(2_i16.to_be_bytes());
    put_string(&mut key, group);
    key
}

pub fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    out.extend(text);
}

/// Milliseconds of now, as commits carry them.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// The bytes of a fixture, of which each is two hexadecimal digits.
pub fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
