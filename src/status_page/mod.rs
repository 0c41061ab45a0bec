//! What the status page shows, but for the HTTP: an address in, a status and a body out.
//!
//! ```text
//! path, query ──ask──▶ Call ──Data──▶ storage glances, details, modules ──▶ Answer { status, body }
//! ```
//!
//! Bodies are for the page alone and change with it. What is not known is null; names are as on `/metrics`; times are
//! Unix milliseconds by the brokers' clock, durations milliseconds. The page's own files lie in `files/`.

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

pub use ask::{Call, call};
pub use exporter::{Count, Exporter, Module, Reader, Refresh};
use group::GroupBody;
use groups::Groups;
use topic::TopicBody;

/// What the page's answers are made from.
pub struct Data<'a> {
    /// What is known.
    pub storage: &'a Storage,
    /// What groups are judged by.
    pub rules: &'a EvaluatorRules,
    /// What the exporter knows about itself.
    pub exporter: Exporter,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP's status code.
    pub status: u16,
    /// The body, to be written as JSON.
    pub body: Body,
}

/// A body, to be written as JSON: more than once if need be, and made no further than it is written.
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
        let told = match call {
            Call::Groups { trails } => Some(Told::Groups(Box::new(Groups::of(&self, *trails, now)))),
            Call::Group { cluster, name } => GroupBody::of(&self, cluster, name, now).map(Box::new).map(Told::Group),
            Call::Topic { cluster, name } => TopicBody::of(&self, cluster, name, now).map(Box::new).map(Told::Topic),
            Call::Exporter => Some(Told::Exporter(Box::new(self.exporter))),
            Call::Incomplete => return Answer::failed(400, "the address needs a cluster and a name"),
        };
        let answer = told.map(|told| Answer { status: 200, body: Body(told) });
        answer.unwrap_or_else(|| Answer::failed(404, call.missing()))
    }
}

impl Answer {
    /// What is answered in its place when its body cannot be sent.
    #[must_use]
    pub const fn withheld(status: u16, why: String) -> Self {
        Self { status, body: Body(Told::Failure { error: Cow::Owned(why) }) }
    }

    const fn failed(status: u16, error: &'static str) -> Self {
        Self { status, body: Body(Told::Failure { error: Cow::Borrowed(error) }) }
    }
}
