//! The file: its syntax, its sections, the forms of single values, and the mistakes found in them. This module knows no
//! keys.

pub(crate) mod bounds;
pub(crate) mod expand;
pub(crate) mod findings;
pub(crate) mod scalar;
pub(crate) mod section;
pub(crate) mod syntax;
pub(crate) mod token_values;
pub(crate) mod values;
