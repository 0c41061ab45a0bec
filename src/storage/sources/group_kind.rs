//! The types of groups.

/// The types of groups that have metadata (KIP-848, KIP-932, KIP-1071), or members in ZooKeeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// The classic rebalance protocol.
    Classic,
    /// The consumer protocol of KIP-848.
    Consumer,
    /// A share group.
    Share,
    /// The streams protocol.
    Streams,
    /// A group of the old consumer, coordinated in ZooKeeper.
    ZooKeeper,
}

/// The types of groups (docs/src/reference/metrics.md, Group types and states).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupType {
    /// A group with metadata, or a group of ZooKeeper.
    Kind(GroupKind),
    /// A group of which only commits are known.
    Simple,
}

impl GroupType {
    /// The value of the label `type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Kind(GroupKind::Classic) => "classic",
            Self::Kind(GroupKind::Consumer) => "consumer",
            Self::Kind(GroupKind::Share) => "share",
            Self::Kind(GroupKind::Streams) => "streams",
            Self::Kind(GroupKind::ZooKeeper) => "zookeeper",
        }
    }
}
