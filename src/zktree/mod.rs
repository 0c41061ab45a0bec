//! ZooKeeper's `/consumers`, where the old consumer keeps offsets, owners and members of its groups.
//!
//! ```text
//! /consumers/GROUP/offsets/TOPIC/PARTITION   the offset, in ASCII digits; committed when it was written
//!                 /owners/TOPIC/PARTITION    the consumer that owns it, CONSUMER or its thread CONSUMER-N
//!                 /ids/CONSUMER              a member, of Java's client GROUP_HOST-TIME-RANDOM
//! ```
//!
//! [`node_kind`] returns what a path stands for. [`Tree`] decides what to read next and converts answers to updates.
//! Neither does any I/O: paths and answers are arguments. Other nodes are ignored. Whatever a server lists beyond
//! the [`TreeLimits`] is left out and counted.

mod group_registry;
mod messages;
mod refused_nodes;
mod tree;
mod tree_limits;

#[cfg(test)]
mod tests;

pub use messages::{NodeRead, NodeRequest, NodeResponse, ResponseEffect, SkippedChildren};
pub use tree::Tree;
pub use tree_limits::{LONGEST_CONSUMER, TreeLimits};

use crate::model::{Name, Offset, Partition};
use crate::storage::MemberUpdate;

/// The root node of all groups.
pub const ROOT: &str = "/consumers";

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind<'p> {
    /// The list of all groups.
    Groups,
    /// A group.
    Group(&'p str),
    /// The list of a group's members.
    Members(&'p str),
    /// The list of the topics of which a group owns partitions.
    OwnedTopics(&'p str),
    /// The list of the partitions of a topic that a group owns.
    OwnedPartitions(&'p str, &'p str),
    /// The owner of a partition.
    Owner(TreePartition<'p>),
    /// The list of the topics that a group commits to.
    Topics(&'p str),
    /// The list of the partitions of a topic that a group commits to.
    Partitions(&'p str, &'p str),
    /// The offset of a partition.
    Commit(TreePartition<'p>),
}

impl NodeKind<'_> {
    /// Whether the group or topic that the last part of the path names has a valid length.
    #[must_use]
    pub const fn has_valid_name(&self) -> bool {
        match self {
            Self::Group(group) => Name(group.as_bytes()).is_valid_group_name(),
            Self::Partitions(_, topic) | Self::OwnedPartitions(_, topic) => {
                Name(topic.as_bytes()).is_valid_topic_name()
            }
            // The names above them were checked.
            Self::Groups
            | Self::Members(_)
            | Self::OwnedTopics(_)
            | Self::Owner(_)
            | Self::Topics(_)
            | Self::Commit(_) => true,
        }
    }
}

/// A partition of a group's topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreePartition<'p> {
    /// The group.
    pub group: &'p str,
    /// The topic.
    pub topic: &'p str,
    /// The partition.
    pub partition: Partition,
}

/// What is wrong with a node: the label `reason` of `warrener_record_errors_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeFault {
    /// The data of an offset node is not a number.
    Offset,
    /// The data of an owner is longer than [`LONGEST_CONSUMER`].
    Owner,
    /// The node may not be read.
    Authorization,
    /// A name that ZooKeeper or Kafka does not allow, or a name longer than they allow.
    Name,
    /// A node beyond the [`TreeLimits`].
    Limit,
}

impl NodeFault {
    /// All values of the label.
    pub const REASONS: [&'static str; 5] = [
        Self::Offset.reason(),
        Self::Owner.reason(),
        Self::Authorization.reason(),
        Self::Name.reason(),
        Self::Limit.reason(),
    ];

    /// The value of the label.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Offset => "offset",
            Self::Owner => "owner",
            Self::Authorization => "authorization",
            Self::Name => "name",
            Self::Limit => "limit",
        }
    }
}

/// What a path stands for. The path starts with [`ROOT`]. `None` for a node that is not the old consumer's.
#[must_use]
pub fn node_kind(path: &str) -> Option<NodeKind<'_>> {
    let rest = path.strip_prefix(ROOT)?;
    if rest.is_empty() {
        return Some(NodeKind::Groups);
    }
    let mut names = rest.strip_prefix('/')?.split('/');
    let group = names.next().filter(|group| !group.is_empty())?;
    let names = (names.next(), names.next(), names.next(), names.next());
    match names {
        (None, ..) => Some(NodeKind::Group(group)),
        (Some("ids"), None, ..) => Some(NodeKind::Members(group)),
        (Some("owners"), None, ..) => Some(NodeKind::OwnedTopics(group)),
        (Some("owners"), Some(topic), None, _) => named(topic).map(|topic| NodeKind::OwnedPartitions(group, topic)),
        (Some("owners"), Some(topic), Some(name), None) => tree_partition(group, topic, name).map(NodeKind::Owner),
        (Some("offsets"), None, ..) => Some(NodeKind::Topics(group)),
        (Some("offsets"), Some(topic), None, _) => named(topic).map(|topic| NodeKind::Partitions(group, topic)),
        (Some("offsets"), Some(topic), Some(name), None) => tree_partition(group, topic, name).map(NodeKind::Commit),
        (Some(_), ..) => None,
    }
}

fn named(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}

fn tree_partition<'p>(group: &'p str, topic: &'p str, name: &str) -> Option<TreePartition<'p>> {
    Some(TreePartition { group, topic: named(topic)?, partition: parse_partition(name)? })
}

/// Parses a partition number from a node's name. Only the canonical form is accepted; otherwise `0` and `00` would
/// be the same partition.
fn parse_partition(name: &str) -> Option<Partition> {
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let leading = name.len() > 1 && name.starts_with('0');
    if digits && !leading { name.parse().ok().map(Partition) } else { None }
}

/// Parses the data of an offset node: ASCII digits only.
#[must_use]
pub fn parse_offset(data: &[u8]) -> Option<Offset> {
    let digits = !data.is_empty() && data.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(data).ok()?.parse().ok().map(Offset) } else { None }
}

/// The consumer of a thread, `CONSUMER-N`, that owns a partition.
#[must_use]
pub fn consumer_of(thread: &str) -> Option<&str> {
    let (consumer, number) = thread.rsplit_once('-')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !consumer.is_empty()).then_some(consumer)
}

/// A member that owns nothing yet. ZooKeeper does not store client ids.
#[must_use]
pub fn member_update<'a>(group: &str, consumer: &'a [u8]) -> MemberUpdate<'a> {
    let host = std::str::from_utf8(consumer).ok().and_then(|consumer| host_of_consumer(group, consumer));
    MemberUpdate {
        id: Name(consumer),
        client_id: Name(b""),
        client_host: Name(host.unwrap_or_default().as_bytes()),
        assigned: Vec::new(),
    }
}

/// The host in a consumer's id, if the id has the default form `GROUP_HOST-TIME-RANDOM`.
fn host_of_consumer<'a>(group: &str, consumer: &'a str) -> Option<&'a str> {
    let made = consumer.strip_prefix(group)?.strip_prefix('_')?;
    let (rest, random) = made.rsplit_once('-')?;
    let (host, time) = rest.rsplit_once('-')?;
    let hex = random.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
    (hex && digits && !random.is_empty()).then_some(host)
}
