//! The state of share groups (KIP-932), as records of `__share_group_state` have it.

use crate::model::{Name, Offset, Partition, Timestamp, TopicId};

/// The state of a share group in one partition (KIP-932).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareUpdate<'a> {
    /// The group.
    pub group: Name<'a>,
    /// The topic.
    pub topic: TopicId,
    /// The partition.
    pub partition: Partition,
    /// The time of the state.
    pub at: Timestamp,
    /// The state. `None` if it was deleted.
    pub state: Option<ShareState>,
}

/// The state of a share group's partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareState {
    /// Whether it is the whole state, or only what changed.
    pub whole: bool,
    /// The start offset: all records before it are finished. `None` if there is none yet, or it has not changed.
    pub start: Option<Offset>,
    /// The number of finished records from the start offset on. Brokers before 4.2 do not write it.
    pub done: Option<u32>,
    /// The finished records: the first and the last of each range.
    pub finished: Vec<(Offset, Offset)>,
}
