//! Progress of share groups (KIP-932): their initialised partitions, and the records of `__share_group_state`.

pub(crate) mod share;
pub mod share_state;
