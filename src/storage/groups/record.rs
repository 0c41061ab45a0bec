//! What groups take in: a commit to a topic, and records about the group itself.

use crate::model::{Commit, Order, Partition, Timestamp};

use crate::storage::sources::group_kind::GroupKind;

/// A commit with the partition that it is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicCommit<'a> {
    /// The topic's name.
    pub topic: &'a [u8],
    pub partition: Partition,
    pub commit: Commit,
}

/// Position and time of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordStamp {
    /// The position in its source.
    pub order: Order,
    /// The time.
    pub at: Timestamp,
}

/// A record with a fact about a group of a newer type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FactRecord {
    /// The type of the group.
    pub kind: GroupKind,
    pub is_tombstone: bool,
    pub stamp: RecordStamp,
}
