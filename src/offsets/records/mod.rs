//! The types of records, their keys, and the value of any type.

pub(crate) mod group_type;
pub(crate) mod key;
pub(crate) mod record;
pub(crate) mod record_type;
