//! The records of the offsets topic (`__consumer_offsets`): bytes in, borrowed records out.
//!
//! Pure and free of allocation. A record is read in two steps, so that a group can be filtered before its value
//! is touched:
//!
//! ```
//! use warrener::offsets::{self, Record};
//!
//! fn offset(key: &[u8], value: Option<&[u8]>) -> Result<Option<i64>, offsets::DecodeError> {
//!     let key = offsets::key(key)?;
//!     if key.group().is_some_and(|group| group.0.starts_with(b"console-consumer-")) {
//!         return Ok(None);
//!     }
//!     Ok(match key.value(value)? {
//!         Record::Commit(commit) => Some(commit.offset.0),
//!         _ => None,
//!     })
//! }
//! ```
//!
//! What is taken for what:
//! - Types 0, 1 and 2 are decoded, in the value versions that brokers write (0; 0 to 4; 0 to 4). A value of
//!   another version is an error (`version`), as it is for a broker.
//! - Other known types are [`Key::Skipped`], types that nobody knows [`Key::Unknown`]: neither is an error, and
//!   nothing past the type is read.
//! - No key, or an empty one, is an error (`key`), and so are a group or topic that is null and a negative
//!   partition. Empty names are names: old clients committed as the group `""`.
//! - A **negative offset** is an error (`offset`). Brokers don't check what they are told to commit, and take
//!   a negative offset in a commit for "nothing committed" when they are asked (`Admin.listConsumerGroupOffsets`
//!   answers null). It is not a position. [`Key`] is `Copy`: a caller that wants to forget the partition as with a
//!   tombstone has the key still at hand.
//! - **Bytes after the end** of a key or value are an error (`trailing`): each version's layout is fixed, what
//!   comes later is a tagged field (KIP-915), so such a record is not what it says it is.
//! - -1 in a leader epoch, an expiry or a state's timestamp says that there is none, and so does a topic id of
//!   zeros. Tagged fields that are not known are skipped by their size.
//! - A null where the layout has no null, and any other negative length, is an error (`length`), as it is for a
//!   broker. Lengths and counts are checked against the bytes that are left, and every item takes bytes, so no
//!   count costs more than its record is long.

mod assignment;
mod cursor;
pub mod encode;
mod error;
mod group;
mod record;
mod record_type;
#[cfg(test)]
mod tests;

pub use assignment::{Assignment, Partitions, assignment};
pub use error::{DecodeError, Problem};
pub use group::{GroupMetadata, Member, Members};
pub use record::{Commit, Key, Record, key};
pub use record_type::RecordType;
