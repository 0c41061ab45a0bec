//! The way into storage: the types of updates and their sources, which partition of the offsets topic holds a
//! group, and the check of names.

pub(crate) mod dropped;
pub(crate) mod group_fact;
pub(crate) mod group_kind;
pub(crate) mod name_limits;
#[cfg(test)]
mod name_limits_tests;
pub(crate) mod places;
pub(crate) mod share;
pub(crate) mod source;
pub(crate) mod update;
