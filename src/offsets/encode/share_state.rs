//! Encodes the records of `__share_group_state`.

use super::EncodeResult;
use super::writer::ByteWriter;
use crate::offsets::bytes::cursor::FieldEncoding;
use crate::offsets::shares::share_state::{ShareStateKey, ShareStateSnapshot, ShareStateUpdate};

/// The key of a record. An unknown one is its type only.
///
/// # Errors
/// A group of more than 32,767 bytes.
pub fn share_state_key(key: &ShareStateKey<'_>) -> EncodeResult {
    let (number, of) = match key {
        ShareStateKey::Snapshot(of) => (0, of),
        ShareStateKey::Update(of) => (1, of),
        ShareStateKey::Unknown(number) => return Ok(number.to_be_bytes().to_vec()),
    };
    let mut out = ByteWriter::with_version(number, FieldEncoding::Plain);
    out.string("group", Some(of.group.0))?;
    out.uuid(of.topic);
    out.int32(of.partition.0);
    Ok(out.bytes)
}

/// The value of a snapshot.
///
/// # Errors
/// More batches than an `int32` can count.
pub fn snapshot_value(snapshot: &ShareStateSnapshot<'_>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    out.int32(snapshot.snapshot_epoch);
    out.int32(snapshot.state_epoch);
    out.int32(snapshot.leader_epoch);
    out.int64(snapshot.start.map_or(-1, |start| start.0));
    out.int64(snapshot.created.0);
    out.int64(snapshot.written.0);
    out.list("state_batches", &snapshot.batches)?;
    out.delivery_complete(snapshot.delivery_complete);
    Ok(out.bytes)
}

/// The value of an update.
///
/// # Errors
/// See [`snapshot_value`].
pub fn update_value(update: &ShareStateUpdate<'_>) -> EncodeResult {
    let mut out = ByteWriter::flexible();
    out.int32(update.snapshot_epoch);
    out.int32(update.leader_epoch);
    out.int64(update.start.map_or(-1, |start| start.0));
    out.list("state_batches", &update.batches)?;
    out.delivery_complete(update.delivery_complete);
    Ok(out.bytes)
}

impl ByteWriter {
    /// Writes the tagged fields at the end.
    fn delivery_complete(&mut self, count: Option<u32>) {
        self.tag(0, count.map(u32::to_be_bytes).as_ref().map(|count| &count[..]));
    }
}
