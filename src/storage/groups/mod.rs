//! Groups: members, states, owners, and commits by topic and partition. In: updates, with what `prepared_update` has
//! prepared of them. Out: what `views` copies under a shard's lock.

pub(crate) mod epoch_facts;
pub(crate) mod group;
pub(crate) mod group_meta;
pub(crate) mod member;
pub(crate) mod nameless;
pub(crate) mod owners;
pub(crate) mod prepared_update;
pub(crate) mod protocol_records;
pub(crate) mod record;
pub(crate) mod share_states;
