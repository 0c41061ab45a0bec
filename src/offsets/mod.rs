//! Decodes the records of the offsets topic (`__consumer_offsets`) to records that borrow from the bytes. In: the bytes
//! of a key and a value. Out: a [`Record`], or a [`DecodeError`]. [`encode`] is the reverse.
//!
//! | folder | contains |
//! |---|---|
//! | `bytes` | the cursor, which is the only reader of bytes; lists that stay in the record; errors |
//! | `records` | the types of records; [`key`], the first step; [`Key::value`], the second step |
//! | `classic` | values of types 0 to 2: commits, and classic groups with their members |
//! | `assigned` | values of groups whose broker assigns: epochs, members, assignments, topologies |
//! | `shares` | values of share groups: their partitions, and the records of `__share_group_state` |
//! | `encode` | encodes records, for the demo, the tests and the benchmarks |
//!
//! Pure, and without allocation. A record is decoded in two steps, so that a group can be filtered before its value
//! is read:
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
//! How records are interpreted:
//! - Every type that a released broker writes is decoded, in each version of its value: versions 0 to 4 of types 1
//!   and 2, version 0 of all others. Any other version is an error (`version`), as it is for a broker.
//! - Types 9 and 18, which only early access and development builds wrote, are [`Key::Skipped`]. Unknown types are
//!   [`Key::Unknown`]. Neither is an error, and nothing after the type is read.
//! - Lists stay in the record ([`RecordList`]), so that reading one allocates nothing.
//! - The epoch of a share group in 4.0 (early access) has no metadata hash and is no error. The other records whose
//!   layout 4.1 changed under the same version ([`StatePartitions`], [`share_state`]) are errors in 4.0's layout.
//! - A missing or empty key is an error (`key`). So are a null group, topic, member or expression, and a negative
//!   partition. Empty names are valid: old clients committed as the group `""`.
//! - A **negative offset** is an error (`offset`). Brokers do not check the offset of a commit, and interpret a
//!   negative one as "nothing committed" (`Admin.listConsumerGroupOffsets` returns null). It is not a position.
//!   [`Key`] is `Copy`, so a caller that wants to handle it like a tombstone still has the key.
//! - **Bytes after the end** of a key or value are ignored, as a broker ignores them (`CoordinatorRecordSerde`). Null
//!   metadata of a commit is empty metadata. [`key_noting`] and [`Key::value_noting`] tell of both ([`Oddities`]).
//! - **Redpanda** has an `int16` (3) in front of each member of a classic group of version 3, and had the length of the
//!   key in front of the key of a tombstone. Both are recognized by the length of the record.
//! - -1 means "none" for a leader epoch, an expiry and the timestamp of a state. So does a topic id of zeros.
//!   Unknown tagged fields are skipped by their size.
//! - A null where the layout does not allow it, and any other negative length, is an error (`length`), as it is for
//!   a broker. Lengths and counts are checked against the remaining bytes, and every item takes bytes. So no count
//!   costs more than the length of its record.

mod assigned;
mod bytes;
mod classic;
pub mod encode;
mod records;
mod shares;
#[cfg(test)]
pub(crate) mod tests;

pub use assigned::epoch::{Epoch, TargetEpoch};
pub use assigned::member::{ClassicMember, ClassicProtocol, Endpoint, KeyValue, MemberDetails, MemberMetadata};
pub use assigned::member_assignment::{
    AssignedItems, AssignmentEpochs, CurrentAssignment, MemberState, Owned, OwnedItems, StreamsTasks, SubtopologyTasks,
    TopicPartitions,
};
pub use assigned::topics::{MatchedTopics, PartitionRacks, SubscribedTopic};
pub use assigned::topology::{CopartitionGroup, InternalTopic, Subtopology, Topology};
pub use bytes::error::{DecodeError, FieldProblem};
pub use bytes::list::{Partitions, RecordList};
pub use bytes::oddities::Oddities;
pub use classic::assignment::{Assignment, assignment};
pub use classic::commit::CommitRecord;
pub use classic::group::{ClassicGroupMember, ClassicGroupMembers, GroupMetadata};
pub use records::group_type::GroupProtocol;
pub use records::key::{Key, MemberKey, key, key_noting};
pub use records::record::Record;
pub use records::record_type::RecordType;
pub use shares::share::{DeletedTopic, StatePartitions, StateTopic};
pub use shares::share_state;
