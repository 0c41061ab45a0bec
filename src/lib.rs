//! warrener reads the offsets of Kafka consumer groups, keeps them in memory and shows them to Prometheus.
//!
//! Data flows in one direction:
//!
//! ```text
//! TOML, flags ──▶ config ──▶ supervise ──▶ cluster modules, consumer modules
//!
//! consumer::kafka     key, value ──▶ offsets ──▶ filter ──Update──▶ storage
//! consumer::kafka_zk  path, answer ──▶ zktree, which filters ──Update──▶ storage
//! cluster             metadata, log starts, log ends, offsets by time ──▶ storage
//!
//! /metrics     ◀── http ◀── metrics     ◀── lag, evaluate ◀── storage: views
//! /v3          ◀── http ◀── burrow      ◀── evaluate      ◀── storage: details
//! /, /api      ◀── http ◀── status_page ◀── evaluate      ◀── storage: summaries, details
//! warrener lag ◀── cli  ◀── lag_table   ◀── evaluate      ◀── storage: views
//! ```
//!
//! The modules in the order in which to read them. A module uses only modules of lower layers, which
//! `layers_tests` checks.
//!
//! | module | contains |
//! |---|---|
//! | [`model`] | names, numbers, times, commits, errors of modules |
//! | [`lag`] | the definition of lag |
//! | [`time_lag`] | how exact a time lag has to be, and which time to look for next |
//! | [`evaluate`] | the status of partitions and groups, by Burrow's rules |
//! | [`offsets`] | decoders of the records of `__consumer_offsets` and `__share_group_state` |
//! | [`zktree`] | ZooKeeper's `/consumers` tree: which nodes to read, and what they say |
//! | [`config`] | the configuration file and flags, checked |
//! | [`storage`] | clusters, topics, groups and windows in memory, and views of them |
//! | [`health`] | whether a module is up and ready, and why not |
//! | [`metrics`] | `/metrics`: name sets, writer, and the exporter's own metrics |
//! | [`burrow`] | Burrow's HTTP API, without the HTTP |
//! | [`status_page`] | the status page and its `/api` |
//! | [`lag_table`] | what `warrener lag` prints |
//! | [`consumer`] | the classes of consumers: `kafka` reads the offsets topic, `kafka_zk` follows ZooKeeper; their modules are behind `daemon` |
//! | [`registry`] | the consumer classes and name sets that a configuration may name |
//! | `invariant` | what is done about a state that cannot occur |
//! | [`address`], [`terminal`], [`wall_clock`] | names in addresses, text for terminals, jumps of the wall clock |
//! | `token` | tokens for OAUTHBEARER and AWS MSK IAM: fetched, checked, renewed |
//! | `kafka` | clients on librdkafka |
//! | `cluster` | cluster modules: metadata, log starts, log ends, times |
//! | `coordinator`, `task` | configuring, starting and stopping modules; their tasks and threads |
//! | `http` | the HTTP server |
//! | `supervise` | one run: from a checked configuration to the exit code |
//! | `cli` | command line, `check`, `lag` |
//! | `demo` | the embedded cluster of `warrener demo` |
//! | `log`, `clock`, `host`, `shortage`, `crash` | log, clocks, host name, what the system may run out of, fatal signals |
//! | `bounded_file` | files from outside, read without waiting and up to a limit |
//! | `credentials` | files of certificates, keys and passwords, which are read again when they change |
//!
//! Where to look for a decision or a definition (`CONTRIBUTING.md` has recipes for changes, docs/src/architecture.md
//! the reasons for the structure):
//!
//! | question | file |
//! |---|---|
//! | what lag is; what a time lag is | `src/lag.rs`; `src/time_lag.rs` |
//! | when a partition is STOP, STALL, REWIND or WARN | `src/evaluate/mod.rs` |
//! | what decides that a group or a topic of it is shown | `src/storage/views/shown_topics.rs` |
//! | what a commit changes; what its tombstone removes | `src/storage/groups/group.rs` (`add_commit`, `remove_commit`) |
//! | which long names are dropped; which are shortened | `src/storage/sources/name_limits.rs`; `Name::shortened` in `src/model/mod.rs` |
//! | when a group expires | `src/storage/expire.rs` |
//! | which module a decoder of a record belongs to | `src/offsets/mod.rs`; the dispatch is `src/offsets/records/record.rs` |
//! | what a record of the offsets topic changes | `src/consumer/kafka/module/translate.rs` |
//! | what a node of ZooKeeper stands for | `src/zktree/mod.rs` |
//! | what happens when a ZooKeeper session ends | `src/consumer/kafka_zk/module/mod.rs` (`SessionLoop`) |
//! | how ListOffsets is cut into requests | `src/cluster/refresh_plan/requests.rs`; for lookups by time `src/cluster/lookup_requests.rs` |
//! | when a Kafka client is given its servers again, or replaced | `src/kafka/client_supervisor.rs` |
//! | when a token is fetched again; what is checked of it | `src/token/refresh_time.rs`; `src/token/checked_token.rs` |
//! | what keeps secrets out of error texts | `src/kafka/client/refusal.rs`; for the configuration `ConfigString` in `src/config/file/scalar.rs` |
//! | which errors of Kafka are logged, and when | `src/kafka/failure_log.rs` |
//! | names, labels and help texts of metrics | `src/metrics/sets/` (default: `kafka_exporter.rs`), `src/metrics/exporter_metrics/families.rs` |
//! | keys, and how the errors of their values are worded | `src/config/sections/` (`servers`: `cluster.rs`) |
//! | forms of single values, such as host:port | `src/config/file/values.rs` |
//! | where the text of a configuration's error is pinned | `tests/fixtures/config/bad/`, a `.toml` with its `.txt` |
//! | bounds of numbers and times | `src/config/file/bounds.rs` |
//! | which classes of consumers and which name sets exist | `src/consumer/mod.rs`; `src/metrics/sets/mod.rs` |
//! | what a reload of the configuration does | `src/config/difference.rs`, `src/supervise/reconfigure.rs` |
//! | how a module takes the place of another one | `src/supervise/replacement.rs`, `src/consumer/takeover.rs` |
//! | which paths are served | `src/http/routes/router.rs`, `src/burrow/route.rs`, `src/status_page/calls.rs` |
//! | which rules a web configuration has; when it is read again | `src/http/access/web_config/`; `src/http/access/listener_access.rs` |
//! | how passwords are compared and remembered | `src/http/access/passwords.rs`, `src/http/access/hashing_queue.rs` |
//! | when a slow HTTP client is cut off | `src/http/serving/connection_watch.rs` (`deadline`); one that others wait for: `src/http/bodies/work_permits.rs` |
//! | what is up, ready and why not | `src/health.rs` |
//!
//! Without the feature `daemon` the library is its core, which is everything above `token` in this table: no sockets,
//! no files, no clock. Time and input are arguments.
//!
//! Unsafe code is in two places, each of which says why: `kafka::ffi`, for what librdkafka offers to C alone, and
//! `crash`, for the handlers of fatal signals.

pub mod address;
pub mod burrow;
pub mod config;
pub mod consumer;
#[cfg(test)]
mod documentation;
pub mod evaluate;
pub mod health;
mod invariant;
pub mod lag;
pub mod lag_table;
pub mod metrics;
pub mod model;
pub mod offsets;
pub mod registry;
pub mod status_page;
pub mod storage;
pub mod terminal;
pub mod time_lag;
pub mod wall_clock;
pub mod zktree;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod layers_tests;

#[cfg(feature = "daemon")]
pub mod bounded_file;
#[cfg(feature = "daemon")]
pub mod cli;
#[cfg(feature = "daemon")]
pub mod clock;
#[cfg(feature = "daemon")]
pub mod cluster;
#[cfg(feature = "daemon")]
pub mod coordinator;
#[cfg(feature = "daemon")]
pub mod crash;
#[cfg(feature = "daemon")]
pub mod credentials;
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
#[cfg(feature = "daemon")]
pub mod token;
