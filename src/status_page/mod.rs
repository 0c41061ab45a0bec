//! The data of the status page, without HTTP: takes an address, and returns a status and a body.
//!
//! ```text
//! path, query ──ask──▶ Call ──Data──▶ storage summaries, details, modules ──▶ Answer { status, body }
//! ```
//!
//! Bodies are for the status page only and change with it. Unknown values are null. Names are shown as on `/metrics`.
//! Times are Unix milliseconds by the brokers' clock, durations are milliseconds. The page's own files are in `files/`.

mod ask;
mod exporter;
mod group;
mod groups;
mod number;
#[cfg(test)]
mod tests;
mod topic;

use std::borrow::Cow;

use serde::Serialize;

use crate::evaluate::EvaluatorRules;
use crate::model::Timestamp;
use crate::storage::Storage;

pub use ask::{Call, parse_call};
pub use exporter::{Count, Exporter, Module, Reader, Refresh};
use group::GroupBody;
use groups::Groups;
use topic::TopicBody;

/// The sources of the answers.
pub struct Data<'a> {
    /// The state of all clusters.
    pub storage: &'a Storage,
    /// The rules by which groups are evaluated.
    pub rules: &'a EvaluatorRules,
    /// The state of the exporter itself.
    pub exporter: Exporter,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// The body, to be serialized as JSON.
    pub body: Body,
}

/// A body that is serialized as JSON. It may be serialized several times, and its rows are made only while they are
/// written.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Body(Told);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Told {
    Groups(Box<Groups>),
    Group(Box<GroupBody>),
    Topic(Box<TopicBody>),
    Exporter(Box<Exporter>),
    Failure { error: Cow<'static, str> },
}

impl Data<'_> {
    /// Answers a call as of `now`.
    #[must_use]
    pub fn answer(self, call: &Call, now: Timestamp) -> Answer {
        let told = match parse_call {
            Call::Groups { trails } => Some(Told::Groups(Box::new(Groups::of(&self, *trails, now)))),
            Call::Group { cluster, name } => GroupBody::of(&self, cluster, name, now).map(Box::new).map(Told::Group),
            Call::Topic { cluster, name } => TopicBody::of(&self, cluster, name, now).map(Box::new).map(Told::Topic),
            Call::Exporter => Some(Told::Exporter(Box::new(self.exporter))),
            Call::Incomplete => return Answer::failed(400, "the parameters cluster and name are required"),
        };
        let answer = told.map(|told| Answer { status: 200, body: Body(told) });
        answer.unwrap_or_else(|| Answer::failed(404, parse_call.missing()))
    }
}

impl Answer {
    /// An answer in place of one whose body cannot be sent.
    #[must_use]
    pub const fn error(status: u16, why: String) -> Self {
        Self { status, body: Body(Told::Failure { error: Cow::Owned(why) }) }
    }

    const fn failed(status: u16, error: &'static str) -> Self {
        Self { status, body: Body(Told::Failure { error: Cow::Borrowed(error) }) }
    }
}
