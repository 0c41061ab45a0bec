//! What records are there: their types, their keys, and one value of any type.

pub(crate) mod group_type;
pub(crate) mod key;
pub(crate) mod record;
pub(crate) mod record_type;
