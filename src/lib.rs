//! warrener reads where Kafka consumer groups stand, keeps it in memory and shows it to Prometheus.
//!
//! The way of the data, which never turns back:
//!
//! ```text
//! TOML, flags ──▶ config ──▶ consumer::Coordinator, cluster modules
//!
//! consumer/kafka     key, value bytes ──▶ offsets::decode ──▶ filter ──Update──▶ storage
//! consumer/kafka_zk  path, answer ──▶ zktree::Tree, which filters ─────Update──▶ storage
//! cluster/kafka      metadata, log starts, log ends, offsets by time ──Update──▶ storage
//!
//! /metrics ◀── http ◀── metrics ◀── lag, evaluate ◀── storage views
//! /v3      ◀── http ◀── burrow  ◀── evaluate      ◀── storage details
//! /, /api  ◀── http ◀── status_page ◀── evaluate  ◀── storage glances, details
//! warrener lag ◀── lag_table ◀──────────────────────┘
//! ```
//!
//! Without the feature `daemon` the library is its pure core: no sockets, no files, no clock.
//! Time and input are arguments there.
//!
//! Unsafe code stands in two places, each of which says why: `kafka::ffi`, for what librdkafka offers to C alone, and
//! `crash`, for the handlers of fatal signals.

pub mod address;
pub mod burrow;
pub mod config;
#[cfg(test)]
mod documentation;
pub mod evaluate;
pub mod health;
pub mod lag;
pub mod lag_table;
pub mod metrics;
pub mod model;
pub mod offsets;
pub mod status_page;
pub mod storage;
pub mod terminal;
pub mod time_lag;
pub mod wall_clock;
pub mod zktree;

#[cfg(test)]
mod golden_tests;

#[cfg(feature = "daemon")]
pub mod cli;
#[cfg(feature = "daemon")]
pub mod clock;
#[cfg(feature = "daemon")]
pub mod cluster;
#[cfg(feature = "daemon")]
pub mod consumer;
#[cfg(feature = "daemon")]
pub mod coordinator;
#[cfg(feature = "daemon")]
pub mod crash;
#[cfg(feature = "daemon")]
pub mod demo;
#[cfg(feature = "daemon")]
pub mod host;
#[cfg(feature = "daemon")]
pub mod http;
#[cfg(feature = "daemon")]
pub mod kafka;
#[cfg(feature = "daemon")]
pub mod log;
#[cfg(feature = "daemon")]
pub mod shortage;
#[cfg(feature = "daemon")]
pub mod supervise;
#[cfg(feature = "daemon")]
pub mod task;
