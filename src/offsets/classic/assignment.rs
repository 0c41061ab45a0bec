//! The assignment of a member of a classic group of the type `consumer`.

use crate::model::Name;
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::{DecodeError, FieldProblem};
use crate::offsets::bytes::list::{ListItem, Partitions, RecordList};

/// The topics and partitions of an assignment.
pub type Assignment<'a> = RecordList<'a, (Name<'a>, Partitions<'a>)>;

/// Decodes a `ConsumerProtocolAssignment`: `int16` version, `[topic, [partition]]`, and further fields.
///
/// No bytes are an empty assignment: the broker stores that for a member that the leader did not mention. Clients
/// write assignments and may be of any version; versions above the last known one begin with the same fields
/// (`ConsumerProtocol`). The fields after the partitions are not read. The same topic may occur twice.
///
/// # Errors
/// Bytes that do not have this layout, or a negative partition (`key`).
pub fn assignment(bytes: &[u8]) -> Result<Assignment<'_>, DecodeError> {
    if bytes.is_empty() {
        return Ok(RecordList::empty());
    }
    let mut cursor = Cursor::new(bytes);
    let start = cursor;
    let version = cursor.int16("assignment version")?;
    if version < 0 {
        return Err(start.error("assignment version", FieldProblem::Version { found: version, highest: i16::MAX }));
    }
    RecordList::read(&mut cursor, "assigned_partitions", FieldEncoding::Plain)
}

impl<'a> ListItem<'a> for (Name<'a>, Partitions<'a>) {
    /// The length of the topic's name and the number of its partitions.
    const LEAST: usize = 2 + 4;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = Name(cursor.name("topic")?);
        Ok((topic, RecordList::read(cursor, "partitions", FieldEncoding::Plain)?))
    }
}
