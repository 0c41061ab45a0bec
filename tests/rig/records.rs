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
    let mut value = Vec::from(3_i16.to_be_bytes());
    put_string(&mut value, b"consumer");
    value.extend(generation.to_be_bytes());
    value.extend((-1_i16).to_be_bytes());
    value.extend((-1_i16).to_be_bytes());
    value.extend(0_i64.to_be_bytes());
    value.extend(0_i32.to_be_bytes());
    (group_key(group), Some(value))
}

pub fn group_key(group: &[u8]) -> Vec<u8> {
    let mut key = Vec::from(2_i16.to_be_bytes());
    put_string(&mut key, group);
    key
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    out.extend(text);
}

/// Milliseconds of now, as commits carry them.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
