//! The way out of storage: copies for `/metrics`, Burrow's API and the status page, each of one moment. In: topics and
//! groups under their locks. Out: values that hold no lock.

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
