//! Burrow's HTTP API, version 3, without HTTP: takes a method and a path, and returns a status and a body
//! (docs/src/reference/http-api.md, Burrow API).
//!
//! ```text
//! BurrowRequest ──route──▶ BurrowCall ──BurrowApi──▶ storage details, config ──▶ BurrowResponse { status, body }
//! ```
//!
//! The fields of bodies are in the order of docs/src/reference/http-api.md, Burrow API. A name that is not UTF-8 is
//! shown as on `/metrics`. A path may contain it either as percent-encoded bytes or as it is shown.

mod body;
mod config;
mod group;
mod route;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Deserialize;

use crate::address::PathSegment;
use crate::config::{Config, parse_level};
use crate::evaluate::EvaluatorRules;
use crate::model::Level;
use crate::model::LogLevelControl;
use crate::model::{Offset, Timestamp};
use crate::storage::{Cluster, GroupDetail, Storage, Topic};

pub use body::BurrowBody;
use body::Payload;
use config::{BurrowCoordinator, ConfigBody};
use group::{ConsumerStatus, ConsumerTopics};
use route::{BurrowCall, RouteError};

/// The sources of the answers.
#[derive(Clone, Copy)]
pub struct BurrowApi<'a> {
    /// The configuration of this run.
    pub config: &'a Config,
    /// The state of all clusters.
    pub storage: &'a Storage,
    /// The rules by which groups are evaluated.
    pub rules: &'a EvaluatorRules,
    /// Reads and changes the log level.
    pub level: &'a LogLevelControl,
    /// Name of this machine.
    pub host: &'a str,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct BurrowRequest<'a> {
    /// Method.
    pub verb: BurrowMethod,
    /// Path as received: without the query, still percent-encoded.
    pub path: &'a str,
    /// Body.
    pub body: &'a [u8],
    /// Whether `enable-admin` is set for the server that received it.
    pub admin: bool,
    /// Time of the request.
    pub now: Timestamp,
}

/// What a method does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BurrowMethod {
    /// GET or HEAD.
    Read,
    /// DELETE.
    Delete,
    /// POST.
    Post,
    /// Any other method, which is never allowed.
    Other,
}

/// An answer.
#[derive(Debug)]
pub struct BurrowResponse {
    /// HTTP status code.
    pub status: u16,
    /// Value of the header `Allow`, if the method is not allowed.
    pub allow: Option<String>,
    /// The body, to be serialized as JSON.
    pub body: BurrowBody,
}

/// A status code, a message and a payload. `Err` is a failure, which has no payload.
type CallResult = Result<(u16, &'static str, Payload), (u16, &'static str)>;

/// The body of a POST to the log level.
#[derive(Deserialize)]
struct LogLevelRequest {
    #[serde(default)]
    level: String,
}

impl BurrowApi<'_> {
    /// Answers a request.
    #[must_use]
    pub fn answer(&self, asked: &BurrowRequest<'_>) -> BurrowResponse {
        let call = match route::parse_call(asked.verb, asked.path) {
            Ok(call) => call,
            Err(RouteError::Unknown) => return BurrowResponse::unknown(),
            Err(RouteError::NotAllowed(allow)) => {
                let answer = self.response(asked, Err((405, "method not allowed")));
                return BurrowResponse { allow: Some(allow), ..answer };
            }
        };
        self.response(asked, self.call(call, asked))
    }

    fn response(&self, asked: &BurrowRequest<'_>, outcome: CallResult) -> BurrowResponse {
        let error = outcome.is_err();
        let failed = |(status, message)| (status, message, Payload::Nothing {});
        let (status, message, payload) = outcome.unwrap_or_else(failed);
        let body = BurrowBody::answer(error, message, payload, route::shown_path(asked.path), self.host.to_owned());
        BurrowResponse { status, allow: None, body }
    }

    fn call(&self, call: BurrowCall, asked: &BurrowRequest<'_>) -> CallResult {
        match call {
            BurrowCall::Clusters => Ok((200, "cluster list returned", Payload::Clusters { clusters: self.clusters() })),
            BurrowCall::Topics { cluster } => self.topics(&cluster),
            BurrowCall::Topic { cluster, topic } => self.topic(&cluster, &topic),
            BurrowCall::ConsumersOf { cluster, topic } => self.consumers_of(&cluster, &topic),
            BurrowCall::Consumers { cluster } => self.consumers(&cluster),
            BurrowCall::Consumer { cluster, group } => self.consumer(&cluster, &group),
            BurrowCall::Status { cluster, group, all } => Ok(self.status(&cluster, &group, asked.now, all)),
            BurrowCall::Remove { cluster, group, topic } => self.remove(&cluster, &group, topic.as_ref(), asked.admin),
            BurrowCall::Config => Ok((200, "main config returned", Payload::Main(ConfigBody::of(self.config)))),
            BurrowCall::Modules(coordinator) => Ok((200, "module list returned", self.modules(coordinator))),
            BurrowCall::Module(coordinator, name) => self.module(coordinator, &name),
            BurrowCall::LogLevel => {
                Ok((200, "log level returned", Payload::Level { level: (self.level.get)().name() }))
            }
            BurrowCall::SetLogLevel => self.set_level(asked),
        }
    }

    fn clusters(&self) -> Vec<String> {
        self.storage.clusters().iter().map(|cluster| cluster.label().name().to_string()).collect()
    }

    fn cluster(&self, name: &PathSegment) -> Option<Arc<Cluster>> {
        self.storage.cluster(name.text()?)
    }

    fn topics(&self, cluster: &PathSegment) -> CallResult {
        let known = self.cluster(cluster).ok_or((404, "cluster not found"))?.topics();
        let mut topics: Vec<&Arc<Topic>> = known.named().collect();
        topics.sort_by(|one, other| one.name.label.name().cmp(&other.name.label.name()));
        let topics = topics.into_iter().map(|topic| Arc::clone(&topic.name)).collect();
        Ok((200, "topic list returned", Payload::TopicNames { topics }))
    }

    fn topic(&self, cluster: &PathSegment, topic: &PathSegment) -> CallResult {
        let missing = (404, "cluster or topic not found");
        let known = self.cluster(cluster).ok_or(missing)?.topics();
        let topic = topic.find(|name| known.find(name)).ok_or(missing)?;
        let ends = topic.partitions.iter().map(|partition| partition.bounds.end.map_or(-1, |Offset(end)| end));
        Ok((200, "topic offsets returned", Payload::Offsets { offsets: ends.collect() }))
    }

    fn consumers_of(&self, cluster: &PathSegment, topic: &PathSegment) -> CallResult {
        let cluster = self.cluster(cluster).ok_or((404, "cluster not found"))?;
        let groups = topic.find(|name| Some(cluster.consumers_of(name)).filter(|groups| !groups.is_empty()));
        let consumers = groups.unwrap_or_default();
        Ok((200, "consumers of topic returned", Payload::Consumers { consumers }))
    }

    fn consumers(&self, cluster: &PathSegment) -> CallResult {
        let cluster = self.cluster(cluster).ok_or((404, "cluster not found"))?;
        Ok((200, "consumer list returned", Payload::Consumers { consumers: cluster.used_groups() }))
    }

    /// A group that Burrow would know.
    fn used_group(&self, cluster: &PathSegment, group: &PathSegment) -> Option<GroupDetail> {
        let cluster = self.cluster(cluster)?;
        group.find(|name| cluster.group(name).filter(GroupDetail::is_used))
    }

    fn consumer(&self, cluster: &PathSegment, group: &PathSegment) -> CallResult {
        let group = self.used_group(cluster, group).ok_or((404, "cluster or consumer not found"))?;
        Ok((200, "consumer detail returned", Payload::Consumer { topics: ConsumerTopics::of(group, self.rules) }))
    }

    /// A group that is not found is not an error here.
    fn status(
        &self,
        cluster: &PathSegment,
        group: &PathSegment,
        now: Timestamp,
        all: bool,
    ) -> (u16, &'static str, Payload) {
        let detail = self.used_group(cluster, group);
        let cluster = cluster.name().to_string();
        // The body has no way to say that a sum is not known.
        let (code, status) = match detail.filter(|detail| !detail.lost.commits) {
            Some(detail) => (200, ConsumerStatus::of(cluster, detail, now, self.rules, all)),
            None => (404, ConsumerStatus::not_found(cluster, group.name().to_string())),
        };
        (code, "consumer status returned", Payload::Status { status })
    }

    /// As in Burrow, removing what does not exist succeeds.
    fn remove(
        &self,
        cluster: &PathSegment,
        group: &PathSegment,
        topic: Option<&PathSegment>,
        admin: bool,
    ) -> CallResult {
        if !admin {
            return Err(NOT_ENABLED);
        }
        if let Some(cluster) = self.cluster(cluster) {
            let _removed = group.find(|group| {
                let removed = match topic {
                    None => cluster.remove_group(group),
                    Some(topic) => topic.find(|topic| cluster.remove_topic(group, topic).then_some(())).is_some(),
                };
                removed.then_some(())
            });
        }
        Ok((200, "consumer group removed", Payload::Nothing {}))
    }

    fn modules(&self, coordinator: BurrowCoordinator) -> Payload {
        Payload::Modules { coordinator: coordinator.name(), modules: coordinator.modules(self.config) }
    }

    fn module(&self, coordinator: BurrowCoordinator, name: &PathSegment) -> CallResult {
        let (found, missing) = coordinator.messages();
        let module = name.text().and_then(|name| coordinator.module(self.config, name));
        Ok((200, found, Payload::Module { module: module.ok_or((404, missing))? }))
    }

    fn set_level(&self, asked: &BurrowRequest<'_>) -> CallResult {
        if !asked.admin {
            return Err(NOT_ENABLED);
        }
        let wanted: LogLevelRequest =
            serde_json::from_slice(asked.body).map_err(|_| (400, "could not decode message body"))?;
        (self.level.set)(level(&wanted.level).ok_or((404, "unknown log level"))?);
        Ok((200, "set log level", Payload::Nothing {}))
    }
}

const NOT_ENABLED: (u16, &str) = (403, "admin requests are not enabled");

/// Parses Burrow's names of levels. `fatal` is the same as `error`.
fn level(name: &str) -> Option<Level> {
    match name.to_ascii_lowercase().as_str() {
        "warning" => Some(Level::Warn),
        "fatal" => Some(Level::Error),
        name => parse_level(name).ok(),
    }
}

impl BurrowResponse {
    /// An answer in place of this one if its body cannot be sent.
    #[must_use]
    pub fn with_error(&self, status: u16, why: String) -> Self {
        Self { status, allow: self.allow.clone(), body: self.body.with_error(why) }
    }

    fn unknown() -> Self {
        Self { status: 404, allow: None, body: BurrowBody::unknown() }
    }
}
