//! The way into storage: the types of updates and their sources, the check of names, the preparation of records before
//! a lock is taken, and the rebuilding of a source that is read from its beginning.

pub(crate) mod admit;
#[cfg(test)]
mod admit_tests;
pub(crate) mod build;
pub(crate) mod made;
pub(crate) mod source;
pub(crate) mod update;
