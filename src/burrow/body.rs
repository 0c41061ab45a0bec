//! What every body has around what it tells.

use serde::Serialize;

use super::config::{Main, Module};
use super::group::{Status, Topics};

/// A body, to be written as JSON.
#[derive(Debug, Serialize)]
pub struct Body(Told);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Told {
    Answer {
        error: bool,
        message: &'static str,
        #[serde(flatten)]
        payload: Box<Payload>,
        request: Request,
    },
    /// There is no such path.
    Unknown { error: bool, message: &'static str, result: Empty },
}

#[derive(Debug, Serialize)]
struct Empty {}

#[derive(Debug, Serialize)]
struct Request {
    url: String,
    host: String,
}

/// What an answer tells.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Payload {
    Clusters { clusters: Vec<String> },
    TopicNames { topics: Vec<String> },
    Offsets { offsets: Vec<i64> },
    Consumers { consumers: Vec<String> },
    Consumer { topics: Topics },
    Status { status: Status },
    Main(Main),
    Modules { coordinator: &'static str, modules: Vec<String> },
    Module { module: Module },
    Level { level: &'static str },
    Nothing {},
}

impl Body {
    /// An answer to what was asked of a host under a path.
    pub(super) fn told(error: bool, message: &'static str, payload: Payload, url: String, host: String) -> Self {
        Self(Told::Answer { error, message, payload: Box::new(payload), request: Request { url, host } })
    }

    /// The answer where there is no such path.
    pub(super) const fn unknown() -> Self {
        Self(Told::Unknown { error: true, message: "invalid request type", result: Empty {} })
    }
}
