//! The data of the status page, without HTTP: takes an address, and returns a status and a body.
//!
//! ```text
//! path, query ──calls──▶ StatusPageCall ──StatusPageData──▶ storage summaries, details, modules
//!                                                       ──▶ StatusPageResponse { status, body }
//! ```
//!
//! Bodies are for the status page only and change with it. Unknown values are null. Names are shown as on `/metrics`.
//! Times are Unix milliseconds by the brokers' clock, durations are milliseconds. The page's own files are in `files/`.

mod calls;
mod exporter;
mod group;
mod groups;
mod json_values;
#[cfg(test)]
mod tests;
mod topic;

use std::borrow::Cow;

use serde::Serialize;

use crate::evaluate::EvaluatorRules;
use crate::model::Timestamp;
use crate::storage::Storage;

pub use calls::{StatusPageCall, parse_call};
pub use exporter::{ExporterReport, ModuleReport, NamedCount, ReaderReport, RefreshReport, RightReport, StorageReport};
use group::GroupBody;
use groups::GroupsBody;
use topic::TopicBody;

/// The sources of the answers.
pub struct StatusPageData<'a> {
    /// The state of all clusters.
    pub storage: &'a Storage,
    /// The rules by which groups are evaluated.
    pub rules: &'a EvaluatorRules,
    /// The state of the exporter itself.
    pub exporter: ExporterReport,
}

/// An answer.
#[derive(Debug)]
pub struct StatusPageResponse {
    /// HTTP status code.
    pub status: u16,
    /// The body, to be serialized as JSON.
    pub body: StatusPageBody,
}

/// A body that is serialized as JSON. It may be serialized several times, and its rows are made only while they are
/// written.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct StatusPageBody(StatusPageContent);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum StatusPageContent {
    Groups(Box<GroupsBody>),
    Group(Box<GroupBody>),
    Topic(Box<TopicBody>),
    Exporter(Box<ExporterReport>),
    Failure { error: Cow<'static, str> },
}

impl StatusPageData<'_> {
    /// Answers a call as of `now`.
    #[must_use]
    pub fn answer(self, call: &StatusPageCall, now: Timestamp) -> StatusPageResponse {
        let told = match call {
            StatusPageCall::Groups { trails } => {
                Some(StatusPageContent::Groups(Box::new(GroupsBody::of(&self, *trails, now))))
            }
            StatusPageCall::Group { cluster, name } => {
                GroupBody::of(&self, cluster, name, now).map(Box::new).map(StatusPageContent::Group)
            }
            StatusPageCall::Topic { cluster, name } => {
                TopicBody::of(&self, cluster, name, now).map(Box::new).map(StatusPageContent::Topic)
            }
            StatusPageCall::Exporter => Some(StatusPageContent::Exporter(Box::new(self.exporter))),
            StatusPageCall::Incomplete => {
                return StatusPageResponse::failed(400, "the parameters cluster and name are required");
            }
        };
        let answer = told.map(|told| StatusPageResponse { status: 200, body: StatusPageBody(told) });
        answer.unwrap_or_else(|| StatusPageResponse::failed(404, call.missing()))
    }
}

impl StatusPageResponse {
    /// An answer in place of one whose body cannot be sent.
    #[must_use]
    pub const fn error(status: u16, why: String) -> Self {
        Self { status, body: StatusPageBody(StatusPageContent::Failure { error: Cow::Owned(why) }) }
    }

    const fn failed(status: u16, error: &'static str) -> Self {
        Self { status, body: StatusPageBody(StatusPageContent::Failure { error: Cow::Borrowed(error) }) }
    }
}
