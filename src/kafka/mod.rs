//! Kafka clients for the cluster and the consumer modules, on librdkafka.
//!
//! | file | contains |
//! |---|---|
//! | `client` | [`Client`], one librdkafka instance: its properties, and the errors for what librdkafka refuses |
//! | `ffi/metadata` | [`Client::metadata`]: brokers, topics and partitions |
//! | `ffi/lookups` | [`Lookups`]: ListOffsets and DescribeTopics requests, many in flight |
//! | `ffi/list_offsets` | what ListOffsets asks for, and how many partitions a request may have |
//! | `ffi/reader`, `ffi/event_batch`, `ffi/topic_partition` | [`TopicReader`]: reads partitions of topics in batches |
//! | `context` | [`KafkaContext`]: receives librdkafka's log lines and errors |
//! | `cause`, `failure_reason`, `ffi/error_code` | why something failed: librdkafka's texts and codes |
//! | `handshake_hint`, `certificate_probe` | what to try when a handshake fails; what is wrong with a broker's certificate |
//! | `failure_log`, `error_counts` | which failures are logged, and when; how many error events there were |
//! | `client_token` | the tokens of a client that authenticates with OAUTHBEARER |
//! | `client_supervisor`, `recovery` | restores or replaces a client that has lost its brokers |
//! | `client_renewal` | replaces a client after its files have changed |
//! | `until_drop`, `run_within` | a value that another thread closes; work that may block, with a limit on the wait |
//!
//! The rest of `ffi` supports these: the safe API of rdkafka lacks what they need.

mod cause;
mod certificate_probe;
mod client;
mod client_renewal;
mod client_supervisor;
mod client_token;
mod context;
mod error_counts;
mod failure_log;
mod failure_reason;
mod ffi;
mod handshake_hint;
mod recovery;
mod run_within;
mod until_drop;

pub use cause::FailureCause;
pub use client::{Client, ClientRole};
pub use client_supervisor::ClientSupervisor;
pub use context::KafkaContext;
pub use ffi::{
    ErrorCode, EventBatch, FoundOffset, IsolationLevel, ListOffsetsPartition, LookupResponse, Lookups, MetadataBroker,
    MetadataPartition, MetadataResponse, MetadataTopic, OffsetSpec, PARTITIONS_PER_REQUEST, RawRecord, ReaderEvent,
    StartAt, TopicDescriptions, TopicIndex, TopicPartition, TopicReader,
};

#[cfg(test)]
mod tests;
