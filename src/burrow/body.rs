//! Bodies of answers: the envelope and the payload.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::storage::{Label, TopicName};

use super::config::{ConfigBody, ModuleBody};
use super::group::{ConsumerStatus, ConsumerTopics};

/// A body that is serialized as JSON. The parts about groups are made only while they are written, so a body can be
/// serialized twice, the first time to find its length.
#[derive(Debug, Serialize)]
pub struct BurrowBody(Envelope);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Envelope {
    Answer {
        error: bool,
        message: Cow<'static, str>,
        #[serde(flatten)]
        payload: Box<Payload>,
        request: RequestInfo,
    },
    /// The answer for an unknown path.
    Unknown { error: bool, message: &'static str, result: EmptyObject },
}

#[derive(Debug, Serialize)]
struct EmptyObject {}

#[derive(Clone, Debug, Serialize)]
struct RequestInfo {
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
        topics: ConsumerTopics,
    },
    Status {
        status: ConsumerStatus,
    },
    Main(ConfigBody),
    Modules {
        coordinator: &'static str,
        modules: Vec<String>,
    },
    Module {
        module: ModuleBody,
    },
    Level {
        level: &'static str,
    },
    Nothing {},
}

impl BurrowBody {
    /// Creates the answer to a request for a path. `host` is the name of this machine.
    pub(super) fn answer(error: bool, message: &'static str, payload: Payload, url: String, host: String) -> Self {
        let message = Cow::Borrowed(message);
        Self(Envelope::Answer { error, message, payload: Box::new(payload), request: RequestInfo { url, host } })
    }

    /// The body in place of this one if it cannot be sent.
    pub(super) fn with_error(&self, why: String) -> Self {
        let Envelope::Answer { request, .. } = &self.0 else { return Self::unknown() };
        let (payload, request) = (Box::new(Payload::Nothing {}), request.clone());
        Self(Envelope::Answer { error: true, message: why.into(), payload, request })
    }

    /// The body for an unknown path.
    pub(super) const fn unknown() -> Self {
        Self(Envelope::Unknown { error: true, message: "invalid request type", result: EmptyObject {} })
    }
}

fn topic_names<S: Serializer>(topics: &[Arc<TopicName>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(topics.iter().map(|topic| topic.label.name()))
}

fn labels<S: Serializer>(labels: &[Arc<Label>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(labels.iter().map(|label| label.name()))
}
