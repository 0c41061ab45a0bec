//! The way out of storage: copies for `/metrics`, Burrow's API and the status page, each of one moment. In: topics and
//! groups under their locks. Out: values that hold no lock.
//!
//! | file | contains |
//! |---|---|
//! | `view` | what `/metrics` shows: a `View` has all groups with their topics and commits |
//! | `commit` | a commit in a view, and the smaller copy that a view holds |
//! | `cluster_copy` | copies a cluster to a view, shard by shard, with several threads if there is much |
//! | `group_detail` | one group in full, and the names of groups: what Burrow's API shows |
//! | `group_summary` | the groups of a list, with their sums and the worst partition: what the status page shows |
//! | `lag_history` | the recent lags of a partition or a group, computed from windows |
//! | `shown_topics` | which groups are shown, and which topics and partitions of them |
//! | `topic_evaluation` | the sums and the evaluation of a topic, for all outputs |
//! | `group_stats` | the sums over partitions: commits, lags, assigned partitions |
//! | `window_evaluator` | the status of one window, with the state of its log |

pub(crate) mod cluster_copy;
pub(crate) mod commit;
pub(crate) mod group_detail;
pub(crate) mod group_stats;
pub(crate) mod group_summary;
#[cfg(test)]
mod group_summary_tests;
pub(crate) mod lag_history;
pub(crate) mod shown_topics;
pub(crate) mod topic_evaluation;
#[cfg(test)]
mod topic_evaluation_tests;
pub(crate) mod view;
pub(crate) mod window_evaluator;
