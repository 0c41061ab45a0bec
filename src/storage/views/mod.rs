//! The way out of storage: copies for `/metrics`, Burrow's API and the status page, each of one moment. In: topics and
//! groups under their locks. Out: values that hold no lock.

pub(crate) mod commit;
pub(crate) mod copy;
pub(crate) mod detail;
pub(crate) mod group_summary;
#[cfg(test)]
mod group_summary_tests;
pub(crate) mod judge;
pub(crate) mod shown;
pub(crate) mod stats;
pub(crate) mod summary;
#[cfg(test)]
mod summary_tests;
pub(crate) mod trail;
pub(crate) mod view;
