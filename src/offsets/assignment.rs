//! What a member of a group of the type `consumer` was given.

use super::cursor::{Cursor, Form};
use super::error::{DecodeError, Problem};
use crate::model::{Name, Partition};

/// The topics and partitions of an assignment, read as they are asked for. They were all read once by
/// [`assignment`], so there are as many topics as [`ExactSizeIterator::len`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment<'a> {
    bytes: &'a [u8],
    count: usize,
}

/// The partitions of a topic, in the order that they stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions<'a> {
    bytes: &'a [u8],
    count: usize,
}

/// Reads a `ConsumerProtocolAssignment`: `int16` version, `[topic, [partition]]`, and what follows.
///
/// No bytes are an empty assignment: so the broker keeps a member that the leader did not mention. The clients
/// write it and may be of any version: one above the last known begins like that (`ConsumerProtocol`). What follows
/// the partitions is nobody's business here and is not looked at. The same topic may stand there twice.
///
/// # Errors
/// Bytes that are not laid out so; a partition below 0 (`key`).
pub fn assignment(bytes: &[u8]) -> Result<Assignment<'_>, DecodeError> {
    if bytes.is_empty() {
        return Ok(Assignment { bytes, count: 0 });
    }
    let mut cursor = Cursor::new(bytes);
    let start = cursor;
    let version = cursor.int16("assignment version")?;
    if version < 0 {
        return Err(start.error("assignment version", Problem::Version { found: version, highest: i16::MAX }));
    }
    // A topic takes the length of its name and the count of its partitions.
    let count = cursor.count("assigned_partitions", Form::Plain, 2 + 4)?;
    let start = cursor;
    for _ in 0..count {
        topic(&mut cursor)?;
    }
    Ok(Assignment { bytes: cursor.since(&start), count })
}

fn topic<'a>(cursor: &mut Cursor<'a>) -> Result<(Name<'a>, Partitions<'a>), DecodeError> {
    let name = Name(cursor.name("topic")?);
    let count = cursor.count("partitions", Form::Plain, 4)?;
    let first = *cursor;
    for _ in 0..count {
        let start = *cursor;
        let partition = cursor.int32("partition")?;
        if partition < 0 {
            return Err(start.error("partition", Problem::Partition { found: partition }));
        }
    }
    Ok((name, Partitions { bytes: cursor.since(&first), count }))
}

impl<'a> Iterator for Assignment<'a> {
    type Item = (Name<'a>, Partitions<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        let mut cursor = Cursor::new(self.bytes);
        let topic = topic(&mut cursor).ok()?;
        self.bytes = cursor.rest();
        Some(topic)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for Assignment<'_> {}

impl Iterator for Partitions<'_> {
    type Item = Partition;

    fn next(&mut self) -> Option<Partition> {
        self.count = self.count.checked_sub(1)?;
        let (head, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(Partition(i32::from_be_bytes(*head)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for Partitions<'_> {}
