//! What leaves storage: copies of one moment for `/metrics`, for Burrow's API and for the status page. In: topics and
//! groups under their locks. Out: values that hold no lock.

pub(crate) mod copy;
pub(crate) mod detail;
pub(crate) mod glance;
#[cfg(test)]
mod glance_tests;
pub(crate) mod judge;
pub(crate) mod shown;
pub(crate) mod stats;
pub(crate) mod summary;
#[cfg(test)]
mod summary_tests;
pub(crate) mod trail;
pub(crate) mod view;
