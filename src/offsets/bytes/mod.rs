//! Decodes bytes: a cursor that checks every length, lists that stay in the record, and errors.

pub(crate) mod cursor;
pub(crate) mod error;
pub(crate) mod list;
