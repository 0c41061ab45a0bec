//! One partition of a group: its last commits, the state of a share group, and the append time of its oldest unconsumed
//! record. In: one commit, tombstone or share state. Out: what a view copies.

pub(crate) mod append_time;
pub(crate) mod arriving;
pub(crate) mod group_partition;
pub(crate) mod group_partitions;
pub(crate) mod moment;
pub(crate) mod pending_tombstones;
pub(crate) mod share_progress;
pub(crate) mod standing;
pub(crate) mod time_lookup;
pub(crate) mod window;
