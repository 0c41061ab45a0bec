//! The file: its syntax, its sections and the forms of single values, and the mistakes found in them. It knows no key.

pub(crate) mod bounds;
pub(crate) mod expand;
pub(crate) mod findings;
pub(crate) mod scalar;
pub(crate) mod section;
pub(crate) mod syntax;
pub(crate) mod values;
