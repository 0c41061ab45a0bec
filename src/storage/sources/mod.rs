//! The way into storage: the types of updates and their sources, and the check of names.

pub(crate) mod dropped;
pub(crate) mod group_fact;
pub(crate) mod group_kind;
pub(crate) mod name_limits;
#[cfg(test)]
mod name_limits_tests;
pub(crate) mod share;
pub(crate) mod source;
pub(crate) mod update;
