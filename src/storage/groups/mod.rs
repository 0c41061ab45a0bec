//! Groups: members, states, owners, and commits by topic and partition. In: facts that `sources` has prepared. Out:
//! what `views` copies under a shard's lock.

pub(crate) mod epoch_facts;
pub(crate) mod epochs;
pub(crate) mod expire;
pub(crate) mod group;
pub(crate) mod meta;
pub(crate) mod owners;
pub(crate) mod shares;
