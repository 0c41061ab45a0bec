//! Share groups (KIP-932): the partitions that they keep state of, and the records of `__share_group_state`.

pub(crate) mod share;
pub mod share_state;
