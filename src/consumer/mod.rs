//! Where group offsets come from: a module a source, each feeding storage with updates.

pub mod kafka;

pub use crate::coordinator::Coordinator;
