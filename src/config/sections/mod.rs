//! The sections: which keys each has, and what they become in the checked configuration.

pub(crate) mod burrow;
pub(crate) mod client;
pub(crate) mod exposition;
pub(crate) mod modules;
pub(crate) mod properties;
pub(crate) mod service;
