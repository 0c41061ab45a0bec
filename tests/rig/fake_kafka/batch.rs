//! Record batches, honest ones and others.

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::records::{
    Compression, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, Record, RecordBatchEncoder, RecordEncodeOptions,
    TimestampType,
};

use super::model::Entry;

/// Where the fields of a batch stand (KIP-98).
pub mod at {
    pub const BASE_OFFSET: usize = 0;
    pub const LENGTH: usize = 8;
    pub const MAGIC: usize = 16;
    pub const CHECKSUM: usize = 17;
    pub const ATTRIBUTES: usize = 21;
    pub const LAST_OFFSET_DELTA: usize = 23;
    pub const COUNT: usize = 57;
    pub const RECORDS: usize = 61;
}

/// Records with their offsets: a batch for each run of consecutive ones.
pub fn of<'a>(entries: impl Iterator<Item = (i64, &'a Entry)>) -> Bytes {
    let entries: Vec<(i64, &Entry)> = entries.collect();
    let runs = entries.chunk_by(|(one, _), (next, _)| one + 1 == *next);
    let batch = |run: &[(i64, &Entry)]| encode(run.iter().map(|(offset, entry)| record(*offset, entry)).collect());
    runs.map(batch).collect::<Vec<_>>().concat().into()
}

fn encode(records: Vec<Record>) -> Bytes {
    let mut batch = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut batch, &records, &options).unwrap();
    batch.freeze()
}

fn record(offset: i64, entry: &Entry) -> Record {
    Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: NO_SEQUENCE,
        timestamp: entry.time,
        key: Some(entry.key.clone().into()),
        value: entry.value.clone().map(Into::into),
        headers: IndexMap::new(),
    }
}

/// A batch of one record that says nothing.
pub fn one(offset: i64) -> Bytes {
    of(std::iter::once((offset, &Entry { time: 0, key: b"nothing".to_vec(), value: None })))
}

/// Puts a batch's length right. Nothing looks at its checksum.
pub fn set_length(bytes: &mut [u8]) {
    let length = i32::try_from(bytes.len() - at::LENGTH - 4).unwrap();
    put(bytes, at::LENGTH, &length.to_be_bytes());
}

/// Overwrites a field.
pub fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}
