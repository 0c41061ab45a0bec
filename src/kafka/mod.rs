//! Kafka clients for the cluster and the consumer modules, on librdkafka.
//!
//! | file | contains |
//! |---|---|
//! | `client` | [`Client`], one librdkafka instance: its properties, and the errors for what librdkafka refuses |
//! | `ffi/metadata` | [`Client::metadata`]: brokers, topics and partitions |
//! | `ffi/lookups` | [`Lookups`]: ListOffsets and DescribeTopics requests, many in flight |
//! | `ffi/list_offsets` | what ListOffsets asks for, and how many partitions a request may have |
//! | `ffi/reader` | [`Reader`]: reads partitions of topics in batches |
//! | `context` | [`Context`]: receives librdkafka's log lines and errors |
//! | `cause`, `reason`, `error` | why something failed: librdkafka's texts and codes |
//! | `health` | which failures are logged, and when |
//! | `keeper`, `recovery` | restores or replaces a client that has lost its brokers |
//! | `until_drop` | a value that another thread closes |
//!
//! The rest of `ffi` supports these: the safe API of rdkafka lacks what they need.

mod cause;
mod client;
mod context;
mod error;
mod ffi;
mod health;
mod keeper;
mod reason;
mod recovery;
mod until_drop;

pub use cause::Cause;
pub use client::{Client, Role};
pub use context::Context;
pub use error::Code;
pub use ffi::{
    Answer, Batch, BrokerView, ClusterView, Described, Event, Found, Isolation, Log, Lookups, PARTITIONS_PER_REQUEST,
    PartitionView, Place, Reader, Record, Spec, StartAt, TopicAt, TopicView,
};
pub use keeper::Keeper;

#[cfg(test)]
mod tests;
