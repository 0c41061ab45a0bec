//! Encodes the records of `__share_group_state`.

use super::Encoded;
use super::writer::Writer;
use crate::offsets::bytes::cursor::Form;
use crate::offsets::shares::share_state::{Key, Snapshot, Update};

/// The key of a record. An unknown one is its type only.
///
/// # Errors
/// A group of more than 32,767 bytes.
pub fn share_state_key(key: &Key<'_>) -> Encoded {
    let (number, of) = match key {
        Key::Snapshot(of) => (0, of),
        Key::Update(of) => (1, of),
        Key::Unknown(number) => return Ok(number.to_be_bytes().to_vec()),
    };
    let mut out = Writer::with_version(number, Form::Plain);
    out.string("group", Some(of.group.0))?;
    out.uuid(of.topic);
    out.int32(of.partition.0);
    Ok(out.bytes)
}

/// The value of a snapshot.
///
/// # Errors
/// More batches than an `int32` can count.
pub fn snapshot_value(snapshot: &Snapshot<'_>) -> Encoded {
    let mut out = Writer::flexible();
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
pub fn update_value(update: &Update<'_>) -> Encoded {
    let mut out = Writer::flexible();
    out.int32(update.snapshot_epoch);
    out.int32(update.leader_epoch);
    out.int64(update.start.map_or(-1, |start| start.0));
    out.list("state_batches", &update.batches)?;
    out.delivery_complete(update.delivery_complete);
    Ok(out.bytes)
}

impl Writer {
    /// Writes the tagged fields at the end.
    fn delivery_complete(&mut self, count: Option<u32>) {
        self.tag(0, count.map(u32::to_be_bytes).as_ref().map(|count| &count[..]));
    }
}
