//! Rights, and those that a server refuses.

use std::collections::BTreeSet;
use std::fmt;

/// What a right allows to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// To see that a topic exists, its partitions and its log ends.
    Describe,
    /// To read records of a topic, or a node of ZooKeeper.
    Read,
}

impl Operation {
    /// The name, as Kafka's command line tools and the documentation write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Describe => "Describe",
            Self::Read => "Read",
        }
    }
}

/// What a right is on. Shown as `topic orders`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The Kafka cluster itself.
    Cluster,
    /// A topic.
    Topic(String),
    /// A node of ZooKeeper, by its whole path.
    Node(String),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("cluster"),
            Self::Topic(name) => write!(f, "topic {name}"),
            Self::Node(path) => write!(f, "node {path}"),
        }
    }
}

/// The right to do something with a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Right {
    /// What the right is on.
    pub resource: Resource,
    /// What it allows.
    pub operation: Operation,
}

impl Right {
    /// The right without which a server refuses the metadata as a whole. Apache Kafka never does.
    pub const METADATA: Self = Self { operation: Operation::Describe, resource: Resource::Cluster };

    /// The right to describe a topic.
    #[must_use]
    pub fn to_describe(topic: &str) -> Self {
        Self { operation: Operation::Describe, resource: Resource::Topic(topic.to_owned()) }
    }

    /// The right to read a topic.
    #[must_use]
    pub fn to_read(topic: &str) -> Self {
        Self { operation: Operation::Read, resource: Resource::Topic(topic.to_owned()) }
    }

    /// The right to read a node of ZooKeeper.
    #[must_use]
    pub fn to_read_node(path: &str) -> Self {
        Self { operation: Operation::Read, resource: Resource::Node(path.to_owned()) }
    }
}

/// Maximum number of missing rights of a module that are kept (docs/src/operations/rights.md).
const KEPT: usize = 200;

/// The rights that a module lacks. Further ones than the first 200 are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingRights {
    rights: BTreeSet<Right>,
}

impl MissingRights {
    /// No right is missing.
    #[must_use]
    pub const fn new() -> Self {
        Self { rights: BTreeSet::new() }
    }

    /// Records that a server refuses a right. Returns whether that is news.
    pub fn record(&mut self, right: Right) -> bool {
        self.rights.len() < KEPT && self.rights.insert(right)
    }

    /// Records that a right is not refused, or not asked for any more. Returns whether it was missing.
    pub fn remove(&mut self, right: &Right) -> bool {
        self.rights.remove(right)
    }

    /// Whether a right is missing.
    #[must_use]
    pub fn contains(&self, right: &Right) -> bool {
        self.rights.contains(right)
    }

    /// The rights, sorted by resource.
    pub fn iter(&self) -> impl Iterator<Item = &Right> {
        self.rights.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_missing_until_it_is_granted_and_is_news_once() {
        let mut missing = MissingRights::default();
        assert!(missing.record(Right::to_describe("orders")));
        assert!(!missing.record(Right::to_describe("orders")));
        assert!(missing.record(Right::to_read("orders")));
        assert!(missing.remove(&Right::to_describe("orders")));
        assert!(!missing.remove(&Right::to_describe("orders")));
        assert!(missing.record(Right::to_describe("orders")));
        let rights: Vec<_> = missing.iter().map(|right| (right.operation.name(), right.resource.to_string())).collect();
        assert_eq!(rights, [("Describe", "topic orders".to_owned()), ("Read", "topic orders".to_owned())]);
        assert_eq!(Right::to_read_node("/consumers/a").resource.to_string(), "node /consumers/a");
        assert_eq!(Resource::Cluster.to_string(), "cluster");
    }

    #[test]
    fn only_so_many_rights_are_kept() {
        let mut missing = MissingRights::default();
        let news = (0..10_000).filter(|number| missing.record(Right::to_read_node(&format!("/{number}")))).count();
        assert_eq!((news, missing.iter().count()), (200, 200));
        assert!(missing.remove(&Right::to_read_node("/7")));
        assert!(missing.record(Right::to_read_node("/9999")));
    }
}
