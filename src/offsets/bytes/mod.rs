//! Decodes bytes: a cursor that checks every length, lists that stay in the record, errors and oddities.

pub(crate) mod cursor;
pub(crate) mod error;
pub(crate) mod list;
pub(crate) mod oddities;
