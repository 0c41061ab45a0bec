//! Reading bytes: the cursor that checks every length, the lists that stay in the record, and what can be wrong.

pub(crate) mod cursor;
pub(crate) mod error;
pub(crate) mod list;
