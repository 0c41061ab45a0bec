//! Groups: members, states, owners, and commits by topic and partition. In: updates, with what `prepared_update` has
//! prepared of them. Out: what `views` copies under a shard's lock.
//!
//! | file | contains |
//! |---|---|
//! | `prepared_update` | the values that an update stores, prepared while no lock is held |
//! | `record` | what a group takes in: a commit, and the position, time and type of a record |
//! | `group` | one group: takes in commits and their tombstones; the rest is in the files below |
//! | `rebuilding` | what it takes over when it is read again |
//! | `placement` | from which partitions of the offsets topic it is |
//! | `ghosts` | what it has from partitions that do not hold it any more |
//! | `group_memory` | the memory that it takes |
//! | `group_meta` | type, state and members, from the records of any type of group |
//! | `prepared_members` | the members of a group of which one record has all |
//! | `protocol_records` | the facts of a group whose broker assigns, and the members and owners that follow |
//! | `epoch_facts` | one such fact, in the form in which it is held |
//! | `member` | a member, as it is shown |
//! | `owners` | the members and what is assigned to them, by topic |
//! | `share_states` | takes in the state of a share group in a partition |
//! | `nameless` | such states in topics whose names are not known yet |

pub(crate) mod epoch_facts;
pub(crate) mod ghosts;
pub(crate) mod group;
pub(crate) mod group_memory;
pub(crate) mod group_meta;
pub(crate) mod member;
pub(crate) mod nameless;
pub(crate) mod owners;
pub(crate) mod placement;
pub(crate) mod prepared_members;
pub(crate) mod prepared_update;
pub(crate) mod protocol_records;
pub(crate) mod rebuilding;
pub(crate) mod record;
pub(crate) mod share_states;
