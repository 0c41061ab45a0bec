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
//! - Every type that a released broker writes is decoded, in each version of its value: 0 to 4 of types 1 and 2,
//!   0 of all others. Another version is an error (`version`), as it is for a broker.
//! - Types 9 and 18, which only early access and development builds wrote, are [`Key::Skipped`], types that nobody
//!   knows [`Key::Unknown`]: neither is an error, and nothing past the type is read.
//! - Lists stay where they are in the record ([`List`]): reading one allocates nothing.
//! - The epoch of a share group of 4.0 (early access) has no metadata hash and is no error. The other records that
//!   4.1 laid out anew under the same version ([`StatePartitions`], [`share_state`]) are errors in 4.0's layout.
//! - No key, or an empty one, is an error (`key`), and so are a group or topic that is null and a negative
//!   partition, and so is a member or expression that is null. Empty names are names: old clients committed as the group `""`.
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

mod assigned;
mod bytes;
mod classic;
pub mod encode;
mod records;
mod shares;
#[cfg(test)]
mod tests;

pub use assigned::epoch::Epoch;
pub use assigned::member::{ClassicMember, ClassicProtocol, Endpoint, KeyValue, MemberDetails, MemberMetadata};
pub use assigned::member_assignment::{CurrentAssignment, MemberState, Owned, Task, Tasks, TopicPartitions};
pub use assigned::topics::{Matched, PartitionRacks, Topic};
pub use assigned::topology::{CopartitionGroup, InternalTopic, Subtopology, Topology};
pub use bytes::error::{DecodeError, Problem};
pub use bytes::list::{List, Partitions};
pub use classic::assignment::{Assignment, assignment};
pub use classic::commit::Commit;
pub use classic::group::{GroupMetadata, Member, Members};
pub use records::group_type::GroupType;
pub use records::key::{Key, MemberKey, key};
pub use records::record::Record;
pub use records::record_type::RecordType;
pub use shares::share::{DeletedTopic, StatePartitions, StateTopic};
pub use shares::share_state;
