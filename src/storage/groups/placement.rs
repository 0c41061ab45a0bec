//! From which partitions of the offsets topic a group is.

use crate::storage::sources::places::PlaceHash;

/// From which partitions of the offsets topic the records of a group are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupPlacement {
    pub hash: PlaceHash,
    /// Whether the partition that holds the group has, or had, a record of it.
    pub is_right: bool,
    /// Whether a record of another partition was taken in.
    pub has_ghosts: bool,
}

/// What happens to an update of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It is applied.
    Applied,
    /// It is applied, and is the first one of the partition that holds the group. What other partitions had of the group
    /// was removed.
    First,
    /// It is not applied: it is a ghost, and the partition that holds the group has a record of it.
    Ghost,
}

impl GroupPlacement {
    pub fn new(group: &[u8]) -> Self {
        Self { hash: PlaceHash::of(group), is_right: false, has_ghosts: false }
    }
}
