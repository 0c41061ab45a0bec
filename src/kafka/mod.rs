//! Kafka clients for the cluster and the consumer modules, on librdkafka.
//!
//! [`Client`] is one librdkafka instance with its [`Context`], which logs once why a module is down. `ffi` holds
//! what the safe API of rdkafka lacks, behind safe types: [`Lookups`] asks for offsets and topic ids with many
//! requests in flight, [`Reader`] reads partitions of topics in batches.

mod cause;
mod client;
mod context;
mod error;
mod ffi;
mod health;
mod keeper;
mod reason;
mod recovery;

pub use cause::Cause;
pub use client::{Client, Role};
pub use context::Context;
pub use error::Code;
pub use ffi::{
    Answer, Batch, BrokerView, ClusterView, Described, Event, Found, Isolation, Log, Lookups, PartitionView, Place,
    Reader, Record, Spec, StartAt, TopicAt, TopicView,
};
pub use keeper::Keeper;

#[cfg(test)]
mod tests;
