//! One partition of a group: its last commits, the state of a share group, and the append time of its oldest unconsumed
//! record. In: one commit, tombstone or share state. Out: what a view copies.
//!
//! | file | contains |
//! |---|---|
//! | `arriving` | a commit that is taken in |
//! | `group_partitions` | the partitions of a topic that a group has committed; takes in commits and tombstones |
//! | `group_partition` | one of them: how a commit enters its window |
//! | `window` | the last commits, oldest first, in 16 bytes each |
//! | `pending_tombstones` | tombstones whose commits were not read yet |
//! | `share_progress` | the state of a share group: start offset and finished records |
//! | `standing` | the committed position, and the lag that follows from it |
//! | `moment` | computes time lags, and settles the append time of the newest commit |
//! | `append_time` | that append time, in 8 bytes |
//! | `time_lookup` | the records whose append times brokers have to be asked for |

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
