//! The sections: their keys, and how they become the checked configuration.

pub(crate) mod burrow;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod consumer;
pub(crate) mod consumer_section;
pub(crate) mod exposition;
pub(crate) mod exposure;
pub(crate) mod kerberos;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod properties;
pub(crate) mod sasl;
pub(crate) mod service;
pub(crate) mod tls;
pub(crate) mod token;
