//! Bodies of answers: the envelope and the payload.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::storage::{Label, TopicName};

use super::config::{Main, Module};
use super::group::{Status, Topics};

/// A body that is serialized as JSON. The parts about groups are made only while they are written, so a body can be
/// serialized twice, the first time to find its length.
#[derive(Debug, Serialize)]
pub struct Body(Told);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Told {
    Answer {
        error: bool,
        message: Cow<'static, str>,
        #[serde(flatten)]
        payload: Box<Payload>,
        request: Request,
    },
    /// The answer for an unknown path.
    Unknown { error: bool, message: &'static str, result: Empty },
}

#[derive(Debug, Serialize)]
struct Empty {}

#[derive(Clone, Debug, Serialize)]
struct Request {
    url: String,
    host: String,
}

/// The payload of an answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Payload {
    Clusters {
        clusters: Vec<String>,
    },
    TopicNames {
        #[serde(serialize_with = "topic_names")]
        topics: Vec<Arc<TopicName>>,
    },
    Offsets {
        offsets: Vec<i64>,
    },
    Consumers {
        #[serde(serialize_with = "labels")]
        consumers: Vec<Arc<Label>>,
    },
    Consumer {
        topics: Topics,
    },
    Status {
        status: Status,
    },
    Main(Main),
    Modules {
        coordinator: &'static str,
        modules: Vec<String>,
    },
    Module {
        module: Module,
    },
    Level {
        level: &'static str,
    },
    Nothing {},
}

impl Body {
    /// Creates the answer to a request for a path. `host` is the name of this machine.
    pub(super) fn answer(error: bool, message: &'static str, payload: Payload, url: String, host: String) -> Self {
        let message = Cow::Borrowed(message);
        Self(Told::Answer { error, message, payload: Box::new(payload), request: Request { url, host } })
    }

    /// The body in place of this one if it cannot be sent.
    pub(super) fn with_error(&self, why: String) -> Self {
        let Told::Answer { request, .. } = &self.0 else { return Self::unknown() };
        let (payload, request) = (Box::new(Payload::Nothing {}), request.clone());
        Self(Told::Answer { error: true, message: why.into(), payload, request })
    }

    /// The body for an unknown path.
    pub(super) const fn unknown() -> Self {
        Self(Told::Unknown { error: true, message: "invalid request type", result: Empty {} })
    }
}

fn topic_names<S: Serializer>(topics: &[Arc<TopicName>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(topics.iter().map(|topic| topic.label.name()))
}

fn labels<S: Serializer>(labels: &[Arc<Label>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(labels.iter().map(|label| label.name()))
}
