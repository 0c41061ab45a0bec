//! Records of classic groups: commits (which every type of group has), generation and members.

pub(crate) mod assignment;
pub(crate) mod commit;
pub(crate) mod group;
