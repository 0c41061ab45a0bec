//! Encodes keys. A key without a value is a tombstone.

use super::EncodeResult;
use super::writer::ByteWriter;
use crate::model::{Name, Partition};
use crate::offsets::bytes::cursor::FieldEncoding;
use crate::offsets::records::key::{Key, MemberKey};
use crate::offsets::records::record_type::RecordType;

/// The key of a record. A skipped one is its type only.
///
/// # Errors
/// A name of more than 32,767 bytes.
pub fn key(key: &Key<'_>) -> EncodeResult {
    let mut out = ByteWriter::with_version(number(key), FieldEncoding::Plain);
    match key {
        Key::Commit { group, topic, partition, .. } => {
            out.string("group", Some(group.0))?;
            out.string("topic", Some(topic.0))?;
            out.int32(partition.0);
        }
        Key::Member(MemberKey { group, member, .. })
        | Key::Target(MemberKey { group, member, .. })
        | Key::Current(MemberKey { group, member, .. }) => {
            out.string("group", Some(group.0))?;
            out.string("member_id", Some(member.0))?;
        }
        Key::Expression { group, expression } => {
            out.string("group", Some(group.0))?;
            out.string("regular_expression", Some(expression.0))?;
        }
        Key::Group { group }
        | Key::Epoch { group, .. }
        | Key::TargetEpoch { group, .. }
        | Key::Topics { group }
        | Key::StatePartitions { group }
        | Key::Topology { group } => out.string("group", Some(group.0))?,
        Key::Skipped(_) | Key::Unknown(_) => {}
    }
    Ok(out.bytes)
}

fn number(key: &Key<'_>) -> i16 {
    if let Key::Unknown(number) = key {
        return *number;
    }
    let kind = key.record_type();
    let place = RecordType::ALL.iter().position(|other| *other == kind);
    place.and_then(|place| i16::try_from(place).ok()).unwrap_or(-1)
}

/// The key of a commit.
///
/// # Errors
/// See [`key`].
pub fn commit_key(group: &[u8], topic: &[u8], partition: Partition) -> EncodeResult {
    key(&Key::Commit { kind: RecordType::OffsetCommit, group: Name(group), topic: Name(topic), partition })
}

/// The key of a commit, as brokers before 0.8.2 wrote it.
///
/// # Errors
/// See [`key`].
pub fn legacy_commit_key(group: &[u8], topic: &[u8], partition: Partition) -> EncodeResult {
    key(&Key::Commit { kind: RecordType::LegacyOffsetCommit, group: Name(group), topic: Name(topic), partition })
}

/// The key of a classic group.
///
/// # Errors
/// See [`key`].
pub fn group_key(group: &[u8]) -> EncodeResult {
    key(&Key::Group { group: Name(group) })
}
