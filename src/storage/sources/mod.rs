//! The way into storage: the types of updates and their sources, the check of names, and the preparation of records
//! before a lock is taken.

pub(crate) mod admit;
#[cfg(test)]
mod admit_tests;
pub(crate) mod dropped;
pub(crate) mod group_fact;
pub(crate) mod group_kind;
pub(crate) mod made;
pub(crate) mod share;
pub(crate) mod source;
pub(crate) mod update;
